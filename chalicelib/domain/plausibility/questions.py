"""Questions about a count of a register that hardly fits the counts around it (CALCULATION.md, 9).

The corrected counter (``calculation.series``) says what each pair of counts means, so that an exchange, a rollover and
a register that runs backwards explain here what they explain there. What cannot be at all is refused by
``limits``; which counts lie around, and what is usual, the use case finds.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple
from zoneinfo import ZoneInfo

from chalicelib.domain.calculation.rounding import rounded
from chalicelib.domain.calculation.series import Kind, Series
from chalicelib.domain.errors import Doubt, ImplausibleReadingError, InvalidReadingError, Suggestion
from chalicelib.domain.meters.configuration import MeterConfiguration
from chalicelib.domain.plausibility.limits import check_amount, check_register
from chalicelib.domain.plausibility.typos import with_a_digit_changed
from chalicelib.domain.plausibility.usual import FLOOR, Usual, per_day, place_of
from chalicelib.domain.plausibility.words import (
    FAR_ABOVE_USUAL,
    HIGHER_THAN_NEXT,
    LOWER_THAN_PREVIOUS,
    Situation,
    count_at,
    sentences,
)
from chalicelib.domain.readings import (
    DAY_MS,
    EnergyType,
    MeterExchange,
    Reading,
    day_start,
    local_date,
)

FAR = 10


@dataclass(frozen=True, slots=True)
class Meter:
    """Data by which a meter's counts are judged. ``usual`` is asked only where it decides, or a question names it."""

    type: EnergyType
    configuration: MeterConfiguration
    zone: ZoneInfo
    usual: Callable[[], Usual]

    def series(self, readings: Iterable[Reading], *more: MeterExchange) -> Series:
        """The corrected counter of some of its readings, with ``more`` exchanges than are recorded."""
        known = self.configuration
        return Series.of(readings, (*known.points, *more), known.modulus, known.runs_backwards)


def ask_about_reading(reading: Reading, around: Sequence[Reading], meter: Meter) -> None:
    """Ask back about a reading that hardly fits.

    Args:
        reading: the new or changed one.
        around: the nearest readings before and after it.
        meter: which it is of.

    Raises:
        ImplausibleReadingError: the first of the three rules that asks.
    """
    _ask(_OfReading(reading, around, meter))


def ask_about_exchange(exchange: MeterExchange, around: Sequence[Reading], meter: Meter) -> None:
    """Ask back about an exchange: the old register against the count before it, the new one against the next.

    Args:
        exchange: the new or changed one; ``meter`` does not have it.
        around: the nearest readings before and after it, and the one at its instant.
        meter: which was exchanged.

    Raises:
        ImplausibleReadingError: the first of the three rules that asks.
    """
    _ask(_OfExchange(exchange, around, meter))


def question_about(series: Series, place: int, meter: Meter) -> tuple[str, int] | None:
    """The code of the first rule that asks about a point of a counter, and the place at which its pair ends.

    Args:
        series: the counter with the point and all around it.
        place: where the point is.
        meter: which it is of.
    """
    found = _first(series, _pairs_around(place), meter)
    return found and (found[0], found[1].place)


class _Pair(NamedTuple):
    """Two neighbouring points: the later one's place, the place that was sent, its field, and what a fall is called.

    ``grows``: whether the growth between them is judged too.
    """

    place: int
    given: int
    where: str
    falls: str
    grows: bool = True


@dataclass(frozen=True, slots=True)
class _OfReading:
    """A reading among those around it."""

    reading: Reading
    around: Sequence[Reading]
    meter: Meter

    def series(self) -> Series:
        return self.meter.series((*self.around, self.reading))

    def pairs(self, series: Series) -> list[_Pair]:
        return _pairs_around(place_of(series, self.reading.instant))

    def instead(self, where: str, amount: Decimal) -> "_OfReading":  # noqa: ARG002
        return _OfReading(self.reading._replace(amount=amount), self.around, self.meter)

    def untimed_exchange(self) -> int | None:
        """The instant of an exchange on the day of the reading that was given as a date."""
        day = local_date(self.reading.instant, self.meter.zone)
        known = {exchange.instant for exchange in self.meter.configuration.points}
        return day_start(day, self.meter.zone) if day_start(day, self.meter.zone) in known else None


