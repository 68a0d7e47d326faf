"""Migrations do what a person has seen and asked for, and nothing else, whoever else is at it."""

from typing import Any

import pytest
from pymongo.collection import Collection
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import SyncMode
from migrations import display_documents, runner
from migrations.errors import MigrationError, RefusedError
from migrations.scripts import QuietRun, scripts
from tests.integration.repositories.inherited_database import set_mode


def states(database: Database[Any]) -> dict[str, str]:
    return {row.name: row.state for row in runner.status(database)}


def test_what_somebody_else_has_reverted_while_a_person_thinks_makes_nobody_revert_more(dual: Database[Any]) -> None:
    """Both have seen that the last script is reverted, and both say yes."""
    runner.up(dual)
    set_mode(dual, SyncMode.OLD_ONLY)
    agreed = [script.name for script in runner.plan(dual, "down")]
    assert runner.down(dual, agreed=agreed) == agreed
    before = states(dual)
    with pytest.raises(MigrationError, match="somebody has applied or reverted scripts meanwhile"):
        runner.down(dual, agreed=agreed)
    assert states(dual) == before


def test_a_script_that_waits_behind_the_one_that_was_asked_for_refuses_nothing(inherited: Database[Any]) -> None:
    """A deployment gives the same command again and again."""
    runner.up(inherited, "001")
    assert "002_backfill" in str(runner.refusal(inherited, "up"))
    assert runner.refusal(inherited, "up", last="001") is None
    assert runner.up(inherited, "001") == []


def test_a_mode_that_is_changed_while_twins_are_deleted_keeps_the_rest(dual: Database[Any]) -> None:
    """Both sides are written and compared by then: what went on being deleted would be missing in people's figures."""
    runner.up(dual, "002")
    set_mode(dual, SyncMode.OLD_ONLY)
    script: Any = scripts()[1].load()
    script.AT_ONCE = 2
    before = dual["source_energy_readings"].count_documents({})

    class Changed(QuietRun):
        """Somebody changes the mode behind the first twins."""

        def check(self) -> None:
            if dual["source_energy_readings"].count_documents({}) < before:
                set_mode(dual, SyncMode.DUAL_WRITE)

    with pytest.raises(RefusedError, match="the mode is dual_write by now"):
        script.down(dual, Changed())
    assert dual["source_energy_readings"].count_documents({}) == before - 2


def test_what_is_calculated_while_display_documents_are_deleted_is_calculated_again(
    dual: Database[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody has changed the mode: a meter that was refreshed a moment before its documents went would lack them."""
    runner.up(dual, "002")
    real = Collection.delete_many

    def refreshed_before(collection: Any, *which: Any, **more: Any) -> Any:
        clean = {"displayVersion": "$sourceVersion", "dirtyFrom": "$$REMOVE", "dirtyTo": "$$REMOVE"}
        dual["meters"].update_many({}, [{"$set": {**clean, "dirtySince": "$$REMOVE"}}])
        return real(collection, *which, **more)

    monkeypatch.setattr(Collection, "delete_many", refreshed_before)
    display_documents.remove_all(dual)
    assert dual["display_energy_data"].find_one() is None
    meters = [*dual["meters"].find()]
    assert meters
    assert all(meter["displayVersion"] < meter["sourceVersion"] and meter["dirtySince"] for meter in meters)
