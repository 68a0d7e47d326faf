"""Hypothesis strategies: meters with everything that happens to meters, and the zones they stand in."""

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
# New York changes clocks on other days; Beirut and, from 2023, Cairo at midnight; Kathmandu lies 5:45 ahead.
ZONES = [
    ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Asia/Beirut", "Africa/Cairo", "Asia/Kathmandu")
]
MODULUS = 10_000

few_examples = settings(max_examples=depth(40, 1_000), deadline=None, suppress_health_check=[HealthCheck.too_slow])
examples = settings(max_examples=depth(120, 3_000), deadline=None, suppress_health_check=[HealthCheck.too_slow])

zones = st.sampled_from(ZONES)
tolerances = st.sampled_from([0, 1, 3, 3, 3, 10])


class Meter(NamedTuple):
    """What a user has entered for one meter."""

    readings: list[Reading]
    exchanges: list[MeterExchange]
    modulus: int | None

    def series(self) -> Series:
        return Series.of(self.readings, self.exchanges, self.modulus)


def thousandths(low: int, high: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda units: Decimal(units).scaleb(-3))


gaps = st.one_of(
    st.integers(1, 30).map(lambda days: days * DAY_MS),
    st.integers(1, 72).map(lambda hours: hours * HOUR_MS),
    st.integers(25, 45).map(lambda days: days * DAY_MS + 17),
    st.integers(1, 420 * DAY_MS),
)
starts = st.integers(at("2021-11-01"), at("2023-03-01")).map(lambda t: t - t % HOUR_MS)


@st.composite
def next_amounts(draw: st.DrawFn, amount: Decimal, modulus: int | None) -> Decimal:
    """Mostly growth; sometimes the same again, a dip, a reset, a rollover, and the thresholds between them."""
    event = draw(st.sampled_from(["grow"] * 8 + ["same", "dip", "threshold", "reset", "high"]))
    if event == "grow":
        grown = amount + draw(thousandths(1, 400_000))
        return grown if modulus is None else grown % modulus
    if event == "dip":
        return (amount * Decimal("0.95")).quantize(Decimal("0.001"))
    if event == "threshold":
        return amount * Decimal("0.9")
    if event == "reset":
        return draw(thousandths(0, 50_000))
    return Decimal(MODULUS * 9 // 10) if event == "high" else amount


@st.composite
def meters(draw: st.DrawFn, max_readings: int = 14) -> Meter:
    """A meter over up to some years, with or without a modulus, with none to two exchanges."""
    modulus = draw(st.sampled_from([None, None, MODULUS]))
    instant, amount = draw(starts), draw(thousandths(0, 9_999_999))
    readings = []
    for gap in draw(st.lists(gaps, max_size=max_readings)):
        readings.append(Reading(instant, amount))
        instant, amount = instant + gap, draw(next_amounts(amount, modulus))
    exchanges = draw(st.lists(meter_exchanges(), max_size=2, unique_by=lambda exchange: exchange.instant))
    return Meter(readings, exchanges, modulus)


@st.composite
def meter_exchanges(draw: st.DrawFn) -> MeterExchange:
    instant = draw(st.integers(at("2021-10-01"), at("2025-01-01")).map(lambda t: t - t % (6 * HOUR_MS)))
    return MeterExchange(instant, draw(thousandths(0, 9_999_999)), draw(thousandths(0, 20_000)))
