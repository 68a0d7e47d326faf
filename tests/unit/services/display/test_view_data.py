"""Months that no reading reaches are the same in every year and zone, so they are calculated once."""

from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.calculation.monthly import monthly_entries
from chalicelib.domain.calculation.series import Series
from chalicelib.domain.readings import FIRST_YEAR, LAST_YEAR
from chalicelib.services.display.view_data import empty_year_data


@pytest.mark.parametrize("year", [FIRST_YEAR, 2024, LAST_YEAR])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Pacific/Apia"])
def test_a_year_without_readings_is_that_of_a_meter_without_any(year: int, zone: str) -> None:
    entries = [entry.as_document() for entry in monthly_entries(Series.of(()), year, ZoneInfo(zone))]
    assert empty_year_data(year) == {"year": year, "months": entries}


def test_nobody_shares_an_empty_year_with_anybody() -> None:
    empty_year_data(2024)["months"][0]["calculationDetails"]["method"] = "actual"
    assert empty_year_data(2024)["months"][0]["calculationDetails"]["method"] == "none"
