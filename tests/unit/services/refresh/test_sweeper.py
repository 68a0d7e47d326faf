"""The sweeper's limits on the fake store: count, time, failures, and that nobody waits for those that fail."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, field
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.meters.display_documents import DisplayUpdate
from chalicelib.domain.meters.lagging import FailingMeter, LaggingMeter
from chalicelib.domain.readings import EnergyType
from chalicelib.monitoring.people import begin_call, hidden
from chalicelib.services.refresh.refresh import DisplayDataCalculationService
from chalicelib.services.refresh.sweeper import METERS_AT_ONCE, Staleness, SweeperService, SweepReport
from infra.simulation.memory.display import FakeDisplay
from infra.simulation.memory.lagging import FakeLaggingMeters
from infra.simulation.memory.store import FakeMeters, FakeQueries, FakeStore

POWER = EnergyType.POWER
GRACE_MS, HOUR_MS = 30_000, 3_600_000
BUDGET = 35.0


@dataclass
class Calculation(DisplayDataCalculationService):
    """Publishes nothing but the version, takes its time, and fails for the meters that a test names."""

    store: FakeStore
    failing: Collection[str] = ()
    error: Exception = field(default_factory=lambda: ValueError("12345.678 is no number"))
    takes_ms: int = 0
    now: int = 1_700_000_000_000

    def refresh(self, user_id: str, energy_type: EnergyType, version: int | None = None) -> bool:
        self.now += self.takes_ms
        if user_id in self.failing:
            raise self.error
        display = FakeDisplay(self.store)
        newest = display.state(user_id, energy_type).source_version
        return display.publish(user_id, energy_type, DisplayUpdate(newest, [], range(0), whole=True))


class Sweeping:
    """A sweeper, and meters that lag in the order of their names."""

    def __init__(self, names: Collection[str], failing: Collection[str] = (), takes_ms: int = 0) -> None:
        self.store = FakeStore(lambda: self.calculation.now)
        self.calculation = Calculation(self.store, failing, takes_ms=takes_ms)
        self.meters = FakeLaggingMeters(self.store)
        self.service = SweeperService(
            self.meters, FakeQueries(self.store), self.calculation, lambda: self.calculation.now
        )
        for name in names:
            FakeMeters(self.store.stored, name).mark_changed(POWER, 0, 0, self.calculation.now)
            self.calculation.now += 1
        self.calculation.now += GRACE_MS

    def show(self, names: Collection[str], calculation_version: int) -> None:
        """Let a calculation version show these meters."""
        for name in names:
            version = FakeMeters(self.store.stored, name).mark_changed(POWER, 0, 0, self.calculation.now)
            update = DisplayUpdate(version, [], range(0))
            assert FakeDisplay(self.store, calculation_version).publish(name, POWER, update)

    def outdated(self) -> set[str]:
        return {meter.id.removesuffix("|power") for meter in self.meters.every_outdated()}

    def lagging(self) -> set[str]:
        return {name for (name, _), meter in self.store.stored.meters.items() if meter.state.stale}


def test_a_run_takes_no_more_meters_than_its_limit() -> None:
    sweeping = Sweeping("abcde")
    assert sweeping.service.run(BUDGET, 3) == SweepReport("unfinished", 5, 30.005, refreshed=3)
    assert sweeping.lagging() == {"d", "e"}


def test_a_run_takes_as_many_meters_as_it_has_time_for_and_those_that_something_holds_are_in_nobodys_way() -> None:
    names = [f"{number:04}" for number in range(3 * METERS_AT_ONCE)]
    sweeping = Sweeping(names[METERS_AT_ONCE:])
    sweeping.show(names[:METERS_AT_ONCE], CALCULATION_VERSION - 1)
    sweeping.meters.held.update(f"{name}|power" for name in names[METERS_AT_ONCE : METERS_AT_ONCE + 7])
    report = sweeping.service.run(BUDGET)
    left = 2 * METERS_AT_ONCE - 7
    assert (report.state, report.refreshed, report.failed, report.brought_up) == ("swept", left, 7, METERS_AT_ONCE)


def test_meters_that_something_holds_hide_nobody_however_many_they_are() -> None:
    names = [f"{number:04}" for number in range(2 * METERS_AT_ONCE + 1)]
    sweeping = Sweeping(names)
    sweeping.meters.held.update(f"{name}|power" for name in names[:-1])
    report = sweeping.service.run(BUDGET)
    assert (report.state, report.refreshed, report.failed) == ("swept", 1, 2 * METERS_AT_ONCE)


def test_outdated_meters_get_what_those_that_lag_have_left_of_a_runs_number() -> None:
    sweeping = Sweeping("de")
    sweeping.show("abc", CALCULATION_VERSION - 1)
    report = sweeping.service.run(BUDGET, 3)
    assert (report.state, report.refreshed, report.brought_up, report.outdated) == ("unfinished", 2, 1, 2)
    report = sweeping.service.run(BUDGET, 3)
    assert (report.state, report.refreshed, report.brought_up, report.outdated) == ("swept", 0, 2, 0)


def test_outdated_meters_get_what_those_that_lag_have_left_of_a_runs_time() -> None:
    sweeping = Sweeping("de", takes_ms=15_000)
    sweeping.show("abc", CALCULATION_VERSION - 1)
    report = sweeping.service.run(BUDGET)
    assert (report.state, report.refreshed, report.brought_up, report.outdated) == ("unfinished", 2, 1, 2)


def test_an_outdated_meter_that_fails_rests_as_any_other_and_holds_up_nobody() -> None:
    sweeping = Sweeping("", failing="a")
    sweeping.show("abc", CALCULATION_VERSION - 1)
    report = sweeping.service.run(BUDGET)
    assert (report.brought_up, report.failed, report.failing, report.outdated) == (2, 1, 1, 1)
    assert sweeping.service.run(BUDGET).failed == 0, "its pause is not over"
    sweeping.calculation.now += 60_000
    assert sweeping.service.run(BUDGET).failed == 1
    assert sweeping.service.failing()[1][0].meter.attempts == 2
    sweeping.calculation.failing = ""
    assert sweeping.service.run_at_once(BUDGET).brought_up == 1
    assert sweeping.service.failing() == (0, [])


def test_what_a_newer_calculation_shows_is_neither_swept_nor_counted_whether_it_lags_or_not() -> None:
    sweeping = Sweeping("")
    sweeping.show("ab", CALCULATION_VERSION + 1)
    FakeMeters(sweeping.store.stored, "a").mark_changed(POWER, 0, 0, sweeping.calculation.now)
    sweeping.calculation.now += GRACE_MS
    assert sweeping.service.run(BUDGET) == SweepReport("swept")
    assert sweeping.service.run_at_once(BUDGET) == SweepReport("swept")


def test_a_run_begins_no_meter_when_its_time_is_up() -> None:
    sweeping = Sweeping("abcde", takes_ms=20_000)
    report = sweeping.service.run(BUDGET)
    assert (report.state, report.refreshed) == ("unfinished", 2)
    assert sweeping.lagging() == {"c", "d", "e"}


def test_a_run_begins_no_meter_at_the_very_end_of_its_time() -> None:
    assert Sweeping("abcde", takes_ms=17_500).service.run(BUDGET).refreshed == 2
    assert Sweeping("abcde", takes_ms=17_499).service.run(BUDGET).refreshed == 3


def test_the_end_of_a_runs_time_is_by_the_clock_that_wrote_what_lags() -> None:
    """That of the database: the function's own one is an hour behind here."""
    sweeping = Sweeping("abcde", takes_ms=17_500)
    service = SweeperService(
        sweeping.meters,
        FakeQueries(sweeping.store),
        sweeping.calculation,
        lambda: sweeping.calculation.now - HOUR_MS,
    )
    assert service.run(BUDGET).refreshed == 2
    assert sweeping.meters.failing(9) == (0, [])


