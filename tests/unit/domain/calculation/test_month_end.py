"""The register at a month end: which reading is taken, and what is found between and beyond readings."""

from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.calculation.month_end import DayEnd, month_boundary, month_end
from chalicelib.domain.calculation.series import Series
from chalicelib.domain.readings import DAY_MS, Reading
from tests.unit.domain.calculation.building import BERLIN, UTC, at, series


def january(counter: Series, tolerance: int = 3, zone: ZoneInfo = BERLIN) -> DayEnd:
    return month_end(counter, 2024, 1, zone, tolerance)


def figures(end: DayEnd) -> list[object]:
    return [end.quality, end.value, end.total]


@pytest.mark.parametrize(
    ("local_time", "tolerance", "quality"),
    [
        ("2024-01-28T00:00", 3, "measured"),
        ("2024-01-27T23:59:59.999", 3, "none"),
        ("2024-02-04T23:59:59.999", 3, "measured"),
        ("2024-02-05T00:00", 3, "none"),
        ("2024-01-31T00:00", 0, "measured"),
        ("2024-01-30T23:59", 0, "none"),
        ("2024-02-01T23:59", 0, "measured"),
        ("2024-02-02T00:00", 0, "none"),
        ("2024-02-02T00:00", 1, "measured"),
    ],
)
def test_the_window_is_of_whole_local_days(local_time: str, tolerance: int, quality: str) -> None:
    assert january(series((local_time, 5)), tolerance).quality == quality


@pytest.mark.parametrize(
    ("local_times", "taken"),
    [
        (["2024-01-30T12:00", "2024-02-01T12:00"], 1),
        (["2024-01-31T00:00", "2024-02-02T00:00"], 0),
        (["2024-01-31T12:00", "2024-02-01T12:00"], 1),
        (["2024-02-01T00:00", "2024-02-01T23:59"], 1),
        (["2024-01-31T00:00", "2024-01-31T00:01"], 1),
        (["2024-01-28T12:00", "2024-02-04T12:00"], 1),
        (["2024-01-29T12:00", "2024-02-04T12:00"], 0),
    ],
)
def test_the_nearest_day_wins_and_on_a_tie_the_later_instant(local_times: list[str], taken: int) -> None:
    end = january(series(*((time, number) for number, time in enumerate(local_times, start=1))))
    assert [end.value, end.tau] == [taken + 1, at(local_times[taken])]
    assert end.quality == "measured"


def test_of_two_points_at_one_instant_the_later_in_order_is_taken() -> None:
    end = january(series(("2024-01-01", 90), exchanges=[("2024-01-31", "100", "7")]))
    assert figures(end) == ["measured", 7, 100]
    assert end.sources == (2,)


def test_a_measured_end_stands_at_its_readings_instant_any_other_at_midnight() -> None:
    assert january(series(("2024-01-30", 5))).tau == at("2024-01-30")
    assert january(series(("2024-01-10", 5), ("2024-02-20", 6))).tau == at("2024-02-01")
    assert january(series()).tau == at("2024-02-01")


def test_a_date_that_comes_twice_keeps_all_its_readings() -> None:
    """In St John's clocks went from 00:01 back to 23:01, so 31 October 2009 went on after the first of November."""
    zone = ZoneInfo("America/St_Johns")
    boundary = month_boundary(2009, 10, zone)
    again_october = Series.of([Reading(boundary - 1000, Decimal(1)), Reading(boundary + 30 * 60_000, Decimal(2))])
    only_november = Series.of([Reading(boundary + 30_000, Decimal(1)), Reading(boundary + 30 * 60_000, Decimal(2))])
    assert month_end(again_october, 2009, 10, zone, 0).value == 2
    assert month_end(only_november, 2009, 10, zone, 0).value == 1


def test_between_readings_the_line_is_followed_by_elapsed_time() -> None:
    end = month_end(series(("2024-03-15", 0), ("2024-04-15", 743)), 2024, 3, BERLIN, 3)
    assert figures(end) == ["interpolated", 407, 407]
    assert (end.sources, end.ratio) == ((0, 1), Fraction(407, 743))


def test_a_reading_at_midnight_of_the_boundary_ends_the_line() -> None:
    counter = Series.of([Reading(at("2024-01-01"), Decimal(0)), Reading(at("2024-02-01"), Decimal(31))])
    assert january(counter, tolerance=-1).value == 31


