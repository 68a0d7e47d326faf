"""The twelve entries of a year: shape, labels, quality, flags, where a figure comes from."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from chalicelib.domain.calculation.monthly import MonthlyEntry, monthly_entries, stored_years, worse
from chalicelib.domain.calculation.series import Series
from chalicelib.domain.readings import DAY_MS, Reading, to_datetime
from tests.unit.domain.calculation.building import BERLIN, UTC, at, series


def year_of(counter: Series, year: int = 2024) -> list[MonthlyEntry]:
    return monthly_entries(counter, year, BERLIN)


def used_in(entry: MonthlyEntry) -> list[object]:
    return [entry.consumption, entry.flags]


def flags_of(counter: Series) -> dict[str, list[str]]:
    return {entry.month_label: list(entry.flags) for entry in year_of(counter) if entry.flags}


def test_there_are_always_twelve_in_order() -> None:
    entries = year_of(Series.of([]))
    assert [entry.month for entry in entries] == list(range(1, 13))
    labels = ",".join(entry.month_label for entry in entries)
    assert labels == "Jan,Feb,Mar,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov,Dec"


@pytest.mark.parametrize("counter", [series(), series(("2024-06-15", 100))], ids=["empty", "one far from month ends"])
def test_no_figure_without_readings_that_carry_it(counter: Series) -> None:
    for entry in year_of(counter):
        assert (entry.meter_reading, entry.consumption, entry.consumption_quality) == (None, None, None)
        assert (entry.quality, entry.flags, entry.is_derived) == ("none", [], False)
        assert (entry.is_actual, entry.is_interpolated, entry.is_extrapolated) == (False, False, False)


def test_one_reading_at_a_month_end_measures_that_month_alone() -> None:
    entries = year_of(series(("2024-06-30", 100)))
    assert [entry.quality for entry in entries] == [*["none"] * 5, "measured", *["none"] * 6]
    assert (entries[5].meter_reading, entries[5].consumption) == (Decimal("100.000"), None)


def test_an_entry_as_it_is_stored() -> None:
    entry = year_of(series(("2023-12-31", "100"), ("2024-01-21", "121"), ("2024-02-20", "151")))[0]
    assert entry.as_document() == {
        "month": 1,
        "monthLabel": "Jan",
        "meterReading": Decimal("132.000"),
        "consumption": Decimal("32.000"),
        "quality": "interpolated",
        "consumptionQuality": "interpolated",
        "isActual": False,
        "isInterpolated": True,
        "isExtrapolated": False,
        "isDerived": True,
        "flags": [],
        "calculationDetails": {
            "method": "interpolated",
            "sourceReadings": [
                {"date": to_datetime(at("2024-01-21")), "amount": Decimal("121.000")},
                {"date": to_datetime(at("2024-02-20")), "amount": Decimal("151.000")},
            ],
            "interpolationRatio": Decimal("0.367"),
            "spanDays": Decimal("30.000"),
        },
    }


def test_an_entry_reads_back_from_its_stored_form() -> None:
    for entry in year_of(series(("2023-12-31", "100"), ("2024-01-21", "121"), ("2024-02-20", "151"))):
        assert MonthlyEntry.model_validate(entry.as_document()) == entry


def test_details_name_the_method_and_the_readings_behind_it() -> None:
    entries = year_of(series(("2024-01-31", 10), ("2024-03-10", 49), ("2024-04-10", 80)))
    details = [entry.calculation_details for entry in entries[:4]]
    assert [d.method for d in details] == ["actual", "interpolated", "interpolated", "extrapolated"]
    assert [[s.amount for s in d.source_readings] for d in details] == [[10], [10, 49], [49, 80], [49, 80]]
    spans = [None if d.span_days is None else str(d.span_days) for d in details]
    assert spans == [None, "39.000", "30.958", "30.958"]
    assert [d.interpolation_ratio is None for d in details] == [True, False, False, True]


def test_the_points_of_an_exchange_are_sources_too() -> None:
    entries = year_of(series(("2024-01-10", 10), ("2024-03-10", 30), exchanges=[("2024-02-10", "41", "5")]))
    amounts = [[str(s.amount) for s in entry.calculation_details.source_readings] for entry in entries[:2]]
    assert amounts == [["10.000", "41.000"], ["5.000", "30.000"]]


def test_nothing_has_no_sources() -> None:
    details = year_of(series())[0].calculation_details
    assert (details.method, details.source_readings) == ("none", [])
    assert (details.interpolation_ratio, details.span_days) == (None, None)


def test_amounts_are_rounded_once_half_even() -> None:
    entries = year_of(series(("2023-12-31", "0.0005"), ("2024-01-31", "1.0015"), ("2024-02-29", "1.0025")))
    assert [str(entry.meter_reading) for entry in entries[:2]] == ["1.002", "1.002"]
    # 1.0010 and 0.0010 before rounding: the difference of the exact ends, not of the rounded ones.
    assert [str(entry.consumption) for entry in entries[:2]] == ["1.001", "0.001"]


def test_the_quality_of_consumption_is_the_worse_of_its_ends() -> None:
    entries = year_of(series(("2024-01-31", 10), ("2024-03-10", 49), ("2024-03-31", 80)))
    assert [entry.consumption_quality for entry in entries[1:4]] == ["interpolated", "interpolated", "extrapolated"]
    assert [entry.is_derived for entry in entries[1:4]] == [True, True, True]
    assert worse("measured", "interpolated") == worse("interpolated", "measured") == "interpolated"
    assert worse("none", "extrapolated") == "none"


def test_consumption_between_measured_ends_is_not_derived() -> None:
    entry = year_of(series(("2024-01-31", 10), ("2024-02-29", 20)))[1]
    assert entry.consumption == 10
    assert (entry.is_derived, entry.is_actual) == (False, True)


def test_a_pair_flags_every_month_to_which_it_contributes() -> None:
    assert flags_of(series(("2023-12-31", 900), ("2024-01-31", 950), ("2024-03-31", 30), ("2024-04-30", 60))) == {
        "Feb": ["reset"],
        "Mar": ["reset"],
    }


def test_a_rollover_is_flagged() -> None:
    counter = series(("2023-12-31", 900), ("2024-01-31", 950), ("2024-02-29", 30), ("2024-03-31", 60), modulus=1000)
    assert flags_of(counter) == {"Feb": ["rollover"]}
    assert year_of(counter)[1].consumption == 80


def test_flags_end_where_the_reading_stands_that_measures_the_end() -> None:
    """The dip lies in February's hours, but within January's consumption, which ends at the reading of the morning."""
    counter = series(("2023-12-31", 900), ("2024-01-15", 1000), ("2024-02-01T09:00", 990), ("2024-02-29", 1100))
    assert flags_of(counter) == {"Jan": ["dip"]}


def test_flags_begin_where_the_reading_stands_that_measures_the_end() -> None:
    """The dip is over at the reading of 31 January that measures January's end, so February has none of it."""
    counter = series(("2023-12-31", 900), ("2024-01-20", 1000), ("2024-01-31", 990), ("2024-02-29", 1100))
    assert flags_of(counter) == {"Jan": ["dip"]}
    later = series(("2023-12-31", 900), ("2024-01-31", 1000), ("2024-02-15", 990), ("2024-02-29", 1100))
    assert flags_of(later) == {"Feb": ["dip"]}


