"""Many readings at once and the record of imports, on the fake and on MongoDB alike."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

import pytest

from chalicelib.bootstrap.container import Ports
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.meters.configuration import Exchange, MeterConfiguration
from chalicelib.domain.meters.import_record import (
    Configured,
    IdRange,
    ImportedReadings,
    ImportRecord,
    KeptReading,
    Replaced,
    Undone,
)
from chalicelib.domain.ports.values import Change, NewReading, StoredReading
from chalicelib.domain.ports.writing import WriteTransaction
from chalicelib.domain.readings import EnergyType, MeterExchange, Reading

T = TypeVar("T")
POWER, GAS = EnergyType.POWER, EnergyType.GAS
DAY = 86_400_000
STATES = {
    "old_only": SyncState(SyncMode.OLD_ONLY),
    "dual_write": SyncState(SyncMode.DUAL_WRITE),
    "new_only": SyncState(SyncMode.NEW_ONLY),
    "dual_write, the new side catching up": SyncState(SyncMode.DUAL_WRITE, catching_up=Side.NEW),
    "dual_write, the old side catching up": SyncState(SyncMode.DUAL_WRITE, catching_up=Side.OLD),
}
in_every_mode = pytest.mark.parametrize("mode", STATES)


def enter(ports: Ports, mode: str) -> None:
    before = ports.sync_control.state()
    if before.mode is not STATES[mode].mode or before.catching_up is not STATES[mode].catching_up:
        ports.sync_control.change(before, STATES[mode], "a test", None)


def run(ports: Ports, user: str, work: Callable[[WriteTransaction], T]) -> T:
    return ports.transactions.run(user, work)


def add(ports: Ports, user: str, *days: int, kind: EnergyType = POWER) -> IdRange:
    readings = [NewReading(kind, day * DAY, Decimal(day), "csv", "file") for day in days]
    return run(ports, user, lambda transaction: transaction.readings.add_many(readings, 9))


def within(ports: Ports, user: str, ids: IdRange) -> list[StoredReading]:
    found = run(ports, user, lambda transaction: transaction.readings.within(ids))
    return sorted(found, key=lambda reading: reading.instant)


def shown(ports: Ports, user: str, kind: EnergyType = POWER) -> list[tuple[int, int]]:
    return [
        (point.instant // DAY, int(point.amount)) for point in ports.queries.snapshot(user, kind, Backend.NEW).readings
    ]


@in_every_mode
def test_readings_that_were_stored_together_are_found_by_their_ids(ports: Ports, user: str, mode: str) -> None:
    enter(ports, mode)
    ids = add(ports, user, 1, 2, 3)
    other = add(ports, user, 4, 5)
    assert (ids.length, other.length) == (3, 2)
    assert [reading.instant // DAY for reading in within(ports, user, ids)] == [1, 2, 3]
    assert [reading.instant // DAY for reading in within(ports, user, other)] == [4, 5]
    assert within(ports, f"{user}-2", ids) == []


@in_every_mode
def test_many_readings_get_other_amounts_and_are_found_by_instant_and_by_id(ports: Ports, user: str, mode: str) -> None:
    enter(ports, mode)
    ids = add(ports, user, 1, 2, 3)
    stored = run(ports, user, lambda transaction: transaction.readings.at(POWER, [DAY, 3 * DAY, 8 * DAY]))
    changes = [
        Change(before, replace(before, amount=before.amount + 10, revision=before.revision + 1, updated_at=20))
        for before in stored
    ]
    run(ports, user, lambda transaction: transaction.readings.replace_many(changes, 20))
    assert shown(ports, user) == [(1, 11), (2, 2), (3, 13)]
    after = within(ports, user, ids)
    assert [reading.updated_at for reading in after] == [20, 9, 20]
    assert [reading.id for reading in after] == [reading.id for reading in within(ports, user, ids)]
    keys = [after[0].id, after[2].id, "0" * 24]
    found = run(ports, user, lambda transaction: transaction.readings.by_ids(keys))
    assert sorted(reading.id for reading in found) == sorted(keys[:2])
    assert all(reading.revision > before.revision for reading, before in zip(found, stored, strict=True))
    assert run(ports, user, lambda transaction: transaction.readings.by_ids([])) == []


@in_every_mode
def test_many_readings_are_removed_and_their_instants_are_free(ports: Ports, user: str, mode: str) -> None:
    enter(ports, mode)
    ids = add(ports, user, 1, 2, 3)
    add(ports, user, 1, kind=GAS)
    gone = within(ports, user, ids)[:2]
    run(ports, user, lambda transaction: transaction.readings.remove_many(gone, 20))
    assert shown(ports, user) == [(3, 3)]
    assert shown(ports, user, GAS) == [(1, 1)]
    assert [reading.instant // DAY for reading in within(ports, user, ids)] == [3]
    add(ports, user, 1)
    assert [day for day, _ in shown(ports, user)] == [1, 3]


@in_every_mode
def test_what_is_stored_between_two_instants_includes_both(ports: Ports, user: str, mode: str) -> None:
    enter(ports, mode)
    add(ports, user, 1, 2, 3, 4)
    found = run(ports, user, lambda transaction: transaction.readings.stored_between(POWER, 2 * DAY, 3 * DAY))
    assert list(found) == [Reading(2 * DAY, Decimal(2)), Reading(3 * DAY, Decimal(3))]


EXCHANGED = MeterConfiguration(Decimal(1000), (Exchange("x", POWER, MeterExchange(DAY, Decimal(5), Decimal(0)), 2),))
READING = "65a000000000000000000001"
RECORD = ImportRecord(
    id="i-1",
    at=5_000,
    form="json",
    file_name="mein Zähler.csv",
    success=2,
    replaced=1,
    skipped=3,
    errors=4,
    meters=(
        ImportedReadings(
            POWER,
            DAY,
            3 * DAY,
            IdRange(READING, 2),
            (Replaced(READING, Decimal("1.5"), 4_000, 5_000),),
            Configured(MeterConfiguration(), EXCHANGED),
            {DAY: Decimal("0.00000000000001"), 3 * DAY: Decimal(999_999_999_999)},
        ),
        ImportedReadings(GAS, DAY, DAY, written={DAY: Decimal("7.25")}),
    ),
    trace_id="a trace",
)


def test_an_import_is_kept_as_it_was_and_closed_with_how_it_was_undone(ports: Ports, user: str) -> None:
    record = replace(RECORD, id=f"{user}-i")
    run(ports, user, lambda transaction: transaction.imports.add(record))
    assert run(ports, user, lambda transaction: transaction.imports.get(record.id)) == record
    undone = replace(record, undone=Undone(9_000, 2, 1, 1, (KeptReading(READING, POWER, DAY, Decimal(7)),), (POWER,)))
    run(ports, user, lambda transaction: transaction.imports.close(undone))
    found = run(ports, user, lambda transaction: transaction.imports.get(record.id))
    assert found == undone
    assert (record.state, found.state) == ("imported", "undone")


def test_somebody_elses_import_is_not_found(ports: Ports, user: str) -> None:
    record = replace(RECORD, id=f"{user}-i")
    run(ports, user, lambda transaction: transaction.imports.add(record))
    for who, key in ((f"{user}-2", record.id), (user, "none")):
        with pytest.raises(NotFoundError):
            run(ports, who, lambda transaction, key=key: transaction.imports.get(key))  # type: ignore[misc]
    assert ports.imports.page(f"{user}-2", 9) == []


def test_imports_are_listed_from_the_latest_on_page_by_page(ports: Ports, user: str) -> None:
    for name, at in (("a", 1_000), ("b", 2_000), ("c", 2_000), ("d", 3_000)):
        record = replace(RECORD, id=f"{user}-{name}", at=at)
        run(ports, user, lambda transaction, record=record: transaction.imports.add(record))  # type: ignore[misc]
    first = ports.imports.page(user, 2)
    assert [record.id[-1] for record in first] == ["d", "c"]
    rest = ports.imports.page(user, 9, (first[-1].at, first[-1].id))
    assert [record.id[-1] for record in rest] == ["b", "a"]
    assert (first[0].meters[0].type, first[0].meters[0].first) == (POWER, DAY)
