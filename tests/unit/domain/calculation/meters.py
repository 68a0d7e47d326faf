"""Hypothesis strategies: meters with everything that happens to meters, and the zones they are in."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from chalicelib.domain.calculation.series import Series
from chalicelib.domain.readings import DAY_MS, MeterExchange, Reading
from tests.depth import depth
from tests.unit.domain.calculation.building import at

HOUR_MS = 3_600_000
# New York changes clocks on other days, Lord Howe by half an hour; Beirut and, from 2023, Cairo at midnight; Kathmandu
# lies 5:45 ahead.
ZONES = [
    ZoneInfo(name)
    for name in (
        "Europe/Berlin",
        "UTC",
        "America/New_York",
        "America/St_Johns",
        "Asia/Beirut",
        "Africa/Cairo",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
    )
]
MODULUS = 10_000

few_examples = settings(max_examples=depth(40, 1_000), deadline=None, suppress_health_check=[HealthCheck.too_slow])
examples = settings(max_examples=depth(120, 3_000), deadline=None, suppress_health_check=[HealthCheck.too_slow])

zones = st.sampled_from(ZONES)


class Meter(NamedTuple):
    """What a user has entered for one meter."""

    readings: list[Reading]
    exchanges: list[MeterExchange]
    modulus: int | None
    runs_backwards: bool = False

    def series(self) -> Series:
        return Series.of(self.readings, self.exchanges, self.modulus, self.runs_backwards)


def thousandths(low: int, high: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda units: Decimal(units).scaleb(-3))


gaps = st.one_of(
    st.integers(1, 30).map(lambda days: days * DAY_MS),
    st.integers(1, 72).map(lambda hours: hours * HOUR_MS),
    st.sampled_from([12 * HOUR_MS, DAY_MS, 7 * DAY_MS, 28 * DAY_MS, 92 * DAY_MS]),
    st.integers(25, 45).map(lambda days: days * DAY_MS + 17),
    st.integers(1, 420 * DAY_MS),
)
starts = st.integers(at("2021-11-01"), at("2023-03-01")).map(lambda t: t - t % HOUR_MS)


# Where the rules for a rollover begin and end.
THRESHOLDS = [Decimal(MODULUS) * share / 4 + step for share in (1, 3) for step in (Decimal(0), Decimal("-0.001"))]


@st.composite
def next_amounts(draw: st.DrawFn, amount: Decimal, modulus: int | None, runs_backwards: bool) -> Decimal:
    """Mostly growth; sometimes the same again, a dip, a reset, a rollover, and the thresholds between them."""
    events = ["grow"] * 8 + ["same", "dip", "threshold", "reset", "rollover"]
    event = draw(st.sampled_from([*events, *["shrink"] * 6] if runs_backwards else events))
    if event in ("grow", "shrink"):
        step = draw(thousandths(1, 400_000))
        moved = amount + step if event == "grow" else amount - step
        return max(moved, Decimal(0)) if modulus is None else (moved + modulus) % modulus
    if event == "dip":
        return (amount * Decimal("0.95")).quantize(Decimal("0.001"))
    if event == "threshold":
        return amount * Decimal("0.9")
    if event == "reset":
        return draw(thousandths(0, 50_000))
    return draw(st.sampled_from(THRESHOLDS)) if event == "rollover" else amount


@st.composite
def meters(draw: st.DrawFn, max_readings: int = 14) -> Meter:
    """A meter over up to some years, with or without a modulus, forwards or also backwards; up to two exchanges."""
    modulus = draw(st.sampled_from([None, None, MODULUS]))
    runs_backwards = draw(st.sampled_from([False, False, True]))
    instant, amount = draw(starts), draw(thousandths(0, 9_999_999))
    readings = []
    for gap in draw(st.lists(gaps, max_size=max_readings)):
        readings.append(Reading(instant, amount))
        instant, amount = instant + gap, draw(next_amounts(amount, modulus, runs_backwards))
    exchanges = draw(st.lists(meter_exchanges(readings), max_size=2, unique_by=lambda exchange: exchange.instant))
    return Meter(readings, exchanges, modulus, runs_backwards)


any_instant = st.integers(at("2021-10-01"), at("2025-01-01")).map(lambda t: t - t % (6 * HOUR_MS))


@st.composite
def meter_exchanges(draw: st.DrawFn, readings: Sequence[Reading] = ()) -> MeterExchange:
    """At any instant or, as often, at that of one of these readings and beside its amount."""
    if not readings or draw(st.booleans()):
        return MeterExchange(draw(any_instant), draw(thousandths(0, 9_999_999)), draw(thousandths(0, 20_000)))
    instant, amount = draw(st.sampled_from(readings))
    final_old = draw(st.sampled_from([amount, amount / 2, Decimal("9999.999")]) | thousandths(0, 9_999_999))
    initial_new = draw(st.sampled_from([amount, Decimal(0)]) | thousandths(0, 20_000))
    return MeterExchange(instant, final_old, initial_new)
