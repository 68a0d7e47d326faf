"""The ports of the jobs that keep both sides equal, on the fake and on MongoDB."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast
from uuid import uuid4

import pytest
from bson import ObjectId
from pymongo.database import Database

from chalicelib.bootstrap.container import Ports, now
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import ModeChange, Side, SyncMode, SyncState
from chalicelib.domain.errors import MassDeletionError, NotFoundError, SyncModeError
from chalicelib.domain.meters.walks import Finding, Unreadable, Verification, Walk, WalkProgress
from chalicelib.domain.migration.sync.reconciliation import FullDifference, RepairRun, Selection, SyncProgress, SyncStop
from chalicelib.domain.ports.values import NewReading, PageRequest, ReadingFilter, StoredReading
from chalicelib.domain.ports.writing import WriteTransaction
from chalicelib.domain.readings import EnergyType, Reading, to_datetime
from infra.simulation.memory.migration.sides import FakeSides, reading

POWER, GAS = EnergyType.POWER, EnergyType.GAS
DAY = 86_400_000
Foreign = Callable[[str, int, int], str]


@pytest.fixture
def foreign(ports: Ports, request: pytest.FixtureRequest) -> Foreign:
    """Another application writes a power reading by itself; returns its id."""

    def write(user: str, instant: int, amount: int) -> str:
        key = str(ObjectId())
        if isinstance(ports.twins, FakeSides):
            ports.twins.write(user, reading(key, POWER, instant, amount))
        else:
            database = cast("Database[Any]", request.getfixturevalue("migrated"))
            fields = {"userId": user, "type": "power", "date": to_datetime(instant), "amount": float(amount)}
            database["energies"].insert_one({"_id": ObjectId(key), **fields})
        return key

    return write


@pytest.fixture
def damage(ports: Ports, request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Another application writes an amount into an old document that is no number."""

    def write(key: str) -> None:
        if isinstance(ports.twins, FakeSides):
            ports.twins.damage(key)
        else:
            database = cast("Database[Any]", request.getfixturevalue("migrated"))
            database["energies"].update_one({"_id": ObjectId(key)}, {"$set": {"amount": "much"}})

    return write


def test_the_twin_of_a_damaged_reading_is_kept_and_named(
    ports: Ports, user: str, foreign: Foreign, damage: Callable[[str], None]
) -> None:
    key = foreign(user, DAY, 5)
    ports.twins.reconcile((user, POWER), Selection())
    assert ports.twins.unreadable() == Unreadable()
    damage(key)
    done = ports.twins.reconcile((user, POWER), Selection())
    assert ([str(kept) for kept in done.kept], done.deleted) == ([key], 0)
    ports.twins.quarantine()
    assert ports.twins.differences((user, POWER)) == []
    [named] = ports.twins.unreadable().documents
    assert (named.collection, named.document) == ("energies", key)
    assert named.problem == "amount is a string, not a number"
    assert named.twin
    assert ports.twins.damages((user, POWER)) == []


def add(ports: Ports, user: str, instant: int, kind: EnergyType = POWER) -> None:
    """Record a reading as people do: with its meter."""

    def work(transaction: WriteTransaction) -> None:
        transaction.readings.add(NewReading(kind, instant, Decimal(instant), "manual"), 1)
        transaction.meters.mark_changed(kind, instant, instant, 1)

    ports.transactions.run(user, work)


def test_meters_come_in_order_behind_another(ports: Ports) -> None:
    one, other = sorted(uuid4().hex for _ in range(2))
    for user, kind in ((other, POWER), (one, POWER), (one, GAS)):
        add(ports, user, DAY, kind)
        add(ports, user, 2 * DAY, kind)
    assert list(ports.twins.meters()) == [(one, GAS), (one, POWER), (other, POWER)]
    assert list(ports.twins.meters((one, GAS))) == [(one, POWER), (other, POWER)]


def test_a_foreign_reading_is_a_difference_until_it_is_reconciled(ports: Ports, user: str, foreign: Foreign) -> None:
    add(ports, user, DAY)
    key = foreign(user, 2 * DAY, 5)
    assert [finding.document for finding in ports.twins.differences((user, POWER))] == [key]
    old, new = (ports.twins.digests(side, {user}) for side in Side)
    assert old != new
    done = ports.twins.reconcile((user, POWER), Selection())
    assert (done.inserted, done.first, done.last) == (1, 2 * DAY, 2 * DAY)
    assert ports.twins.differences((user, POWER)) == []
    assert ports.twins.reconcile((user, POWER), Selection()).written == 0
    assert ports.display.state(user, POWER).source_version == done.source_version > 0