def test_a_meter_for_which_the_database_takes_too_long_is_one_that_fails() -> None:
    sweeping = Sweeping("abc", failing="a")
    sweeping.calculation.error = UnavailableError("too slow")
    report = sweeping.service.run(BUDGET)
    assert (report.refreshed, report.failed, report.failing) == (2, 1, 1)
    assert sweeping.service.failing()[1][0].meter == LaggingMeter("a|power", 1, "UnavailableError")


def test_the_log_names_the_meter_and_the_kind_of_error_and_no_amount(caplog: pytest.LogCaptureFixture) -> None:
    Sweeping("abc", failing="b").service.run(BUDGET)
    (record,) = caplog.records
    said = record.__dict__
    assert (said["meter"], said["attempt"], said["error"], said["pause_ms"]) == ("b|power", 1, "ValueError", 60_000)
    assert "in refresh" in said["frames"][-1]
    assert "12345.678" not in caplog.text + str(said)


def test_a_database_that_is_gone_ends_the_run() -> None:
    sweeping = Sweeping("abc")
    sweeping.store.down = True
    with pytest.raises(UnavailableError):
        sweeping.service.run(BUDGET)


@pytest.mark.parametrize("sweep", [SweeperService.run, SweeperService.run_at_once])
def test_a_meter_that_something_holds_fails_by_name_and_the_others_have_their_turn(
    sweep: Callable[[SweeperService, float], SweepReport], caplog: pytest.LogCaptureFixture
) -> None:
    sweeping = Sweeping("abc")
    sweeping.meters.held.add("a|power")
    report = sweep(sweeping.service, BUDGET)
    assert (report.state, report.refreshed, report.failed) == ("swept", 2, 1)
    assert [(record.__dict__["meter"], record.__dict__["error"]) for record in caplog.records] == [
        ("a|power", "UnavailableError")
    ]
    sweeping.meters.held.clear()
    assert sweep(sweeping.service, BUDGET).refreshed == 1, "it was not tried, so no pause is waited out"


