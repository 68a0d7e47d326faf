"""The corrected counter of one meter (CALCULATION.md, 2): points, what each pair of them means, running sums.

A ``Series`` is prepared once and then answers by bisection, so that no question walks the readings. Amounts are whole
numbers of ``1 / scale``, the finest step that any amount needs: exact and fast. Nearly every pair only grows, so that
the running sum is the amount itself plus what the few other pairs before it have shifted; only these are kept.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import NamedTuple

from chalicelib.domain.readings import DAY_MS, MeterExchange, Reading
from chalicelib.domain.readings.compact import CompactReadings, decimals_of, packed, scaled

SLOPE_BASE_MS = 28 * DAY_MS  # a cold day is no forecast
SHORTEST_SLOPE_MS = DAY_MS


class Kind(StrEnum):
    """What happened between two neighbouring points."""

    NORMAL = "normal"
    RESET = "reset"
    ROLLOVER = "rollover"
    EXCHANGE = "exchange"
    DIP = "dip"


class Increment(NamedTuple):
    """The growth of the counter from the point before (in units of ``1 / scale``), and its reason."""

    amount: int
    kind: Kind


class Break(NamedTuple):
    """A pair that is not normal, by the point it ends at, and how far the counter moves away from the register."""

    place: int
    kind: Kind
    shift: int


class Span(NamedTuple):
    """Start and end instants of all pairs of one kind, each ascending."""

    starts: list[int]
    ends: list[int]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The points of one meter, sorted, with their running sums. Make it with ``Series.of``."""

    instants: Sequence[int]
    amounts: Sequence[int]
    scale: int
    modulus: int | None
    runs_backwards: bool
    reading_instants: Sequence[int]
    breaks: Sequence[Break]
    shifts: Sequence[int]  # the difference between counter and register, by number of breaks passed
    spans: dict[Kind, Span]

    @classmethod
    def of(
        cls,
        readings: CompactReadings | Iterable[Reading],
        exchanges: Iterable[MeterExchange] = (),
        modulus: Decimal | int | None = None,
        runs_backwards: bool = False,
    ) -> "Series":
        """One counter from readings and exchanges in any order.

        Args:
            readings: of one meter.
            exchanges: of the same meter.
            modulus: the register's, say 100000 where it has five digits; None: not known.
            runs_backwards: whether the register turns back when more is fed in than used.
        """
        compact = readings if isinstance(readings, CompactReadings) else CompactReadings.of(readings)
        ordered, limit = sorted(exchanges), None if modulus is None else Decimal(modulus)
        finest = [amount for exchange in ordered for amount in exchange[1:]] + ([] if limit is None else [limit])
        compact = compact.rescaled(max(compact.decimals, decimals_of(finest)))
        whole_modulus = None if limit is None else scaled(limit, compact.decimals)
        points = _Points.of(compact, ordered)
        if runs_backwards:
            points = points.with_candidates(_leaps(points, whole_modulus))
        breaks = list(_breaks(points, whole_modulus, runs_backwards))
        return cls(
            instants=points.instants,
            amounts=points.amounts,
            scale=10**compact.decimals,
            modulus=whole_modulus,
            runs_backwards=runs_backwards,
            reading_instants=compact.instants,
            breaks=breaks,
            shifts=list(accumulate((each.shift for each in breaks), initial=0)),
            spans=_spans(points.instants, breaks),
        )

    def __len__(self) -> int:
        """How many readings there are; the points of exchanges do not count."""
        return len(self.reading_instants)

    @property
    def first(self) -> int | None:
        """The instant of the first reading."""
        return self.reading_instants[0] if self.reading_instants else None

    @property
    def last(self) -> int | None:
        """The instant of the last reading."""
        return self.reading_instants[-1] if self.reading_instants else None

    def amount_at(self, index: int) -> Fraction:
        """What the register showed at point ``index``."""
        return Fraction(self.amounts[index], self.scale)

    def last_amount(self) -> Fraction:
        """What the register showed at the last reading. Points of an exchange at its instant may come before it."""
        index = self.at_or_after(self.reading_instants[-1])
        while index + 1 < len(self.instants) and self.kind_of(index + 1) is Kind.EXCHANGE:
            index += 2
        return self.amount_at(index)

    def total_at(self, index: int) -> Fraction:
        """``U``, the corrected counter, at point ``index``."""
        return Fraction(self.total_of(index), self.scale)

    def total_of(self, index: int) -> int:
        """The total in units of ``1 / scale``."""
        return self.amounts[index] + self.shifts[bisect_right(self.breaks, index, key=_place)]

    def increment_of(self, index: int) -> int:
        """The increment of the pair that ends at point ``index``, in units of ``1 / scale``."""
        return self.total_of(index) - self.total_of(index - 1)

    def kind_of(self, index: int) -> Kind:
        """What happened between point ``index`` and the one before."""
        place = bisect_left(self.breaks, index, key=_place)
        found = place < len(self.breaks) and self.breaks[place].place == index
        return self.breaks[place].kind if found else Kind.NORMAL

    def at_or_after(self, instant: int) -> int:
        """The index of the first point at or after ``instant``; the number of points if there is none."""
        return bisect_left(self.instants, instant)

    def forward_partner(self) -> int | None:
        """``j`` of the forward slope: the latest point at least 28 days before the last one.

        Where the series is shorter it is the first point, if that lies at least 24 h before the last one.
        """
        if not self.instants:
            return None
        last = self.instants[-1]
        index = bisect_right(self.instants, last - SLOPE_BASE_MS) - 1
        if index >= 0:
            return index
        return 0 if last - self.instants[0] >= SHORTEST_SLOPE_MS else None

    def backward_partner(self) -> int | None:
        """``j`` of the backward slope: the mirror image, from the first point."""
        if not self.instants:
            return None
        first = self.instants[0]
        index = bisect_left(self.instants, first + SLOPE_BASE_MS)
        if index < len(self.instants):
            return index
        return index - 1 if self.instants[-1] - first >= SHORTEST_SLOPE_MS else None


