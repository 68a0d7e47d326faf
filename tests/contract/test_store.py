"""The store behind the services, on the fake and on MongoDB alike."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from chalicelib.bootstrap.container import Ports, mongo_ports
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.errors import DuplicateReadingError, UnavailableError
from chalicelib.domain.meters.display_documents import DisplayDocument, DisplayUpdate
from chalicelib.domain.ports.values import NewReading, StoredReading, WholeMeter
from chalicelib.domain.ports.writing import WriteTransaction
from chalicelib.domain.readings import EnergyType, Reading
from chalicelib.repositories.database import open_database
from infra.simulation.memory.ports import fake_ports
from infra.simulation.memory.publisher import FakePublisher
from infra.simulation.memory.store import FakeStore

POWER, GAS = EnergyType.POWER, EnergyType.GAS
DAY = 86_400_000


def reading(instant: int, amount: str = "1", kind: EnergyType = POWER) -> NewReading:
    return NewReading(kind, instant, Decimal(amount), "manual")


def add(ports: Ports, user: str, *readings: NewReading, now: int = 5) -> int:
    """Store readings and mark the meter, as a service does; returns the source version."""

    def work(transaction: WriteTransaction) -> int:
        transaction.readings.add_many(readings, now)
        instants = [item.instant for item in readings]
        return transaction.meters.mark_changed(readings[0].type, min(instants), max(instants), now)

    return ports.transactions.run(user, work)


def document(year: int, version: int, months: list[object] | None = None) -> DisplayDocument:
    return DisplayDocument(
        "monthly", year, {"year": year, "months": months or [{}] * 12}, version, CALCULATION_VERSION, 77
    )


def test_a_stored_reading_comes_back_exactly(ports: Ports, user: str) -> None:
    stored = ports.transactions.run(user, lambda t: t.readings.add(reading(DAY, "12345.678901"), 9))
    assert stored == StoredReading(stored.id, POWER, DAY, Decimal("12345.678901"), "manual", 1, 9, 9)
    assert list(ports.queries.snapshot(user, POWER, Backend.NEW).readings) == [Reading(DAY, Decimal("12345.678901"))]


def test_the_same_instant_twice_is_refused_and_nothing_of_the_transaction_stays(ports: Ports, user: str) -> None:
    add(ports, user, reading(DAY))
    with pytest.raises(DuplicateReadingError):
        add(ports, user, reading(0), reading(DAY))
    assert [point.instant for point in ports.queries.snapshot(user, POWER, Backend.NEW).readings] == [DAY]
    assert ports.display.state(user, POWER).source_version == 1


def test_the_same_instant_of_another_type_or_user_is_fine(ports: Ports, user: str) -> None:
    add(ports, user, reading(DAY))
    add(ports, user, reading(DAY, kind=GAS))
    add(ports, f"{user}-2", reading(DAY))
    assert len(ports.queries.snapshot(user, POWER, Backend.NEW).readings) == 1


def test_an_exception_takes_the_whole_unit_of_work_back(ports: Ports, user: str) -> None:
    def work(transaction: WriteTransaction) -> None:
        transaction.readings.add(reading(DAY), 1)
        transaction.meters.mark_changed(POWER, DAY, DAY, 1)
        raise KeyError(user)

    with pytest.raises(KeyError):
        ports.transactions.run(user, work)
    assert not ports.queries.snapshot(user, POWER, Backend.NEW).readings
    assert ports.display.state(user, POWER).source_version == 0


def test_neighbours_are_the_nearest_on_either_side(ports: Ports, user: str) -> None:
    add(ports, user, *(reading(day * DAY, str(day)) for day in (1, 3, 5)))

    def nearest(instant: int) -> tuple[Reading | None, Reading | None]:
        return ports.transactions.run(user, lambda t: t.readings.neighbours(POWER, instant))

    assert nearest(3 * DAY) == (Reading(DAY, Decimal(1)), Reading(5 * DAY, Decimal(5)))
    assert nearest(0) == (None, Reading(DAY, Decimal(1)))
    assert nearest(6 * DAY) == (Reading(5 * DAY, Decimal(5)), None)


def test_known_instants_include_both_ends(ports: Ports, user: str) -> None:
    add(ports, user, *(reading(day * DAY) for day in (1, 2, 3, 4)))
    found = ports.transactions.run(user, lambda t: t.readings.instants_between(POWER, 2 * DAY, 3 * DAY))
    assert found == {2 * DAY, 3 * DAY}


def test_each_change_counts_up_and_widens_the_dirty_range_but_keeps_its_beginning(ports: Ports, user: str) -> None:
    assert add(ports, user, reading(3 * DAY), now=10) == 1
    assert add(ports, user, reading(5 * DAY), now=20) == 2
    assert add(ports, user, reading(DAY), now=30) == 3
    snapshot = ports.queries.snapshot(user, POWER, Backend.NEW)
    assert (snapshot.dirty_from, snapshot.dirty_to, snapshot.state.dirty_since) == (DAY, 5 * DAY, 10)


def test_a_published_view_is_found_with_its_meters_versions(ports: Ports, user: str) -> None:
    add(ports, user, reading(DAY))
    months: list[object] = [{"meterReading": Decimal("1.500"), "consumption": None}] * 12
    assert ports.display.publish(user, POWER, DisplayUpdate(1, [document(1970, 1, months)], range(1970, 1971)))
    found, state = ports.display.find(user, POWER, "monthly", 1970)
    assert found == document(1970, 1, months)
    assert (state.source_version, state.display_version, state.stale, state.dirty_since) == (1, 1, False, None)


def test_a_view_of_a_meter_that_nobody_has_is_absent_at_version_0(ports: Ports, user: str) -> None:
    found, state = ports.display.find(user, POWER, "monthly", 1970)
    assert found is None
    assert (state.source_version, state.stale) == (0, False)


def test_publishing_the_newest_version_cleans_the_meter(ports: Ports, user: str) -> None:
    add(ports, user, reading(DAY))
    ports.display.publish(user, POWER, DisplayUpdate(1, [], range(1970, 1971)))
    snapshot = ports.queries.snapshot(user, POWER, Backend.NEW)
    assert (snapshot.dirty_from, snapshot.dirty_to, snapshot.state.dirty_since) == (None, None, None)


def test_publishing_an_older_version_leaves_the_meter_dirty(ports: Ports, user: str) -> None:
    add(ports, user, reading(DAY), now=10)
    add(ports, user, reading(2 * DAY), now=20)
    assert ports.display.publish(user, POWER, DisplayUpdate(1, [], range(1970, 1971)))
    snapshot = ports.queries.snapshot(user, POWER, Backend.NEW)
    assert snapshot.state.stale
    assert (snapshot.dirty_from, snapshot.dirty_to, snapshot.state.dirty_since) == (DAY, 2 * DAY, 10)


@pytest.mark.parametrize(("as_of", "dirty_since"), [(5, 10), (15, 15)])
def test_a_meter_lags_since_no_earlier_than_its_display_was_read(
    ports: Ports, user: str, as_of: int, dirty_since: int
) -> None:
    add(ports, user, reading(DAY), now=10)
    add(ports, user, reading(2 * DAY), now=20)
    ports.display.publish(user, POWER, DisplayUpdate(1, [], range(1970, 1971), as_of=as_of))
    assert ports.display.state(user, POWER).dirty_since == dirty_since


def test_a_slow_refresh_cannot_overwrite_a_newer_one_nor_bring_a_deleted_year_back(ports: Ports, user: str) -> None:
    add(ports, user, reading(DAY))
    add(ports, user, reading(2 * DAY))
    ports.display.publish(user, POWER, DisplayUpdate(2, [document(1970, 2)], range(1970, 1971)))
    slow = DisplayUpdate(1, [document(1970, 1), document(1969, 1)], range(1969, 1971))
    assert ports.display.publish(user, POWER, slow) is False
    assert ports.display.find(user, POWER, "monthly", 1970)[0] == document(1970, 2)
    assert ports.display.find(user, POWER, "monthly", 1969)[0] is None


def test_years_that_are_no_longer_stored_disappear_with_the_update(ports: Ports, user: str) -> None:
    add(ports, user, reading(DAY))
    add(ports, user, reading(2 * DAY, kind=GAS))
    years = [document(year, 1) for year in (1969, 1970, 1971)]
    ports.display.publish(user, POWER, DisplayUpdate(1, years, range(1969, 1972)))
    ports.display.publish(user, GAS, DisplayUpdate(1, years, range(1969, 1972)))
    add(ports, user, reading(3 * DAY))
    ports.display.publish(user, POWER, DisplayUpdate(2, [], range(1970, 1971)))
    stored = [ports.display.find(user, POWER, "monthly", year)[0] is not None for year in (1969, 1970, 1971)]
    assert stored == [False, True, False]
    assert ports.display.find(user, GAS, "monthly", 1969)[0] is not None


def test_a_meter_without_readings_keeps_no_view(ports: Ports, user: str) -> None:
    add(ports, user, reading(DAY))
    ports.display.publish(user, POWER, DisplayUpdate(1, [document(1970, 1)], range(1970, 1971)))
    add(ports, user, reading(2 * DAY))
    ports.display.publish(user, POWER, DisplayUpdate(2, [], range(0)))
    assert ports.display.find(user, POWER, "monthly", 1970)[0] is None


def test_a_meter_that_begins_again_is_above_all_it_was_and_shows_nothing(ports: Ports, user: str) -> None:
    add(ports, user, reading(DAY))
    ports.display.publish(user, POWER, DisplayUpdate(1, [document(1970, 1)], range(1970, 1971)))
    ports.display.begin_again(user, POWER)
    first = ports.display.state(user, POWER)
    assert (first.source_version > 1_000_000, first.display_version, first.damaged) == (True, 0, False)
    assert first.dirty_since is not None
    assert ports.display.find(user, POWER, "monthly", 1970)[0] is None
    assert add(ports, user, reading(2 * DAY)) == first.source_version + 1
    ports.display.begin_again(user, POWER)
    assert ports.display.state(user, POWER).source_version > first.source_version + 1


def test_a_whole_update_leaves_nothing_of_before(ports: Ports, user: str) -> None:
    add(ports, user, reading(DAY))
    years = [document(year, 1) for year in (1969, 1970)]
    ports.display.publish(user, POWER, DisplayUpdate(1, years, range(1969, 1971)))
    add(ports, user, reading(2 * DAY))
    ports.display.publish(user, POWER, DisplayUpdate(2, [document(1970, 2)], range(1969, 1971), whole=True))
    assert ports.display.find(user, POWER, "monthly", 1969)[0] is None
    assert ports.display.find(user, POWER, "monthly", 1970)[0] == document(1970, 2)


def test_a_whole_meter_is_what_is_stored_of_it_and_readings_without_one_break_an_invariant(
    ports: Ports, user: str
) -> None:
    ports.transactions.run(user, lambda transaction: transaction.readings.add(reading(DAY), 1))
    assert [each[:2] for each in stored_of(ports, user).violations] == [("meters", f"{user}|power")]
    add(ports, user, reading(2 * DAY))
    found = stored_of(ports, user)
    assert (list(found.violations), list(found.displayed), found.snapshot.state.stale) == ([], [], True)
    assert len(found.snapshot.readings) == 0
    version = found.snapshot.state.source_version
    ports.display.publish(user, POWER, DisplayUpdate(version, [document(1970, 1)], range(1970, 1971), whole=True))
    found = stored_of(ports, user)
    assert not found.snapshot.state.stale
    assert found.snapshot.readings == ports.queries.full_snapshot(user, POWER, Backend.NEW).readings


def stored_of(ports: Ports, user: str) -> WholeMeter:
    found = ports.queries.whole(user, POWER, CALCULATION_VERSION)
    assert found is not None
    return found


def test_settings_of_an_unknown_user_are_the_defaults(ports: Ports, user: str) -> None:
    assert ports.settings.find(user).zone.key == "Europe/Berlin"


@pytest.fixture
def gone(ports: Ports) -> Iterator[Ports]:
    """The same ports on a store that is not there."""
    if isinstance(ports.transactions, FakeStore):
        store = FakeStore()
        store.down = True
        yield fake_ports(store, FakePublisher())
    else:
        database = open_database("mongodb://127.0.0.1:1/?replicaSet=rs0", "nowhere")
        yield mongo_ports(database, FakePublisher())
        database.client.close()


def test_a_store_that_is_there_answers_a_ping_and_one_that_is_gone_does_not(ports: Ports, gone: Ports) -> None:
    ports.ping()
    with pytest.raises(UnavailableError):
        gone.ping()


NEXT = CALCULATION_VERSION + 1


def whole(version: int, calculation_version: int = NEXT) -> DisplayUpdate:
    years = [replace(document(1970, version), calculation_version=calculation_version)]
    return DisplayUpdate(version, years, range(1970, 1971), whole=True)


def shown(ports: Ports, user: str) -> tuple[int, int]:
    state = ports.display.state(user, POWER)
    return state.display_version, state.calculation_version


def test_a_meter_says_by_which_calculation_it_is_shown(ports: Ports, newer: Ports, user: str) -> None:
    add(ports, user, reading(DAY))
    assert shown(ports, user) == (0, 0)
    assert ports.display.publish(user, POWER, DisplayUpdate(1, [], range(0)))
    assert shown(ports, user) == (1, CALCULATION_VERSION)
    assert newer.display.publish(user, POWER, whole(1))
    assert shown(ports, user) == shown(newer, user) == (1, NEXT)
    ports.display.begin_again(user, POWER)
    assert shown(ports, user) == (0, 0)


def test_no_view_of_another_calculation_is_found(ports: Ports, newer: Ports, user: str) -> None:
    add(ports, user, reading(DAY))
    ports.display.publish(user, POWER, DisplayUpdate(1, [document(1970, 1)], range(1970, 1971)))
    assert newer.display.find(user, POWER, "monthly", 1970)[0] is None
    newer.display.publish(user, POWER, whole(1))
    assert newer.display.find(user, POWER, "monthly", 1970)[0] == whole(1).documents[0]
    assert ports.display.find(user, POWER, "monthly", 1970)[0] is None


def test_an_older_calculation_never_publishes_over_a_newer_one(ports: Ports, newer: Ports, user: str) -> None:
    add(ports, user, reading(DAY))
    assert newer.display.publish(user, POWER, DisplayUpdate(1, [], range(0)))
    add(ports, user, reading(2 * DAY))
    for update in (DisplayUpdate(2, [], range(0)), whole(2, CALCULATION_VERSION)):
        assert not ports.display.publish(user, POWER, update)
    assert shown(ports, user) == (1, NEXT)
    assert newer.display.publish(user, POWER, DisplayUpdate(2, [], range(0)))


def test_a_newer_calculation_replaces_an_older_one_as_a_whole_only_and_once(
    ports: Ports, newer: Ports, user: str
) -> None:
    add(ports, user, reading(DAY))
    ports.display.publish(user, POWER, DisplayUpdate(1, [], range(0)))
    assert not newer.display.publish(user, POWER, DisplayUpdate(1, [], range(0)))
    add(ports, user, reading(2 * DAY))
    assert not newer.display.publish(user, POWER, DisplayUpdate(2, [], range(0))), "a part of other figures"
    assert newer.display.publish(user, POWER, whole(1))
    assert not newer.display.publish(user, POWER, whole(1))
    assert newer.display.publish(user, POWER, DisplayUpdate(2, [], range(0)))
    assert not newer.display.publish(user, POWER, whole(1)), "older readings"
