"""What a meter usually counts in a day, from its last readings of days (CALCULATION.md, 9)."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from chalicelib.domain.calculation.compact import CompactReadings
from chalicelib.domain.calculation.series import Kind, Series
from chalicelib.domain.ports import MeterConfiguration
from chalicelib.domain.readings import DAY_MS, EnergyType, day_start, local_date

USUAL_BASE_MS = 366 * DAY_MS
PAIRS = 3
FLOOR = {EnergyType.POWER: 50, EnergyType.GAS: 10}


class Usual(NamedTuple):
    """The greatest use of a day (kWh, m3); ``known``: from readings, not for want of them."""

    per_day: Fraction
    known: bool


def usual_of(
    history: CompactReadings, energy_type: EnergyType, configuration: MeterConfiguration, zone: ZoneInfo
) -> Usual:
    """The greatest increment per day between the last readings of neighbouring days that have readings.

    Args:
        history: the readings of the 366 days before the count that is judged.
        energy_type: of which the floor counts where there are fewer than three pairs.
        configuration: what explains increments.
        zone: whose days.
    """
    lasts = history.only(sorted(_lasts_of_days(history, zone)))
    if len(lasts) <= PAIRS:
        return Usual(Fraction(FLOOR[energy_type]), known=False)
    series = Series.of(lasts, configuration.points, configuration.modulus, configuration.runs_backwards)
    places = [place_of(series, instant) for instant in lasts.instants]
    return Usual(max(per_day(series, first, last) for first, last in pairwise(places)), known=True)


def per_day(series: Series, first: int, last: int) -> Fraction:
    """How much the counter grew between two points a day, as if at least 24 h had passed.

    Of a meter that runs backwards the size counts.
    """
    grown = series.total_of(last) - series.total_of(first)
    elapsed = max(DAY_MS, series.instants[last] - series.instants[first])
    return Fraction((abs(grown) if series.runs_backwards else grown) * DAY_MS, elapsed * series.scale)


def place_of(series: Series, instant: int) -> int:
    """The place of the reading at an instant, before or behind an exchange at the same one."""
    first = series.at_or_after(instant)
    return first + 2 if series.kind_of(first + 1) is Kind.EXCHANGE else first


def _lasts_of_days(history: CompactReadings, zone: ZoneInfo) -> Iterator[int]:
    """The places of the last readings of all local days that have one, backwards."""
    place = len(history) - 1
    while place >= 0:
        yield place
        instant = history.instants[place]
        place = history.before(min(instant, day_start(local_date(instant, zone), zone)))
