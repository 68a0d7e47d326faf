"""What is displayed of a meter, calculated slowly from CALCULATION.md's text (version 1), sentence by sentence.

Uses nothing of the project: what both say is probably right. Instants are UTC milliseconds, amounts fractions. The
results are the ``data`` of the display documents: ``Decimal`` with three decimals, aware datetimes, texts.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
DAY_MS = 24 * 3600 * 1000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HORIZON_MS = 366 * DAY_MS
LABELS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
METHODS = {"measured": "actual", "interpolated": "interpolated", "extrapolated": "extrapolated", "none": "none"}
BEST_TO_WORST = tuple(METHODS)
FLAGS = ("reset", "rollover", "exchange", "dip", "negative")
BUCKETS = 100

Views = dict[tuple[str, int | None], dict[str, Any]]


class Read(NamedTuple):
    """A reading."""

    instant: int
    amount: Fraction


class Exchanged(NamedTuple):
    """A meter exchange."""

    instant: int
    final_old: Fraction
    initial_new: Fraction


class Meter(NamedTuple):
    """All that the figures of a meter depend on."""

    readings: Sequence[Read]
    exchanges: Sequence[Exchanged]
    modulus: Fraction | None
    zone: ZoneInfo
    tolerance: int


class Point(NamedTuple):
    """A point of the corrected counter: where, the register, the counter, and what came before it."""

    instant: int
    amount: Fraction
    counter: Fraction
    kind: str


class End(NamedTuple):
    """The end of a local day."""

    quality: str
    value: Fraction | None
    counter: Fraction | None
    tau: int
    sources: tuple[Point, ...] = ()
    ratio: Fraction | None = None


def views(meter: Meter) -> Views:
    """The data of every document that should be stored."""
    points = walk(meter)
    months: Views = {("monthly", year): monthly(points, meter, year) for year in years(meter)}
    return {**months, ("histogram", None): histogram(meter), ("summary", None): summary(points, meter)}


def years(meter: Meter) -> range:
    """From the local year of the first reading to that of the last."""
    if not meter.readings:
        return range(0)
    local = [day_of(reading.instant, meter.zone).year for reading in meter.readings]
    return range(min(local), max(local) + 1)


def walk(meter: Meter) -> list[Point]:
    """Section 2: the points in order, a reading before an exchange at its instant."""
    raw = [(reading.instant, 0, reading.amount, False) for reading in meter.readings]
    for number, exchange in enumerate(sorted(meter.exchanges)):
        raw.append((exchange.instant, 1 + 2 * number, exchange.final_old, False))
        raw.append((exchange.instant, 2 + 2 * number, exchange.initial_new, True))
    points: list[Point] = []
    for instant, _, amount, begins in sorted(raw):
        growth, kind = step(points[-1].amount, amount, begins, meter.modulus) if points else (amount, "first")
        counter = points[-1].counter if points else Fraction(0)
        points.append(Point(instant, amount, counter + growth, kind))
    return points


def step(a: Fraction, b: Fraction, begins: bool, modulus: Fraction | None) -> tuple[Fraction, str]:
    """Increment and kind of a pair: the first rule that fits."""
    if begins:
        return Fraction(0), "exchange"
    if b >= a:
        return b - a, "normal"
    if modulus is not None and a >= Fraction(9, 10) * modulus and b <= Fraction(1, 10) * modulus:
        return modulus - a + b, "rollover"
    if b >= Fraction(9, 10) * a:
        return b - a, "dip"
    return b, "reset"


def day_end(points: list[Point], last: date, meter: Meter) -> End:
    """Section 3: the register at the end of a local day."""
    near = list(_near(points, last, meter))
    if near:
        point = max(near)[-1]
        return End("measured", point.amount, point.counter, point.instant, (point,))
    boundary = midnight(last + DAY, meter.zone)
    earlier = [point for point in points if point.instant < boundary]
    later = [point for point in points if point.instant >= boundary]
    if earlier and later:
        return _between(earlier[-1], later[0], boundary, meter.modulus)
    if earlier:
        return _beyond(earlier[-1], [p for p in earlier if earlier[-1].instant - p.instant >= DAY_MS][-1:], boundary)
    if later:
        return _beyond(later[0], [p for p in later if p.instant - later[0].instant >= DAY_MS][:1], boundary)
    return End("none", None, None, boundary)


def _near(points: list[Point], last: date, meter: Meter) -> Iterator[tuple[int, int, int, Point]]:
    for order, point in enumerate(points):
        day = day_of(point.instant, meter.zone)
        distance = (last - day).days if day <= last else (day - (last + DAY)).days
        if distance <= meter.tolerance:
            yield -distance, point.instant, order, point


def _between(a: Point, b: Point, boundary: int, modulus: Fraction | None) -> End:
    ratio = Fraction(boundary - a.instant, b.instant - a.instant)
    growth = ratio * (b.counter - a.counter)
    value = ratio * b.amount if b.kind == "reset" else a.amount + growth
    if b.kind == "rollover" and modulus is not None and value >= modulus:
        value -= modulus
    return End("interpolated", value, a.counter + growth, boundary, (a, b), ratio)


def _beyond(near: Point, partner: list[Point], boundary: int) -> End:
    nothing = End("none", None, None, boundary)
    if not partner or abs(boundary - near.instant) > HORIZON_MS:
        return nothing
    growth = slope(near, partner[0]) * (boundary - near.instant)
    if near.amount + growth < 0:
        return nothing
    first, second = sorted((near, partner[0]), key=lambda point: point.instant)
    return End("extrapolated", near.amount + growth, near.counter + growth, boundary, (first, second))


def slope(one: Point, other: Point) -> Fraction:
    """Growth per millisecond, at least 0."""
    return max(Fraction(0), (one.counter - other.counter) / (one.instant - other.instant))


def monthly(points: list[Point], meter: Meter, year: int) -> dict[str, Any]:
    """Sections 4 and 5."""
    ends = [day_end(points, month_end(year, month), meter) for month in range(13)]
    return {"year": year, "months": [_entry(points, n, a, b) for n, (a, b) in enumerate(pairwise(ends), start=1)]}


def _entry(points: list[Point], month: int, before: End, end: End) -> dict[str, Any]:
    used = None if before.counter is None or end.counter is None else end.counter - before.counter
    quality = None if used is None else max(before.quality, end.quality, key=BEST_TO_WORST.index)
    return {
        "month": month,
        "monthLabel": LABELS[month - 1],
        "meterReading": rounded(end.value),
        "consumption": rounded(used),
        "quality": end.quality,
        "consumptionQuality": quality,
        "isActual": end.quality == "measured",
        "isInterpolated": end.quality == "interpolated",
        "isExtrapolated": end.quality == "extrapolated",
        "isDerived": quality not in (None, "measured"),
        "flags": [] if used is None else _flags(points, before.tau, end.tau, used),
        "calculationDetails": _details(end),
    }


def _flags(points: list[Point], after: int, until: int, used: Fraction) -> list[str]:
    found = {"negative"} if used < 0 else set()
    for a, b in pairwise(points):
        contributes = after < b.instant <= until if b.kind == "exchange" else a.instant < until and b.instant > after
        found |= {b.kind} if contributes else set()
    return [flag for flag in FLAGS if flag in found]


def _details(end: End) -> dict[str, Any]:
    sources = [{"date": moment(point.instant), "amount": rounded(point.amount)} for point in end.sources]
    instants = [point.instant for point in end.sources]
    return {
        "method": METHODS[end.quality],
        "sourceReadings": sources,
        "interpolationRatio": rounded(end.ratio),
        "spanDays": rounded(Fraction(instants[-1] - instants[0], DAY_MS)) if len(instants) > 1 else None,
    }


def histogram(meter: Meter) -> dict[str, Any]:
    """Section 6, from the first to the last reading."""
    times = sorted(reading.instant for reading in meter.readings)
    if not times:
        return {"buckets": [], "maxCount": 0, "dateRange": None}
    start, width = times[0], times[-1] - times[0]
    counts = [0] * BUCKETS
    for time in times:
        counts[min(BUCKETS - 1, (time - start) * BUCKETS // width) if width else 0] += 1
    edges = [moment(start - (-i * width // BUCKETS)) for i in range(BUCKETS + 1)]
    buckets = [{"startDate": a, "endDate": b, "count": n} for (a, b), n in zip(pairwise(edges), counts, strict=True)]
    return {"buckets": buckets, "maxCount": max(counts), "dateRange": {"min": edges[0], "max": edges[-1]}}


def summary(points: list[Point], meter: Meter) -> dict[str, Any]:
    """The stored inputs of the cards: what any day from the one before the last point on can need."""
    last = max(meter.readings, default=None)
    return {
        "zone": meter.zone.key,
        "toleranceDays": meter.tolerance,
        "lastReading": last and {"date": moment(last.instant), "amount": rounded(last.amount)},
        "lastPoint": _last_point(points),
        "knownEnds": [_known_end(points, day, meter) for day in _known_days(points, meter.zone)],
    }


def _last_point(points: list[Point]) -> dict[str, Any] | None:
    if not points:
        return None
    last = points[-1]
    partners = [point for point in points if last.instant - point.instant >= DAY_MS]
    growth = str(slope(last, partners[-1])) if partners else None
    return {"date": moment(last.instant), "growthPerMs": growth}


def _known_days(points: list[Point], zone: ZoneInfo) -> list[date]:
    if not points:
        return []
    last = day_of(points[-1].instant, zone)
    first = last - DAY
    recent = {first - timedelta(days=ago) for ago in range(31)}
    month_ends = {month_end(first.year, first.month - ago) for ago in range(15)}
    return sorted(day for day in recent | month_ends if day < last)


def _known_end(points: list[Point], day: date, meter: Meter) -> dict[str, Any]:
    end = day_end(points, day, meter)
    remaining = None if end.counter is None else str(points[-1].counter - end.counter)
    return {"day": day.isoformat(), "tau": moment(end.tau), "quality": end.quality, "remaining": remaining}


def month_end(year: int, month: int) -> date:
    """The last day of a month; month 0 is December of the year before, -1 November, and so on."""
    following = year * 12 + month
    return date(following // 12, following % 12 + 1, 1) - DAY


def midnight(day: date, zone: ZoneInfo) -> int:
    """The instant at which a local day begins."""
    return (datetime(day.year, day.month, day.day, tzinfo=zone) - EPOCH) // timedelta(milliseconds=1)


def day_of(instant: int, zone: ZoneInfo) -> date:
    """The local date of an instant."""
    return moment(instant).astimezone(zone).date()


def moment(instant: int) -> datetime:
    """The datetime of an instant."""
    return EPOCH + timedelta(milliseconds=instant)


def rounded(value: Fraction | None) -> Decimal | None:
    """Three decimals, half-even."""
    return None if value is None else Decimal(f"{round(value * 1000)}E-3")
