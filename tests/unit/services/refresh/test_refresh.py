"""When a refresh does something, which steps it takes of a large meter, and what becomes of one that is damaged."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.errors import AccountErasedError, DamagedMeterError
from chalicelib.domain.meters.display_documents import DisplayUpdate
from chalicelib.domain.meters.packing import Packed, PackingMark
from chalicelib.domain.ports.values import MeterSnapshot, MeterState, NewReading
from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT, EnergyType
from chalicelib.services.refresh.refresh import DisplayDataCalculationService, Steps
from infra.simulation.memory.display import FakeDisplay
from infra.simulation.memory.store import FakeQueries, FakeStore, FakeTransaction

POWER = EnergyType.POWER
JANUARY_2023, MARCH_2024 = 1_673_000_000_000, 1_710_000_000_000


class Meter(FakeDisplay, FakeQueries):
    """Alice's meter, of which few readings are left to read at the looks that ``within`` says; each call is noted."""

    def __init__(self, within: Sequence[bool] = ()) -> None:
        self.now = 1_700_000_000_000
        store = FakeStore(lambda: self.now)
        FakeDisplay.__init__(self, store, 3)
        self.store = store
        self.within = [*within]
        self.packs: list[Packed] = []
        self.calls: list[object] = []
        self.updates: list[DisplayUpdate] = []
        self.states: list[MeterState] = []
        self.changed: dict[str, object] = {}
        self.erased = False
        for instant in (JANUARY_2023, MARCH_2024):
            self.write(instant)

    def write(self, instant: int) -> None:
        transaction = FakeTransaction(self.store.stored, "alice", [*Side], lambda: f"{instant}")
        transaction.readings.add(NewReading(POWER, instant, Decimal(instant // 1_000_000), "manual"), 0)
        transaction.meters.mark_changed(POWER, instant, instant, self.now)

    def shown_by(self, calculation_version: int) -> None:
        meter = self.store.stored.meters["alice", POWER]
        meter.state = replace(meter.state, display_version=2, dirty_since=None, calculation_version=calculation_version)

    def state(self, user_id: str, energy_type: EnergyType) -> MeterState:
        return self.states.pop(0) if self.states else super().state(user_id, energy_type)

    def begin_again(self, user_id: str, energy_type: EnergyType) -> None:
        self.calls.append("begin again")
        if self.erased:
            raise AccountErasedError("this account was erased", 0)
        super().begin_again(user_id, energy_type)

    def publish(self, user_id: str, energy_type: EnergyType, update: DisplayUpdate) -> bool:
        self.updates.append(update)
        return super().publish(user_id, energy_type, update)

    def snapshot(self, *of: object) -> MeterSnapshot:
        self.calls.append("all")
        self.now += 1
        if error := self.changed.pop("error", None):
            raise DamagedMeterError(str(error))
        return replace(super().snapshot(*of), **self.changed)  # type: ignore[arg-type]

    def snapshot_within(self, user_id: str, energy_type: EnergyType, readings: int) -> MeterSnapshot | None:
        self.calls.append(readings)
        self.now += 10
        if not self.within.pop(0):
            return None
        return FakeQueries.snapshot(self, user_id, energy_type, Backend.NEW)

    def pack(self, user_id: str, energy_type: EnergyType, readings: int) -> Packed:
        self.calls.append((user_id, energy_type, readings))
        self.now += 4_000
        return self.packs.pop(0)

    def service(self, seconds: float | None = None, *, in_steps: bool = False) -> DisplayDataCalculationService:
        go_on = lambda *meter: self.calls.append(("go on", *meter))  # noqa: E731
        steps = Steps(self, 7, seconds, go_on) if in_steps else None
        return DisplayDataCalculationService(self, self, lambda: self.now, 3, steps=steps)


STEP = ("alice", POWER, 7)


def test_where_few_readings_are_left_no_step_is_taken_and_what_is_shown_is_as_of_before_the_look() -> None:
    meter = Meter(within=[True])
    began = meter.now
    assert meter.service(in_steps=True).refresh("alice", POWER)
    assert (meter.calls, meter.updates[0].as_of) == ([7], began)


def test_steps_are_taken_until_the_last_and_then_it_is_looked_at_again() -> None:
    meter = Meter(within=[False, True])
    meter.packs = [Packed.MORE, Packed.MORE, Packed.MORE, Packed.DONE]
    began = meter.now
    assert meter.service(in_steps=True).refresh("alice", POWER)
    assert meter.calls == [7, STEP, STEP, STEP, STEP, 7]
    assert meter.updates[0].as_of == began + 16_010


@pytest.mark.parametrize(("seconds", "steps"), [(8.0, 2), (8.01, 2), (8.011, 3), (0.0, 1)])
def test_when_its_time_is_over_it_asks_for_another_call_and_publishes_nothing(seconds: float, steps: int) -> None:
    """A look takes 10 ms here, a step four seconds."""
    meter = Meter(within=[False])
    meter.packs = [Packed.MORE] * 9
    assert meter.service(seconds, in_steps=True).refresh("alice", POWER) is False
    assert meter.calls == [7, *[STEP] * steps, ("go on", "alice", POWER)]
    assert meter.updates == []


def test_what_is_packed_twice_and_still_not_there_is_read_at_once() -> None:
    meter = Meter(within=[False, False])
    meter.packs = [Packed.DONE, Packed.DONE]
    assert meter.service(in_steps=True).refresh("alice", POWER)
    assert meter.calls == [7, STEP, 7, STEP, "all"]


def test_what_no_series_can_hold_is_read_at_once() -> None:
    meter = Meter(within=[False])
    meter.packs = [Packed.IMPOSSIBLE]
    assert meter.service(in_steps=True).refresh("alice", POWER)
    assert meter.calls == [7, STEP, "all"]


@pytest.mark.parametrize(("shown_by", "begins"), [(2, False), (3, False), (4, True)])
def test_only_what_a_newer_calculation_shows_is_taken_over(shown_by: int, begins: bool) -> None:
    meter = Meter()
    meter.shown_by(shown_by)
    meter.service().take_over("alice", POWER)
    assert meter.calls == (["begin again"] if begins else [])


def test_what_is_shown_by_an_older_calculation_is_due_and_by_a_newer_one_never() -> None:
    for shown_by, done in ((2, True), (3, False), (4, False)):
        meter = Meter()
        meter.shown_by(shown_by)
        assert meter.service().refresh("alice", POWER) is done
        assert meter.calls == (["all"] if done else [])
    meter.write(0)
    assert meter.service().refresh("alice", POWER) is False, "it lags, but a newer calculation shows it"


@pytest.mark.parametrize(("announced", "done"), [(1, False), (2, False), (3, True), (None, True)])
def test_a_version_that_is_shown_already_needs_no_look(announced: int | None, done: bool) -> None:
    meter = Meter()
    meter.shown_by(3)
    meter.write(0)
    assert meter.service().refresh("alice", POWER, announced) is done
    assert meter.calls == (["all"] if done else [])


DAMAGED = MeterState(damaged=True)


@pytest.mark.parametrize("way", ["its versions", "its readings"])
def test_a_damaged_meter_is_begun_again_and_shown_in_the_same_call(way: str) -> None:
    meter = Meter()
    if way == "its versions":
        meter.states = [DAMAGED]
    else:
        meter.changed = {"error": "not its own"}
    assert meter.service().refresh("alice", POWER)
    assert [call for call in meter.calls if call != "all"] == ["begin again"]
    assert [(update.whole, len(update.documents)) for update in meter.updates] == [(True, 4)]


def test_a_damaged_meter_of_an_account_that_was_erased_stays_away() -> None:
    meter = Meter()
    meter.states, meter.erased = [DAMAGED], True
    assert meter.service().refresh("alice", POWER) is False
    assert (meter.calls, meter.updates) == (["begin again"], [])


@pytest.mark.parametrize("state", [DAMAGED, None])
def test_while_the_new_side_is_not_written_nothing_is_begun_or_shown(state: MeterState | None) -> None:
    meter = Meter()
    meter.store.stored.sync = SyncState(SyncMode.OLD_ONLY)
    meter.states = [state] if state else []
    assert meter.service().refresh("alice", POWER) is False
    assert (meter.updates, "begin again" in meter.calls) == ([], False)


def test_what_is_found_damaged_by_the_look_itself_is_not_shown() -> None:
    meter = Meter()
    meter.changed = {"state": DAMAGED}
    assert meter.service().refresh("alice", POWER) is False
    assert meter.updates == []


def views(meter: Meter) -> list[tuple[str, int | None]]:
    return [(document.data_type, document.year) for document in meter.updates[-1].documents]


ALWAYS = [("histogram", None), ("summary", None)]


def test_the_first_time_every_touched_year_is_written() -> None:
    meter = Meter()
    assert meter.service().refresh("alice", POWER)
    [update] = meter.updates
    assert views(meter) == [("monthly", 2023), ("monthly", 2024), *ALWAYS]
    assert (update.source_version, update.stored_years, update.whole) == (2, range(2023, 2025), False)
    assert {(each.source_version, each.calculation_version) for each in update.documents} == {(2, 3)}
    assert {each.calculated_at for each in update.documents} == {meter.now}


@pytest.mark.parametrize(
    ("dirty", "years"),
    [
        ((FIRST_INSTANT, LAST_INSTANT), (True, [2023, 2024])),
        ((FIRST_INSTANT + 1, LAST_INSTANT), (False, [2023, 2024])),
        ((MARCH_2024, MARCH_2024), (False, [2023, 2024])),
        ((MARCH_2024 + 1, MARCH_2024 + 1), (False, [2024])),
        ((None, LAST_INSTANT), (False, [])),
        ((FIRST_INSTANT, None), (False, [])),
    ],
)
def test_the_years_that_a_range_touches_are_written_and_all_where_it_is_everything(
    dirty: tuple[int | None, int | None], years: tuple[bool, list[int]]
) -> None:
    meter = Meter()
    meter.changed = {"dirty_from": dirty[0], "dirty_to": dirty[1]}
    meter.service().refresh("alice", POWER)
    found = [year for _, year in views(meter) if year is not None]
    assert (meter.updates[0].whole, found) == years


@pytest.mark.parametrize(("shown_by", "whole"), [(0, False), (2, True), (3, False)])
def test_what_another_calculation_shows_is_written_as_a_whole(shown_by: int, whole: bool) -> None:
    meter = Meter()
    meter.shown_by(shown_by)
    meter.write(0)
    meter.service().refresh("alice", POWER)
    assert meter.updates[0].whole is whole


def test_the_series_gets_the_years_that_were_read_and_says_how_many_readings_there_are() -> None:
    meter = Meter()
    packing = PackingMark("a", None)
    digests = {2023: b"before"}
    meter.changed = {"read": [(JANUARY_2023, JANUARY_2023)], "packing": packing, "digests": digests}
    meter.service().refresh("alice", POWER)
    [update] = meter.updates
    assert update.packing == packing
    assert update.series is not None
    assert (update.series.spans, update.series.count, update.series.digests) == ([(2023, 2023)], 2, digests)
    assert {year: [*part.instants] for year, part in update.series.parts.items()} == {2023: [JANUARY_2023]}


@pytest.mark.parametrize(("ranges", "years"), [(None, [2023, 2024]), (0, [2024]), (1, [2024])])
def test_where_everything_is_calculated_so_is_the_series_unless_a_packing_holds_it(
    ranges: int | None, years: list[int]
) -> None:
    meter = Meter()
    whole = {"dirty_from": FIRST_INSTANT, "dirty_to": LAST_INSTANT}
    meter.changed = {**whole, "read": [(MARCH_2024, MARCH_2024)], "packing": PackingMark("a", ranges)}
    meter.service().refresh("alice", POWER)
    [update] = meter.updates
    assert update.series is not None
    assert list(update.series.parts) == years


def test_no_series_is_kept_while_the_new_backend_reads_the_old_side() -> None:
    meter = Meter()
    meter.store.stored.sync = SyncState(SyncMode.DUAL_WRITE, catching_up=Side.OLD)
    meter.service().refresh("alice", POWER)
    assert meter.updates[0].series is None
