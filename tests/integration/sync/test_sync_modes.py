"""Changing the sync mode: refusals that say why, and no acknowledged write lost, even of those that write meanwhile."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState, drain_of
from chalicelib.domain.errors import SyncModeError
from chalicelib.domain.ports.values import NewReading, PageRequest, ReadingFilter
from chalicelib.domain.ports.writing import WriteTransaction
from tests.integration.deployment import (
    POWER,
    Deployment,
    contents,
    equal_sides,
    one_more_write_each,
    writers,
)

OLD_ONLY, DUAL_WRITE, NEW_ONLY = SyncMode
DAY = 86_400_000
DRAIN = drain_of(30)  # the limit that the tests' server is started with


@pytest.fixture
def deployed(migrated: Database[Any]) -> Deployment:
    return Deployment(migrated)


@pytest.fixture
def user() -> str:
    return uuid4().hex


@pytest.mark.parametrize(("start", "wanted"), [(OLD_ONLY, NEW_ONLY), (NEW_ONLY, OLD_ONLY)])
def test_only_neighbours_follow_each_other(deployed: Deployment, start: SyncMode, wanted: SyncMode) -> None:
    deployed.to(start)
    with pytest.raises(SyncModeError, match="old_only <-> dual_write <-> new_only"):
        deployed.operations.modes.set(wanted, "test")
    assert deployed.operations.modes.show().state.mode is start


def test_the_mode_that_is_there_already_is_refused(deployed: Deployment) -> None:
    with pytest.raises(SyncModeError, match="already"):
        deployed.operations.modes.set(DUAL_WRITE, "test")


def test_a_database_that_no_migration_has_seen_can_be_put_into_dual_write(deployed: Deployment) -> None:
    deployed.database.client.drop_database(deployed.database.name)
    assert deployed.operations.modes.show().state == SyncState()
    assert deployed.operations.modes.set(DUAL_WRITE, "first").catching_up is Side.OLD
    assert deployed.operations.modes.show().state.mode is DUAL_WRITE


def test_a_change_says_how_long_its_drain_takes_and_why_it_was_made(deployed: Deployment) -> None:
    deployed.operations.modes.set(OLD_ONLY, "the new side is slow")
    report = deployed.operations.modes.show()
    assert DRAIN - 5 < report.drain_seconds <= DRAIN
    assert [(change.mode, change.reason) for change in report.changes] == [(OLD_ONLY, "the new side is slow")]
    deployed.clock.drain()
    assert deployed.operations.modes.show().drain_seconds == 0


def test_new_only_waits_for_the_drain_and_for_equal_sides(deployed: Deployment, user: str) -> None:
    deployed.to(OLD_ONLY)
    deployed.create(user, "2024-01-31", 1)
    deployed.operations.modes.set(DUAL_WRITE, "test")
    with pytest.raises(SyncModeError, match=r"still catches up.*infra sync"):
        deployed.operations.modes.set(NEW_ONLY, "test")
    deployed.clock.drain()
    deployed.sync()
    deployed.database["source_energy_readings"].update_one({}, {"$set": {"amount": 7}})
    with pytest.raises(SyncModeError, match=r"finds differences.*repair --apply"):
        deployed.operations.modes.set(NEW_ONLY, "test")
    deployed.operations.consistency.repair()
    assert deployed.operations.modes.set(NEW_ONLY, "test").mode is NEW_ONLY


def test_new_only_is_refused_before_the_drain(deployed: Deployment) -> None:
    deployed.operations.modes.set(OLD_ONLY, "test")
    deployed.operations.modes.set(DUAL_WRITE, "test")
    state = deployed.operations.modes.show().state
    assert deployed.ports.sync_control.caught_up(state)
    with pytest.raises(SyncModeError, match=r"wait \d+ s"):
        deployed.operations.modes.set(NEW_ONLY, "test")


def test_of_two_operators_at_once_only_one_changes_the_mode(deployed: Deployment) -> None:
    control = deployed.ports.sync_control
    seen_by_both = control.state()
    assert control.change(seen_by_both, seen_by_both.changed(NEW_ONLY), "one", None)
    assert not control.change(seen_by_both, seen_by_both.changed(OLD_ONLY), "the other", None)
    assert control.state().mode is NEW_ONLY
    assert [change.reason for change in control.changes()] == ["one"]


def test_the_old_side_cannot_go_on_alone_before_it_has_caught_up(deployed: Deployment, user: str) -> None:
    deployed.to(NEW_ONLY)
    deployed.create(user, "2024-01-31", 1)
    deployed.operations.modes.set(DUAL_WRITE, "back")
    with pytest.raises(SyncModeError, match="the old side still catches up with the new one"):
        deployed.operations.modes.set(OLD_ONLY, "back")
    assert deployed.operations.modes.set(NEW_ONLY, "forward again").mode is NEW_ONLY


def test_nothing_is_brought_together_before_the_drain(deployed: Deployment, user: str) -> None:
    deployed.to(NEW_ONLY)
    deployed.create(user, "2024-01-31", 1)
    deployed.operations.modes.set(DUAL_WRITE, "back")
    report = deployed.sync()
    assert report.state == "draining"
    assert DRAIN - 5 < report.wait_seconds <= DRAIN
    assert contents(deployed.database, "energies") == set()


@pytest.mark.parametrize("backend", Side)
def test_until_then_both_backends_read_the_side_that_has_everything(
    deployed: Deployment, user: str, backend: Backend
) -> None:
    deployed.to(NEW_ONLY)
    reading = deployed.create(user, "2024-01-31", 1)
    deployed.operations.modes.set(DUAL_WRITE, "back")
    page = PageRequest(ReadingFilter(), descending=False, limit=10)
    assert [item.id for item in deployed.container.queries.page(user, page, backend)] == [reading]


def test_the_way_back_from_new_only_takes_every_kind_of_write_along(deployed: Deployment, user: str) -> None:
    kept, changed, moved, gone = (deployed.create(user, f"2024-0{month}-28", month) for month in (1, 2, 3, 4))
    deployed.to(NEW_ONLY)
    deployed.change(user, changed, amount=20)
    deployed.change(user, moved, date="2024-05-01")
    deployed.container.energy.delete(user, gone)
    added = deployed.create(user, "2024-04-28", 41)
    deployed.to(DUAL_WRITE)
    assert {str(item[0]): int(item[4]) for item in equal_sides(deployed.database)} == {
        kept: 1,
        changed: 20,
        moved: 3,
        added: 41,
    }
    deployed.to(OLD_ONLY)
    assert {item.id for item in deployed.container.old.readings(user, POWER)} == {kept, changed, moved, added}


def test_a_reading_deleted_in_new_only_does_not_hide_behind_a_later_one_of_its_instant(
    deployed: Deployment, user: str
) -> None:
    gone = deployed.create(user, "2024-01-31", 1)
    deployed.to(NEW_ONLY)
    deployed.container.energy.delete(user, gone)
    deployed.operations.modes.set(DUAL_WRITE, "back")
    again = deployed.create(user, "2024-01-31", 2)
    deployed.clock.drain()
    deployed.sync()
    assert [str(item[0]) for item in equal_sides(deployed.database)] == [again]


def test_the_way_back_from_old_only_takes_deletes_along_and_frees_their_instants(
    deployed: Deployment, user: str
) -> None:
    gone = deployed.create(user, "2024-01-31", 1)
    deployed.to(OLD_ONLY)
    deployed.container.energy.delete(user, gone)
    deployed.operations.modes.set(DUAL_WRITE, "forward")
    again = deployed.create(user, "2024-01-31", 2)
    deployed.clock.drain()
    deployed.sync()
    assert [str(item[0]) for item in equal_sides(deployed.database)] == [again]


@pytest.mark.parametrize("start", [OLD_ONLY, NEW_ONLY])
def test_a_write_that_began_in_the_mode_before_is_not_lost(deployed: Deployment, user: str, start: SyncMode) -> None:
    deployed.to(start)

    def work(transaction: WriteTransaction) -> None:
        if deployed.operations.modes.show().state.mode is start:
            deployed.operations.modes.set(DUAL_WRITE, "while a write is under way")
        transaction.meters.mark_changed(POWER, DAY, DAY, 1)
        transaction.readings.add_many([NewReading(POWER, DAY, Decimal(5), "manual")], 1)

    deployed.ports.transactions.run(user, work)
    old, new = (len(contents(deployed.database, side)) for side in ("energies", "source_energy_readings"))
    assert {old, new} == {0, 1}, "the write followed the mode that it had read"
    deployed.clock.drain()
    deployed.sync()
    assert len(equal_sides(deployed.database)) == 1


def test_a_write_that_began_before_the_sides_were_brought_together_is_not_lost(deployed: Deployment, user: str) -> None:
    deployed.to(NEW_ONLY)
    reading = deployed.create(user, "2024-01-31", 1)
    deployed.operations.modes.set(DUAL_WRITE, "back")
    deployed.clock.drain()

    def work(transaction: WriteTransaction) -> None:
        before = transaction.readings.get(reading)
        if deployed.operations.modes.show().state.catching_up:
            assert deployed.sync().state == "synced"
        transaction.meters.mark_changed(POWER, before.instant, before.instant, 1)
        transaction.readings.remove(before, 1)

    deployed.ports.transactions.run(user, work)
    assert equal_sides(deployed.database) == set()


@pytest.mark.parametrize(
    "path",
    [
        (OLD_ONLY, DUAL_WRITE),
        (NEW_ONLY, DUAL_WRITE),
        (NEW_ONLY, DUAL_WRITE, OLD_ONLY, DUAL_WRITE, NEW_ONLY, DUAL_WRITE),
    ],
    ids=" ".join,
)
def test_the_mode_changes_while_writers_run_and_no_acknowledged_write_is_lost(
    deployed: Deployment, path: tuple[SyncMode, ...]
) -> None:
    with writers(deployed) as working:
        for mode in path:
            deployed.operations.modes.set(mode, "while writers run")
            one_more_write_each(working)  # what had read the mode before has ended: the drain
            deployed.clock.drain()
            if mode is DUAL_WRITE:
                assert deployed.sync().state == "synced"
                one_more_write_each(working)
    stored = {str(item[0]): int(item[4]) for item in equal_sides(deployed.database)}
    assert stored == {key: amount for writer in working for key, amount in writer.known.items()}
    assert deployed.operations.modes.show().state.catching_up is None
    deployed.operations.sweeper.run_at_once(60)
    assert deployed.operations.consistency.verify(restart=True).differences == 0
