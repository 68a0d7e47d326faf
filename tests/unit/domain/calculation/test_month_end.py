"""The register at a month end: which reading is taken, and what is found between and beyond readings."""

from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.calculation.month_end import DayEnd, month_boundary, month_end
from chalicelib.domain.calculation.series import Series
from chalicelib.domain.readings import DAY_MS, Reading
from tests.unit.domain.calculation.building import BERLIN, UTC, at, series


def january(counter: Series, zone: ZoneInfo = BERLIN) -> DayEnd:
    return month_end(counter, 2024, 1, zone)


def figures(end: DayEnd) -> list[object]:
    return [end.quality, end.value, end.total]


@pytest.mark.parametrize(
    ("local_time", "quality"),
    [
        ("2024-01-31T12:00", "measured"),
        ("2024-01-31T11:59:59.999", "none"),
        ("2024-02-01T12:00", "measured"),
        ("2024-02-01T12:00:00.001", "none"),
        ("2024-02-01T00:00", "measured"),
        ("2024-01-31T00:00", "measured"),
        ("2024-01-31T00:00:00.001", "none"),
        ("2024-01-30T23:59:59.999", "none"),
        ("2024-02-02T00:00", "none"),
    ],
)
def test_a_reading_measures_from_twelve_hours_away_or_as_a_date_without_a_time(local_time: str, quality: str) -> None:
    assert january(series((local_time, 5))).quality == quality


def test_nothing_three_days_off_is_called_measured() -> None:
    end = january(series(("2024-01-28", 1000), ("2024-02-04", 1070)))
    assert figures(end) == ["interpolated", 1040, 1040]


@pytest.mark.parametrize(
    ("local_times", "taken"),
    [
        (["2024-01-31T12:00", "2024-02-01T12:00"], 1),
        (["2024-01-31T12:00", "2024-02-01T12:00:00.001"], 0),
        (["2024-01-31T12:00:00.001", "2024-02-01T12:00"], 0),
        (["2024-01-31T23:55", "2024-02-01T00:06"], 0),
        (["2024-01-31T23:55", "2024-02-01T00:05"], 1),
        (["2024-02-01T00:00", "2024-02-01T22:00"], 0),
        (["2024-01-31T00:00", "2024-01-31T23:59"], 1),
        (["2024-01-31T00:00", "2024-02-01T12:00"], 1),
        (["2024-01-31T00:00", "2024-02-01T12:00:00.001"], 0),
    ],
)
def test_the_nearest_reading_wins_and_on_a_tie_the_later(local_times: list[str], taken: int) -> None:
    end = january(series(*((time, number) for number, time in enumerate(local_times, start=1))))
    assert [end.value, end.tau] == [taken + 1, at(local_times[taken])]
    assert end.quality == "measured"


@pytest.mark.parametrize(("later", "quality"), [("2024-01-31T10:00", "interpolated"), ("2024-01-31T12:00", "measured")])
def test_only_the_last_reading_before_the_end_stands_for_its_day(later: str, quality: str) -> None:
    end = january(series(("2024-01-31", 100), (later, 110), ("2024-02-10", 200)))
    assert end.quality == quality
    assert end.value != 100


def test_twelve_hours_are_elapsed_time_on_the_day_when_clocks_change() -> None:
    """In New York 1 November 2026 has 25 hours: noon is the thirteenth."""
    zone = ZoneInfo("America/New_York")
    noon, before_noon = (series((f"2026-11-01T{hour}:00", 1), zone=zone) for hour in (12, 11))
    assert month_end(noon, 2026, 10, zone).quality == "none"
    assert month_end(before_noon, 2026, 10, zone).quality == "measured"


@pytest.mark.parametrize(("month", "hours"), [(3, 23), (10, 25)])
def test_midnight_of_the_last_day_measures_however_long_that_day_is(month: int, hours: int) -> None:
    year = {3: 2024, 10: 2027}[month]  # clocks change on 31 March 2024 and on 31 October 2027
    end = month_end(series((f"{year}-{month:02}-31", 7)), year, month, BERLIN)
    assert figures(end) == ["measured", 7, 7]
    assert month_boundary(year, month, BERLIN) - end.tau == hours * 3_600_000


def test_of_two_points_at_one_instant_the_later_in_order_is_taken() -> None:
    end = january(series(("2024-01-01", 90), exchanges=[("2024-01-31", "100", "7")]))
    assert figures(end) == ["measured", 7, 100]
    assert end.sources == (2,)


def test_a_measured_end_stands_at_its_readings_instant_any_other_at_midnight() -> None:
    assert january(series(("2024-01-31", 5))).tau == at("2024-01-31")
    assert january(series(("2024-01-10", 5), ("2024-02-20", 6))).tau == at("2024-02-01")
    assert january(series()).tau == at("2024-02-01")


