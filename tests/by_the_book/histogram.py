"""Section 6: how many readings fall into each part of a range of time."""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor
from typing import Any


def histogram(times: Sequence[int], start: int | None = None, end: int | None = None, n: int = 100) -> dict[str, Any]:
    """Section 6, in integer milliseconds; a missing side of the range is the first or the last reading."""
    if n < 1:
        raise ValueError("n must be at least 1")
    if (start is None or end is None) and not times:
        return {"buckets": [], "maxCount": 0, "dateRange": None}
    start = min(times) if start is None else start
    end = max(times) if end is None else end
    if end < start:
        raise ValueError("the end lies before the start")
    edges = [start + ceil(Fraction(i * (end - start), n)) for i in range(n + 1)]
    counts = [0] * n
    for time in times:
        if start <= time <= end:
            counts[_index(time, start, end, n)] += 1
    return {
        "buckets": [{"startDate": edges[i], "endDate": edges[i + 1], "count": counts[i]} for i in range(n)],
        "maxCount": max(counts),
        "dateRange": {"min": start, "max": end},
    }


def _index(time: int, start: int, end: int, n: int) -> int:
    """Section 6: `min(n-1, floor((t - start) n / T))`; with `T = 0` everything is in bucket 0."""
    if end == start:
        return 0
    return min(n - 1, floor(Fraction((time - start) * n, end - start)))