def increment(a: int, b: int, modulus: int | None, starts_new_meter: bool, runs_backwards: bool = False) -> Increment:
    """Increment and kind of the pair (a, b); the first of the seven rules that fits wins.

    Whole numbers instead of 0.9, 0.75 and 0.25, so that the thresholds are exact.
    """
    if starts_new_meter:
        return Increment(0, Kind.EXCHANGE)
    if runs_backwards and modulus is not None and 4 * a <= modulus and 4 * b >= 3 * modulus:
        return Increment(b - a - modulus, Kind.ROLLOVER)
    if b >= a:
        return Increment(b - a, Kind.NORMAL)
    if modulus is not None and 4 * a >= 3 * modulus and 4 * b <= modulus:
        return Increment(modulus - a + b, Kind.ROLLOVER)
    if runs_backwards:
        return Increment(b - a, Kind.NORMAL)
    if 10 * b >= 9 * a:
        return Increment(b - a, Kind.DIP)
    return Increment(b, Kind.RESET)


@dataclass(frozen=True, slots=True, eq=False)
class _Points:
    """Readings and the two points of each exchange in the order of the counter.

    ``begins`` are the places where a new meter begins; ``candidates`` all places whose pair may not be normal.
    """

    instants: Sequence[int]
    amounts: Sequence[int]
    begins: Sequence[int]
    candidates: Sequence[int]

    @classmethod
    def of(cls, readings: CompactReadings, exchanges: Sequence[MeterExchange]) -> "_Points":
        if not exchanges:
            return cls(readings.instants, readings.amounts, (), readings.falls)
        places = [_place_of(exchange, readings) for exchange in exchanges]
        instants, amounts, done = array("q"), list[int](), 0
        for place, (instant, final_old, initial_new) in zip(places, exchanges, strict=True):
            instants.extend([*readings.instants[done:place], instant, instant])
            shown = (scaled(final_old, readings.decimals), scaled(initial_new, readings.decimals))
            amounts.extend([*readings.amounts[done:place], *shown])
            done = place
        instants.extend(readings.instants[done:])
        amounts.extend(readings.amounts[done:])
        begins = [place + 2 * number + 1 for number, place in enumerate(places)]
        falls = [fall + 2 * bisect_right(places, fall) for fall in readings.falls]
        around = [begin + step for begin in begins for step in (-1, 0, 1)]
        inside = {place for place in (*falls, *around) if 0 < place < len(instants)}
        return cls(instants, packed(amounts), begins, sorted(inside))

    def with_candidates(self, places: Iterable[int]) -> "_Points":
        """Add pairs that may not be normal: those that begin a new meter, and these."""
        return replace(self, candidates=sorted({*self.begins, *places}))


def _place_of(exchange: MeterExchange, readings: CompactReadings) -> int:
    """Where the exchange comes among the readings.

    A reading at its very instant is of the meter whose register lies nearer, the old one if both are as near.
    """
    place = bisect_left(readings.instants, exchange.instant)
    if place == len(readings) or readings.instants[place] != exchange.instant:
        return place
    amount = readings.amounts[place]
    final_old, initial_new = (scaled(register, readings.decimals) for register in exchange[1:])
    return place + (abs(amount - final_old) <= abs(amount - initial_new))


def _leaps(points: _Points, modulus: int | None) -> list[int]:
    """Where a register that runs backwards may have passed zero: over half its size, in either direction."""
    if modulus is None:
        return []
    pairs = enumerate(pairwise(points.amounts), start=1)
    return [place for place, (a, b) in pairs if 2 * abs(b - a) >= modulus]


def _breaks(points: _Points, modulus: int | None, runs_backwards: bool) -> Iterator[Break]:
    begins = set(points.begins)
    for index in points.candidates:
        a, b = points.amounts[index - 1], points.amounts[index]
        step = increment(a, b, modulus, index in begins, runs_backwards)
        if step.kind is not Kind.NORMAL:
            yield Break(index, step.kind, step.amount - (b - a))


def _place(each: Break) -> int:
    return each.place


def _spans(instants: Sequence[int], breaks: Iterable[Break]) -> dict[Kind, Span]:
    """Where the pairs that are not normal lie, by kind."""
    spans: dict[Kind, Span] = {kind: Span([], []) for kind in Kind if kind is not Kind.NORMAL}
    for index, kind, _ in breaks:
        spans[kind].starts.append(instants[index - 1])
        spans[kind].ends.append(instants[index])
    return spans
