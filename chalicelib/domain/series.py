"""The corrected counter of one meter (CALCULATION.md, 2): points, what each pair of them means, running sums.

A ``Series`` is prepared once and then answers by bisection, so that no question walks the readings. Amounts
are integers in units of ``1 / scale``, the finest step that any amount of the series needs: exact and fast.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import accumulate
from math import lcm
from typing import NamedTuple

from chalicelib.domain.readings import DAY_MS, MeterExchange, Reading

SLOPE_BASE_MS = DAY_MS


class Kind(StrEnum):
    """What happened between two neighbouring points."""

    NORMAL = "normal"
    RESET = "reset"
    ROLLOVER = "rollover"
    EXCHANGE = "exchange"
    DIP = "dip"


class Point(NamedTuple):
    """A reading, or one of the two points of an exchange; sorts in the order of the counter."""

    instant: int
    order: int
    amount: Decimal
    starts_new_meter: bool = False


class Increment(NamedTuple):
    """By how much the counter grew from the point before (in units of ``1 / scale``), and why."""

    amount: int
    kind: Kind


class Span(NamedTuple):
    """Start and end instants of all pairs of one kind, each ascending."""

    starts: list[int]
    ends: list[int]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The points of one meter, sorted, with their running sums. Make it with ``Series.of``."""

    instants: Sequence[int]
    amounts: Sequence[int]
    totals: Sequence[int]
    kinds: Sequence[Kind]
    scale: int
    modulus: int | None
    reading_instants: Sequence[int]
    spans: dict[Kind, Span]

    @classmethod
    def of(
        cls,
        readings: Iterable[Reading],
        exchanges: Iterable[MeterExchange] = (),
        modulus: Decimal | int | None = None,
    ) -> "Series":
        """One counter from readings and exchanges in any order; ``modulus`` is the register's, say 100000."""
        points = _points(readings, exchanges)
        amounts, scaled_modulus, scale = _scaled([point.amount for point in points], modulus)
        instants = [point.instant for point in points]
        increments = [
            increment(a, b, scaled_modulus, point.starts_new_meter)
            for a, b, point in zip(amounts, amounts[1:], points[1:], strict=False)
        ]
        kinds = [Kind.NORMAL, *(step.kind for step in increments)]
        return cls(
            instants=instants,
            amounts=amounts,
            totals=list(accumulate((step.amount for step in increments), initial=amounts[0])) if amounts else [],
            kinds=kinds[: len(points)],
            scale=scale,
            modulus=scaled_modulus,
            reading_instants=[point.instant for point in points if point.order == 0],
            spans=_spans(instants, kinds),
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

    def total_at(self, index: int) -> Fraction:
        """``U``, the corrected counter, at point ``index``."""
        return Fraction(self.totals[index], self.scale)

    def increment_of(self, index: int) -> int:
        """The increment of the pair that ends at point ``index``, in units of ``1 / scale``."""
        return self.totals[index] - self.totals[index - 1]

    def at_or_after(self, instant: int) -> int:
        """The index of the first point at or after ``instant``; the number of points if there is none."""
        return bisect_left(self.instants, instant)

    def forward_partner(self) -> int | None:
        """``j`` of the forward slope: the latest point at least 24 h before the last one."""
        if not self.instants:
            return None
        index = bisect_right(self.instants, self.instants[-1] - SLOPE_BASE_MS) - 1
        return index if index >= 0 else None

    def backward_partner(self) -> int | None:
        """``j`` of the backward slope: the earliest point at least 24 h after the first one."""
        if not self.instants:
            return None
        index = bisect_left(self.instants, self.instants[0] + SLOPE_BASE_MS)
        return index if index < len(self.instants) else None


def increment(a: int, b: int, modulus: int | None, starts_new_meter: bool) -> Increment:
    """Increment and kind of the pair (a, b); the first of the five rules that fits wins.

    Whole numbers instead of 0.9 and 0.1, so that the thresholds are exact.
    """
    if starts_new_meter:
        return Increment(0, Kind.EXCHANGE)
    if b >= a:
        return Increment(b - a, Kind.NORMAL)
    if modulus is not None and 10 * a >= 9 * modulus and 10 * b <= modulus:
        return Increment(modulus - a + b, Kind.ROLLOVER)
    if 10 * b >= 9 * a:
        return Increment(b - a, Kind.DIP)
    return Increment(b, Kind.RESET)


def _points(readings: Iterable[Reading], exchanges: Iterable[MeterExchange]) -> list[Point]:
    """All points in order; a reading at the very instant of an exchange belongs to the old meter."""
    points = [Point(instant, 0, amount) for instant, amount in readings]
    for number, (instant, final_old, initial_new) in enumerate(sorted(exchanges), start=1):
        points.append(Point(instant, 2 * number, final_old))
        points.append(Point(instant, 2 * number + 1, initial_new, starts_new_meter=True))
    return sorted(points)


def _scaled(amounts: list[Decimal], modulus: Decimal | int | None) -> tuple[list[int], int | None, int]:
    """Amounts and modulus as integers over one common denominator, which comes last."""
    ratios = [amount.as_integer_ratio() for amount in amounts]
    limit = None if modulus is None else modulus.as_integer_ratio()
    scale = lcm(*{denominator for _, denominator in ratios}, 1 if limit is None else limit[1])
    scaled = [numerator * (scale // denominator) for numerator, denominator in ratios]
    return scaled, None if limit is None else limit[0] * (scale // limit[1]), scale


def _spans(instants: list[int], kinds: list[Kind]) -> dict[Kind, Span]:
    """Where the pairs that are not normal lie, by kind."""
    spans: dict[Kind, Span] = {kind: Span([], []) for kind in Kind if kind is not Kind.NORMAL}
    for index, kind in enumerate(kinds):
        if kind is not Kind.NORMAL:
            spans[kind].starts.append(instants[index - 1])
            spans[kind].ends.append(instants[index])
    return spans
