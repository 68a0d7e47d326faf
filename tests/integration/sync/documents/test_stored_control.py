"""What ``control`` says of the mode and of the jobs, document by document: other releases and operators read it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.errors import ExecutionTimeout, OperationFailure

from chalicelib.domain.backends.sync_mode import ModeChange, Side, SyncMode, SyncState
from chalicelib.domain.errors import LostModeError, UnavailableError
from chalicelib.domain.meters.walks import Finding, Verification, Walk, WalkProgress
from chalicelib.domain.migration.sync.reconciliation import FullDifference, SyncProgress, SyncStop, Verified
from chalicelib.domain.migration.sync.recovery import Remains
from chalicelib.domain.readings import EnergyType, to_ms
from chalicelib.repositories.sync_control import MongoSyncControl
from tests.integration.repositories.sent_commands import sent_commands

POWER = EnergyType.POWER
AT, LATER = 1_709_251_200_000, 1_714_521_600_000
MARCH, MAY = (datetime(2024, month, 1, tzinfo=UTC) for month in (3, 5))
Document = dict[str, Any]


@pytest.fixture
def control(migrated: Database[Any]) -> MongoSyncControl:
    return MongoSyncControl(migrated)


def stored(database: Database[Any], name: str) -> Document | None:
    return database["control"].find_one({"_id": name})


def store(database: Database[Any], name: str, **fields: Any) -> None:
    database["control"].replace_one({"_id": name}, fields, upsert=True)


def test_a_stop_is_open_until_it_is_answered_and_then_among_the_answered_ones(
    migrated: Database[Any], control: MongoSyncControl
) -> None:
    control.answer_stop("nothing to answer", LATER)
    assert stored(migrated, "sync_stop") is None
    control.save_stop(SyncStop(AT, "$much is gone"))
    control.save_stop(SyncStop(LATER, "even more is gone"))
    assert stored(migrated, "sync_stop") == {"_id": "sync_stop", "open": {"at": MARCH, "reason": "$much is gone"}}
    assert control.stop() == SyncStop(AT, "$much is gone")
    control.answer_stop("I know", LATER)
    answered = {"at": MARCH, "reason": "$much is gone", "answer": "I know", "answeredAt": MAY}
    assert stored(migrated, "sync_stop") == {"_id": "sync_stop", "open": None, "answered": [answered]}
    assert control.stop() is None
    control.save_stop(SyncStop(LATER, "again"))
    assert control.stop() == SyncStop(LATER, "again")
    assert (stored(migrated, "sync_stop") or {})["answered"] == [answered]


def test_the_latest_hundred_answers_are_kept(migrated: Database[Any], control: MongoSyncControl) -> None:
    answered = [{"answer": str(number)} for number in range(100)]
    store(migrated, "sync_stop", open={"at": MARCH, "reason": "why"}, answered=answered)
    control.answer_stop("the latest", LATER)
    kept = (stored(migrated, "sync_stop") or {})["answered"]
    assert [each["answer"] for each in kept] == [*map(str, range(1, 100)), "the latest"]


@pytest.mark.parametrize(
    "garbage", ["x", 5, {}, {"at": "x", "reason": "why"}, {"at": MARCH}, {"at": MARCH, "reason": 1}]
)
def test_what_nobody_can_read_is_a_stop(migrated: Database[Any], control: MongoSyncControl, garbage: Any) -> None:
    store(migrated, "sync_stop", open=garbage)
    assert control.stop() == SyncStop(0, "the sync job is stopped, and its reason in control.sync_stop cannot be read")


POSITION = {"_data": "82", "digest": "d"}


@pytest.mark.parametrize(
    ("progress", "document"),
    [
        (SyncProgress(), {"position": None, "difference": None}),
        (
            SyncProgress(POSITION, FullDifference(AT, ("alice", POWER), 3, 2, "walk")),
            {
                "position": POSITION,
                "difference": {"since": AT, "after": ["alice", "power"], "written": 3, "deleted": 2, "by": "walk"},
            },
        ),
        (
            SyncProgress(POSITION, FullDifference(None)),
            {
                "position": POSITION,
                "difference": {"since": None, "after": None, "written": 0, "deleted": 0, "by": None},
            },
        ),
    ],
)
def test_the_jobs_progress(
    migrated: Database[Any], control: MongoSyncControl, progress: SyncProgress, document: Document
) -> None:
    control.save_sync_progress(progress)
    assert stored(migrated, "sync_job") == {"_id": "sync_job", **document}
    assert control.sync_progress() == progress
    assert not control.sync_progress().unreadable


def test_progress_of_releases_before_and_what_nobody_can_read(
    migrated: Database[Any], control: MongoSyncControl
) -> None:
    assert control.sync_progress() == SyncProgress()
    store(migrated, "sync_job", position=None, difference={"since": 7, "after": None})
    assert control.sync_progress() == SyncProgress(None, FullDifference(7))
    for garbage in ("x", {"since": "x", "after": None}, {"after": None}, {"since": 7, "after": ["alice"]}):
        store(migrated, "sync_job", position=None, difference=garbage)
        assert control.sync_progress().unreadable


def test_workers_count_where_they_are_the_ones(migrated: Database[Any], control: MongoSyncControl) -> None:
    control.save_sync_progress(SyncProgress(None, FullDifference(AT, None, 3, 2, "walk")))
    assert control.count_difference("walk", 10, 5) == (13, 7)
    document = stored(migrated, "sync_job") or {}
    assert (document["difference"]["written"], document["difference"]["deleted"]) == (13, 7)


def test_a_comparison_that_came_to_its_end(migrated: Database[Any], control: MongoSyncControl) -> None:
    assert control.verified() is None
    verified = Verified(AT, 1, 2, 3, 4, up_to=5, first_seen=6, last_seen=7, code="c", calculated=8)
    control.save_verified(verified)
    versions = {"at": AT, "since": 1, "meters": 2, "lagging": 3, "differences": 4, "upTo": 5}
    assert stored(migrated, "verified") == {
        "_id": "verified",
        **versions,
        "firstSeen": 6,
        "lastSeen": 7,
        "code": "c",
        "calculated": 8,
    }
    assert control.verified() == verified
    store(migrated, "verified", at=AT, since=None, meters=2, lagging=3, differences=4)
    assert control.verified() == Verified(AT, None, 2, 3, 4), "as releases before wrote it"
    for missing in ("at", "since", "meters", "lagging", "differences"):
        control.save_verified(verified)
        migrated["control"].update_one({"_id": "verified"}, {"$unset": {missing: 1}})
        assert control.verified() is None


def test_the_progress_of_a_walk(migrated: Database[Any], control: MongoSyncControl) -> None:
    finding = Finding("alice", POWER, "meters", "alice|power", "a problem", "a kind")
    seen = Verification(
        SyncMode.DUAL_WRITE, 1, 2, 3, findings=(finding,), kinds=((("meters", POWER, "a kind"), 4),), up_to=5
    )
    progress = WalkProgress(AT, 6, ("alice", POWER), seen, "c")
    control.save_walk_progress(Walk.VERIFY, progress)
    said = {"user_id": "alice", "type": "power", "collection": "meters", "document": "alice|power"}
    document = {
        "_id": "verify",
        "started": AT,
        "since": 6,
        "after": ["alice", "power"],
        "code": "c",
        "mode": "dual_write",
        "meters": 1,
        "lagging": 2,
        "differences": 3,
        "findings": [{**said, "problem": "a problem", "kind": "a kind"}],
        "kinds": [["meters", "power", "a kind", 4]],
        "upTo": 5,
    }
    assert stored(migrated, "verify") == document
    assert control.walk_progress(Walk.VERIFY) == progress
    for left_out, value in (("code", ""), ("kinds", ()), ("upTo", None)):
        store(migrated, "verify", **{name: document[name] for name in document if name not in ("_id", left_out)})
        assert [value] == [
            {"code": found.code, "kinds": found.seen.kinds, "upTo": found.seen.up_to}[left_out]
            for found in [control.walk_progress(Walk.VERIFY)]
            if found
        ]
    control.save_walk_progress(Walk.VERIFY, None)
    assert stored(migrated, "verify") is None


@pytest.fixture
def changed(migrated: Database[Any], control: MongoSyncControl) -> SyncState:
    """From the old side alone to both, which the new one catches up to."""
    migrated["control"].delete_many({})
    wanted = SyncState(SyncMode.DUAL_WRITE, catching_up=Side.OLD, full_drain_seconds=77)
    state = control.change(SyncState(), wanted, "$why", "olga")
    assert state is not None
    return state


def test_a_change_of_mode_and_its_record(
    migrated: Database[Any], control: MongoSyncControl, changed: SyncState
) -> None:
    document = stored(migrated, "sync_mode") or {}
    since = document["since"]
    assert timedelta(0) <= datetime.now(UTC) - since < timedelta(minutes=5)
    said = {"mode": "dual_write", "since": since, "catchingUp": "old", "fullDrainSeconds": 77}
    assert document == {"_id": "sync_mode", **said}
    record = {"mode": "dual_write", "at": since, "reason": "$why", "by": "olga", "catchingUp": "old"}
    assert stored(migrated, "sync_mode_changes") == {"_id": "sync_mode_changes", "changes": [record]}
    assert changed == SyncState(SyncMode.DUAL_WRITE, round(since.timestamp() * 1000), Side.OLD, 77)
    assert control.state() == changed
    assert control.changes() == [ModeChange(SyncMode.DUAL_WRITE, changed.since or 0, "$why", "olga", Side.OLD)]
    assert control.caught_up(changed)
    assert (stored(migrated, "sync_mode") or {})["catchingUp"] is None
    changes = (stored(migrated, "sync_mode_changes") or {})["changes"]
    assert changes == [{**record, "catchingUp": None}]
    assert not control.caught_up(changed), "that state is over"


def test_nothing_changes_where_the_state_is_another_one(
    migrated: Database[Any], control: MongoSyncControl, changed: SyncState
) -> None:
    before = [*migrated["control"].find()]
    wanted = SyncState(SyncMode.NEW_ONLY)
    others = (
        SyncState(),
        SyncState(SyncMode.DUAL_WRITE, (changed.since or 0) - 1, Side.OLD),
        SyncState(SyncMode.DUAL_WRITE, changed.since, Side.NEW),
        SyncState(SyncMode.OLD_ONLY, changed.since, Side.OLD),
    )
    assert [control.change(other, wanted, "why", None) for other in others] == [None] * 4
    assert [*migrated["control"].find()] == before
    assert control.change(changed, wanted, "why", None) is not None


@pytest.mark.parametrize("history", ["x", None, {}])
def test_what_is_no_history_goes_with_the_next_change(
    migrated: Database[Any], control: MongoSyncControl, changed: SyncState, history: Any
) -> None:
    store(migrated, "sync_mode_changes", changes=history)
    assert control.changes() == []
    assert control.change(changed, SyncState(SyncMode.NEW_ONLY), "why", None)
    assert [change.reason for change in control.changes()] == ["why"]


def test_the_latest_hundred_changes_are_kept(
    migrated: Database[Any], control: MongoSyncControl, changed: SyncState
) -> None:
    old = [{"mode": "old_only", "at": MARCH, "reason": str(number)} for number in range(100)]
    store(migrated, "sync_mode_changes", changes=old)
    assert control.change(changed, SyncState(SyncMode.NEW_ONLY), "the latest", None)
    kept = (stored(migrated, "sync_mode_changes") or {})["changes"]
    assert [each["reason"] for each in kept] == [*map(str, range(1, 100)), "the latest"]
    assert len(control.changes()) == 100


def test_what_is_left_of_a_lost_mode(migrated: Database[Any], control: MongoSyncControl, changed: SyncState) -> None:
    assert control.remains() is None
    damaged = {"_id": "sync_mode", "mode": "dual_write", "since": "x", "catchingUp": "new"}
    store(migrated, "sync_mode", **damaged)
    migrated["energies"].insert_one({})
    history = control.changes()
    remains = control.remains()
    assert remains is not None
    assert remains.problem.startswith("control.sync_mode cannot be read: ")
    assert "; an operator brings it back" not in remains.problem
    wanted = Remains(remains.problem, damaged, SyncMode.DUAL_WRITE, Side.NEW, history, frozenset({Side.OLD}))
    assert remains == wanted
    migrated["source_energy_readings"].insert_one({})
    store(migrated, "sync_mode", since=MARCH, mode="both", catchingUp=5)
    unknown = control.remains()
    assert unknown is not None
    assert (unknown.mode, unknown.catching_up, unknown.sides) == (None, None, frozenset(Side))
    before = stored(migrated, "sync_mode")
    assert control.recover(remains, SyncState(), "why", None) is None, "it is another document by now"
    assert stored(migrated, "sync_mode") == before
    assert control.recover(unknown, SyncState(), "why", "olga") == control.state()
    assert control.state().mode is SyncMode.OLD_ONLY


def test_an_older_document_that_is_whole_says_nothing(
    migrated: Database[Any], control: MongoSyncControl, changed: SyncState
) -> None:
    store(migrated, "sync_mode", mode="old_only", since=MARCH, catchingUp=None)
    remains = control.remains()
    assert remains is not None
    assert (remains.mode, remains.catching_up, remains.stored["mode"]) == (None, None, "old_only")


def test_without_a_last_change_that_can_be_read_there_is_no_history(
    migrated: Database[Any], control: MongoSyncControl, changed: SyncState
) -> None:
    push = {"$push": {"changes": {"mode": "both"}}}
    migrated["control"].update_one({"_id": "sync_mode_changes"}, push)
    store(migrated, "sync_mode", mode="both", since=MARCH)
    remains = control.remains()
    assert remains is not None
    assert remains.changes == []


def test_what_is_half_restored_is_not_opened(migrated: Database[Any], control: MongoSyncControl) -> None:
    store(migrated, "restore", file="x")
    with pytest.raises(LostModeError, match="a restore is under way"):
        control.remains()


def test_the_server_says_how_long_a_transaction_lives(migrated: Database[Any], control: MongoSyncControl) -> None:
    limit = "transactionLifetimeLimitSeconds"
    assert control.transaction_seconds() == migrated.client.admin.command({"getParameter": 1, limit: 1})[limit]


class Refusing:
    """A database whose server answers with an error."""

    def __init__(self, error: Exception) -> None:
        self.client = self.admin = self
        self._error = error

    def command(self, *_: object) -> None:
        raise self._error


def test_a_server_that_may_not_be_asked_does_not_say_and_one_that_is_late_is_away(
    control: MongoSyncControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_database", Refusing(OperationFailure("not authorized", 13)))
    assert control.transaction_seconds() is None
    monkeypatch.setattr(control, "_database", Refusing(ExecutionTimeout("too late", 50)))
    with pytest.raises(UnavailableError):
        control.transaction_seconds()


def test_the_clock_of_operations_is_the_servers(migrated: Database[Any], control: MongoSyncControl) -> None:
    assert abs(control.operation_time() - to_ms(migrated.command("hello")["localTime"].replace(tzinfo=UTC))) < 60_000


def test_what_is_written_is_acknowledged_by_a_majority(migrated: Database[Any], mongodb_uri: str) -> None:
    with sent_commands(mongodb_uri, migrated.name) as (database, sent):
        control = MongoSyncControl(database)
        state = control.change(control.state(), SyncState(SyncMode.DUAL_WRITE, catching_up=Side.OLD), "why", None)
        assert state is not None
        control.caught_up(state)
        control.save_stop(SyncStop(AT, "why"))
        control.answer_stop("known", LATER)
        control.save_sync_progress(SyncProgress(None, FullDifference(None, by="walk")))
        control.count_difference("walk", 1, 1)
        control.save_walk_progress(Walk.SWEEP, None)
    writes = [command for command in sent if {"update", "delete", "findAndModify"} & command.keys()]
    assert [command.get("writeConcern") for command in writes] == [{"w": "majority"}] * 9
