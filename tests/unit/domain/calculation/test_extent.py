"""A year that an extent leaves empty is one of which the calculation says nothing."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.calculation.extent import Extent
from chalicelib.domain.calculation.monthly import monthly_entries
from chalicelib.domain.calculation.series import Series
from chalicelib.domain.readings import MeterExchange, Reading, to_ms
from tests.depth import depth

ZONES = ["UTC", "Europe/Berlin", "Pacific/Kiritimati", "Etc/GMT+12", "America/St_Johns"]
NOTHING = Series.of(())
INSTANTS = st.integers(to_ms(datetime(2019, 1, 1, tzinfo=UTC)), to_ms(datetime(2023, 1, 1, tzinfo=UTC)))
AMOUNTS = st.integers(0, 9_999).map(Decimal)


def at(text: str) -> int:
    return to_ms(datetime.fromisoformat(text).replace(tzinfo=UTC))


@settings(max_examples=depth(60, 2_000), deadline=None)
@given(
    st.dictionaries(INSTANTS, AMOUNTS, max_size=6),
    st.dictionaries(INSTANTS, st.tuples(AMOUNTS, AMOUNTS), max_size=2),
    st.sampled_from(ZONES),
    st.booleans(),
)
def test_of_an_empty_year_the_calculation_says_what_it_says_without_readings(
    readings: dict[int, Decimal], exchanges: dict[int, tuple[Decimal, Decimal]], zone: str, backwards: bool
) -> None:
    points = [Reading(*each) for each in readings.items()]
    changes = [MeterExchange(instant, *registers) for instant, registers in exchanges.items()]
    series = Series.of(points, changes, 10_000, backwards)
    extent = Extent.of([*readings, *exchanges])
    for year in range(2017, 2026):
        if extent.leaves_empty(year):
            found = monthly_entries(series, year, ZoneInfo(zone))
            assert found == monthly_entries(NOTHING, year, ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("first", "last", "empty"),
    [
        ("2020-05-01", "2020-09-27", [2018, 2019, 2021, 2022]),  # December lies 95 days behind
        ("2020-05-01", "2020-09-30", [2018, 2019, 2022]),
        ("2020-04-06", "2020-08-01", [2018, 2019, 2021, 2022]),
        ("2020-04-02", "2020-08-01", [2018, 2021, 2022]),
    ],
)
def test_a_year_that_an_extrapolation_may_reach_is_not_empty(first: str, last: str, empty: list[int]) -> None:
    extent = Extent.of([at(last), at(first)])
    assert [year for year in range(2018, 2023) if extent.leaves_empty(year)] == empty


def test_without_a_point_every_year_is_empty() -> None:
    assert Extent.of([]) == (None, None)
    assert all(Extent.of([]).leaves_empty(year) for year in (1900, 2024, 2999))
