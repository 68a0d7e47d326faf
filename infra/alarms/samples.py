"""Values of metrics by time, and their statistics: what CloudWatch keeps of a metric, in memory."""

from bisect import bisect_left, insort
from collections.abc import Callable, Mapping, Sequence

Values = list[float | None]
Key = tuple[str, str, frozenset[tuple[str, str]]]

STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Average": lambda values: sum(values) / len(values),
    "Minimum": min,
    "Maximum": max,
    "SampleCount": len,
}


class Samples:
    """Values of metrics, each with its time in seconds since 1970."""

    def __init__(self) -> None:
        self._points: dict[Key, list[tuple[float, float]]] = {}

    def add(self, namespace: str, name: str, dimensions: Mapping[str, str], at: float, values: Sequence[float]) -> None:
        """Keep values that were measured at one time."""
        points = self._points.setdefault(_key(namespace, name, dimensions), [])
        for value in values:
            insort(points, (at, value))

    def forget(self, before: float, limit: int) -> None:
        """Drop what is older, and of each metric what is more than ``limit`` values."""
        for points in self._points.values():
            del points[: max(bisect_left(points, (before,)), len(points) - limit)]

    def statistic(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        statistic: str,
        starts: Sequence[float],
        seconds: float,
    ) -> Values:
        """Return the statistic of each period that begins at one of ``starts``; None where nothing was measured."""
        points = self._points.get(_key(namespace, name, dimensions), [])
        return [statistic_of(_between(points, start, start + seconds), statistic) for start in starts]


def statistic_of(values: Sequence[float], statistic: str) -> float | None:
    """Return one statistic of some values; a percentile lies between its two neighbours."""
    if not values:
        return None
    if statistic in STATISTICS:
        return float(STATISTICS[statistic](values))
    return _percentile(sorted(values), float(statistic.removeprefix("p")))


def _percentile(ordered: Sequence[float], percent: float) -> float:
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _between(points: Sequence[tuple[float, float]], start: float, end: float) -> list[float]:
    return [value for _, value in points[bisect_left(points, (start,)) : bisect_left(points, (end,))]]


def _key(namespace: str, name: str, dimensions: Mapping[str, str]) -> Key:
    return namespace, name, frozenset(dimensions.items())
