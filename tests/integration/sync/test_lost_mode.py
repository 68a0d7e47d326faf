"""The document of the sync mode is gone or damaged: requests and commands stop, and ``mode recover`` loses nothing."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database
from pymongo.monitoring import CommandListener, CommandStartedEvent

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState, drain_of
from chalicelib.domain.errors import LostModeError, SyncModeError, UnavailableError
from chalicelib.domain.migration.sync.reconciliation import Selection
from chalicelib.domain.ports.values import PageRequest, ReadingFilter
from chalicelib.repositories.control import SYNC_MODE, sync_state
from chalicelib.repositories.database import open_database
from chalicelib.repositories.queries import MongoReadingQueries
from infra import __main__ as command_line
from infra.operations.migrate import commands as migrations_line
from migrations import runner
from tests.integration.deployment import POWER, Deployment, contents, equal_sides

OLD_ONLY, DUAL_WRITE, NEW_ONLY = SyncMode
DRAIN = drain_of(30)  # the limit that the tests' server is started with
NOW = datetime(2026, 1, 2, tzinfo=UTC)
PAGE = PageRequest(ReadingFilter(), descending=False, limit=100)
# Each in the place of the document; the first takes it away.
DAMAGES: dict[str, Any] = {
    "gone": None,
    "an unknown mode": {"mode": "banana", "since": NOW, "catchingUp": None},
    "a mode that is no text": {"mode": {"$a": 1}, "since": NOW},
    "no mode": {"since": NOW},
    "no beginning": {"mode": "new_only"},
    "a beginning that is a text": {"mode": "new_only", "since": "yesterday"},
    "a beginning that is null": {"mode": "new_only", "since": None},
    "an unknown side": {"mode": "dual_write", "since": NOW, "catchingUp": "middle"},
    "a side that catches up in new_only": {"mode": "new_only", "since": NOW, "catchingUp": "old"},
    "a drain that is a text": {"mode": "new_only", "since": NOW, "fullDrainSeconds": "46"},
    "a drain below 0": {"mode": "new_only", "since": NOW, "fullDrainSeconds": -1},
    "a drain of true": {"mode": "new_only", "since": NOW, "fullDrainSeconds": True},
    "nothing at all": {},
}
COMMANDS = (
    ("mode", "show"),
    ("mode", "show", "--json"),
    ("mode", "set", "dual_write", "--reason", "test"),
    ("sync",),
    ("sync", "--full"),
    ("verify",),
    ("verify", "--user", "anybody"),
    ("repair",),
    ("repair", "--apply"),
    ("rebuild",),
    ("rebuild", "--check"),
    ("sweep",),
)
MIGRATIONS = (("status",), ("up",), ("up", "--execute"), ("down",), ("down", "--execute"), ("verify-roundtrip",))


@pytest.fixture
def deployed(migrated: Database[Any]) -> Deployment:
    return Deployment(migrated)


@pytest.fixture
def user() -> str:
    return uuid4().hex


@pytest.fixture
def untouched(mongodb_uri: str) -> Iterator[Database[Any]]:
    """A database that nobody has written to."""
    database = open_database(mongodb_uri, f"test_{uuid4().hex[:12]}")
    yield database
    database.client.drop_database(database.name)
    database.client.close()


def damage(database: Database[Any], document: Any) -> None:
    """Take the document away, or put another one in its place."""
    database["control"].delete_one({"_id": SYNC_MODE})
    if document is not None:
        database["control"].insert_one({"_id": SYNC_MODE, **document})


def five_in(deployed: Deployment, user: str, *modes: SyncMode) -> set[str]:
    """The ids of five readings that are acknowledged in the last of some modes."""
    deployed.to(*modes)
    return {deployed.create(user, f"2024-0{month}-28", month) for month in range(1, 6)}


def shown(deployed: Deployment, user: str, backend: Backend) -> set[str]:
    return {reading.id for reading in deployed.container.queries.page(user, PAGE, backend)}


def everything(database: Database[Any]) -> dict[str, list[Any]]:
    return {name: list(database[name].find().sort("_id")) for name in sorted(database.list_collection_names())}


def assert_refused(deployed: Deployment, user: str, stored: set[str]) -> None:
    """Neither readers nor writers get an answer, and nothing is written."""
    queries, one = deployed.container.queries, next(iter(stored))
    uses: tuple[Callable[[], Any], ...] = (
        queries.sync,
        lambda: queries.page(user, PAGE, Backend.OLD),
        lambda: queries.page(user, PAGE, Backend.NEW),
        lambda: queries.get(user, one, Backend.OLD),
        lambda: queries.snapshot(user, POWER, Backend.OLD),
        lambda: deployed.create(user, "2024-12-01", 99),
        lambda: deployed.container.energy.delete(user, one),
        lambda: deployed.ports.twins.reconcile((user, POWER), Selection()),
    )
    for use in uses:
        with pytest.raises(UnavailableError, match=r"control\.sync_mode .*mode recover"):
            use()
    assert len(contents(deployed.database, "source_energy_readings")) == len(stored)


@pytest.mark.parametrize("document", DAMAGES.values(), ids=DAMAGES)
def test_nobody_is_answered_from_a_side_that_may_be_wrong(deployed: Deployment, user: str, document: Any) -> None:
    stored = five_in(deployed, user, NEW_ONLY)
    damage(deployed.database, document)
    assert_refused(deployed, user, stored)


@pytest.mark.parametrize("damaged", ["gone", "an unknown mode", "a beginning that is a text"])
def test_every_command_refuses_says_what_it_found_and_changes_nothing(
    mongodb_uri: str,
    deployed: Deployment,
    user: str,
    damaged: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    five_in(deployed, user, NEW_ONLY)
    damage(deployed.database, DAMAGES[damaged])
    before = everything(deployed.database)
    monkeypatch.setenv("MONGODB_URI", mongodb_uri)
    monkeypatch.setenv("MONGODB_DATABASE", deployed.database.name)
    runs = [(command_line.run, command) for command in COMMANDS]
    runs += [(migrations_line.run, command) for command in MIGRATIONS]
    for run, command in runs:
        with pytest.raises(SystemExit) as exited:
            run(list(command))
        assert exited.value.code == 1, command
        said = capsys.readouterr()
        assert "control.sync_mode" in said.err, command
        assert "python -m infra mode recover" in said.err, command
        assert "Traceback" not in said.err, command
    after = everything(deployed.database)
    for lock in (before, after):
        lock["migrations"] = [record for record in lock["migrations"] if record["_id"] != "lock"]
    assert after == before


def test_an_older_document_in_its_place_is_none(deployed: Deployment, user: str) -> None:
    older = deployed.database["control"].find_one({"_id": SYNC_MODE})
    stored = five_in(deployed, user, NEW_ONLY)
    damage(deployed.database, older)
    assert_refused(deployed, user, stored)
    with pytest.raises(LostModeError, match=r"older than the last change.*to new_only"):
        deployed.operations.modes.show()
    assert deployed.operations.modes.recover(None, "a restore").mode is NEW_ONLY
    assert shown(deployed, user, Backend.OLD) == stored


@pytest.mark.parametrize(
    ("modes", "damaged"),
    [
        ((), "an unknown mode"),
        ((OLD_ONLY,), "a mode that is no text"),
        ((NEW_ONLY,), "gone"),
        ((NEW_ONLY,), "an unknown side"),
        ((NEW_ONLY, DUAL_WRITE), "gone"),
        ((OLD_ONLY, DUAL_WRITE), "nothing at all"),
    ],
    ids=str,
)
def test_what_was_acknowledged_is_there_after_a_recovery_and_after_every_way_on(
    deployed: Deployment, user: str, modes: tuple[SyncMode, ...], damaged: str
) -> None:
    document = DAMAGES[damaged]
    stored = five_in(deployed, user, *modes)
    before = deployed.operations.modes.show()
    damage(deployed.database, document)
    last = modes[-1] if modes else DUAL_WRITE
    if contradicts := (document or {}).get("mode") in list(set(SyncMode) - {last}):
        with pytest.raises(SyncModeError, match=r"what is left of the document says .* and the history says"):
            deployed.operations.modes.recover(None, "lost")
    recovered = deployed.operations.modes.recover(last if contradicts else None, "lost", "olga@desk")
    assert recovered.mode is last
    report = deployed.operations.modes.show()
    assert list(report.changes[:-1]) == list(before.changes)
    assert (report.changes[-1].reason, report.changes[-1].by) == ("lost", "olga@desk")
    assert DRAIN - 5 < report.drain_seconds <= DRAIN, "the drain begins with the recovery"
    assert shown(deployed, user, Backend.OLD) == shown(deployed, user, Backend.NEW) == stored
    deployed.clock.drain()
    if recovered.mode is not DUAL_WRITE:
        deployed.to(DUAL_WRITE)
    assert deployed.sync().state == "synced"
    assert {str(item[0]) for item in equal_sides(deployed.database)} == stored


def test_the_side_that_catches_up_is_still_right_after_a_recovery(deployed: Deployment, user: str) -> None:
    stored = five_in(deployed, user, NEW_ONLY)
    deployed.operations.modes.set(DUAL_WRITE, "back")
    damage(deployed.database, None)
    assert deployed.operations.modes.recover(None, "lost").catching_up is Side.NEW
    deployed.clock.drain()
    deployed.sync()
    assert {str(item[0]) for item in equal_sides(deployed.database)} == stored


def test_once_both_sides_were_equal_a_recovery_believes_energies_again(deployed: Deployment, user: str) -> None:
    """The old application may have written there since then, and the job may not have come to it yet."""
    five_in(deployed, user, NEW_ONLY, DUAL_WRITE)
    foreign = {"userId": user, "type": "power", "date": datetime(2024, 9, 1, tzinfo=UTC), "amount": 9.5}
    deployed.database["energies"].insert_one(foreign)
    damage(deployed.database, None)
    assert deployed.operations.modes.recover(None, "lost").catching_up is None
    deployed.clock.drain()
    deployed.sync()
    assert len(equal_sides(deployed.database)) == 6


def test_history_and_data_that_contradict_each_other_need_a_person(deployed: Deployment, user: str) -> None:
    five_in(deployed, user, NEW_ONLY)
    deployed.database["source_energy_readings"].rename("elsewhere")
    deployed.database["energies"].insert_one({"userId": user, "type": "power", "date": NOW, "amount": 1.5})
    damage(deployed.database, None)
    with pytest.raises(SyncModeError, match=r"new_only, and the new side is empty.*mode recover MODE"):
        deployed.operations.modes.recover(None, "lost")
    assert deployed.operations.modes.recover(OLD_ONLY, "I have looked").mode is OLD_ONLY


def test_without_a_history_sides_that_differ_need_a_person(deployed: Deployment, user: str) -> None:
    five_in(deployed, user)
    deployed.database["energies"].delete_many({"userId": user, "date": {"$gt": datetime(2024, 3, 1, tzinfo=UTC)}})
    deployed.database["control"].delete_many({})
    with pytest.raises(SyncModeError, match="no history of the mode, and the two sides differ"):
        deployed.operations.modes.recover(None, "lost")
    with pytest.raises(SyncModeError, match="nothing says which one is right; recover old_only or new_only"):
        deployed.operations.modes.recover(DUAL_WRITE, "lost")
    assert deployed.operations.modes.recover(NEW_ONLY, "the new side has all").mode is NEW_ONLY
    assert len(shown(deployed, user, Backend.OLD)) == 5


@pytest.mark.parametrize("garbage", ["text", {"a": 1}, [5], [{"mode": "banana", "at": NOW, "reason": "x"}]], ids=str)
def test_a_history_that_cannot_be_read_says_nothing(deployed: Deployment, user: str, garbage: Any) -> None:
    stored = five_in(deployed, user, NEW_ONLY)
    deployed.database["control"].update_one({"_id": "sync_mode_changes"}, {"$set": {"changes": garbage}})
    assert deployed.operations.modes.show().changes == []
    damage(deployed.database, None)
    assert deployed.operations.modes.recover(None, "lost").mode is NEW_ONLY, "energies is empty"
    assert [change.reason for change in deployed.operations.modes.show().changes] == ["lost"]
    assert shown(deployed, user, Backend.OLD) == stored


def test_a_history_whose_last_change_is_damaged_does_not_say_the_one_before(deployed: Deployment, user: str) -> None:
    deployed.create(user, "2023-01-31", 1)
    five_in(deployed, user, OLD_ONLY, DUAL_WRITE, NEW_ONLY)
    deployed.database["control"].update_one({"_id": "sync_mode_changes"}, {"$set": {"changes.2.mode": "banana"}})
    damage(deployed.database, None)
    with pytest.raises(SyncModeError, match="no history of the mode"):
        deployed.operations.modes.recover(None, "lost")


def test_a_mode_that_is_there_is_not_recovered(deployed: Deployment) -> None:
    with pytest.raises(SyncModeError, match="not lost, nothing to recover"):
        deployed.operations.modes.recover(OLD_ONLY, "by mistake")


def test_of_two_operators_who_recover_only_one_does(deployed: Deployment) -> None:
    deployed.to(OLD_ONLY)
    for document in (None, {"mode": "banana", "since": float("nan")}):
        damage(deployed.database, document)
        control = deployed.ports.sync_control
        seen_by_both, state = control.remains(), SyncState(OLD_ONLY)
        assert seen_by_both is not None
        assert control.recover(seen_by_both, state, "one", None)
        assert control.recover(seen_by_both, state, "the other", None) is None
        assert control.changes()[-1].reason == "one"


TRACES: dict[str, tuple[str, dict[str, Any]]] = {
    "a history": ("control", {"_id": "sync_mode_changes", "changes": []}),
    "a position of the sync job": ("control", {"_id": "sync_job", "position": None, "difference": None}),
    "a checkpoint of a backfill": ("control", {"_id": "backfill", "since": 0, "userId": "u", "type": "gas"}),
    "a comparison in a mode": ("control", {"_id": "verified", "since": 0}),
    "a walk in a mode": ("control", {"_id": "rebuild", "since": 5}),
    "an applied migration": ("migrations", {"_id": "001_create_display_collection", "state": "applied"}),
    "a new reading": ("source_energy_readings", {"userId": "u"}),
    "a display document": ("display_energy_data", {"userId": "u"}),
}


@pytest.mark.parametrize(("collection", "document"), TRACES.values(), ids=TRACES)
def test_each_trace_alone_says_that_there_was_a_mode(
    untouched: Database[Any], collection: str, document: dict[str, Any]
) -> None:
    untouched["energies"].insert_one({"userId": "u", "type": "power"})
    assert sync_state(untouched).mode is OLD_ONLY
    untouched[collection].insert_one(document)
    with pytest.raises(LostModeError, match=r"control\.sync_mode is missing"):
        sync_state(untouched)
    with pytest.raises(LostModeError, match=r"control\.sync_mode is missing"):
        runner.up(untouched)


def test_a_database_that_only_the_old_application_and_we_by_default_have_written_to_stays_old_only(
    untouched: Database[Any], user: str
) -> None:
    untouched["energies"].insert_one({"userId": "u", "type": "power"})
    deployed = Deployment(untouched)
    deployed.create(user, "2024-01-31", 1)
    deployed.create(user, "2024-02-28", 2)
    assert deployed.operations.consistency.verify().differences == 0
    assert deployed.operations.modes.show().state.mode is OLD_ONLY
    assert len(shown(deployed, user, Backend.NEW)) == 2


def test_a_first_migration_that_was_interrupted_before_it_wrote_the_mode_goes_on(untouched: Database[Any]) -> None:
    untouched["energies"].insert_one({"userId": "u", "type": "power"})
    runner.up(untouched, "001")
    untouched["control"].delete_many({})
    untouched["migrations"].update_one({"state": "applied"}, {"$set": {"state": "applying"}})
    assert untouched["quarantined_readings"].count_documents({}) == 1
    runner.up(untouched, "001")
    assert sync_state(untouched).mode is OLD_ONLY


class Asked(CommandListener):
    """Counts what is sent."""

    def __init__(self) -> None:
        self.commands: list[str] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.commands.append(event.command_name)

    def succeeded(self, event: Any) -> None: ...

    def failed(self, event: Any) -> None: ...


def test_a_mode_that_is_there_is_read_with_one_command(mongodb_uri: str, migrated: Database[Any]) -> None:
    asked = Asked()
    watched = open_database(mongodb_uri, migrated.name, asked)
    MongoReadingQueries(watched, 5).sync()
    watched.client.close()
    assert [command for command in asked.commands if command != "endSessions"] == ["find"]