def test_a_dip_is_interpolated_downwards() -> None:
    end = january(
        series(
            (
                "2024-01-17",
                1000,
            ),
            ("2024-02-16", 940),
            zone=UTC,
        ),
        zone=UTC,
    )
    assert figures(end)[1:] == [970, 970]


def test_a_reset_is_interpolated_from_zero_while_the_counter_goes_on() -> None:
    end = january(series(("2024-01-17", 1000), ("2024-02-16", 60), zone=UTC), zone=UTC)
    assert figures(end)[1:] == [30, 1030]


@pytest.mark.parametrize(("before", "after", "value"), [(960, 20, 990), (980, 20, 0), (990, 50, 20), (980, 18, 999)])
def test_a_rollover_shows_what_the_register_shows(before: int, after: int, value: int) -> None:
    end = january(series(("2024-01-17", before), ("2024-02-16", after), modulus=1000, zone=UTC), zone=UTC)
    assert figures(end)[1:] == [value, before + Fraction(1000 - before + after, 2)]


def test_across_an_exchange_each_side_has_its_own_line() -> None:
    counter = series(("2024-01-17", 100), ("2024-02-16", 40), exchanges=[("2024-02-06", "140", "20")], zone=UTC)
    end = january(counter, zone=UTC)
    assert figures(end)[1:] == [130, 130]


def test_beyond_the_last_reading_the_slope_of_the_last_day_or_more_goes_on() -> None:
    counter = series(("2024-01-01", 0), ("2024-01-10", 900), ("2024-01-11", 910), ("2024-01-11T12:00", 915), zone=UTC)
    end = january(counter, zone=UTC)
    slope = Fraction(15, 36)
    assert figures(end) == ["extrapolated", 915 + slope * 492, 915 + slope * 492]
    assert (end.sources, end.ratio) == ((1, 3), None)


def test_before_the_first_reading_the_slope_goes_back() -> None:
    counter = series(("2024-02-11", 500), ("2024-02-11T12:00", 600), ("2024-02-12T12:00", 560), zone=UTC)
    end = january(counter, zone=UTC)
    assert figures(end) == ["extrapolated", 100, 100]
    assert end.sources == (0, 2)


def test_a_falling_register_is_not_extrapolated_downwards() -> None:
    falling = series(("2024-01-01", 1000), ("2024-01-11", 950))
    assert january(falling).value == 950
    assert month_end(falling, 2023, 11, BERLIN, 3).value == 1000


def test_extrapolation_after_a_reset_follows_the_corrected_counter() -> None:
    end = january(series(("2024-01-01", 1000), ("2024-01-11", 50), zone=UTC), zone=UTC)
    assert figures(end)[1:] == [155, 1155]


def test_a_value_below_zero_is_none_and_zero_is_not() -> None:
    # 21 days before the first reading; 1 a day.
    at_zero = series(("2024-02-22", 21), ("2024-02-23", 22), zone=UTC)
    below = series(("2024-02-22", "20.999"), ("2024-02-23", "21.999"), zone=UTC)
    assert figures(january(at_zero, zone=UTC)) == ["extrapolated", 0, 0]
    assert january(below, zone=UTC) == DayEnd("none", at("2024-02-01", UTC))


@pytest.mark.parametrize(("late", "quality"), [(0, "extrapolated"), (-1, "none")])
def test_the_horizon_is_366_days_to_the_millisecond(late: int, quality: str) -> None:
    boundary = month_boundary(2024, 1, BERLIN)
    last = boundary - 366 * DAY_MS + late
    forwards = Series.of([Reading(last - 2 * DAY_MS, Decimal(1)), Reading(last, Decimal(2))])
    first = boundary + 366 * DAY_MS - late
    backwards = Series.of([Reading(first, Decimal(1000)), Reading(first + 2 * DAY_MS, Decimal(1001))])
    assert (january(forwards).quality, january(backwards).quality) == (quality, quality)


def test_one_reading_has_no_slope() -> None:
    assert january(series(("2024-01-10", 5))).quality == "none"


def test_the_boundary_is_the_first_instant_of_the_next_month() -> None:
    assert month_boundary(2024, 12, BERLIN) == at("2025-01-01")
    assert month_boundary(2024, 2, UTC) == at("2024-03-01", UTC)