def test_a_database_that_goes_away_meanwhile_ends_the_run_at_that_meter() -> None:
    sweeping = Sweeping("abc")

    class Gone(Calculation):
        tried = 0

        def refresh(self, user_id: str, energy_type: EnergyType, version: int | None = None) -> bool:
            self.tried += 1
            self.store.down = True
            raise UnavailableError("gone")

    class Meters(FakeLaggingMeters):
        claimed = 0

        def claim(self, meter: LaggingMeter, next_attempt: int) -> bool:
            self.claimed += 1
            return super().claim(meter, next_attempt)

    gone, meters = Gone(sweeping.store), Meters(sweeping.store)
    service = SweeperService(meters, FakeQueries(sweeping.store), gone, lambda: sweeping.calculation.now)
    with pytest.raises(UnavailableError):
        service.run(BUDGET)
    assert (gone.tried, meters.claimed) == (1, 1)


def test_at_once_ends_although_a_meter_fails() -> None:
    sweeping = Sweeping("abc", failing="b")
    report = sweeping.service.run_at_once(BUDGET)
    assert (report.state, report.refreshed, report.failed, report.failing) == ("swept", 2, 1, 1)


def test_no_pause_is_longer_than_the_longest() -> None:
    pauses = [LaggingMeter("a|power", attempts).pause_ms for attempts in (1, 2, 7, 1_000_000)]
    assert pauses == [60_000, 120_000, HOUR_MS, HOUR_MS]


@given(
    fails=st.lists(st.booleans(), min_size=1, max_size=12),
    limit=st.integers(1, 5),
    between_ms=st.integers(0, 3 * HOUR_MS),
)
def test_whoever_fails_the_others_are_refreshed_as_soon_as_if_nobody_did(
    fails: list[bool], limit: int, between_ms: int
) -> None:
    names = [f"user{number:02}" for number in range(len(fails))]
    failing = {name for name, fails_here in zip(names, fails, strict=True) if fails_here}
    sweeping = Sweeping(names, failing)
    for _ in range(ceil(len(names) / limit)):
        assert sweeping.lagging() >= failing
        sweeping.service.run(BUDGET, limit)
        sweeping.calculation.now += between_ms
    assert sweeping.lagging() == failing


