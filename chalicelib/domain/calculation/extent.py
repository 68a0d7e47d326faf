"""The span of time in which a meter has points, and the years that have no figure because of it."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import NamedTuple, Self

from chalicelib.domain.calculation.month_end import HORIZON_MS
from chalicelib.domain.readings import DAY_MS, to_ms

ZONES_MS = 2 * DAY_MS  # farther than midnight in any zone lies from midnight in UTC


class Extent(NamedTuple):
    """The first and the last point, readings and exchanges alike; both None where there is none."""

    first: int | None
    last: int | None

    @classmethod
    def of(cls, instants: Collection[int]) -> Self:
        """Find the extent of points in any order."""
        return cls(min(instants, default=None), max(instants, default=None))

    def leaves_empty(self, year: int) -> bool:
        """Whether every month end that a year is made of lies beyond all points and the horizon, in any zone."""
        if self.first is None or self.last is None:
            return True
        begins, ends = (to_ms(datetime(each, 1, 1, tzinfo=UTC)) for each in (year, year + 1))
        reach = HORIZON_MS + ZONES_MS
        return self.last + reach < begins or ends < self.first - reach
