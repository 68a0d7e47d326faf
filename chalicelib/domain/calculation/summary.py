"""The summary of one meter, in two steps, so that what is stored does not depend on today.

``summary_inputs`` takes from the series what any coming day can need; that is stored. ``finish_summary`` makes the
cards of a local day from it, on read. ``summary`` makes the same cards straight from the series. What the cards
say, and by which formula, is in ``summary_cards``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from chalicelib.domain.calculation.month_end import (
    HORIZON_MS,
    ONE_DAY,
    DayEnd,
    Quality,
    day_end,
    forward_slope,
    is_measured,
)
from chalicelib.domain.calculation.rounding import rounded
from chalicelib.domain.calculation.series import Series
from chalicelib.domain.calculation.summary_cards import (
    AVERAGE_DAYS,
    MONTHS_BACK,
    REACH_DAYS,
    CounterAt,
    CounterEnd,
    LastReading,
    SummaryCards,
    a_year_before,
    cards,
    end_of_month_before,
)
from chalicelib.domain.calculation.view_model import ViewModel
from chalicelib.domain.readings import LAST_INSTANT, day_start, local_date, to_datetime, to_ms


class KnownEnd(ViewModel):
    """The end of a local day before that of the last point.

    ``remaining`` is what the counter had still to go to the last point: a difference, because running sums are
    never stored, and an exact fraction as text, because nothing is rounded before the end.
    """

    day: str
    tau: datetime
    quality: Quality
    remaining: str | None
    beyond: int


class LastPoint(ViewModel):
    """The end of the series, and the slope beyond: an exact fraction as text, missing where there is none.

    ``least_growth``: below that the register would show less than nothing, so nothing is said; missing where it
    cannot come to that.
    """

    date: datetime
    growth_per_ms: str | None
    least_growth: str | None


class RegisterReading(ViewModel):
    """The last reading."""

    date: datetime
    amount: Decimal


class SummaryInputs(ViewModel):
    """All that the cards of the next month can need, independent of today: some 80 ends, however long the series."""

    zone: str
    last_reading: RegisterReading | None
    last_point: LastPoint | None
    known_ends: list[KnownEnd]


def summary(series: Series, zone: ZoneInfo, today: date) -> SummaryCards:
    """The cards of the local day ``today`` straight from the series."""

    def counter(day: date) -> CounterEnd:
        end = day_end(series, day, zone)
        return CounterEnd(end.quality, end.tau, end.total, _days_beyond(series, end, day, zone))

    has_cards = bool(series.instants) and today >= _first_day(series.instants[-1], zone)
    return _cards(counter if has_cards else None, today, _last_reading(series), zone)


def instants_of_cards(today: date, zone: ZoneInfo) -> list[int]:
    """The ends of the days that the cards of ``today`` are about; the last reading is another one."""
    asked = set[date]()

    def counter(day: date) -> CounterEnd:
        asked.add(day)
        return CounterEnd("none", 0, None)

    cards(counter, today, None)
    return [*(day_start(day + ONE_DAY, zone) for day in sorted(asked)), LAST_INSTANT]


def summary_inputs(series: Series, zone: ZoneInfo) -> SummaryInputs:
    """What ``finish_summary`` needs for the days from the one before the last point to a month behind it."""
    days = _days_before(series.instants[-1], zone) if series.instants else ()
    return SummaryInputs(
        zone=zone.key,
        last_reading=_last_reading(series),
        last_point=_last_point(series),
        known_ends=[_known_end(series, day, zone) for day in days],
    )


def finish_summary(inputs: SummaryInputs, today: date) -> SummaryCards:
    """The cards of the local day ``today`` from stored inputs: what ``summary`` says of the series itself.

    Raises:
        LookupError: the inputs do not know a day that the cards ask for; where a meter was not read for more than a
            month that is the same date a year before.
    """
    zone = ZoneInfo(inputs.zone)
    last = inputs.last_point
    has_cards = last is not None and today >= _first_day(to_ms(last.date), zone)
    counter = _StoredCounter.of(inputs, last, zone).at if last is not None and has_cards else None
    return _cards(counter, today, inputs.last_reading, zone)


@dataclass(frozen=True, slots=True)
class _StoredCounter:
    """The counter by the stored inputs, counted from the last point."""

    known: dict[str, KnownEnd]
    last: int
    last_day: date
    slope: Fraction | None
    least_growth: Fraction | None
    zone: ZoneInfo

    @classmethod
    def of(cls, inputs: SummaryInputs, last: LastPoint, zone: ZoneInfo) -> "_StoredCounter":
        return cls(
            known={end.day: end for end in inputs.known_ends},
            last=to_ms(last.date),
            last_day=local_date(to_ms(last.date), zone),
            slope=None if last.growth_per_ms is None else Fraction(last.growth_per_ms),
            least_growth=None if last.least_growth is None else Fraction(last.least_growth),
            zone=zone,
        )

    def at(self, day: date) -> CounterEnd:
        """E(day): known before the day of the last point, then that point where it measures the end, then the slope."""
        if day < self.last_day:
            end = self.known[day.isoformat()]
            total = None if end.remaining is None else -Fraction(end.remaining)
            return CounterEnd(end.quality, to_ms(end.tau), total, end.beyond)
        boundary = day_start(day + ONE_DAY, self.zone)
        if is_measured(self.last, boundary, day, self.zone):
            return CounterEnd("measured", self.last, Fraction(0))
        return self._extrapolated(boundary, (day - self.last_day).days)

    def _extrapolated(self, boundary: int, beyond: int) -> CounterEnd:
        distance = boundary - self.last
        if self.slope is None or distance > HORIZON_MS:
            return CounterEnd("none", boundary, None)
        growth = self.slope * distance
        if self.least_growth is not None and growth < self.least_growth:
            return CounterEnd("none", boundary, None)
        return CounterEnd("extrapolated", boundary, growth, beyond)


def _first_day(last_point: int, zone: ZoneInfo) -> date:
    """The first day that has cards: a reading may be dated one day ahead."""
    return local_date(last_point, zone) - ONE_DAY


def _days_before(last_point: int, zone: ZoneInfo) -> Iterator[date]:
    """The days before that of the last point whose ends the cards ask for, of any day up to a month behind it."""
    first, last_day = _first_day(last_point, zone), local_date(last_point, zone)
    recent = {first - timedelta(days=ago) for ago in range(AVERAGE_DAYS + 1)}
    month_ends = {end_of_month_before(first, months) for months in range(MONTHS_BACK + 1)}
    year_ends = {date(first.year - years, 12, 31) for years in range(3)}
    year_ago = {a_year_before(first + timedelta(days=later)) for later in range(REACH_DAYS + 2)}
    return (day for day in sorted(recent | month_ends | year_ends | year_ago) if day < last_day)


def _days_beyond(series: Series, end: DayEnd, day: date, zone: ZoneInfo) -> int:
    """How many local days lie between an extrapolated end and the nearest point; 0 for other ends."""
    if end.quality != "extrapolated":
        return 0
    nearest = series.instants[-1] if series.instants[-1] < end.tau else series.instants[0]
    return abs((day - local_date(nearest, zone)).days)


def _known_end(series: Series, day: date, zone: ZoneInfo) -> KnownEnd:
    end = day_end(series, day, zone)
    remaining = None if end.total is None else series.total_at(len(series.instants) - 1) - end.total
    return KnownEnd(
        day=day.isoformat(),
        tau=to_datetime(end.tau),
        quality=end.quality,
        remaining=None if remaining is None else str(remaining),
        beyond=_days_beyond(series, end, day, zone),
    )


def _last_point(series: Series) -> LastPoint | None:
    if not series.instants:
        return None
    slope = forward_slope(series)
    can_end = slope is not None and slope < 0 and not series.modulus
    return LastPoint(
        date=to_datetime(series.instants[-1]),
        growth_per_ms=None if slope is None else str(slope),
        least_growth=str(-series.amount_at(len(series.instants) - 1)) if can_end else None,
    )


def _last_reading(series: Series) -> RegisterReading | None:
    if series.last is None:
        return None
    return RegisterReading(date=to_datetime(series.last), amount=rounded(series.last_amount()))


def _cards(counter: CounterAt | None, today: date, reading: RegisterReading | None, zone: ZoneInfo) -> SummaryCards:
    last_reading = None
    if reading is not None:
        age_days = (today - local_date(to_ms(reading.date), zone)).days
        last_reading = LastReading(date=reading.date, amount=reading.amount, age_days=age_days)
    return cards(counter, today, last_reading)
