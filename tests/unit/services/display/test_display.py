"""Which views are shown as they are stored, what is read for the others, and what an ETag says of either."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.meters.display_documents import DataType, DisplayDocument
from chalicelib.domain.ports.values import MeterSnapshot, MeterState, NewReading, Shown, UserSettings
from chalicelib.domain.readings import EnergyType
from chalicelib.domain.readings.compact import CompactReadings
from chalicelib.services.display.display import DisplayService, Timeline, View
from chalicelib.services.display.view_data import series_of, summary_inputs_data
from infra.simulation.memory.display import FakeDisplay
from infra.simulation.memory.store import FakeQueries, FakeStore, FakeTransaction

POWER, GAS = EnergyType.POWER, EnergyType.GAS
NOW = 1_681_000_000_000  # 2023-04-09T00:26:40Z, the 8th in Los Angeles
JANUARY, MARCH = 1_675_123_200_000, 1_680_220_800_000
CLEAN, LAGS = MeterState(2, 2, calculation_version=3), MeterState(2, 1, NOW, calculation_version=3)
DAMAGED, NOTHING = MeterState(2, 2, damaged=True, calculation_version=3), MeterState()
BERLIN = ZoneInfo("Europe/Berlin")


class Meter(FakeDisplay, FakeQueries):
    """Alice's meter, and what is asked of it. What is stored of it says ``stored``; parts are read where there are."""

    def __init__(self, state: MeterState = CLEAN) -> None:
        self.store = FakeStore(lambda: NOW)
        FakeDisplay.__init__(self, self.store, 3)
        self.asked: list[tuple[object, ...]] = []
        self.shown = state
        self.states: dict[str, MeterState] = {}
        self.data: dict[str, Any] | None = {"stored": 1}
        self.has_parts = False
        self.nothing: MeterSnapshot | None = None
        transaction = FakeTransaction(self.store.stored, "alice", [*Side], lambda: "1")
        for instant in (JANUARY, MARCH):
            transaction.readings.add(NewReading(POWER, instant, Decimal(instant // 10**9), "manual"), 0)
            transaction.meters.mark_changed(POWER, instant, instant, 0)

    def find(
        self, user_id: str, energy_type: EnergyType, data_type: DataType, year: int | None
    ) -> tuple[DisplayDocument | None, MeterState]:
        self.asked.append(("find", data_type, year))
        if self.data is None:
            return None, self.states.get(data_type, self.shown)
        return DisplayDocument(data_type, year, self.data, 2, 3, 77), self.states.get(data_type, self.shown)

    def look_up(
        self,
        user_id: str,
        energy_type: EnergyType,
        data_type: DataType,
        year: int | None = None,
        *,
        zoned: bool = False,
    ) -> Shown:
        found = self.find(user_id, energy_type, data_type, year)
        return Shown(*found, BERLIN if zoned else None, self.nothing)

    def snapshot(self, user_id: str, energy_type: EnergyType, backend: Backend) -> MeterSnapshot:
        self.asked.append(("all", backend.value))
        return super().snapshot(user_id, energy_type, backend)

    def snapshot_between(self, user_id: str, energy_type: EnergyType, first: int, last: int) -> MeterSnapshot | None:
        self.asked.append(("between", first, last))
        return self._part()

    def snapshot_around(self, *of: Any) -> MeterSnapshot | None:
        self.asked.append(("around", min(of[2](ZoneInfo("UTC")))))
        return self._part()

    def snapshot_of_year(self, *of: Any) -> MeterSnapshot | None:
        self.asked.append(("year", of[2]))
        return self._part()

    def _part(self) -> MeterSnapshot | None:
        found = FakeQueries.snapshot(self, "alice", POWER, Backend.NEW)
        return replace(found, readings=CompactReadings.of([])) if self.has_parts else None

    @property
    def service(self) -> DisplayService:
        return DisplayService(self, self, lambda: NOW, 3)


@pytest.mark.parametrize(
    ("state", "mode", "consistent", "is_stored"),
    [
        (CLEAN, SyncMode.DUAL_WRITE, True, True),
        (CLEAN, SyncMode.OLD_ONLY, False, True),
        (LAGS, SyncMode.DUAL_WRITE, False, True),
        (LAGS, SyncMode.DUAL_WRITE, True, False),
        (LAGS, SyncMode.NEW_ONLY, False, True),
        (LAGS, SyncMode.OLD_ONLY, False, False),
        (LAGS, SyncMode.OLD_ONLY, True, False),
    ],
)
def test_what_lags_is_shown_to_who_can_wait_and_only_while_somebody_brings_it_up(
    state: MeterState, mode: SyncMode, consistent: bool, is_stored: bool
) -> None:
    meter = Meter(state)
    meter.store.stored.sync = SyncState(mode)
    service = meter.service
    views = [
        service.monthly("alice", POWER, 2023, consistent=consistent),
        service.histogram("alice", POWER, Timeline(), consistent=consistent),
    ]
    assert [("stored" in view.data) for view in views] == [is_stored] * 2
    assert [view.calculated_at for view in views] == [77 if is_stored else None] * 2
    assert [view.zone for view in views] == [BERLIN] * 2
    assert [view.state.stale for view in views] == [is_stored and state is LAGS] * 2


def test_nobody_waits_unless_it_is_said() -> None:
    service = Meter(LAGS).service
    assert "stored" in service.monthly("alice", POWER, 2023).data
    assert "stored" in service.histogram("alice", POWER, Timeline()).data


def test_a_year_is_read_by_itself_and_whole_where_it_cannot_be() -> None:
    meter = Meter()
    meter.data = None
    whole = meter.service.monthly("alice", POWER, 2023)
    assert meter.asked == [
        ("find", "monthly", 2023),
        ("year", 2023),
        ("find", "histogram", None),
        ("find", "summary", None),
        ("all", "new"),
    ]
    assert [int(month["meterReading"]) for month in whole.data["months"][:3]] == [1675, 1677, 1680]
    meter.asked, meter.has_parts = [], True
    part = meter.service.monthly("alice", POWER, 2023)
    assert meter.asked == [("find", "monthly", 2023), ("year", 2023)]
    assert {month["meterReading"] for month in part.data["months"]} == {None}
    assert part.data["year"] == 2023


@pytest.mark.parametrize("state", [NOTHING, DAMAGED])
def test_of_a_meter_without_views_all_is_read_at_once(state: MeterState) -> None:
    meter = Meter(state)
    meter.data = None
    service = meter.service
    service.monthly("alice", POWER, 2023)
    service.summary("alice", POWER)
    service.histogram("alice", POWER, Timeline())
    service.histogram("alice", POWER, Timeline(1, 2))
    assert meter.asked == [
        ("find", "monthly", 2023),
        ("all", "new"),
        ("find", "summary", None),
        ("all", "new"),
        ("find", "histogram", None),
        ("all", "new"),
        ("find", "summary", None),
        ("all", "new"),
    ]


def test_of_what_is_known_not_to_be_there_nothing_more_is_asked() -> None:
    meter = Meter(MeterState())
    meter.data = None
    empty = FakeQueries.snapshot(meter, "alice", GAS, Backend.NEW)
    meter.nothing = replace(empty, settings=UserSettings(ZoneInfo("Asia/Tokyo")))
    service = meter.service
    views = [
        service.monthly("alice", GAS, 2023),
        service.histogram("alice", GAS, Timeline()),
        service.histogram("alice", GAS, Timeline(JANUARY, MARCH, 2)),
        service.summary("alice", GAS),
        service.summaries("alice")[POWER],
    ]
    assert {name for name, *_ in meter.asked} == {"find"}
    assert [view.zone for view in views] == [ZoneInfo("Asia/Tokyo")] * 5
    assert views[0].data["months"][0]["meterReading"] is None
    assert [view.data["maxCount"] for view in views[1:3]] == [0, 0]
    assert views[3].data["lastReading"] is None


def test_one_written_version_is_enough_to_have_views() -> None:
    meter = Meter(MeterState(1))
    meter.data = None
    meter.service.monthly("alice", POWER, 2023)
    assert ("year", 2023) in meter.asked


def test_a_default_histogram_is_stored_and_of_one_that_is_not_the_summary_says_how_new_it_is() -> None:
    meter = Meter()
    meter.service.histogram("alice", POWER, Timeline())
    assert meter.asked == [("find", "histogram", None)]
    meter.asked, meter.data = [], None
    meter.service.histogram("alice", POWER, Timeline())
    assert meter.asked == [("find", "histogram", None), ("find", "summary", None), ("all", "new")]


@pytest.mark.parametrize(
    ("timeline", "asked"),
    [
        (Timeline(JANUARY, MARCH), [("between", JANUARY, MARCH), ("all", "new")]),
        (Timeline(JANUARY, None), [("all", "new")]),
        (Timeline(None, MARCH), [("all", "new")]),
        (Timeline(buckets=7), [("all", "new")]),
    ],
)
def test_another_histogram_is_counted_in_its_range_alone_where_both_ends_are_said(
    timeline: Timeline, asked: list[tuple[object, ...]]
) -> None:
    meter = Meter()
    view = meter.service.histogram("alice", POWER, timeline)
    assert meter.asked == [("find", "summary", None), *asked]
    assert sum(bucket["count"] for bucket in view.data["buckets"]) == 2
    assert len(view.data["buckets"]) == timeline.buckets
    meter.has_parts, meter.asked = True, []
    meter.service.histogram("alice", POWER, timeline)
    assert meter.asked == [("find", "summary", None), asked[0]]


def unseen(view: View) -> bool:
    return view.state.source_version == view.state.display_version >= 4_503_599_627_370_496


@pytest.mark.parametrize("kind", ["histogram", "summary"])
def test_figures_of_a_damaged_meter_have_a_version_that_nobody_has_seen(kind: str) -> None:
    meter = Meter()
    meter.data, meter.states = None, {kind: DAMAGED}
    views = [meter.service.monthly("alice", POWER, 2023) for _ in range(2)]
    assert all(map(unseen, views))
    assert views[0].etag != views[1].etag
    damaged = Meter(DAMAGED)
    damaged.data = None
    assert unseen(damaged.service.histogram("alice", POWER, Timeline()))


def test_figures_on_the_spot_are_not_stale_and_of_the_version_that_they_were_read_at() -> None:
    meter = Meter(LAGS)
    view = meter.service.monthly("alice", POWER, 2023, consistent=True)
    assert view.state == MeterState(2, 2, calculation_version=3)
    assert (view.zone, view.day, view.etag) == (BERLIN, None, '"3.2"')


def test_where_the_zone_could_not_be_read_none_is_said() -> None:
    snapshot = FakeQueries.snapshot(Meter(), "alice", POWER, Backend.NEW)
    assert View.of_snapshot(snapshot, 3, {}).zone == BERLIN
    assert View.of_snapshot(replace(snapshot, zoned=False), 3, {}).zone is None


@pytest.mark.parametrize(
    ("state", "day", "etag"),
    [
        (CLEAN, None, '"3.2"'),
        (LAGS, None, '"3.1-2"'),
        (CLEAN, date(2023, 11, 5), '"3.2.2023-11-05"'),
        (LAGS, date(2023, 11, 5), '"3.1-2.2023-11-05"'),
    ],
)
def test_an_etag_says_by_which_rules_of_which_version_behind_which_and_for_which_day(
    state: MeterState, day: date | None, etag: str
) -> None:
    assert View({}, state, None, day).etag == etag


def stored_inputs(meter: Meter) -> dict[str, Any]:
    snapshot = FakeQueries.snapshot(meter, "alice", POWER, Backend.NEW)
    return summary_inputs_data(snapshot, series_of(snapshot))


def test_cards_are_finished_for_the_local_day_from_what_is_stored() -> None:
    meter = Meter()
    meter.store.stored.settings["alice"] = UserSettings(ZoneInfo("America/Los_Angeles"))
    meter.data = stored_inputs(meter)
    view = meter.service.summary("alice", POWER)
    assert (view.day, view.calculated_at, view.state) == (date(2023, 4, 8), 77, CLEAN)
    assert meter.asked == [("find", "summary", None)]
    meter.data = None
    fresh = meter.service.summary("alice", POWER)
    assert (fresh.data, fresh.day, fresh.calculated_at) == (view.data, view.day, None)


@pytest.mark.parametrize("data", [{}, {"zone": "Nowhere/At/All"}, None])
def test_cards_that_cannot_be_finished_are_calculated_around_the_instants_that_they_need(data: Any) -> None:
    meter = Meter()
    meter.data = data
    view = meter.service.summary("alice", POWER)
    assert (view.day, view.calculated_at) == (date(2023, 4, 9), None)
    assert [asked[0] for asked in meter.asked] == ["find", "around", "all"]
    meter.has_parts, meter.asked = True, []
    meter.service.summary("alice", POWER)
    assert [asked[0] for asked in meter.asked] == ["find", "around"]


def test_each_meter_has_its_cards_and_who_cannot_wait_gets_them_fresh() -> None:
    meter = Meter(LAGS)
    meter.data = stored_inputs(meter)
    views = meter.service.summaries("alice")
    assert list(views) == [POWER, GAS]
    assert [view.calculated_at for view in views.values()] == [77, 77]
    fresh = meter.service.summaries("alice", consistent=True)
    assert [view.calculated_at for view in fresh.values()] == [None, None]
    assert meter.service.summary("alice", POWER).calculated_at == 77
    assert meter.service.summary("alice", POWER, consistent=True).calculated_at is None