@dataclass(frozen=True, slots=True)
class _OfExchange:
    """An exchange among the readings around it."""

    exchange: MeterExchange
    around: Sequence[Reading]
    meter: Meter

    def series(self) -> Series:
        return self.meter.series(self.around, self.exchange)

    def pairs(self, series: Series) -> list[_Pair]:
        first = series.at_or_after(self.exchange.instant)
        final = first if series.kind_of(first + 1) is Kind.EXCHANGE else first + 1
        return [
            _Pair(final, final, "finalOld", LOWER_THAN_PREVIOUS),
            _Pair(final + 2, final + 1, "initialNew", HIGHER_THAN_NEXT),
        ]

    def instead(self, where: str, amount: Decimal) -> "_OfExchange":
        known = self.exchange
        changed = known._replace(final_old=amount) if where == "finalOld" else known._replace(initial_new=amount)
        return _OfExchange(changed, self.around, self.meter)

    def untimed_exchange(self) -> int | None:
        """Its own instant where it was given as a date and there is a reading on that day."""
        instant, zone = self.exchange.instant, self.meter.zone
        day = local_date(instant, zone)
        read_then = any(local_date(reading.instant, zone) == day for reading in self.around)
        return instant if read_then and instant == day_start(day, zone) else None


_Sent = _OfReading | _OfExchange


def _ask(sent: _Sent) -> None:
    series = sent.series()
    found = _first(series, sent.pairs(series), sent.meter)
    if found is None:
        return
    code, pair = found
    usual = sent.meter.usual()
    doubt = Doubt(
        code=code,
        where=pair.where,
        given=count_at(series, pair.given),
        previous=count_at(series, pair.given - 1) if _has_previous(series, pair.given) else None,
        following=count_at(series, pair.given + 1) if _has_following(series, pair.given) else None,
        usual_per_day=rounded(usual.per_day),
        suggestion=_suggestion(sent, series, pair, usual),
        exchange=sent.untimed_exchange(),
    )
    situation = Situation(series, pair.place, sent.meter.type, sent.meter.zone, usual.known)
    raise ImplausibleReadingError(doubt, " ".join(sentences(doubt, situation)))


def _pairs_around(place: int) -> list[_Pair]:
    return [
        _Pair(place, place, "amount", LOWER_THAN_PREVIOUS),
        _Pair(place + 1, place, "amount", HIGHER_THAN_NEXT, grows=False),
    ]


def _first(series: Series, pairs: Sequence[_Pair], meter: Meter) -> tuple[str, _Pair] | None:
    """The first question: what falls comes before what grows too fast, because it needs no look at the past."""
    known = [pair for pair in pairs if 0 < pair.place < len(series.instants)]
    for pair in known:
        if series.kind_of(pair.place) in (Kind.DIP, Kind.RESET):
            return pair.falls, pair
    for pair in known:
        growth = per_day(series, pair.place - 1, pair.place)
        if pair.grows and growth > FLOOR[meter.type] and growth > FAR * meter.usual().per_day:
            return FAR_ABOVE_USUAL, pair
    return None


def _has_previous(series: Series, place: int) -> bool:
    """A new meter has nothing before its first count."""
    return place > 0 and series.kind_of(place) is not Kind.EXCHANGE


def _has_following(series: Series, place: int) -> bool:
    """An old meter has nothing after its last count."""
    return place + 1 < len(series.instants) and series.kind_of(place + 1) is not Kind.EXCHANGE


def _suggestion(sent: _Sent, series: Series, pair: _Pair, usual: Usual) -> Suggestion | None:
    """Of all amounts with a digit more or less that fit on either side the likeliest.

    That is one of two equal digits side by side, then what lies nearest to what is expected.
    """
    expected = _expected(series, pair.given, usual)

    def likelihood(typo: tuple[Suggestion, bool]) -> tuple[bool, Fraction]:
        changed, doubled = typo
        return not doubled, abs(Fraction(changed.amount) - expected)

    typos = with_a_digit_changed(count_at(series, pair.given)[1])
    fitting = [typo for typo in typos if _fits(sent.instead(pair.where, typo[0].amount), typo[0].amount)]
    return min(fitting, key=likelihood)[0] if fitting else None


def _fits(sent: _Sent, amount: Decimal) -> bool:
    try:
        check_amount(amount)
        check_register(sent.meter.configuration.modulus, amount=amount)
    except InvalidReadingError:
        return False
    series = sent.series()
    return _first(series, [pair._replace(grows=True) for pair in sent.pairs(series)], sent.meter) is None


def _expected(series: Series, place: int, usual: Usual) -> Fraction:
    """On the line between both neighbours; beside the only one as far away as usual."""
    if not _has_previous(series, place):
        return series.amount_at(place + 1) - usual.per_day * _days(series, place, place + 1)
    before = series.amount_at(place - 1)
    if not _has_following(series, place):
        return before + usual.per_day * _days(series, place - 1, place)
    whole = _days(series, place - 1, place + 1)
    return before + (series.amount_at(place + 1) - before) * _days(series, place - 1, place) / whole


def _days(series: Series, first: int, last: int) -> Fraction:
    return Fraction(series.instants[last] - series.instants[first], DAY_MS)
