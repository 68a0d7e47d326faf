"""What a meter usually counts in a day (CALCULATION.md, 9)."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.meters.configuration import Exchange, MeterConfiguration
from chalicelib.domain.plausibility.usual import Usual, usual_of
from chalicelib.domain.readings import DAY_MS, EnergyType, MeterExchange, Reading, local_date, parse_instant
from chalicelib.domain.readings.compact import CompactReadings

BERLIN = ZoneInfo("Europe/Berlin")
POWER, GAS = EnergyType.POWER, EnergyType.GAS
PLAIN = MeterConfiguration()
ZONES = ["UTC", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo"]


def usual(*readings: tuple[str, float], known: MeterConfiguration = PLAIN, kind: EnergyType = POWER) -> Usual:
    history = [Reading(parse_instant(date, BERLIN), Decimal(str(amount))) for date, amount in readings]
    return usual_of(CompactReadings.of(history), kind, known, BERLIN)


def test_the_greatest_day_is_usual() -> None:
    found = usual(("2024-01-01", 0), ("2024-01-02", 5), ("2024-01-03", 17), ("2024-01-04", 20))
    assert found == Usual(Fraction(12), known=True)


def test_between_days_that_lie_apart_the_day_s_share_counts() -> None:
    found = usual(("2024-01-01", 0), ("2024-01-08", 70), ("2024-01-15", 147), ("2024-01-22", 200))
    assert found.per_day == 11


def test_of_a_day_its_last_reading_counts() -> None:
    day = [("2024-01-02", 5), ("2024-01-02T10:00", 500), ("2024-01-02T23:59", 9)]
    found = usual(("2024-01-01T23:59", 0), *day, ("2024-01-03T23:59", 14), ("2024-01-04T23:59", 20))
    assert found.per_day == 9


def test_two_readings_less_than_a_day_apart_count_as_a_day() -> None:
    found = usual(("2024-01-01T23:00", 0), ("2024-01-02T01:00", 8), ("2024-01-03T01:00", 9), ("2024-01-04T01:00", 10))
    assert found.per_day == 8


def test_fewer_than_three_pairs_say_nothing() -> None:
    few = [("2024-01-01", 0), ("2024-01-02", 5), ("2024-01-03", 10), ("2024-01-03T12:00", 12)]
    assert usual(*few) == Usual(Fraction(50), known=False)
    assert usual(*few, kind=GAS) == Usual(Fraction(10), known=False)
    assert usual() == Usual(Fraction(50), known=False)
    assert usual(*few, ("2024-01-04", 13)).known


def test_an_exchange_between_two_days_is_no_use() -> None:
    instant = parse_instant("2024-01-03T12:00", BERLIN)
    exchanged = MeterConfiguration(None, (Exchange("1", POWER, MeterExchange(instant, Decimal(8_003), Decimal(100))),))
    days = [("2024-01-02", 8_000), ("2024-01-03", 8_002), ("2024-01-04", 104), ("2024-01-05", 106)]
    assert usual(*days, known=exchanged).per_day == 5
    assert usual(*days).per_day == 104  # a reset


def test_a_rollover_is_counted_on() -> None:
    days = [("2024-01-02", 99_990), ("2024-01-03", 99_995), ("2024-01-04", 2), ("2024-01-05", 6)]
    assert usual(*days, known=MeterConfiguration(Decimal(100_000))).per_day == 7


def test_of_a_meter_that_runs_backwards_the_size_counts() -> None:
    days = [("2024-01-02", 100), ("2024-01-03", 70), ("2024-01-04", 80), ("2024-01-05", 60)]
    assert usual(*days, known=MeterConfiguration(runs_backwards=True)).per_day == 30
    assert usual(*days).per_day == 70  # the second fall is a reset as well: 70, then 60


@pytest.mark.parametrize("zone", ZONES)
@given(minutes=st.sets(st.integers(0, 60 * 24 * 60), max_size=60), start=st.integers(0, 20_000))
def test_days_are_those_of_the_zone(zone: str, minutes: set[int], start: int) -> None:
    """The same as going through all readings one by one, with an amount that grows by one each time."""
    instants = [start * DAY_MS + minute * 60_000 for minute in sorted(minutes)]
    readings = [Reading(instant, Decimal(place)) for place, instant in enumerate(instants)]
    lasts = {local_date(reading.instant, ZoneInfo(zone)): reading for reading in readings}
    ordered = sorted(lasts.values())
    rates = [
        Fraction(int(b.amount - a.amount) * DAY_MS, max(DAY_MS, b.instant - a.instant)) for a, b in pairwise(ordered)
    ]
    expected = Usual(max(rates), known=True) if len(rates) >= 3 else Usual(Fraction(50), known=False)
    assert usual_of(CompactReadings.of(readings), POWER, PLAIN, ZoneInfo(zone)) == expected
