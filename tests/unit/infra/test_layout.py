"""What tells stacks apart: names and ports."""

from pathlib import Path

import pytest

from infra.local import layout
from infra.local.layout import Layout, Ports


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    for variable in (
        "API_PORT",
        "LOCALSTACK_PORT",
        "APPCONFIG_PORT",
        "MONGODB_PORT",
        "MONGODB_URI",
        "MONGODB_DATABASE",
    ):
        monkeypatch.delenv(variable, raising=False)


def test_without_anything_said_the_api_is_where_the_plan_has_it() -> None:
    assert Layout.of("local").base_url == "http://localhost:3100/api"


def test_a_stack_remembers_its_ports() -> None:
    Layout.of("other", {"api": 3200}).remember()
    assert Layout.of("other").ports == Ports(api=3200)
    assert Layout.of("local").ports == Ports()


def test_an_option_beats_the_environment_which_beats_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    Layout.of("other", {"api": 3200}).remember()
    monkeypatch.setenv("API_PORT", "3300")
    assert Layout.of("other").ports.api == 3300
    assert Layout.of("other", {"api": 3400}).ports.api == 3400


def test_mongodb_uri_replaces_the_stacks_own_server(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "127.0.0.1:27417" in Layout.of("local").mongodb_uri
    monkeypatch.setenv("MONGODB_URI", "mongodb://elsewhere/")
    assert Layout.of("local").mongodb_uri == "mongodb://elsewhere/"