def test_a_midnight_that_comes_twice_is_the_first_one() -> None:
    """In St John's clocks went from 00:01 back to 23:01, so 31 October 2009 went on after the first of November."""
    zone = ZoneInfo("America/St_Johns")
    boundary = month_boundary(2009, 10, zone)
    assert boundary == at("2009-11-01", zone)
    twelve_hours = Series.of([Reading(boundary - 12 * 3_600_000, Decimal(1))])
    a_moment_more = Series.of([Reading(boundary - 12 * 3_600_000 - 1, Decimal(1))])
    assert month_end(twelve_hours, 2009, 10, zone).quality == "measured"
    assert month_end(a_moment_more, 2009, 10, zone).quality == "none"


def test_between_readings_the_line_is_followed_by_elapsed_time() -> None:
    end = month_end(series(("2024-03-15", 0), ("2024-04-15", 743)), 2024, 3, BERLIN)
    assert figures(end) == ["interpolated", 407, 407]
    assert (end.sources, end.ratio) == ((0, 1), Fraction(407, 743))


def test_a_dip_is_interpolated_downwards() -> None:
    end = january(series(("2024-01-17", 1000), ("2024-02-16", 940), zone=UTC), zone=UTC)
    assert figures(end)[1:] == [970, 970]


def test_a_reset_is_interpolated_from_zero_while_the_counter_goes_on() -> None:
    end = january(series(("2024-01-17", 1000), ("2024-02-16", 60), zone=UTC), zone=UTC)
    assert figures(end)[1:] == [30, 1030]


@pytest.mark.parametrize(("before", "after", "value"), [(960, 20, 990), (980, 20, 0), (990, 50, 20), (980, 18, 999)])
def test_a_rollover_shows_what_the_register_shows(before: int, after: int, value: int) -> None:
    end = january(series(("2024-01-17", before), ("2024-02-16", after), modulus=1000, zone=UTC), zone=UTC)
    assert figures(end)[1:] == [value, before + Fraction(1000 - before + after, 2)]


@pytest.mark.parametrize(("before", "after", "value"), [(40, 980, 10), (10, 980, 995), (20, 980, 0)])
def test_a_rollover_backwards_shows_what_the_register_shows(before: int, after: int, value: int) -> None:
    counter = series(("2024-01-17", before), ("2024-02-16", after), modulus=1000, runs_backwards=True, zone=UTC)
    assert figures(january(counter, zone=UTC))[1:] == [value, before + Fraction(after - before - 1000, 2)]


def test_a_meter_that_runs_backwards_is_interpolated_downwards() -> None:
    counter = series(("2024-01-17", 1000), ("2024-02-16", 0), runs_backwards=True, zone=UTC)
    assert figures(january(counter, zone=UTC)) == ["interpolated", 500, 500]


def test_across_an_exchange_each_side_has_its_own_line() -> None:
    counter = series(("2024-01-17", 100), ("2024-02-16", 40), exchanges=[("2024-02-06", "140", "20")], zone=UTC)
    end = january(counter, zone=UTC)
    assert figures(end)[1:] == [130, 130]


def test_beyond_the_last_reading_the_slope_of_four_weeks_goes_on() -> None:
    counter = series(("2023-12-20", 0), ("2024-01-01", 600), ("2024-01-02", 640), ("2024-01-29", 880), zone=UTC)
    end = january(counter, zone=UTC)
    assert figures(end) == ["extrapolated", 910, 910]  # 10 a day from 1 January, 28 days before the last reading
    assert (end.sources, end.ratio) == ((1, 3), None)


def test_a_millisecond_less_than_four_weeks_has_the_reading_before() -> None:
    counter = series(("2023-12-20", 0), ("2024-01-01T00:00:00.001", 600), ("2024-01-29", 880), zone=UTC)
    end = january(counter, zone=UTC)
    assert figures(end) == ["extrapolated", 946, 946]  # 22 a day from 20 December
    assert end.sources == (0, 2)


def test_a_single_cold_day_is_no_forecast() -> None:
    """40 on a cold day after 10 a day for weeks: the weeks count."""
    days = [(f"2024-01-{day:02}", 10 * day) for day in range(1, 29)]
    end = january(series(*days, ("2024-01-29", 320), zone=UTC), zone=UTC)
    assert figures(end)[1:] == [320 + 3 * Fraction(310, 28)] * 2


def test_less_than_four_weeks_have_the_slope_from_the_first_reading_to_the_last() -> None:
    counter = series(("2024-01-01", 0), ("2024-01-10", 900), ("2024-01-11", 910), zone=UTC)
    assert figures(january(counter, zone=UTC)) == ["extrapolated", 910 + 21 * 91, 910 + 21 * 91]