def test_where_nothing_is_shown_from_the_new_side_a_run_rests_and_nothing_lags() -> None:
    sweeping = Sweeping("abc")
    sweeping.store.stored.sync = SyncState(SyncMode.OLD_ONLY)
    nothing = {"lagging": 0, "staleness_seconds": 0.0, "refreshed": 0, "failed": 0, "failing": 0}
    rests = {"state": "resting", **nothing, "brought_up": 0, "outdated": 0}
    assert sweeping.service.run(BUDGET).as_document() == rests
    assert sweeping.service.run_at_once(BUDGET).as_document() == rests
    now = sweeping.calculation.now
    assert asdict(sweeping.service.staleness(9)) == {
        "lagging": 0,
        "oldest_seconds": 0.0,
        "failing": 0,
        "meters": (),
        "read_at": now,
    }
    assert Staleness() == Staleness(0, 0.0, 0, (), 0), "where nobody could look nothing is said"
    assert sweeping.lagging() == {"a", "b", "c"}


def test_how_far_the_display_lags_is_by_the_clock_of_the_database_with_as_many_failing_meters_as_are_wanted() -> None:
    sweeping = Sweeping("abc", failing="ab")
    sweeping.service.run(BUDGET)
    staleness = sweeping.service.staleness(1)
    assert (staleness.lagging, staleness.oldest_seconds, staleness.failing) == (2, 30.003, 2)
    assert [meter.meter.id for meter in staleness.meters] == ["a|power"]
    assert staleness.read_at == sweeping.calculation.now


@pytest.mark.parametrize(("waits_ms", "lagging"), [(29_999, 0), (30_000, 1)])
def test_a_meter_lags_once_an_event_has_had_half_a_minute(waits_ms: int, lagging: int) -> None:
    sweeping = Sweeping("a")
    sweeping.calculation.now += waits_ms - GRACE_MS - 1
    assert sweeping.service.staleness(9).lagging == lagging
    report = sweeping.service.run(BUDGET)
    assert (report.lagging, report.refreshed) == (lagging, lagging)


def test_at_once_nothing_has_to_wait_for_an_event_or_for_the_end_of_a_pause() -> None:
    sweeping = Sweeping("a", failing="a")
    sweeping.calculation.now -= GRACE_MS
    assert sweeping.service.run_at_once(BUDGET).failed == 1
    sweeping.calculation.failing = ""
    assert sweeping.service.run_at_once(BUDGET).refreshed == 1


def test_the_first_look_names_five_hundred_meters_and_a_thousand_failing_ones_are_shown() -> None:
    sweeping, limits = Sweeping("a"), list[int]()

    class Meters(FakeLaggingMeters):
        def waiting(self, dirty_before: int, now: int, limit: int) -> Sequence[LaggingMeter]:
            limits.append(limit)
            return super().waiting(dirty_before, now, limit)

        def failing(self, limit: int) -> tuple[int, Sequence[FailingMeter]]:
            limits.append(limit)
            return super().failing(limit)

    service = SweeperService(
        Meters(sweeping.store), FakeQueries(sweeping.store), sweeping.calculation, lambda: sweeping.calculation.now
    )
    service.run(BUDGET)
    service.failing()
    assert limits == [500, 500, 1, 1000]


def test_no_line_that_is_logged_from_then_on_names_whose_meters_were_swept() -> None:
    begin_call()
    sweeping = Sweeping(["alice-7f3a91", "bob|0c55d2"])
    sweeping.service.run(BUDGET)
    said = hidden("alice-7f3a91 and bob|0c55d2")
    assert "alice-7f3a91" not in said
    assert "bob|0c55d2" not in said
    begin_call()
