"""The timeline's histogram (CALCULATION.md, 6): how many readings of one type lie in each of n equal buckets.

Counts of readings, not energy. All arithmetic is on whole milliseconds, so a count always agrees with its edges.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise

from chalicelib.domain.calculation.view_model import ViewModel
from chalicelib.domain.errors import HistogramError
from chalicelib.domain.readings import to_datetime

DEFAULT_BUCKETS = 100


class Bucket(ViewModel):
    """Readings from ``start_date`` up to, but without, ``end_date``; the last bucket includes its end."""

    start_date: datetime
    end_date: datetime
    count: int


class DateRange(ViewModel):
    """What the buckets cover, both ends included."""

    min: datetime
    max: datetime


class Histogram(ViewModel):
    """The buckets in order; none, and no range, where there is neither a reading nor a given range."""

    buckets: list[Bucket]
    max_count: int
    date_range: DateRange | None


def histogram(
    times: Iterable[int], start: int | None = None, end: int | None = None, n: int = DEFAULT_BUCKETS
) -> Histogram:
    """Count ``times`` (UTC milliseconds, any order) in ``n`` buckets from ``start`` to ``end``.

    A missing start or end is the first or last of ``times``. Times outside are ignored. A packed column is taken as
    sorted already, as in ``CompactReadings``.

    Raises:
        HistogramError: ``n`` below 1, or ``end`` before ``start``.
    """
    if n < 1:
        raise HistogramError("a histogram needs at least one bucket")
    ordered = times if isinstance(times, array) else sorted(times)
    first = next(iter(ordered), None) if start is None else start
    last = next(iter(ordered[-1:]), None) if end is None else end
    if first is None or last is None:
        return Histogram(buckets=[], max_count=0, date_range=None)
    if last < first:
        raise HistogramError("the range of a histogram ends before it starts")
    bounds = _edges(first, last, n)
    counts = _counts(ordered, bounds)
    edges = [to_datetime(edge) for edge in bounds]
    return Histogram(
        buckets=[Bucket(start_date=edges[i], end_date=edges[i + 1], count=counts[i]) for i in range(n)],
        max_count=max(counts),
        date_range=DateRange(min=edges[0], max=edges[-1]),
    )


def _edges(start: int, end: int, n: int) -> list[int]:
    """The n + 1 edges: ``start + ceil(i T / n)``."""
    width = end - start
    return [start - (-i * width // n) for i in range(n + 1)]


def _counts(times: Sequence[int], edges: list[int]) -> list[int]:
    """How many times lie from each edge up to the next, the last included; all in the first where there is no width.

    The index ``min(n - 1, floor((t - start) n / T))`` of a whole millisecond names just the bucket between these edges.
    """
    until = [bisect_left(times, edge) for edge in edges[:-1]] + [bisect_right(times, edges[-1])]
    counts = [after - before for before, after in pairwise(until)]
    return counts if edges[0] < edges[-1] else [*reversed(counts)]
