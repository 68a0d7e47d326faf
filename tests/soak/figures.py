"""Figures of a soak: count and speed by kind of request, how far the display was behind, and the verdict."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import quantiles

from rich.table import Table

WRITES = ("create", "update", "delete", "import", "settings")


@dataclass
class Timed:
    """One request: its status, 0 as long as there is no answer."""

    status: int = 0


@dataclass
class Figures:
    """Filled by many threads, each step of it atomic by itself."""

    unexpected: list[str] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    @contextmanager
    def timing(self, kind: str) -> Iterator[Timed]:
        """Measure one request."""
        timed, started = Timed(), time.perf_counter()
        try:
            yield timed
        finally:
            self.seconds[kind].append(time.perf_counter() - started)
            self.statuses[kind][timed.status] += 1

    @property
    def requests(self) -> int:
        """How many there were."""
        return sum(map(len, self.seconds.values()))

    @property
    def acknowledged(self) -> int:
        """How many writes were."""
        return sum(self._count(kind, 200, 299) for kind in WRITES)

    @property
    def unknown(self) -> int:
        """How many requests ended without an answer, or with one that does not say what became of them."""
        return sum(self._count(kind, 0, 0) + self._count(kind, 500, 599) for kind in self.statuses)

    def table(self, elapsed_seconds: float) -> Table:
        """One row for each kind of request."""
        table = Table("request", "count", "per second", "p50", "p95", "p99", "answers")
        for kind, seconds in sorted(self.seconds.items()):
            answers = ", ".join(
                f"{count} x {status or 'none'}" for status, count in sorted(self.statuses[kind].items())
            )
            rate = f"{len(seconds) / elapsed_seconds:.1f}"
            table.add_row(kind, str(len(seconds)), rate, *percentiles(seconds), answers)
        return table

    def _count(self, kind: str, first: int, last: int) -> int:
        return sum(count for status, count in self.statuses[kind].items() if first <= status <= last)


@dataclass(frozen=True)
class Verdict:
    """What was found in the end. ``unchecked``: which checks failed themselves, and why."""

    unexpected: int
    lagging: int
    unchecked: tuple[str, ...]
    differences: int
    lost: int

    @property
    def is_well(self) -> bool:
        """Whether nothing at all is wrong."""
        return not (self._other_reasons() or self.differences or self.lost)

    def lines(self) -> list[str]:
        """The last lines: the two figures that everything is about, and before them any other reason to fail."""
        others = [f"NOT WELL: {reason}" for reason in self._other_reasons()]
        or_more = " or more" if self.unchecked else ""
        return [*others, f"differences: {self.differences}{or_more}", f"lost acknowledged writes: {self.lost}"]

    def _other_reasons(self) -> list[str]:
        counts = {"unexpected answers": self.unexpected, "meters whose display still lags": self.lagging}
        return [*(f"{what}: {count}" for what, count in counts.items() if count), *self.unchecked]


def percentiles(seconds: Sequence[float]) -> tuple[str, str, str]:
    """The 50th, 95th and 99th, in milliseconds."""
    if len(seconds) < 2:
        return ("-", "-", "-")
    cuts = quantiles(seconds, n=100, method="inclusive")
    p50, p95, p99 = (f"{cuts[percent - 1] * 1000:.0f} ms" for percent in (50, 95, 99))
    return p50, p95, p99