@pytest.mark.parametrize(("last", "quality"), [("2024-01-11", "extrapolated"), ("2024-01-10T23:59:59.999", "none")])
def test_a_slope_needs_24_hours(last: str, quality: str) -> None:
    assert january(series(("2024-01-10", 5), (last, 6), zone=UTC), zone=UTC).quality == quality


def test_before_the_first_reading_the_slope_of_four_weeks_goes_back() -> None:
    counter = series(("2024-02-11", 500), ("2024-03-09", 530), ("2024-03-10", 780), ("2024-04-01", 9000), zone=UTC)
    end = january(counter, zone=UTC)
    assert figures(end) == ["extrapolated", 400, 400]  # 10 a day from 11 February to 10 March
    assert end.sources == (0, 2)


def test_less_than_four_weeks_ahead_have_the_slope_to_the_last_reading() -> None:
    end = january(series(("2024-02-11", 500), ("2024-02-12", 505), ("2024-02-16", 550), zone=UTC), zone=UTC)
    assert figures(end) == ["extrapolated", 400, 400]
    assert end.sources == (0, 2)


def test_a_falling_register_is_not_extrapolated_downwards() -> None:
    falling = series(("2024-01-01", 1000), ("2024-01-11", 950))
    assert january(falling).value == 950
    assert month_end(falling, 2023, 11, BERLIN).value == 1000


def test_a_meter_that_runs_backwards_is_extrapolated_downwards() -> None:
    falling = series(("2024-01-01", 1000), ("2024-01-11", 950), runs_backwards=True, zone=UTC)
    assert figures(january(falling, zone=UTC)) == ["extrapolated", 845, 845]
    assert figures(month_end(falling, 2023, 11, UTC)) == ["extrapolated", 1155, 1155]


def test_extrapolation_after_a_reset_follows_the_corrected_counter() -> None:
    end = january(series(("2024-01-01", 1000), ("2024-01-11", 50), zone=UTC), zone=UTC)
    assert figures(end)[1:] == [155, 1155]


def test_a_value_below_zero_is_none_and_zero_is_not() -> None:
    # 21 days before the first reading; 1 a day.
    at_zero = series(("2024-02-22", 21), ("2024-02-23", 22), zone=UTC)
    below = series(("2024-02-22", "20.999"), ("2024-02-23", "21.999"), modulus=1000, zone=UTC)
    assert figures(january(at_zero, zone=UTC)) == ["extrapolated", 0, 0]
    assert january(below, zone=UTC) == DayEnd("none", at("2024-02-01", UTC))


@pytest.mark.parametrize(
    ("modulus", "value"), [(941, 940), (940, 0), (939, 1), (None, 940)], ids=lambda value: str(value)
)
def test_beyond_its_last_digit_a_register_shows_the_rest(modulus: int | None, value: int) -> None:
    # 30 days after the last reading; 1 a day. The counter goes on.
    counter = series(("2024-01-01", 909), ("2024-01-02", 910), modulus=modulus, zone=UTC)
    assert figures(january(counter, zone=UTC)) == ["extrapolated", value, 940]


@pytest.mark.parametrize(("modulus", "value"), [(1000, 999), (None, None)])
@pytest.mark.parametrize("days", [("2024-01-01", "2024-01-02"), ("2024-03-02", "2024-03-03")])
def test_below_zero_a_meter_that_runs_backwards_shows_the_top_of_its_register(
    days: tuple[str, str], modulus: int | None, value: int | None
) -> None:
    """30 days after the last reading, or before the first, and 1 a day: one below zero."""
    amounts = (30, 29) if days[0] < "2024-02" else (29, 30)
    end = january(series(*zip(days, amounts, strict=True), modulus=modulus, runs_backwards=True, zone=UTC), zone=UTC)
    assert (end.value, end.total) == (value, None if value is None else -1)


@pytest.mark.parametrize(("late", "quality"), [(0, "extrapolated"), (-1, "none")])
def test_the_horizon_is_92_days_to_the_millisecond(late: int, quality: str) -> None:
    boundary = month_boundary(2024, 1, BERLIN)
    last = boundary - 92 * DAY_MS + late
    forwards = Series.of([Reading(last - 2 * DAY_MS, Decimal(1)), Reading(last, Decimal(2))])
    first = boundary + 92 * DAY_MS - late
    backwards = Series.of([Reading(first, Decimal(1000)), Reading(first + 2 * DAY_MS, Decimal(1001))])
    assert (january(forwards).quality, january(backwards).quality) == (quality, quality)


def test_one_reading_has_no_slope() -> None:
    assert january(series(("2024-01-10", 5))).quality == "none"


def test_the_boundary_is_the_first_instant_of_the_next_month() -> None:
    assert month_boundary(2024, 12, BERLIN) == at("2025-01-01")
    assert month_boundary(2024, 2, UTC) == at("2024-03-01", UTC)
