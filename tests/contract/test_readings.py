"""Single readings, lists, meters and settings as services rely on them, on the fake and on MongoDB alike."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from chalicelib.bootstrap.container import Ports
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import DuplicateReadingError, NotFoundError
from chalicelib.domain.meters.configuration import Exchange, MeterConfiguration
from chalicelib.domain.ports.values import NewReading, PageRequest, ReadingFilter, StoredReading, UserSettings
from chalicelib.domain.ports.writing import WriteTransaction
from chalicelib.domain.readings import EnergyType, MeterExchange, Reading
from chalicelib.services.refresh.refresh import DisplayDataCalculationService

POWER, GAS = EnergyType.POWER, EnergyType.GAS
DAY = 86_400_000
EVERYTHING = ReadingFilter()
MODULUS = Decimal(100_000)


def add(ports: Ports, user: str, day: int, amount: str = "1", kind: EnergyType = POWER) -> StoredReading:
    reading = NewReading(kind, day * DAY, Decimal(amount), "manual")
    return ports.transactions.run(user, lambda transaction: transaction.readings.add(reading, 9))


def move(ports: Ports, user: str, before: StoredReading, day: int, amount: str = "2") -> StoredReading:
    after = replace(before, instant=day * DAY, amount=Decimal(amount), revision=before.revision + 1, updated_at=20)
    return ports.transactions.run(user, lambda transaction: transaction.readings.replace(before, after))


def get(ports: Ports, user: str, reading_id: str) -> StoredReading:
    return ports.transactions.run(user, lambda transaction: transaction.readings.get(reading_id))


def mark(ports: Ports, user: str, kind: EnergyType, configuration: MeterConfiguration) -> None:
    def work(transaction: WriteTransaction) -> None:
        transaction.meters.mark_changed(kind, 0, 0, 1)
        transaction.meters.configure(kind, configuration)

    ports.transactions.run(user, work)


def pages(ports: Ports, user: str, wanted: ReadingFilter, limit: int, descending: bool = False) -> list[StoredReading]:
    """All pages one after another, as a caller with a cursor sees them."""
    seen: list[StoredReading] = []
    after = None
    while page := ports.queries.page(user, PageRequest(wanted, descending, limit, after), Backend.NEW):
        assert len(page) <= limit
        assert not {reading.id for reading in page} & {reading.id for reading in seen}
        seen += page
        after = page[-1].instant, page[-1].id
    return seen


def days(readings: Sequence[StoredReading]) -> list[int]:
    return [reading.instant // DAY for reading in readings]


def test_a_reading_is_found_by_its_id_inside_a_transaction_and_outside(ports: Ports, user: str) -> None:
    stored = add(ports, user, 3, "12.5")
    assert get(ports, user, stored.id) == stored
    assert ports.queries.get(user, stored.id, Backend.NEW) == stored


@pytest.mark.parametrize("unknown", ["", "none", "0" * 24, "ü/../%00", "x" * 200, "\x00"])
def test_an_id_that_nothing_has_is_not_found(ports: Ports, user: str, unknown: str) -> None:
    add(ports, user, 1)
    with pytest.raises(NotFoundError):
        get(ports, user, unknown)
    with pytest.raises(NotFoundError):
        ports.queries.get(user, unknown, Backend.NEW)


def test_another_users_reading_is_not_found(ports: Ports, user: str) -> None:
    stored = add(ports, user, 1)
    with pytest.raises(NotFoundError):
        get(ports, f"{user}-2", stored.id)
    with pytest.raises(NotFoundError):
        ports.queries.get(f"{user}-2", stored.id, Backend.NEW)


def test_an_imported_reading_remembers_its_file(ports: Ports, user: str) -> None:
    imported = NewReading(POWER, DAY, Decimal(1), "csv", "file-1")
    ports.transactions.run(user, lambda transaction: transaction.readings.add_many([imported], 9))
    [stored] = pages(ports, user, EVERYTHING, 5)
    assert (stored.source, stored.import_batch_id, stored.revision) == ("csv", "file-1", 1)
    assert get(ports, user, stored.id) == stored


def test_a_replaced_reading_has_its_new_date_amount_and_revision_and_keeps_the_rest(ports: Ports, user: str) -> None:
    before = add(ports, user, 3)
    after = move(ports, user, before, 5, "7.25")
    assert after == replace(before, instant=5 * DAY, amount=Decimal("7.25"), revision=2, updated_at=20)
    assert get(ports, user, before.id) == after
    assert ports.queries.get(user, before.id, Backend.NEW) == after
    assert list(ports.queries.snapshot(user, POWER, Backend.NEW).readings) == [Reading(5 * DAY, Decimal("7.25"))]


def test_a_reading_may_keep_its_date(ports: Ports, user: str) -> None:
    before = add(ports, user, 3)
    assert move(ports, user, before, 3, "8").amount == 8
    assert pages(ports, user, EVERYTHING, 5) == [get(ports, user, before.id)]


def test_a_reading_cannot_move_onto_another_and_nothing_changes(ports: Ports, user: str) -> None:
    before, other = add(ports, user, 3), add(ports, user, 5)
    add(ports, user, 5, kind=GAS)
    with pytest.raises(DuplicateReadingError):
        move(ports, user, before, 5)
    assert get(ports, user, before.id) == before
    assert get(ports, user, other.id) == other


def test_a_removed_reading_is_gone_and_its_date_free(ports: Ports, user: str) -> None:
    stored, other = add(ports, user, 3), add(ports, user, 3, kind=GAS)
    ports.transactions.run(user, lambda transaction: transaction.readings.remove(stored, 9))
    with pytest.raises(NotFoundError):
        get(ports, user, stored.id)
    assert get(ports, user, other.id) == other
    assert add(ports, user, 3).id != stored.id


def test_neighbours_leave_out_the_reading_that_is_being_changed(ports: Ports, user: str) -> None:
    readings = [add(ports, user, day, str(day)) for day in (1, 3, 5)]
    middle = readings[1].id
    found = ports.transactions.run(user, lambda t: t.readings.neighbours(POWER, 4 * DAY, but=middle))
    assert found == (Reading(DAY, Decimal(1)), Reading(5 * DAY, Decimal(5)))
    found = ports.transactions.run(user, lambda t: t.readings.neighbours(POWER, 2 * DAY, but=middle))
    assert found == (Reading(DAY, Decimal(1)), Reading(5 * DAY, Decimal(5)))


@pytest.mark.parametrize("shown", [False, True])
def test_the_readings_of_a_range_are_those_that_the_transaction_sees(ports: Ports, user: str, shown: bool) -> None:
    _, second, _ = (add(ports, user, day, str(day)) for day in (1, 5, 400))
    add(ports, user, 6, "60", GAS)
    mark(ports, user, POWER, MeterConfiguration())
    if shown:
        DisplayDataCalculationService(ports.display, ports.queries, lambda: 400 * DAY).refresh(user, POWER)

    def work(transaction: WriteTransaction) -> list[list[int]]:
        transaction.meters.mark_changed(POWER, 5 * DAY, 7 * DAY, 20)
        transaction.readings.replace(second, replace(second, instant=7 * DAY, revision=2))
        ranges = [(0, 500), (2, 400), (1, 6), (8, 399)]
        found = [transaction.readings.between(POWER, a * DAY, b * DAY) for a, b in ranges]
        found.append(transaction.readings.between(POWER, 0, 500 * DAY, but=second.id))
        return [[reading.instant // DAY for reading in readings] for readings in found]

    assert ports.transactions.run(user, work) == [[1, 7, 400], [7, 400], [1], [], [1, 400]]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("descending", [False, True])
def test_pages_show_each_reading_once_in_order(ports: Ports, user: str, limit: int, descending: bool) -> None:
    for day in (4, 1, 3, 2, 5):
        add(ports, user, day)
        add(ports, user, day, kind=GAS)
    add(ports, f"{user}-2", 3)
    shown = pages(ports, user, EVERYTHING, limit, descending)
    assert days(shown) == sorted([1, 2, 3, 4, 5] * 2, reverse=descending)
    assert len({reading.id for reading in shown}) == 10
    assert shown == sorted(shown, key=lambda reading: (reading.instant, reading.id), reverse=descending)


@pytest.mark.parametrize("descending", [False, True])
def test_a_list_can_be_of_one_type_and_within_two_instants_both_included(
    ports: Ports, user: str, descending: bool
) -> None:
    for day in range(1, 8):
        add(ports, user, day)
        add(ports, user, day, kind=GAS)
    wanted = ReadingFilter(GAS, 2 * DAY, 5 * DAY)
    shown = pages(ports, user, wanted, 3, descending)
    assert days(shown) == sorted([2, 3, 4, 5], reverse=descending)
    assert {reading.type for reading in shown} == {GAS}
    assert days(pages(ports, user, ReadingFilter(GAS, first=6 * DAY), 3)) == [6, 7]
    assert days(pages(ports, user, ReadingFilter(GAS, last=2 * DAY), 3)) == [1, 2]


def test_a_reading_that_was_deleted_between_two_pages_leaves_no_gap(ports: Ports, user: str) -> None:
    readings = [add(ports, user, day) for day in range(1, 6)]
    [_, second] = ports.queries.page(user, PageRequest(EVERYTHING, False, 2), Backend.NEW)
    ports.transactions.run(user, lambda transaction: transaction.readings.remove(readings[1], 9))
    rest = ports.queries.page(user, PageRequest(EVERYTHING, False, 9, (second.instant, second.id)), Backend.NEW)
    assert days(rest) == [3, 4, 5]


def test_limit_0_shows_everything(ports: Ports, user: str) -> None:
    for day in range(1, 6):
        add(ports, user, day)
    assert days(ports.queries.page(user, PageRequest(EVERYTHING, True, 0), Backend.OLD)) == [5, 4, 3, 2, 1]


def test_a_meter_keeps_its_modulus_and_exchanges(ports: Ports, user: str) -> None:
    exchange = Exchange("x1", POWER, MeterExchange(4 * DAY, Decimal("99.5"), Decimal("0.25")), 7)
    mark(ports, user, POWER, MeterConfiguration(MODULUS, (exchange,)))
    expected = MeterConfiguration(MODULUS, (exchange,))
    assert ports.transactions.run(user, lambda t: t.meters.configuration(POWER)) == expected
    assert ports.queries.configuration(user, POWER) == expected
    assert ports.queries.snapshot(user, POWER, Backend.NEW).configuration == expected
    mark(ports, user, POWER, MeterConfiguration())
    assert ports.queries.configuration(user, POWER) == MeterConfiguration()


def test_a_meter_that_nobody_has_is_configured_by_default(ports: Ports, user: str) -> None:
    assert ports.queries.configuration(user, POWER) == MeterConfiguration()
    assert ports.transactions.run(user, lambda t: t.meters.configuration(POWER)) == MeterConfiguration()


def test_a_users_types_are_those_with_a_meter(ports: Ports, user: str) -> None:
    assert ports.transactions.run(user, lambda t: t.meters.types()) == []
    mark(ports, f"{user}-2", POWER, MeterConfiguration())
    mark(ports, user, POWER, MeterConfiguration())
    mark(ports, user, GAS, MeterConfiguration())
    assert ports.transactions.run(user, lambda t: t.meters.types()) == [GAS, POWER]


def test_settings_are_kept_and_read_in_the_same_transaction_and_snapshot(ports: Ports, user: str) -> None:
    wanted = UserSettings(ZoneInfo("America/New_York"))

    def work(transaction: WriteTransaction) -> UserSettings:
        transaction.settings.save(wanted, 5)
        return transaction.settings.get()

    assert ports.transactions.run(user, work) == wanted
    assert ports.settings.find(user) == wanted
    assert ports.queries.snapshot(user, POWER, Backend.NEW).settings == wanted
    assert ports.settings.find(f"{user}-2") == UserSettings()


def test_a_snapshot_says_the_sync_mode_and_version_0_where_there_is_no_meter(ports: Ports, user: str) -> None:
    snapshot = ports.queries.snapshot(user, POWER, Backend.OLD)
    assert snapshot.sync.mode is ports.queries.sync().mode is SyncMode.DUAL_WRITE
    assert (snapshot.state.source_version, len(snapshot.readings), snapshot.dirty_from) == (0, 0, None)
