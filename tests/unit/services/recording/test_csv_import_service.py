"""Importing beside other writers: what others have just stored is skipped, and what cannot end is said."""

import gc
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.domain.errors import ConflictError, DuplicateReadingError, InvalidInputError, UnavailableError
from chalicelib.domain.events.contracts import EnergyReadingsBulkImported
from chalicelib.domain.ports.values import UserSettings
from chalicelib.domain.ports.writing import Expected, WriteTransaction
from chalicelib.domain.readings import EnergyType
from chalicelib.services.recording.csv_import import CsvImportService
from infra.simulation.memory.publisher import FakePublisher
from infra.simulation.memory.store import FakeQueries, FakeSettings, FakeStore

T = TypeVar("T")
ZONES = ("Europe/Berlin", "Pacific/Kiritimati", "America/Los_Angeles", "UTC")
CSV = b"date,type,amount\n2023-01-31,power,1\n2023-02-28,power,2\n"


class BusyStore(FakeStore):
    """Loses the first races against other writers, as a transaction does whose snapshot is too old."""

    def __init__(self, races: int) -> None:
        super().__init__()
        self.races = races
        self.attempts = 0

    def run(self, user_id: str, work: Callable[[WriteTransaction], T], expected: Expected | None = None) -> T:
        self.attempts += 1
        if self.attempts <= self.races:
            raise DuplicateReadingError("stored meanwhile")
        return super().run(user_id, work)


class ConflictingStore(FakeStore):
    """Does the work of the first transaction in vain: another one has written its meters meanwhile."""

    def __init__(self, meanwhile: bytes) -> None:
        super().__init__()
        self.meanwhile = meanwhile

    def run(self, user_id: str, work: Callable[[WriteTransaction], T], expected: Expected | None = None) -> T:
        def in_vain(transaction: WriteTransaction) -> None:
            work(transaction)
            raise ConflictError

        if file := self.meanwhile:
            self.meanwhile = b""
            with suppress(ConflictError):
                super().run(user_id, in_vain)
            service(self, FakePublisher()).bulk_create(user_id, file)
        return super().run(user_id, work)


def service(store: FakeStore, publisher: FakePublisher) -> CsvImportService:
    return CsvImportService(store, FakeSettings(store), FakeQueries(store), publisher, lambda: 1_700_000_000_000)


def test_an_import_that_loses_a_race_tries_again() -> None:
    store, publisher = BusyStore(races=2), FakePublisher()
    report = service(store, publisher).bulk_create("alice", CSV)
    assert report.success == 2
    assert len(publisher.events) == 1


def test_an_import_that_always_loses_says_so_and_has_written_nothing() -> None:
    store, publisher = BusyStore(races=99), FakePublisher()
    with pytest.raises(
        UnavailableError, match=r"^other writes keep storing the same instants; nothing was imported, try again$"
    ):
        service(store, publisher).bulk_create("alice", CSV)
    assert store.attempts == 3
    assert not store.stored.readings
    assert not publisher.events


def test_a_file_that_somebody_else_has_stored_meanwhile_writes_nothing_and_says_nothing() -> None:
    store, publisher = ConflictingStore(CSV), FakePublisher()
    report = service(store, publisher).bulk_create("alice", CSV)
    assert (report.success, report.skipped, report.meters) == (0, 2, ())
    assert store.stored.meters["alice", EnergyType.POWER].state.source_version == 1
    assert not publisher.events


def test_an_import_that_takes_a_meter_first_tells_of_it_although_nothing_was_left_to_store_there() -> None:
    store, publisher = ConflictingStore(CSV), FakePublisher()
    report = service(store, publisher).bulk_create("alice", CSV + b"2023-01-31,gas,5\n")
    assert (report.success, report.skipped) == (1, 2)
    told = {meter.type: meter.source_version for meter in report.meters}
    assert told == {kind: meter.state.source_version for (_, kind), meter in store.stored.meters.items()}
    assert len(publisher.events) == 1


def test_what_is_stored_already_and_what_a_file_says_twice_counts_as_skipped() -> None:
    store, publisher = FakeStore(), FakePublisher()
    service(store, publisher).bulk_create("alice", CSV)
    twice = b"2023-03-31,power,3\n2023-03-31,power,3\n2023-03-31,power,3.0\n2023-03-31,gas,4\n"
    report = service(store, publisher).bulk_create("alice", CSV + twice)
    assert (report.success, report.skipped, report.errors) == (2, 4, ())
    assert {(kind, int(reading.amount)) for (_, kind, _), reading in store.stored.readings.items()} == {
        (EnergyType.POWER, 1),
        (EnergyType.POWER, 2),
        (EnergyType.POWER, 3),
        (EnergyType.GAS, 4),
    }


def test_a_file_without_rows_writes_nothing_and_says_nothing() -> None:
    store, publisher = FakeStore(), FakePublisher()
    report = service(store, publisher).bulk_create("alice", b"date,type,amount\n")
    assert (report.success, report.skipped, report.errors) == (0, 0, ())
    assert not publisher.events
    assert not store.stored.meters


@given(
    st.lists(st.dates(date(1950, 1, 1), date(2023, 11, 1)), min_size=1, max_size=4, unique=True), st.sampled_from(ZONES)
)
@example([date(2020, 1, 1)], "Europe/Berlin")
def test_its_event_names_every_year_between_the_first_new_reading_and_the_last(days: list[date], zone: str) -> None:
    """Of the user's calendar: the readings of a file are local midnights."""
    store, publisher = FakeStore(), FakePublisher()
    store.stored.settings["alice"] = UserSettings(zone=ZoneInfo(zone))
    rows = "".join(f"{day},gas,{number}\n" for number, day in enumerate(sorted(days), 1))
    service(store, publisher).bulk_create("alice", f"date,type,amount\n{rows}".encode())
    (event,) = publisher.events
    assert isinstance(event, EnergyReadingsBulkImported)
    (meter,) = event.meters
    assert (event.count, meter.type, meter.source_version) == (len(days), "gas", 1)
    assert meter.affected_years == tuple(range(min(days).year, max(days).year + 1))


@pytest.mark.parametrize("content", [CSV, b"no header", CSV + b"2023-02-31,power,1\n"])
def test_garbage_is_collected_again_after_an_import_however_it_ends(content: bytes) -> None:
    assert gc.isenabled()
    with suppress(InvalidInputError):
        service(FakeStore(), FakePublisher()).bulk_create("alice", content)
    assert gc.isenabled()
