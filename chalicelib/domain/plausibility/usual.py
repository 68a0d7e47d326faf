"""What a meter usually counts in a day, from its last readings of days (CALCULATION.md, 9)."""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from chalicelib.domain.calculation.series import Kind, Series
from chalicelib.domain.meters.configuration import MeterConfiguration
from chalicelib.domain.readings import DAY_MS, EnergyType, day_start, local_date
from chalicelib.domain.readings.compact import CompactReadings

USUAL_BASE_MS = 366 * DAY_MS
PAIRS = 3
FLOOR = {EnergyType.POWER: 50, EnergyType.GAS: 10}


class Usual(NamedTuple):
    """The greatest use of a day (kWh, m3); ``known``: it comes from readings, not from a default."""

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


class UsualSoFar:
    """The usual use at many ascending instants, each from what lies before it; every pair of days is looked at once."""

    def __init__(
        self, readings: CompactReadings, meter: MeterConfiguration, energy_type: EnergyType, zone: ZoneInfo
    ) -> None:
        self._readings = readings
        self._meter = meter
        self._zone = zone
        self._floor = Usual(Fraction(FLOOR[energy_type]), known=False)
        self._greatest = deque[tuple[int, Fraction]]()  # places among the days, with falling increments
        self._seen = 0

    def before(self, instant: int) -> Usual:
        """What was usual before an instant."""
        today = day_start(local_date(instant, self._zone), self._zone)
        first, end = (bisect_left(self._days.instants, bound) for bound in (instant - USUAL_BASE_MS, today))
        self._look_at_days(first, end)
        latest = self._readings.before(instant)
        read_today = latest >= 0 and self._readings.instants[latest] >= today
        if end - first + read_today <= PAIRS:
            return self._floor
        increments = [self._greatest[0][1]] if self._greatest else []
        if read_today:
            increments.append(self._increment_until(latest, self._days.instants[end - 1]))
        return Usual(max(increments), known=True)

    @cached_property
    def _days(self) -> CompactReadings:
        """The last readings of all days that have one."""
        return self._readings.only(sorted(_lasts_of_days(self._readings, self._zone)))

    @cached_property
    def _series(self) -> Series:
        return self._counter(self._days)

    def _counter(self, readings: CompactReadings) -> Series:
        known = self._meter
        return Series.of(readings, known.points, known.modulus, known.runs_backwards)

    def _look_at_days(self, first: int, end: int) -> None:
        """Keep the increments of the days from ``first`` to ``end`` that no later one exceeds."""
        for day in range(max(1, self._seen), end):
            increment = _increment(self._series, *self._days.instants[day - 1 : day + 1])
            while self._greatest and self._greatest[-1][1] <= increment:
                self._greatest.pop()
            self._greatest.append((day, increment))
        self._seen = max(self._seen, end)
        while self._greatest and self._greatest[0][0] <= first:
            self._greatest.popleft()

    def _increment_until(self, latest: int, day: int) -> Fraction:
        """From the last reading of an earlier day to the latest one before the instant."""
        series = self._counter(self._readings.only([self._readings.before(day + 1), latest]))
        return _increment(series, day, self._readings.instants[latest])


def _increment(series: Series, first: int, last: int) -> Fraction:
    return per_day(series, place_of(series, first), place_of(series, last))


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
