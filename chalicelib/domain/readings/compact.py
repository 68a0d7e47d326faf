"""The readings of one meter as packed columns: what a calculation runs on, and what is kept beside its results.

Two columns of numbers instead of a list of objects: 100,000 readings are 1.6 MB and are sliced, joined and searched
without a loop in Python. ``series`` says what the readings mean; the repositories say how they are stored.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from itertools import accumulate
from operator import lt
from typing import TypeAlias

from chalicelib.domain.readings import Reading, to_datetime, to_ms

Column: TypeAlias = "array[int] | list[int]"
USUAL_DECIMALS = 3  # parts of one series mostly agree then, and are joined unchanged
_EXACT = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX)


@dataclass(frozen=True, slots=True, eq=False)
class CompactReadings:
    """Readings in the order of their instants.

    ``amounts`` are whole numbers of ``10 ** -decimals``; packed where they fit into 64 bits, else a list. ``falls`` are
    the positions whose amount is below the one before: the register has done something else there than grow.
    """

    instants: "array[int]"
    amounts: Column
    decimals: int
    falls: Sequence[int]

    @classmethod
    def of(cls, readings: Iterable[Reading]) -> "CompactReadings":
        """Readings in any order."""
        ordered = sorted(readings)
        values = [reading.amount for reading in ordered]
        decimals = decimals_of(values)
        amounts = packed([scaled(value, decimals) for value in values])
        return cls(array("q", [reading.instant for reading in ordered]), amounts, decimals, falls_in(amounts))

    @classmethod
    def joined(cls, parts: Iterable["CompactReadings"]) -> "CompactReadings":
        """Parts that follow each other, as one."""
        filled = [part for part in parts if part.instants]
        decimals = max((part.decimals for part in filled), default=USUAL_DECIMALS)
        instants, amounts = array("q"), _joined([part.rescaled(decimals).amounts for part in filled])
        for part in filled:
            instants.extend(part.instants)
        starts = list(accumulate((len(part) for part in filled), initial=0))
        falls = [start + fall for part, start in zip(filled, starts, strict=False) for fall in part.falls]
        seams = [start for start in starts[1:-1] if amounts[start] < amounts[start - 1]]
        return cls(instants, amounts, decimals, sorted([*falls, *seams]))

    def __len__(self) -> int:
        """How many readings there are."""
        return len(self.instants)

    def __iter__(self) -> Iterator[Reading]:
        """The readings as such."""
        for instant, amount in zip(self.instants, self.amounts, strict=True):
            yield Reading(instant, Decimal(amount).scaleb(-self.decimals, _EXACT))

    def __eq__(self, other: object) -> bool:
        """The same readings and the same falls, in whichever unit the amounts are kept."""
        if not isinstance(other, CompactReadings):
            return NotImplemented
        decimals = max(self.decimals, other.decimals)
        ours, theirs = (each.rescaled(decimals).amounts for each in (self, other))
        alike = ours == theirs if type(ours) is type(theirs) else list(ours) == list(theirs)
        return alike and self.instants == other.instants and list(self.falls) == list(other.falls)

    def amount_at(self, place: int) -> Decimal:
        """The amount of one reading."""
        return Decimal(self.amounts[place]).scaleb(-self.decimals, _EXACT)

    @property
    def highest(self) -> Decimal:
        """The highest amount; 0 where there is none."""
        return Decimal(max(self.amounts, default=0)).scaleb(-self.decimals, _EXACT)

    def with_readings(self, readings: Iterable[Reading]) -> "CompactReadings":
        """Add readings; one at a known instant takes the place of the one there."""
        more = CompactReadings.of(readings)
        if not self.instants:
            return more
        decimals = max(self.decimals, more.decimals)
        known, added = self.rescaled(decimals), more.rescaled(decimals)
        points = dict(zip(known.instants, known.amounts, strict=True)) | dict(
            zip(added.instants, added.amounts, strict=True)
        )
        instants = array("q", sorted(points))
        amounts = packed([points[instant] for instant in instants])
        return CompactReadings(instants, amounts, decimals, falls_in(amounts))

    def only(self, places: Sequence[int]) -> "CompactReadings":
        """The readings at some places, which ascend."""
        instants = array("q", [self.instants[place] for place in places])
        amounts = packed([self.amounts[place] for place in places])
        return CompactReadings(instants, amounts, self.decimals, falls_in(amounts))

    def before(self, instant: int) -> int:
        """The place of the last reading before an instant; -1 where there is none."""
        return bisect_left(self.instants, instant) - 1

    def between(self, first: int, last: int) -> "CompactReadings":
        """The readings from one instant to another, both included."""
        return self._part(bisect_left(self.instants, first), bisect_right(self.instants, last))

    def rescaled(self, decimals: int) -> "CompactReadings":
        """Convert to a finer unit."""
        if decimals == self.decimals:
            return self
        factor = 10 ** (decimals - self.decimals)
        amounts = packed([amount * factor for amount in self.amounts])
        return CompactReadings(self.instants, amounts, decimals, self.falls)

    def with_range(self, first: int, last: int, readings: "CompactReadings") -> "CompactReadings":
        """Replace what lies between two instants, both included, by ``readings``."""
        return self.with_ranges([((first, last), readings)])

    def with_ranges(self, ranges: Iterable[tuple[tuple[int, int], "CompactReadings"]]) -> "CompactReadings":
        """Replace what lies in each of some ranges; these are in order, and none meets another."""
        parts, done = list[CompactReadings](), 0
        for (first, last), readings in ranges:
            parts += [self._part(done, bisect_left(self.instants, first)), readings]
            done = bisect_right(self.instants, last)
        return CompactReadings.joined([*parts, self._part(done, len(self))])

    def by_year(self, first: int, last: int) -> Iterator[tuple[int, "CompactReadings"]]:
        """The parts of the years (UTC) from ``first`` to ``last`` that have readings."""
        if not self.instants:
            return
        first, last = max(first, utc_year(self.instants[0])), min(last, utc_year(self.instants[-1]))
        for year in range(first, last + 1):
            bounds = (bisect_left(self.instants, _start(each)) for each in (year, year + 1))
            part = self._part(*bounds)
            if part.instants:
                yield year, part

    def pieces(self, size: int) -> Iterator["CompactReadings"]:
        """The readings in order, ``size`` at a time."""
        for start in range(0, len(self), size):
            yield self._part(start, min(start + size, len(self)))

    def _part(self, start: int, end: int) -> "CompactReadings":
        inside = self.falls[bisect_right(self.falls, start) : bisect_left(self.falls, end)]
        falls = [fall - start for fall in inside]
        return CompactReadings(self.instants[start:end], self.amounts[start:end], self.decimals, falls)


def packed(numbers: list[int]) -> Column:
    """A packed column where every number fits into 64 bits, else the list itself."""
    try:
        return array("q", numbers)
    except OverflowError:
        return numbers


def falls_in(amounts: Sequence[int]) -> Sequence[int]:
    """The places whose amount is below the one before."""
    return [place for place, falls in enumerate(map(lt, amounts[1:], amounts), start=1) if falls]


def decimals_of(values: Iterable[Decimal]) -> int:
    """How many decimals write all the values exactly, and at least the usual ones."""
    return max((_decimals(value) for value in values), default=USUAL_DECIMALS)


def scaled(value: Decimal, decimals: int) -> int:
    """A value as a whole number of ``10 ** -decimals``, exactly."""
    return int(value.scaleb(decimals, _EXACT))


def utc_year(instant: int) -> int:
    """The year of an instant in UTC."""
    return to_datetime(instant).year


def _decimals(value: Decimal) -> int:
    text = str(value)
    point = text.find(".")
    if len(text) - point - 1 <= USUAL_DECIMALS or (point < 0 and text.isdecimal()):  # nearly always, and quickly
        return USUAL_DECIMALS
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int), "amounts are finite"  # noqa: S101
    if exponent < -USUAL_DECIMALS:  # as 1.5000 is not finer than 1.5
        exponent = int(value.normalize(_EXACT).as_tuple().exponent)
    return max(USUAL_DECIMALS, -exponent)


def _joined(columns: Sequence[Column]) -> Column:
    whole: Column = array("q") if all(isinstance(column, array) for column in columns) else []
    for column in columns:
        whole.extend(column)
    return whole


def _start(year: int) -> int:
    return to_ms(datetime(year, 1, 1, tzinfo=UTC))
