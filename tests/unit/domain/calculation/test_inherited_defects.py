"""Defects of an earlier implementation (CALCULATION.md, 12), as far as they concern calculation: none comes back."""

import re
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest

from chalicelib.domain.calculation.histogram import histogram
from chalicelib.domain.calculation.month_end import month_boundary
from chalicelib.domain.calculation.monthly import monthly_entries
from chalicelib.domain.readings import parse_instant
from tests.unit.domain.calculation.building import BERLIN, at, series

ACROSS_NEW_YEAR = [("2024-11-01", 4860), ("2024-12-01", 5160), ("2025-02-01", 6120)]


def test_loading_only_the_years_own_readings_so_that_december_is_extrapolated() -> None:
    whole = monthly_entries(series(*ACROSS_NEW_YEAR), 2024, BERLIN)[11]
    only_2024 = monthly_entries(series(*ACROSS_NEW_YEAR[:2]), 2024, BERLIN)[11]
    assert (str(whole.meter_reading), whole.quality) == ("5640.000", "interpolated")
    assert (str(only_2024.meter_reading), only_2024.quality) == ("5470.000", "extrapolated")


def test_january_that_does_not_know_december_of_the_year_before() -> None:
    january = monthly_entries(series(*ACROSS_NEW_YEAR), 2025, BERLIN)[0]
    assert (str(january.consumption), january.consumption_quality) == ("480.000", "interpolated")


def test_a_cache_key_without_the_year() -> None:
    counter = series(*ACROSS_NEW_YEAR)
    first, second = monthly_entries(counter, 2024, BERLIN), monthly_entries(counter, 2025, BERLIN)
    januaries = [str(entries[0].meter_reading) for entries in (first, second, monthly_entries(counter, 2024, BERLIN))]
    assert januaries == ["None", "6120.000", "None"]


def test_a_hash_that_ignores_amounts() -> None:
    dearer = series(*((day, amount + 7) for day, amount in ACROSS_NEW_YEAR))
    readings = [
        monthly_entries(counter, 2024, BERLIN)[11].meter_reading for counter in (series(*ACROSS_NEW_YEAR), dearer)
    ]
    assert readings == [Decimal(5640), Decimal(5647)]


def test_a_year_end_at_one_second_to_midnight() -> None:
    assert month_boundary(2024, 12, BERLIN) == at("2025-01-01T00:00")
    last_half_second = series(("2024-12-31T23:59:59.500", 70))
    assert monthly_entries(last_half_second, 2024, BERLIN)[11].quality == "measured"


@pytest.fixture(params=["America/Los_Angeles", "Asia/Kathmandu", "Pacific/Kiritimati"])
def process_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("process_zone")
def test_the_zone_of_the_process() -> None:
    entries = monthly_entries(series(("2024-03-15", 0), ("2024-04-15", 743)), 2024, BERLIN)
    assert [str(entry.meter_reading) for entry in entries[2:4]] == ["407.000", "1127.000"]
    assert parse_instant("2024-11-01", BERLIN) == at("2024-11-01") == 1_730_415_600_000


def test_the_monthly_document_without_consumption() -> None:
    documents = [entry.as_document() for entry in monthly_entries(series(*ACROSS_NEW_YEAR), 2024, BERLIN)]
    assert [document["consumption"] for document in documents[10:]] == [Decimal("300.000"), Decimal("480.000")]


def test_negative_consumption_at_a_meter_exchange() -> None:
    counter = series(("2024-01-31", 9000), ("2024-02-29", 40), exchanges=[("2024-02-10", "9100", "0")])
    february = monthly_entries(counter, 2024, BERLIN)[1]
    assert (str(february.meter_reading), str(february.consumption)) == ("40.000", "140.000")
    assert february.flags == ["exchange"]


def test_extrapolation_below_zero() -> None:
    entries = monthly_entries(series(("2024-03-15", 0), ("2024-04-15", 743)), 2024, BERLIN)
    assert [entry.quality for entry in entries[:2]] == ["none", "none"]


def test_extrapolation_without_a_horizon() -> None:
    counter = series(("2024-08-15", 0), ("2024-10-15", 743))
    assert [entry.quality for entry in monthly_entries(counter, 2024, BERLIN)][9:] == ["extrapolated"] * 3
    assert {entry.quality for entry in monthly_entries(counter, 2025, BERLIN)} == {"none"}


def test_a_fixed_year_and_timestamps_of_now() -> None:
    counter = series(("1999-01-31", 10), ("1999-02-28", 20))
    february = monthly_entries(counter, 1999, BERLIN)[1]
    assert [source.date.isoformat() for source in february.calculation_details.source_readings] == [
        "1999-02-27T23:00:00+00:00"
    ]
    said = str([entry.as_document() for year in (1998, 1999, 2000) for entry in monthly_entries(counter, year, BERLIN)])
    assert set(re.findall(r"datetime\((\d+, \d+)", said)) == {"1999, 1", "1999, 2"}


def test_a_crash_on_a_zero_length_histogram() -> None:
    assert [bucket.count for bucket in histogram([at("2024-01-01")], n=3).buckets] == [1, 0, 0]
