"""Section 3: the value at the end of a day, and so at the end of a month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from tests.by_the_book.counter import Meter, Point
from tests.by_the_book.numbers_and_times import DAY_MS, HOUR_MS, first_instant_of

WINDOW_MS = 12 * HOUR_MS
HORIZON_MS = 92 * DAY_MS
SLOPE_BASE_MS = 28 * DAY_MS
SLOPE_AT_LEAST_MS = 24 * HOUR_MS


@dataclass(frozen=True)
class End:
    """Section 3: `V` (shown) and `U` (counter) at the boundary `B`, how good they are and what they come from.

    `sources` are in order: the one point that measures, the two around an interpolated end, or slope partner and end of
    the series. `nearest` is the end of the series that an extrapolation starts from.
    """

    boundary_ms: int
    quality: str  # "measured", "interpolated", "extrapolated", "none"
    shown: Fraction | None = None
    counter: Fraction | None = None
    sources: tuple[Point, ...] = ()
    nearest: Point | None = None

    @property
    def tau_ms(self) -> int:
        """Section 4: the instant of the reading that measures the end, else the boundary."""
        return self.sources[0].at_ms if self.quality == "measured" else self.boundary_ms


def last_date_of_month(year: int, month: int) -> date:
    """Section 3: `L`."""
    first_of_the_next = date(year + 1, 1, 1) if month == 12 else date(year, month + 1, 1)
    return first_of_the_next - timedelta(days=1)


def end_of_month(points: Sequence[Point], meter: Meter, year: int, month: int) -> End:
    """Section 3: the end of a month is the end of its last local date."""
    return end_of_local_date(points, meter, last_date_of_month(year, month))


def end_of_local_date(points: Sequence[Point], meter: Meter, day: date) -> End:
    """Section 3, with any day in place of `L` (section 10): the first rule that fits."""
    boundary = first_instant_of(day + timedelta(days=1), meter.zone)
    end = (
        _measured(points, boundary, first_instant_of(day, meter.zone))
        or _interpolated(points, boundary, meter)
        or _extrapolated_forwards(points, boundary, meter)
        or _extrapolated_backwards(points, boundary, meter)
    )
    return end or End(boundary, "none")  # 3.4


def _measured(points: Sequence[Point], boundary: int, midnight_of_the_day: int) -> End | None:
    """Section 3.1."""
    candidates = [point for point in points if abs(point.at_ms - boundary) <= WINDOW_MS]
    before = [point for point in points if point.at_ms < boundary]
    if before and before[-1].at_ms == midnight_of_the_day:
        candidates.append(before[-1])
    if not candidates:
        return None
    least = min(abs(point.at_ms - boundary) for point in candidates)
    nearest = [point for point in candidates if abs(point.at_ms - boundary) == least]
    latest = max(point.at_ms for point in nearest)
    chosen = [point for point in nearest if point.at_ms == latest][-1]
    return End(boundary, "measured", chosen.amount, chosen.counter, (chosen,))


def _interpolated(points: Sequence[Point], boundary: int, meter: Meter) -> End | None:
    """Section 3.2."""
    before = [point for point in points if point.at_ms < boundary]
    behind = [point for point in points if point.at_ms >= boundary]
    if not before or not behind:
        return None
    a, b = before[-1], behind[0]
    ratio = Fraction(boundary - a.at_ms, b.at_ms - a.at_ms)
    if b.kind == "reset":
        shown = ratio * b.amount
    elif b.kind == "rollover":
        assert meter.modulus is not None
        shown = (a.amount + ratio * b.increment) % meter.modulus
    else:
        shown = a.amount + ratio * (b.amount - a.amount)
    return End(boundary, "interpolated", shown, a.counter + ratio * b.increment, (a, b))


def _slope(earlier: Point, later: Point, meter: Meter) -> Fraction:
    """Section 3.3: `s`, at least 0 unless the meter runs backwards."""
    slope = (later.counter - earlier.counter) / (later.at_ms - earlier.at_ms)
    return slope if meter.runs_backwards else max(slope, Fraction(0))


def _within_the_register(shown: Fraction, meter: Meter) -> Fraction | None:
    """Section 3.3, the last sentence: modulo M, or no value at all."""
    if meter.modulus is not None and shown >= meter.modulus:
        return shown % meter.modulus
    if meter.modulus is not None and shown < 0 and meter.runs_backwards:
        return shown % meter.modulus
    return None if shown < 0 else shown


def slope_forwards(points: Sequence[Point], meter: Meter) -> tuple[Point, Fraction] | None:
    """Section 3.3: `j` and `s` of the last point; none without a point at least 24 h before it."""
    n = points[-1]
    far_enough = [point for point in points if n.at_ms - point.at_ms >= SLOPE_BASE_MS]
    j = far_enough[-1] if far_enough else points[0]
    return None if n.at_ms - j.at_ms < SLOPE_AT_LEAST_MS else (j, _slope(j, n, meter))


def _extrapolated_forwards(points: Sequence[Point], boundary: int, meter: Meter) -> End | None:
    """Section 3.3, forwards: all points are earlier."""
    if not points or points[-1].at_ms >= boundary:
        return None
    n = points[-1]
    line = slope_forwards(points, meter)
    if line is None or boundary - n.at_ms > HORIZON_MS:
        return None
    j, slope = line
    gain = slope * (boundary - n.at_ms)
    shown = _within_the_register(n.amount + gain, meter)
    if shown is None:
        return None
    return End(boundary, "extrapolated", shown, n.counter + gain, (j, n), nearest=n)


def _extrapolated_backwards(points: Sequence[Point], boundary: int, meter: Meter) -> End | None:
    """Section 3.3, backwards: the mirror image, all points are later."""
    if not points or points[0].at_ms <= boundary:
        return None
    n = points[0]
    if n.at_ms - boundary > HORIZON_MS:
        return None
    far_enough = [point for point in points if point.at_ms - n.at_ms >= SLOPE_BASE_MS]
    j = far_enough[0] if far_enough else points[-1]
    if j.at_ms - n.at_ms < SLOPE_AT_LEAST_MS:
        return None
    gain = _slope(n, j, meter) * (n.at_ms - boundary)
    shown = _within_the_register(n.amount - gain, meter)
    if shown is None:
        return None
    return End(boundary, "extrapolated", shown, n.counter - gain, (n, j), nearest=n)
