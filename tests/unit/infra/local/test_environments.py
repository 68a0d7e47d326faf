"""Which environments a purpose needs, and when one is built again."""

import platform
from pathlib import Path

import pytest

from infra.local import browser, environments, layout
from infra.local.layout import Layout, Ports


@pytest.fixture
def without_mongod(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("MONGODB_URI", raising=False)
    monkeypatch.delenv("STACK_NAME", raising=False)


@pytest.mark.usefixtures("without_mongod")
def test_a_machine_without_mongodb_gets_one() -> None:
    assert "mongod" in environments.wanted("up")


@pytest.mark.usefixtures("without_mongod")
def test_mongodb_uri_spares_the_server_but_not_for_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGODB_URI", "mongodb://elsewhere/")
    assert "mongod" not in environments.wanted("up")
    assert "mongod" in environments.wanted("test")


@pytest.mark.usefixtures("without_mongod")
def test_a_remembered_database_spares_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    Layout("local", Ports(), "mongodb://elsewhere/").remember()
    assert "mongod" not in environments.wanted("up")
    monkeypatch.setenv("MONGODB_URI", "")
    assert "mongod" in environments.wanted("up")


@pytest.mark.parametrize(("system", "processor"), [("Darwin", "arm64"), ("Darwin", "x86_64"), ("Linux", "aarch64")])
def test_a_machine_on_which_packaged_functions_cannot_run_is_refused(
    monkeypatch: pytest.MonkeyPatch, system: str, processor: str
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: processor)
    environments.check_machine("check")
    for purpose in ("up", "test"):
        with pytest.raises(environments.EnvironmentSetupError, match=f"this is {system} on {processor}"):
            environments.check_machine(purpose)


@pytest.mark.usefixtures("without_mongod")
def test_a_server_on_path_is_used(tmp_path: Path) -> None:
    server = tmp_path / "mongod"
    server.touch(mode=0o755)
    assert "mongod" not in environments.wanted("test")


def test_checks_need_the_application_and_what_checks_the_page_and_the_templates() -> None:
    checks = {"javascript", "templates"}
    assert environments.wanted("check") == ["app", *sorted(checks)]
    assert checks <= set(environments.wanted("test"))
    assert not checks & set(environments.wanted("up"))


def test_every_environment_installs_from_pinned_files() -> None:
    for files in environments.REQUIREMENTS.values():
        for file in files:
            lines = [line for line in file.read_text().splitlines() if line and not line.startswith(("#", "-r"))]
            assert [line for line in lines if "==" not in line] == [], file


def test_an_environment_is_built_again_when_its_files_change(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("")
    monkeypatch.setattr(environments, "FOLDER", tmp_path / "environments")
    monkeypatch.setattr(environments, "REQUIREMENTS", {"sample": [requirements]})
    built = tmp_path / "environments/sample"
    monkeypatch.setattr(environments, "_run", lambda _name, _command: built.mkdir(exist_ok=True))
    assert environments.ensure(["sample"]) == ["sample"]
    assert environments.ensure(["sample"]) == []
    requirements.write_text("# changed")
    assert environments.ensure(["sample"]) == ["sample"]


def test_what_another_project_has_built_is_used_behind_a_link_and_never_built_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    requirements, built = tmp_path / "requirements.txt", tmp_path / "owner/.environments/sample"
    requirements.write_text("")
    built.parent.mkdir(parents=True)
    monkeypatch.setattr(environments, "FOLDER", built.parent)
    monkeypatch.setattr(environments, "REQUIREMENTS", {"sample": [requirements]})
    monkeypatch.setattr(environments, "_run", lambda _name, _command: built.mkdir(exist_ok=True))
    environments.ensure(["sample"])
    link = tmp_path / ".environments"
    link.symlink_to(built.parent)
    monkeypatch.setattr(environments, "FOLDER", link)
    assert environments.ensure(["sample"]) == []
    requirements.write_text("# changed")
    with pytest.raises(environments.EnvironmentSetupError, match="is a link, and sample in"):
        environments.ensure(["sample"])
    assert (built / "stamp").exists(), "it is as it was"


@pytest.mark.parametrize(("purpose", "asked"), [("test", 1), ("check", 0), ("up", 0)])
def test_tests_alone_ask_for_a_browser(monkeypatch: pytest.MonkeyPatch, purpose: str, asked: int) -> None:
    said: list[object] = []
    monkeypatch.setattr("sys.argv", ["environments", purpose])
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(environments, "_is_current", lambda _name: True)
    monkeypatch.setattr(browser, "ensure", said.append)
    environments.main()
    assert len(said) == asked
