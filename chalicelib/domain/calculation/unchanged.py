"""The months of a displayed year that a change does not reach (CALCULATION.md, 7), by what the year says of itself.

A month says from which points its end comes. So it is known without any reading which months would be calculated to
the same again. Where that cannot be known, a month counts as reached.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.domain.calculation.affected import REACH_MS
from chalicelib.domain.calculation.flagless import Span
from chalicelib.domain.calculation.month_end import month_boundary
from chalicelib.domain.readings import FIRST_INSTANT, to_ms

WITHOUT_SLOPE = frozenset({"measured", "interpolated"})  # both of its ends: no point beyond these decides


def unchanged_months(year: Mapping[str, Any], changed: Span, zone: ZoneInfo) -> Iterator[int]:
    """The months that are the same before and after a change.

    A month depends on the points from the first that its beginning comes from to the last of its end, and on which of
    those near an end is the nearest.

    Args:
        year: the ``data`` of a monthly view, from before the change.
        changed: the first and the last instant at which anything came, went or is another; as for ``affected_years``.
        zone: the user's, which is the same before and after.
    """
    first = FIRST_INSTANT  # where January begins is said by the year before
    for month in year["months"]:
        end = month_boundary(year["year"], month["month"], zone)
        sources = [to_ms(source["date"]) for source in month["calculationDetails"]["sourceReadings"]]
        if month["consumptionQuality"] in WITHOUT_SLOPE and not _reaches(changed, first, _last(end, sources)):
            yield month["month"]
        first = min([end - REACH_MS, *sources])


def _last(end: int, sources: Collection[int]) -> int:
    return max([end + REACH_MS, *sources])


def _reaches(changed: Span, first: int, last: int) -> bool:
    return changed.first <= last and changed.last >= first