def test_flags_part_at_the_boundary_where_no_reading_measures_the_end() -> None:
    counter = series(("2023-12-31", 900), ("2024-01-20", 1000), ("2024-02-10", 990), ("2024-02-29", 1100))
    assert flags_of(counter) == {"Jan": ["dip"], "Feb": ["dip"]}


def test_an_exchange_is_flagged_where_the_new_meter_begins() -> None:
    def flagged(moment: str) -> dict[str, list[str]]:
        return flags_of(series(("2023-12-31", 0), ("2024-03-31", 10), exchanges=[(moment, "50", "0")]))

    assert flagged("2024-02-15") == {"Feb": ["exchange"]}
    assert flagged("2024-01-31") == {"Jan": ["exchange"]}
    assert flagged("2024-02-01T12:00") == {"Jan": ["exchange"]}
    assert flagged("2024-02-01T12:00:00.001") == {"Feb": ["exchange"]}


def test_a_reading_of_the_new_meter_on_the_day_of_the_exchange_is_no_reset() -> None:
    """Both were given as a date: 8,160 kWh out of 160 otherwise."""
    counter = series(
        ("2024-01-31", 8000), ("2024-02-15", 0), ("2024-02-29", 80), exchanges=[("2024-02-15", "8080", "0")]
    )
    february = year_of(counter)[1]
    assert used_in(february) == [160, ["exchange"]]


def test_a_meter_that_runs_backwards_consumes_less_than_nothing_without_a_dip() -> None:
    days = [("2024-01-31", 1000), ("2024-02-29", 400), ("2024-03-31", 900)]
    february, march = year_of(series(*days, runs_backwards=True))[1:3]
    assert used_in(february) == [-600, ["negative"]]
    assert used_in(march) == [500, []]
    unsaid = year_of(series(*days))[1]
    assert used_in(unsaid) == [400, ["reset"]]


def test_a_meter_that_runs_backwards_through_zero_is_flagged_as_a_rollover() -> None:
    counter = series(("2024-01-31", 20), ("2024-02-29", 990), modulus=1000, runs_backwards=True)
    february = year_of(counter)[1]
    assert february.meter_reading == 990
    assert used_in(february) == [-30, ["rollover", "negative"]]


