"""What each component asks a backend for, what it shows of the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.json.text import JsonText, WithText
from chalicelib.domain.ports.values import MeterState, PageRequest, ReadingFilter, StoredReading
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.services.components.component_reads import (
    ComponentAnswer,
    ComponentRead,
    ShowDashboard,
    ShowForm,
    ShowMonths,
    ShowNewForm,
    ShowTable,
    ShowTimeline,
)
from chalicelib.services.components.energy_backend import EnergyBackend
from chalicelib.services.components.new_backend import NewBackend
from chalicelib.services.display.display import Timeline, View
from infra.simulation.memory.display import FakeDisplay
from infra.simulation.memory.store import FakeQueries, FakeStore

POWER, GAS = EnergyType.POWER, EnergyType.GAS
TOKYO = ZoneInfo("Asia/Tokyo")


def view(version: int = 5, calculation: int = 3, data: Mapping[str, Any] | None = None) -> View:
    state = MeterState(version + 1, version, calculation_version=calculation)
    return View({"shown": version} if data is None else data, state, 77, date(2023, 1, 31), TOKYO)


def stored(number: int) -> StoredReading:
    return StoredReading(f"r{number}", POWER, number, Decimal(number), "manual", 1, 0, 0)


@dataclass
class Backend:
    """Notes what it is asked for."""

    readings: list[StoredReading] = field(default_factory=list)
    asked: list[tuple[object, ...]] = field(default_factory=list)

    def summaries(self, user_id: str, *, consistent: bool = False) -> Mapping[EnergyType, View]:
        self.asked.append((user_id, consistent))
        return {POWER: view(5, 3), GAS: view(0, 2)}

    def histogram(self, user_id: str, energy_type: EnergyType, timeline: Timeline, *, consistent: bool = False) -> View:
        self.asked.append((user_id, energy_type, timeline, consistent))
        return view()

    def monthly(self, user_id: str, energy_type: EnergyType, year: int, *, consistent: bool = False) -> View:
        self.asked.append((user_id, energy_type, year, consistent))
        return view()

    def page(self, user_id: str, request: PageRequest) -> list[StoredReading]:
        self.asked.append((user_id, request))
        return self.readings[: request.limit]

    def reading(self, user_id: str, reading_id: str) -> StoredReading:
        self.asked.append((user_id, reading_id))
        return stored(7)

    def answer(self, read: ComponentRead) -> ComponentAnswer:
        return read.ask(cast(EnergyBackend, self), "alice")


ROW = {
    "id": "r7",
    "type": "power",
    "date": to_datetime(7),
    "amount": Decimal(7),
    "revision": stored(7).content,
}


@pytest.mark.parametrize("consistent", [False, True])
def test_a_dashboard_shows_each_meter_under_its_version(consistent: bool) -> None:
    backend = Backend()
    answer = backend.answer(ShowDashboard(consistent=consistent))
    assert answer.body == {
        "meters": [
            {"type": "power", "sourceVersion": 5, "summary": {"shown": 5}},
            {"type": "gas", "sourceVersion": 0, "summary": {"shown": 0}},
        ]
    }
    assert (answer.tag, answer.zone, backend.asked) == ((2, 3, 5, 0), None, [("alice", consistent)])
    backend.answer(ShowDashboard())
    assert backend.asked[1:] == [("alice", False)], "nobody waits unless it is said"


@pytest.mark.parametrize(("there", "following"), [(0, None), (2, None), (3, None), (4, [3, "r3"])])
def test_a_table_asks_for_one_reading_more_than_it_shows(there: int, following: list[object] | None) -> None:
    backend = Backend([stored(number) for number in range(1, there + 1)])
    read = ShowTable(type=POWER, first=1, last=9, descending=True, limit=3, after=(5, "r5"))
    answer = backend.answer(read)
    assert len(answer.body["readings"]) == min(there, 3)
    assert (answer.body["next"], answer.tag) == (following, ())
    wanted = PageRequest(ReadingFilter(POWER, 1, 9), descending=True, limit=4, after=(5, "r5"))
    assert backend.asked == [("alice", wanted)]


def test_a_table_shows_fifty_readings_of_all_meters_in_their_order_unless_it_is_said() -> None:
    backend = Backend([stored(7)])
    assert backend.answer(ShowTable()).body == {"readings": [ROW], "next": None}
    assert backend.asked == [("alice", PageRequest(ReadingFilter(), descending=False, limit=51, after=None))]


@pytest.mark.parametrize(
    ("read", "asked"),
    [
        (ShowTimeline(type=POWER), (POWER, Timeline(None, None, 100), False)),
        (ShowTimeline(type=GAS, first=1, last=2, buckets=7, consistent=True), (GAS, Timeline(1, 2, 7), True)),
        (ShowMonths(type=POWER, year=2023), (POWER, 2023, False)),
        (ShowMonths(type=GAS, year=2024, consistent=True), (GAS, 2024, True)),
    ],
)
def test_one_view_is_shown_behind_its_meter(read: ComponentRead, asked: tuple[object, ...]) -> None:
    backend = Backend()
    answer = backend.answer(read)
    assert answer.body == {"type": asked[0], "sourceVersion": 5, "shown": 5}
    assert (answer.tag, answer.zone) == ((3, 5), TOKYO)
    assert backend.asked == [("alice", *asked)]


def test_a_form_shows_its_reading_and_a_new_one_the_last_of_its_meter() -> None:
    backend = Backend([stored(7)])
    assert backend.answer(ShowForm(reading_id="r7")).body == ROW
    assert backend.answer(ShowNewForm(type=POWER)).body == {"type": "power", "last": ROW}
    assert Backend().answer(ShowNewForm(type=GAS)).body == {"type": "gas", "last": None}
    newest = PageRequest(ReadingFilter(POWER), descending=True, limit=1)
    assert backend.asked == [("alice", "r7"), ("alice", newest)]


@pytest.mark.parametrize(
    ("data", "shown"),
    [({"shown": 5}, "5"), (WithText(JsonText('{"shown":5.0}'), lambda: {"shown": 5}), "5.0")],
)
def test_a_body_is_one_text_with_what_is_added_at_its_end_and_a_stored_text_stays_as_it_is(
    data: Any, shown: str
) -> None:
    answer = ComponentAnswer({"type": "power"}, view=view(data=data))
    assert answer.text(backend="new") == f'{{"type":"power","shown":{shown},"backend":"new"}}'
    assert ComponentAnswer({"a": 1}).text(b=2) == '{"a":1,"b":2}'


def test_a_read_is_of_a_component() -> None:
    with pytest.raises(TypeError, match="abstract"):
        ComponentRead()  # type: ignore[abstract]


def test_the_new_backend_reads_the_new_side_and_shows_by_its_own_rules() -> None:
    asked: list[tuple[object, ...]] = []

    class Queries(FakeQueries):
        def page(self, *of: Any) -> Any:
            asked.append(of)
            return []

        def get(self, *of: Any) -> Any:
            asked.append(of)
            return stored(7)

    store, nothing = FakeStore(lambda: 0), cast(Any, None)
    backend = NewBackend(FakeDisplay(store, 9), Queries(store), lambda: 0, nothing, nothing, 9)
    request = PageRequest(ReadingFilter(), descending=False, limit=1)
    assert (backend.page("alice", request), backend.reading("alice", "r7")) == ([], stored(7))
    assert asked == [("alice", request, "new"), ("alice", "r7", "new")]
    assert backend.monthly("alice", POWER, 2023).etag == '"9.0"'


def test_every_write_of_a_backend_goes_to_the_one_service_with_all_that_was_said() -> None:
    asked: list[tuple[object, ...]] = []

    class Service:
        def __getattr__(self, name: str) -> Any:
            def noted(*of: object, **more: object) -> str:
                asked.append((name, *of, *more.values()))
                return name

            return noted

    store, service = FakeStore(lambda: 0), cast(Any, Service())
    backend = NewBackend(FakeDisplay(store), FakeQueries(store), lambda: 0, service, service)
    draft, correction, options = cast(Any, "draft"), cast(Any, "correction"), cast(Any, "options")
    said: list[Any] = [
        backend.create("alice", draft),
        backend.update("alice", "r7", correction),
        backend.delete("alice", "r7", "content"),
        backend.bulk_create("alice", b"file", options),
    ]
    assert said == ["create", "update", "delete", "bulk_create"]
    assert asked == [
        ("create", "alice", "draft"),
        ("update", "alice", "r7", "correction"),
        ("delete", "alice", "r7", "content"),
        ("bulk_create", "alice", b"file", "options"),
    ]
