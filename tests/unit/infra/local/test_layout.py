"""Layouts of stacks: names, ports and databases."""

from pathlib import Path

import pytest

from infra.errors import OperatorError
from infra.local import layout
from infra.local.layout import Layout, Ports

NAMED = "mongodb://somebody:secret@elsewhere:27017,other:27017/?replicaSet=rs0"


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    for variable in (
        "API_PORT",
        "LOCALSTACK_PORT",
        "APPCONFIG_PORT",
        "MONGODB_PORT",
        "ISSUER_PORT",
        "MONGODB_URI",
        "MONGODB_DATABASE",
    ):
        monkeypatch.delenv(variable, raising=False)


def test_without_anything_said_the_api_is_where_the_plan_has_it() -> None:
    assert Layout.chosen("local", {}).base_url == "http://localhost:3100/api"


def test_a_stack_remembers_its_ports() -> None:
    Layout.chosen("other", {"api": "3200"}).remember()
    assert Layout.of("other").ports == Ports(api=3200)
    assert Layout.of("local").ports == Ports()


def test_an_option_beats_the_environment_which_beats_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    Layout.chosen("other", {"api": "3200"}).remember()
    assert Layout.chosen("other", {}).ports.api == 3200
    monkeypatch.setenv("API_PORT", "3300")
    assert Layout.chosen("other", {}).ports.api == 3300
    assert Layout.chosen("other", {"api": "3400"}).ports.api == 3400


def test_how_a_stack_was_brought_up_is_what_counts_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    Layout.chosen("other", {"api": "3200"}).remember()
    monkeypatch.setenv("API_PORT", "3300")
    monkeypatch.setenv("MONGODB_URI", NAMED)
    assert Layout.of("other") == Layout("other", Ports(api=3200))


@pytest.mark.parametrize("value", ["0", "-1", "65536", "abc", "3_100", "31.5", "1" * 5_000])
def test_what_is_no_port_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    with pytest.raises(OperatorError, match=r"API_PORT=.* whole number from 1 to 65535"):
        Layout.chosen("local", {"api": value})
    monkeypatch.setenv("API_PORT", value)
    with pytest.raises(OperatorError, match=r"API_PORT=.* whole number from 1 to 65535"):
        Layout.chosen("local", {})


def test_one_port_cannot_have_two_purposes() -> None:
    with pytest.raises(OperatorError, match="API_PORT and APPCONFIG_PORT are both 4599"):
        Layout.chosen("local", {"api": "4599"})


@pytest.mark.parametrize("name", ["", "..", "a/b", "packages", "-x"])
def test_a_name_that_cannot_be_a_stacks_folder_is_refused(name: str) -> None:
    with pytest.raises(OperatorError, match="STACK_NAME"):
        Layout.of(name)


def test_mongodb_uri_replaces_the_stacks_own_server_until_it_is_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "127.0.0.1:27417" in Layout.chosen("local", {}).mongodb_uri
    monkeypatch.setenv("MONGODB_URI", NAMED)
    monkeypatch.setenv("MONGODB_DATABASE", "other")
    Layout.chosen("local", {}).remember()
    monkeypatch.delenv("MONGODB_URI")
    monkeypatch.delenv("MONGODB_DATABASE")
    for later in (Layout.of("local"), Layout.chosen("local", {})):
        assert (later.mongodb_uri, later.database) == (NAMED, "other")
    monkeypatch.setenv("MONGODB_URI", "")
    monkeypatch.setenv("MONGODB_DATABASE", "")
    back = Layout.chosen("local", {})
    assert ("127.0.0.1:27417" in back.mongodb_uri, back.database) == (True, "energy_monitor")


def test_a_remembered_password_is_for_its_owner_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGODB_URI", NAMED)
    Layout.chosen("local", {}).remember()
    stack = Layout.of("local")
    assert {file.stat().st_mode & 0o777 for file in stack.folder.iterdir()} == {0o600}
    assert stack.mongodb_hosts == "elsewhere:27017,other:27017"


def test_what_the_stacks_share_is_no_stack(tmp_path: Path) -> None:
    assert Layout.known() == []
    for name in ("local", "packages", "other"):
        (tmp_path / ".stack" / name).mkdir(parents=True)
    assert Layout.known() == ["local", "other"]


def test_only_a_named_stack_has_to_be_named() -> None:
    assert (Layout.of("local").argument, Layout.of("other").argument) == ("", " STACK_NAME=other")