def test_a_rollover_after_a_long_gap_is_no_reset() -> None:
    counter = series(("2024-01-31", 76_000), ("2024-11-30", 24_000), modulus=100_000)
    used = [entry.consumption for entry in year_of(counter)[1:11]]
    assert sum(amount for amount in used if amount is not None) == 48_000
    assert set(flags_of(counter)) == {"Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov"}


def test_a_person_with_weekly_readings_of_a_steady_10_kwh_a_day_sees_10_a_day_in_every_month() -> None:
    """Read on Sunday evenings. Half a percent where neither end is measured, else within a day's use."""
    sundays = [date(2023, 12, 24) + timedelta(days=7 * week) for week in range(56)]
    start = at("2023-12-24T18:00")
    moments = [at(f"{sunday}T18:00") for sunday in sundays]
    counter = Series.of([Reading(moment, (Decimal(moment - start) * 10 / DAY_MS)) for moment in moments])
    entries = [year_of(counter, 2023)[-1], *year_of(counter)]
    measured = [entry.month_label for entry in entries if entry.is_actual]
    assert measured == ["Dec", "Mar", "Jun"]  # the 31st of December 2023 and of March, and 30 June 2024 were Sundays
    true = [310, 290, 310, 300, 310, 300, 310, 310, 300, 310, 300, 310]
    for (before, entry), exact in zip(pairwise(entries), true, strict=True):
        assert entry.consumption is not None
        allowed = 10 if before.is_actual or entry.is_actual else exact * Decimal("0.005")
        assert abs(entry.consumption - exact) <= allowed, entry.month_label
        assert entry.consumption_quality == "interpolated"


@pytest.mark.parametrize(
    ("monday_or_tuesday", "year", "february"), [("2022-12-05", 2023, 280), ("2023-12-05", 2024, 290)]
)
def test_weekly_readings_of_10_kwh_a_day_on_no_month_end_show_310_280_or_290_and_310(
    monday_or_tuesday: str, year: int, february: int
) -> None:
    start = at(monday_or_tuesday, UTC)
    counter = Series.of([Reading(start + 7 * week * DAY_MS, Decimal(1000 + 70 * week)) for week in range(20)])
    entries = monthly_entries(counter, year, UTC)[:3]
    assert [entry.consumption for entry in entries] == [310, february, 310]
    assert {entry.consumption_quality for entry in entries} == {"interpolated"}


def test_negative_consumption_is_flagged_as_such() -> None:
    counter = series(("2024-01-31", 1000), ("2024-02-29", 990), ("2024-03-31", 990))
    assert flags_of(counter) == {"Feb": ["dip", "negative"]}


def test_flags_come_in_one_order() -> None:
    counter = series(
        ("2023-12-31", 900),
        ("2024-01-05", 950),
        ("2024-01-06", 20),
        ("2024-01-07", 1),
        ("2024-01-10", 100),
        ("2024-01-12", 99),
        ("2024-01-31", 98),
        exchanges=[("2024-01-08", "2", "3")],
        modulus=1000,
    )
    assert year_of(counter)[0].flags == ["reset", "rollover", "exchange", "dip"]


def test_a_month_without_consumption_has_no_flags() -> None:
    assert flags_of(series(("2024-01-15", 1000), ("2024-01-15T12:00", 10))) == {}


def test_stored_years_run_from_the_first_reading_to_the_last_in_the_users_zone() -> None:
    counter = series(("2020-12-31T23:30", 1), ("2024-01-01T00:30", 2))
    assert stored_years(counter, BERLIN) == range(2020, 2025)
    assert stored_years(counter, UTC) == range(2020, 2024)
    assert stored_years(series(("2021-01-01T00:30", 1)), BERLIN) == range(2021, 2022)


def test_no_readings_no_stored_years() -> None:
    assert list(stored_years(series(exchanges=[("2024-01-01", "1")]), BERLIN)) == []


class CountedInstants(list[int]):
    """Instants that count how often somebody looks at one."""

    looks = 0

    def __getitem__(self, index: Any) -> Any:
        self.looks += 1
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[int]:
        raise AssertionError("somebody walks the series")


@pytest.mark.parametrize("year", [2010, 2012, 2016])
def test_a_year_looks_at_few_points_however_many_there_are(year: int) -> None:
    hourly = [Reading(at("2010-01-01") + hour * 3_600_000, Decimal(hour)) for hour in range(30_000)]
    counter = Series.of([*hourly, Reading(at("2016-08-15"), Decimal(40_000))])
    instants = CountedInstants(counter.instants)
    assert monthly_entries(replace(counter, instants=instants), year, BERLIN) == monthly_entries(counter, year, BERLIN)
    assert 0 < instants.looks < 13 * 20 * 16
