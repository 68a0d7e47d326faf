"""Section 2: the corrected counter."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Reading:
    """Section 1: an instant and what the register showed then."""

    at_ms: int
    amount: Fraction


@dataclass(frozen=True)
class Exchange:
    """Section 1: at this instant the old meter showed `final_old` and the new one `initial_new`."""

    at_ms: int
    final_old: Fraction
    initial_new: Fraction = Fraction(0)


@dataclass(frozen=True)
class Meter:
    """Section 1: everything that is known about one meter of one user."""

    readings: Sequence[Reading]
    exchanges: Sequence[Exchange] = ()
    modulus: Fraction | None = None
    runs_backwards: bool = False
    zone: str = "Europe/Berlin"


@dataclass(frozen=True)
class Point:
    """Section 2: one point of the series; `increment` and `kind` are those of the pair that it ends."""

    at_ms: int
    amount: Fraction
    counter: Fraction
    increment: Fraction
    kind: str  # "first", "exchange", "rollover", "normal", "dip", "reset"


@dataclass(frozen=True)
class _Mark:
    """A point before its counter is known."""

    at_ms: int
    amount: Fraction
    is_initial_new: bool


def _marks_of_an_exchange(exchange: Exchange, reading: Reading | None) -> list[_Mark]:
    """Section 2: first `final_old`, then `initial_new`; a reading of that very instant before or behind both."""
    marks = [
        _Mark(exchange.at_ms, exchange.final_old, is_initial_new=False),
        _Mark(exchange.at_ms, exchange.initial_new, is_initial_new=True),
    ]
    if reading is None:
        return marks
    own = _Mark(reading.at_ms, reading.amount, is_initial_new=False)
    to_the_old = abs(reading.amount - exchange.final_old)
    to_the_new = abs(reading.amount - exchange.initial_new)
    return [own, *marks] if to_the_old <= to_the_new else [*marks, own]


def _marks_in_order(meter: Meter) -> list[_Mark]:
    """Section 2: sort by instant."""
    readings = {reading.at_ms: reading for reading in meter.readings}
    exchanges = {exchange.at_ms: exchange for exchange in meter.exchanges}
    marks: list[_Mark] = []
    for instant in sorted(readings.keys() | exchanges.keys()):
        if instant in exchanges:
            marks += _marks_of_an_exchange(exchanges[instant], readings.get(instant))
        else:
            marks.append(_Mark(instant, readings[instant].amount, is_initial_new=False))
    return marks


def _increment(before: _Mark, after: _Mark, meter: Meter) -> tuple[Fraction, str]:
    """Section 2: the first of the seven rules that fits wins."""
    a, b, modulus = before.amount, after.amount, meter.modulus
    if after.is_initial_new:  # 1
        return Fraction(0), "exchange"
    if meter.runs_backwards and modulus is not None and a <= modulus / 4 and b >= modulus * 3 / 4:  # 2
        return b - a - modulus, "rollover"
    if b >= a:  # 3
        return b - a, "normal"
    if modulus is not None and a >= modulus * 3 / 4 and b <= modulus / 4:  # 4
        return modulus - a + b, "rollover"
    return _decrease(a, b, meter.runs_backwards)


def _decrease(a: Fraction, b: Fraction, runs_backwards: bool) -> tuple[Fraction, str]:
    """Section 2, rules 5 to 7: the register shows less, and it did not roll over."""
    if runs_backwards:  # 5
        return b - a, "normal"
    if b >= a * Fraction(9, 10):  # 6
        return b - a, "dip"
    return b, "reset"  # 7


def corrected_counter(meter: Meter) -> list[Point]:
    """Section 2: `U` is the running sum of increments from the first amount."""
    marks = _marks_in_order(meter)
    points: list[Point] = []
    for position, mark in enumerate(marks):
        if position == 0:
            points.append(Point(mark.at_ms, mark.amount, mark.amount, Fraction(0), "first"))
            continue
        increment, kind = _increment(marks[position - 1], mark, meter)
        points.append(Point(mark.at_ms, mark.amount, points[-1].counter + increment, increment, kind))
    return points
