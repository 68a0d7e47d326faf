"""``python -m infra mode``: a change says who made it and why, and a mode that is lost can be named."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.repositories.control import SYNC_MODE
from infra import __main__ as command_line
from tests.integration.deployment import Deployment
from tests.integration.repositories.inherited_database import everything, set_mode


@pytest.fixture
def deployed(migrated: Database[Any]) -> Deployment:
    return Deployment(migrated)


@pytest.mark.parametrize(("reason", "code"), [("", 2), (" \t\n", 2), ("x" * 501, 1)], ids=["empty", "blank", "long"])
@pytest.mark.parametrize("command", [("set", "old_only"), ("recover",)], ids=" ".join)
def test_a_change_without_a_reason_is_refused_before_anything_happens(
    mongodb_uri: str,
    deployed: Deployment,
    command: tuple[str, ...],
    reason: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = everything(deployed.database, *deployed.database.list_collection_names())
    monkeypatch.setenv("MONGODB_URI", mongodb_uri)
    monkeypatch.setenv("MONGODB_DATABASE", deployed.database.name)
    with pytest.raises(SystemExit) as exited:
        command_line.run(["mode", *command, "--reason", reason])
    assert exited.value.code == code
    assert "say why" in capsys.readouterr().err
    assert everything(deployed.database, *deployed.database.list_collection_names()) == before


def test_who_changed_the_mode_is_kept_and_shown(
    mongodb_uri: str, deployed: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    older = {"mode": "dual_write", "at": datetime(2024, 1, 1, tzinfo=UTC), "reason": "[bold]before"}
    deployed.database["control"].insert_one({"_id": "sync_mode_changes", "changes": [older]})
    monkeypatch.setenv("MONGODB_URI", mongodb_uri)
    monkeypatch.setenv("MONGODB_DATABASE", deployed.database.name)
    monkeypatch.setattr("getpass.getuser", lambda: "olga")
    command_line.main(["mode", "set", "old_only", "--reason", "$slow"], standalone_mode=False)
    said = capsys.readouterr().out
    assert "olga@" in said
    assert "[bold]before" in said
    changes = deployed.operations.modes.show().changes
    assert [(change.by or "").partition("@")[0] for change in changes] == ["", "olga"]
    assert changes[1].reason == "$slow"


def test_recover_takes_a_mode_and_shows_it(
    mongodb_uri: str, deployed: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_mode(deployed.database, SyncMode.NEW_ONLY)
    deployed.database["control"].delete_one({"_id": SYNC_MODE})
    monkeypatch.setenv("MONGODB_URI", mongodb_uri)
    monkeypatch.setenv("MONGODB_DATABASE", deployed.database.name)
    command_line.main(["mode", "recover", "new_only", "--reason", "lost", "--json"], standalone_mode=False)
    assert '"mode": "new_only"' in capsys.readouterr().out
