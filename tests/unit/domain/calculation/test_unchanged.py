"""Months that a change does not reach are calculated to the same again, and none that it reaches is among them."""

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.calculation.flagless import Span
from chalicelib.domain.calculation.monthly import monthly_entries
from chalicelib.domain.calculation.series import Series
from chalicelib.domain.calculation.unchanged import unchanged_months
from chalicelib.domain.readings import Reading
from tests.unit.domain.calculation.building import BERLIN, at, series
from tests.unit.domain.calculation.changes import change
from tests.unit.domain.calculation.meters import Meter, examples, meters
from tests.unit.domain.calculation.meters import zones as all_zones

YEARS = range(2021, 2026)
DAY = 86_400_000


def view(counter: Series, year: int, zone: ZoneInfo = BERLIN) -> dict[str, Any]:
    return {"year": year, "months": [entry.as_document() for entry in monthly_entries(counter, year, zone)]}


@examples
@given(meters(), st.data(), all_zones)
def test_what_is_not_reached_is_the_same_after_the_change(meter: Meter, data: st.DataObject, zone: ZoneInfo) -> None:
    before, changed = {year: view(meter.series(), year, zone) for year in YEARS}, list[int]()
    for _ in range(data.draw(st.integers(1, 2))):
        meter, instants = change(meter, data)
        changed += instants
    span, counter = Span(min(changed), max(changed)), meter.series()
    for year, displayed in before.items():
        now = view(counter, year, zone)["months"]
        for month in unchanged_months(displayed, span, zone):
            assert displayed["months"][month - 1] == now[month - 1]


MID_MONTHS = series(*((f"{year}-{month:02}-15", year * 1200 + month * 100) for year in YEARS for month in range(1, 13)))
DAILY = Series.of([Reading(at("2022-01-01") + day * DAY, Decimal(day)) for day in range(900)])


def unchanged(counter: Series, first: int, last: int | None = None, year: int = 2023) -> list[int]:
    return [*unchanged_months(view(counter, year), Span(first, first if last is None else last), BERLIN)]


ALL = [*range(1, 13)]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ((at("2023-07-15"), 0), None, [1, 2, 3, 4, 5, 9, 10, 11, 12]),
        ((at("2023-07-15"), 1), None, [1, 2, 3, 4, 5, 6, 9, 10, 11, 12]),
        ((at("2023-07-15"), -1), None, [1, 2, 3, 4, 5, 8, 9, 10, 11, 12]),
        ((at("2023-04-20"), 0), (at("2023-06-10"), 0), [1, 2, 3, 7, 8, 9, 10, 11, 12]),
        ((at("2024-01-15"), 1), None, ALL),
        ((at("2024-01-15"), 0), None, ALL[:-1]),
        ((at("2022-03-01"), 0), None, ALL[1:]),
        ((at("2022-01-01"), 0), (at("2023-01-15"), -1), ALL[1:]),
        ((at("2022-01-01"), 0), (at("2023-01-15"), 0), ALL[2:]),
        ((at("2022-01-01"), 0), (at("2024-12-31"), 0), []),
    ],
)
def test_an_interpolated_month_is_reached_from_the_first_to_the_last_point_that_it_comes_from(
    first: tuple[int, int], last: tuple[int, int] | None, expected: list[int]
) -> None:
    assert unchanged(MID_MONTHS, sum(first), last and sum(last)) == expected


def test_near_a_measured_end_nothing_may_come_that_is_nearer() -> None:
    end = at("2023-06-01")
    assert unchanged(DAILY, end + 2 * DAY) == [1, 2, 3, 4, 7, 8, 9, 10, 11, 12]
    assert unchanged(DAILY, end + 2 * DAY + 1) == [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12]
    assert unchanged(DAILY, end - 2 * DAY) == [1, 2, 3, 4, 7, 8, 9, 10, 11, 12]
    assert unchanged(DAILY, end - 2 * DAY - 1) == [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12]


def test_a_month_that_depends_on_a_slope_or_has_no_consumption_is_reached_by_everything() -> None:
    """The last reading is of 18 June 2024: June and the three months behind it lie on a slope, the rest has nothing."""
    assert unchanged(DAILY, at("2022-03-01"), year=2024) == [2, 3, 4, 5]
    assert unchanged(DAILY, at("2030-03-01"), year=2024) == [1, 2, 3, 4, 5]