def shown(ports: Ports, user: str, backend: Backend) -> tuple[list[int], ...]:
    """The days that a backend finds by each way of reading."""
    everything = ReadingFilter()
    listed = ports.queries.page(user, PageRequest(everything, descending=False, limit=0), backend)
    snapshots = (read(user, POWER, backend) for read in (ports.queries.snapshot, ports.queries.full_snapshot))
    by_id = [ports.queries.get(user, reading.id, backend) for reading in listed]
    found: list[Iterable[StoredReading | Reading]] = [listed, by_id, *(snapshot.readings for snapshot in snapshots)]
    return tuple([point.instant // DAY for point in points] for points in found)


def test_each_backend_reads_its_own_side_as_long_as_both_are_written(ports: Ports, user: str, foreign: Foreign) -> None:
    add(ports, user, DAY)
    key = foreign(user, 2 * DAY, 5)
    assert shown(ports, user, Backend.OLD) == ([1, 2],) * 4
    assert shown(ports, user, Backend.NEW) == ([1],) * 4
    assert ports.queries.get(user, key, Backend.OLD).amount == 5
    with pytest.raises(NotFoundError):
        ports.queries.get(user, key, Backend.NEW)


@pytest.mark.parametrize(
    ("wanted", "days"),
    [
        (SyncState(SyncMode.OLD_ONLY), [1, 2]),
        (SyncState(SyncMode.NEW_ONLY), [1]),
        (SyncState(SyncMode.DUAL_WRITE, catching_up=Side.OLD), [1, 2]),
        (SyncState(SyncMode.DUAL_WRITE, catching_up=Side.NEW), [1]),
    ],
)
@pytest.mark.parametrize("backend", Backend)
def test_where_one_side_rests_or_catches_up_both_backends_read_the_other(
    ports: Ports, user: str, foreign: Foreign, backend: Backend, wanted: SyncState, days: list[int]
) -> None:
    add(ports, user, DAY)
    foreign(user, 2 * DAY, 5)
    ports.sync_control.change(ports.sync_control.state(), wanted, "why", None)
    assert shown(ports, user, backend) == (days,) * 4


def test_changes_are_read_behind_a_position_and_name_their_readings(ports: Ports, user: str, foreign: Foreign) -> None:
    foreign(user, DAY, 1)
    position = ports.changes.position()
    keys = [foreign(user, day * DAY, day) for day in (2, 3, 4)]
    moment = ports.changes.moment()
    first = ports.changes.read(position, 2, moment)
    assert first is not None
    rest = ports.changes.read(first.position, 10, moment)
    assert rest is not None
    assert [str(key) for key in (*first.ids, *rest.ids)] == keys
    assert (first.complete, rest.complete) == (False, True)
    owners = ports.twins.owners([*first.ids, *rest.ids])
    assert {meter: {str(key) for key in ids} for meter, ids in owners.items()} == {(user, POWER): set(keys)}


def test_a_mode_is_changed_only_from_the_state_that_was_read(ports: Ports) -> None:
    before = ports.sync_control.state()
    after = before.changed(SyncMode.OLD_ONLY)
    stored = ports.sync_control.change(before, after, "$why", "alice@desk")
    assert ports.sync_control.change(before, after, "again", None) is None
    assert stored is not None
    assert stored.since is not None
    assert stored == SyncState(SyncMode.OLD_ONLY, stored.since) == ports.sync_control.state()
    assert ports.sync_control.changes() == [ModeChange(SyncMode.OLD_ONLY, stored.since, "$why", "alice@desk")]


def test_a_state_is_read_with_the_time_of_the_store(ports: Ports) -> None:
    before = ports.sync_control.state()
    stored = ports.sync_control.change(before, before.changed(SyncMode.OLD_ONLY), "why", None)
    read = [source() for source in (ports.sync_control.state, ports.queries.sync)]
    assert stored is not None
    assert stored.since is not None
    assert all(0 < stored.since == stored.read_at <= state.read_at for state in read)
    assert all(now() - 60_000 < state.read_at < now() + 60_000 for state in read)


def test_the_operation_time_goes_on_with_the_writes(ports: Ports) -> None:
    """To the second: what was written before it was asked for lies behind it or in it."""
    before = ports.sync_control.operation_time()
    state = ports.sync_control.state()
    stored = ports.sync_control.change(state, state.changed(SyncMode.OLD_ONLY), "why", None)
    after = ports.sync_control.operation_time()
    assert stored is not None
    assert stored.since is not None
    assert before <= after
    assert after % 1000 == 0
    assert stored.since // 1000 * 1000 <= after <= ports.sync_control.state().read_at


@pytest.mark.parametrize("position", ["a string", 5.5, -1, [], {}, {"_data": 5}, {"_data": "zz"}, {"_data": "8265"}])
def test_a_position_that_is_none_is_one_that_is_gone(ports: Ports, position: Any) -> None:
    assert ports.changes.read(position, 10, ports.changes.moment()) is None


def test_catching_up_ends_only_in_the_state_that_it_belongs_to(ports: Ports) -> None:
    wanted = SyncState(SyncMode.DUAL_WRITE, catching_up=Side.NEW)
    catching_up = ports.sync_control.change(ports.sync_control.state(), wanted, "why", None)
    assert catching_up is not None
    assert [change.catching_up for change in ports.sync_control.changes()] == [Side.NEW]
    assert not ports.sync_control.caught_up(replace(catching_up, since=999))
    assert ports.sync_control.caught_up(catching_up)
    assert ports.sync_control.state() == replace(catching_up, catching_up=None)
    assert [change.catching_up for change in ports.sync_control.changes()] == [None]


@pytest.mark.parametrize("difference", [None, FullDifference(5), FullDifference(5, ("user|7", GAS), 3, 2, "a1")])
def test_the_jobs_progress_comes_back_as_it_was(ports: Ports, difference: FullDifference | None) -> None:
    assert ports.sync_control.sync_progress() == SyncProgress()
    progress = SyncProgress(ports.changes.position(), difference)
    ports.sync_control.save_sync_progress(progress)
    assert ports.sync_control.sync_progress() == progress


def test_workers_of_one_difference_count_together_until_it_is_another_ones(ports: Ports) -> None:
    control, position = ports.sync_control, ports.changes.position()
    control.save_sync_progress(SyncProgress(position, FullDifference(5, by="a1")))
    assert control.count_difference("a1", 3, 1) == (3, 1)
    assert control.count_difference("a1", 2, 2) == (5, 3)
    assert control.sync_progress().difference == FullDifference(5, None, 5, 3, "a1")
    for other in (SyncProgress(position, FullDifference(5, by="b2")), SyncProgress(position), SyncProgress()):
        control.save_sync_progress(other)
        with pytest.raises(SyncModeError):
            control.count_difference("a1", 1, 1)
        assert control.sync_progress() == other


@pytest.mark.parametrize("walk", Walk)
def test_a_walks_progress_comes_back_as_it_was_and_goes(ports: Ports, walk: Walk) -> None:
    finding = Finding("alice", GAS, "source_energy_readings", "7", "nothing there")
    seen = Verification(SyncMode.DUAL_WRITE, 100, 2, 1, (finding,), up_to=6_000)
    progress = WalkProgress(7, None, ("alice", GAS), seen)
    ports.sync_control.save_walk_progress(walk, progress)
    assert [ports.sync_control.walk_progress(each) == progress for each in Walk] == [each is walk for each in Walk]
    assert (kept := ports.sync_control.walk_progress(walk)) is not None
    assert kept.seen.up_to == 6_000
    ports.sync_control.save_walk_progress(walk, None)
    assert ports.sync_control.walk_progress(walk) is None


def test_no_more_is_deleted_than_allowed_and_what_goes_is_kept_and_comes_back(
    ports: Ports, user: str, request: pytest.FixtureRequest
) -> None:
    add(ports, user, DAY)
    (key,) = ports.twins.digests(Side.NEW, {user})
    taken_away(ports, user, request)
    meter, run = (user, POWER), RepairRun(f"sync-{user}")
    assert key == meter
    assert ports.twins.plan(meter, run).deleted == 1
    with pytest.raises(MassDeletionError):
        ports.twins.reconcile(meter, Selection(), run)
    assert ports.repaired.runs() == []
    assert ports.twins.reconcile(meter, Selection(), run, 1).deleted == 1
    assert [(found.id, found.documents, found.undone) for found in ports.repaired.runs()] == [(run.id, 1, 0)]
    (page,) = ports.repaired.kept(run.id)
    done = ports.repaired.bring_back(page, RepairRun("undo"))
    assert (done.restored, done.left, set(done.meters)) == (1, (), {meter})
    assert list(ports.repaired.kept(run.id)) == []
    assert ports.display.state(user, POWER).source_version == 3


def taken_away(ports: Ports, user: str, request: pytest.FixtureRequest) -> None:
    """Another application deletes the user's readings on the old side."""
    if isinstance(ports.twins, FakeSides):
        for reading_id in [finding for finding, (meter, _) in ports.twins._side(Side.OLD).items() if meter[0] == user]:
            ports.twins.delete(reading_id)
    else:
        cast("Database[Any]", request.getfixturevalue("migrated"))["energies"].delete_many({"userId": user})


def test_a_repair_from_the_new_side_brings_back_what_the_old_one_lost(
    ports: Ports, user: str, request: pytest.FixtureRequest
) -> None:
    add(ports, user, DAY)
    taken_away(ports, user, request)
    run = RepairRun("repair", Side.NEW)
    assert ports.twins.plan((user, POWER), run).inserted == 1
    assert ports.twins.reconcile((user, POWER), Selection(), run).inserted == 1
    old, new = (ports.twins.digests(side, {user}) for side in Side)
    assert old == new
    assert len(old) == 1


def test_the_first_reason_of_a_stop_stays_until_it_is_answered(ports: Ports) -> None:
    control = ports.sync_control
    assert control.stop() is None
    control.save_stop(SyncStop(1, "first"))
    control.save_stop(SyncStop(2, "second"))
    assert control.stop() == SyncStop(1, "first")
    control.answer_stop("looked at it", 3)
    assert control.stop() is None
    control.save_stop(SyncStop(4, "third"))
    assert control.stop() == SyncStop(4, "third")
