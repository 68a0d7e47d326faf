"""The ports of the jobs that keep both sides equal, on the fake and on MongoDB."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast
from uuid import uuid4

import pytest
from bson import ObjectId
from pymongo.database import Database

from chalicelib.bootstrap import Ports
from chalicelib.domain.errors import MassDeletionError
from chalicelib.domain.ports import NewReading
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.domain.sync.modes import Side, SyncMode, SyncState
from chalicelib.domain.sync.reconciliation import (
    Finding,
    FullDifference,
    RepairRun,
    Selection,
    SyncProgress,
    SyncStop,
    Verification,
    Walk,
    WalkProgress,
)
from tests.fakes.sides import FakeSides, reading

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


def add(ports: Ports, user: str, instant: int, kind: EnergyType = POWER) -> None:
    ports.transactions.run(user, lambda t: t.readings.add(NewReading(kind, instant, Decimal(instant), "manual"), 1))


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
    assert (done.inserted, done.source_version, done.first, done.last) == (1, 1, 2 * DAY, 2 * DAY)
    assert ports.twins.differences((user, POWER)) == []
    assert ports.twins.reconcile((user, POWER), Selection()).written == 0
    assert ports.display.state(user, POWER).source_version == 1


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
    after = before.changed(SyncMode.OLD_ONLY, 1_000)
    assert ports.sync_control.change(before, after, "why")
    assert not ports.sync_control.change(before, after, "again")
    assert ports.sync_control.state() == SyncState(SyncMode.OLD_ONLY, 1_000)
    assert [(item.mode, item.at, item.reason) for item in ports.sync_control.changes()] == [
        (SyncMode.OLD_ONLY, 1_000, "why")
    ]


def test_catching_up_ends_only_in_the_state_that_it_belongs_to(ports: Ports) -> None:
    catching_up = SyncState(SyncMode.DUAL_WRITE, 1_000, Side.NEW)
    ports.sync_control.change(ports.sync_control.state(), catching_up, "why")
    assert not ports.sync_control.caught_up(SyncState(SyncMode.DUAL_WRITE, 999, Side.NEW))
    assert ports.sync_control.caught_up(catching_up)
    assert ports.sync_control.state() == SyncState(SyncMode.DUAL_WRITE, 1_000)


@pytest.mark.parametrize("difference", [None, FullDifference(5), FullDifference(5, ("user|7", GAS))])
def test_the_jobs_progress_comes_back_as_it_was(ports: Ports, difference: FullDifference | None) -> None:
    assert ports.sync_control.sync_progress() == SyncProgress()
    progress = SyncProgress(ports.changes.position(), difference)
    ports.sync_control.save_sync_progress(progress)
    assert ports.sync_control.sync_progress() == progress


@pytest.mark.parametrize("walk", Walk)
def test_a_walks_progress_comes_back_as_it_was_and_goes(ports: Ports, walk: Walk) -> None:
    finding = Finding("alice", GAS, "source_energy_readings", "7", "nothing there")
    seen = Verification(SyncMode.DUAL_WRITE, 100, 2, 1, (finding,))
    progress = WalkProgress(7, None, ("alice", GAS), seen)
    ports.sync_control.save_walk_progress(walk, progress)
    assert [ports.sync_control.walk_progress(each) == progress for each in Walk] == [each is walk for each in Walk]
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
    assert ports.display.state(user, POWER).source_version == 2


def taken_away(ports: Ports, user: str, request: pytest.FixtureRequest) -> None:
    """Another application deletes the user's readings on the old side."""
    if isinstance(ports.twins, FakeSides):
        for reading_id in [finding for finding, (meter, _) in ports.twins._old().items() if meter[0] == user]:
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
