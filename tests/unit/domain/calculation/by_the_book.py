"""CALCULATION.md, 2 to 4, once more: sentence by sentence, walking all points for every question, no preparation.

Slow and plain on purpose, and written without looking at the package: what both say is probably right.
"""

from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from chalicelib.domain.readings import MeterExchange, Reading

DAY = timedelta(days=1)
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
BEST_TO_WORST = ["measured", "interpolated", "extrapolated", "none"]

Row = tuple[Fraction | None, str, Fraction | None, str | None, list[str]]


class P(NamedTuple):
    t: int
    amount: Fraction
    u: Fraction
    kind: str


class End(NamedTuple):
    quality: str
    v: Fraction | None
    u: Fraction | None
    tau: int


def walk(readings: list[Reading], exchanges: list[MeterExchange], modulus: int | None) -> list[P]:
    raw = [(r.instant, 0, Fraction(r.amount), False) for r in readings]
    for i, x in enumerate(sorted(exchanges)):
        raw += [
            (x.instant, 1 + 2 * i, Fraction(x.final_old), False),
            (x.instant, 2 + 2 * i, Fraction(x.initial_new), True),
        ]
    points: list[P] = []
    for t, _, b, is_initial_new in sorted(raw):
        if not points:
            points.append(P(t, b, b, "first"))
            continue
        a = points[-1].amount
        if is_initial_new:
            growth, kind = Fraction(0), "exchange"
        elif b >= a:
            growth, kind = b - a, "normal"
        elif modulus is not None and a >= Fraction(9, 10) * modulus and b <= Fraction(1, 10) * modulus:
            growth, kind = modulus - a + b, "rollover"
        elif b >= Fraction(9, 10) * a:
            growth, kind = b - a, "dip"
        else:
            growth, kind = b, "reset"
        points.append(P(t, b, points[-1].u + growth, kind))
    return points


def end_of(points: list[P], year: int, month: int, zone: ZoneInfo, tolerance: int, modulus: int | None) -> End:
    following = date(year + month // 12, month % 12 + 1, 1)
    last = following - DAY
    boundary = (datetime(following.year, following.month, 1, tzinfo=zone) - EPOCH) // timedelta(milliseconds=1)
    near = []
    for order, p in enumerate(points):
        d = (EPOCH + timedelta(milliseconds=p.t)).astimezone(zone).date()
        k = (last - d).days if d <= last else (d - following).days
        if k <= tolerance:
            near.append((-k, p.t, order, p))
    if near:
        p = max(near)[-1]
        return End("measured", p.amount, p.u, p.t)
    earlier = [p for p in points if p.t < boundary]
    later = [p for p in points if p.t >= boundary]
    if earlier and later:
        return interpolated(earlier[-1], later[0], boundary, modulus)
    if earlier or later:
        return extrapolated(earlier, later, boundary)
    return End("none", None, None, boundary)


def interpolated(a: P, b: P, boundary: int, modulus: int | None) -> End:
    r = Fraction(boundary - a.t, b.t - a.t)
    v = a.amount + r * (b.amount - a.amount)
    if b.kind == "reset":
        v = r * b.amount
    if b.kind == "rollover":
        assert modulus is not None
        v = a.amount + r * (b.u - a.u)
        v = v - modulus if v >= modulus else v
    return End("interpolated", v, a.u + r * (b.u - a.u), boundary)


def extrapolated(earlier: list[P], later: list[P], boundary: int) -> End:
    n = earlier[-1] if earlier else later[0]
    partners = [p for p in earlier or later if abs(n.t - p.t) >= 24 * 3600 * 1000]
    if not partners or abs(boundary - n.t) > 366 * 24 * 3600 * 1000:
        return End("none", None, None, boundary)
    j = partners[-1] if earlier else partners[0]
    s = max(Fraction(0), (n.u - j.u) / (n.t - j.t))
    v = n.amount + s * (boundary - n.t)
    if v < 0:
        return End("none", None, None, boundary)
    return End("extrapolated", v, n.u + s * (boundary - n.t), boundary)


def month_row(points: list[P], before: End, end: End) -> Row:
    if before.u is None or end.u is None:
        return end.v, end.quality, None, None, []
    used = end.u - before.u
    flags = set()
    for a, b in pairwise(points):
        if b.kind == "exchange" and before.tau < b.t <= end.tau:
            flags.add("exchange")
        if b.kind in ("reset", "rollover", "dip") and a.t < end.tau and b.t > before.tau:
            flags.add(b.kind)
    if used < 0:
        flags.add("negative")
    quality = max(before.quality, end.quality, key=BEST_TO_WORST.index)
    return end.v, end.quality, used, quality, sorted(flags)


def months(
    readings: list[Reading],
    exchanges: list[MeterExchange],
    modulus: int | None,
    year: int,
    zone: ZoneInfo,
    tolerance: int,
) -> list[Row]:
    points = walk(readings, exchanges, modulus)
    wanted = [(year - 1, 12)] + [(year, m) for m in range(1, 13)]
    ends = [end_of(points, y, m, zone, tolerance, modulus) for y, m in wanted]
    return [month_row(points, ends[i], ends[i + 1]) for i in range(12)]
