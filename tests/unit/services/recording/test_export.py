"""What a page of an export asks for and holds: one reading more is read than is shown, to know whether more follow."""

from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from chalicelib.domain.ports.values import PageRequest, ReadingFilter, StoredReading
from chalicelib.services.recording.configuration import Register
from chalicelib.services.recording.export import ExportService
from infra.simulation.memory.store import FakeQueries, FakeSettings, FakeStore
from tests.unit.services.recording.home import GAS, POWER, Home, household


def stored(number: int, amount: str = "5") -> StoredReading:
    return StoredReading(str(number), POWER, number, Decimal(amount), "manual", 1, 0, 0)


@dataclass
class Backend:
    """A backend's list of readings, and what it is asked for."""

    readings: list[StoredReading]
    asked: list[tuple[str, PageRequest]] = field(default_factory=list)

    def page(self, user_id: str, request: PageRequest) -> list[StoredReading]:
        self.asked.append((user_id, request))
        return self.readings[: request.limit]


def service(home: Home | None = None) -> ExportService:
    store = home.store if home else FakeStore()
    return ExportService(FakeSettings(store), FakeQueries(store), lambda: 77, 3)


WANTED = ReadingFilter(POWER, 1, 9)


@pytest.mark.parametrize(("there", "following"), [(0, None), (2, None), (3, None), (4, (3, "3")), (9, (3, "3"))])
def test_another_page_follows_where_more_is_there_than_fits(there: int, following: tuple[int, str] | None) -> None:
    backend = Backend([stored(number) for number in range(1, there + 1)])
    page = service().page("alice", backend.page, WANTED)
    assert (len(page.readings), page.following, page.exported_at) == (min(there, 3), following, 77)
    assert backend.asked == [("alice", PageRequest(WANTED, descending=False, limit=4, after=None))]


def test_only_the_first_page_says_what_meters_are_like_and_those_that_are_asked_for() -> None:
    home, backend = household(), Backend([])
    first = service(home).page("alice", backend.page, ReadingFilter())
    assert first.zone.key == "America/New_York"
    assert first.meters is not None
    assert {kind: meter.modulus for kind, meter in first.meters.items()} == {POWER: None, GAS: Decimal(1000)}
    assert len(first.meters[POWER].exchanges) == 1
    one = service(home).page("alice", backend.page, ReadingFilter(GAS)).meters
    assert one is not None
    assert [*one] == [GAS]
    assert service(home).page("alice", backend.page, ReadingFilter(), (5, "5")).meters is None
    assert backend.asked[-1][1].after == (5, "5")


def test_an_amount_is_given_as_an_import_takes_it() -> None:
    long = f"1.{'1' * 33}"
    backend = Backend([stored(1, long), stored(2, "5.10")])
    page = service().page("alice", backend.page, WANTED)
    assert [str(reading.amount) for reading in page.readings] == ["1.11111111111111", "5.10"]


def test_a_page_holds_forty_thousand_readings_unless_it_is_said() -> None:
    backend, store = Backend([]), FakeStore()
    ExportService(FakeSettings(store), FakeQueries(store), lambda: 77).page("alice", backend.page, WANTED)
    assert backend.asked[0][1].limit == 40_001


def test_what_is_said_of_a_register_is_taken_or_left_as_it_is() -> None:
    before = household().configuration.configuration("alice", GAS)
    assert Register().said_of(before).modulus is None
    assert Register(keeps_modulus=True).said_of(before) == before
    turned = Register(Decimal(5), runs_backwards=True).said_of(before)
    assert (turned.modulus, turned.runs_backwards) == (Decimal(5), True)
    assert Register(Decimal(6)).said_of(turned).runs_backwards is True
    assert Register(Decimal(6), runs_backwards=False).said_of(turned).runs_backwards is False
