"""The summary cards: worked examples for each figure, and both ways to them."""

from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.calculation.monthly import monthly_entries
from chalicelib.domain.calculation.series import Series
from chalicelib.domain.calculation.summary import SummaryInputs, finish_summary, summary, summary_inputs
from chalicelib.domain.calculation.summary_cards import REACH_DAYS, Figure, SummaryCards
from chalicelib.domain.readings import Reading, local_date, to_datetime
from tests.unit.domain.calculation.building import BERLIN, at, series
from tests.unit.domain.calculation.meters import Meter, examples, few_examples, meters, zones

# 10 a day through 2023, 12 a day through January and February 2024, read at the end of each month and on 10 March.
HOUSE = series(
    ("2022-12-31", 1000),
    ("2023-01-31", 1310),
    ("2023-02-28", 1590),
    ("2023-12-31", 4650),
    ("2024-01-31", 5022),
    ("2024-02-29", 5370),
    ("2024-03-10", 5490),
)
TEN_MARCH = date(2024, 3, 10)


def figure(value: str | None, quality: str | None) -> Figure:
    return Figure.model_validate({"value": value, "quality": quality})


def on(day: date, counter: Series = HOUSE) -> SummaryCards:
    cards = summary(counter, BERLIN, day)
    try:
        assert finish_summary(summary_inputs(counter, BERLIN), day) == cards
    except LookupError:
        assert day > local_date(counter.instants[-1], BERLIN) + timedelta(days=REACH_DAYS)
    return cards


def test_this_month_so_far_runs_from_the_last_month_end_to_the_end_of_the_day() -> None:
    assert on(TEN_MARCH).month_so_far == figure("120.000", "measured")


def test_the_day_after_the_last_reading_is_extrapolated() -> None:
    # 12 a day since 31 January, the last reading at least four weeks before; to the end of 11 March.
    assert on(date(2024, 3, 11)).month_so_far == figure("144.000", "extrapolated")


def test_later_the_month_so_far_is_extrapolated_to_the_end_of_the_day() -> None:
    # 12 a day over the five days from midnight of 10 March to the end of 14 March.
    assert on(date(2024, 3, 14)).month_so_far == figure("180.000", "extrapolated")


@pytest.mark.parametrize(("day", "known"), [("2024-04-10", True), ("2024-04-11", False)])
def test_a_card_is_no_forecast_beyond_31_local_days(day: str, known: bool) -> None:
    cards = on(date.fromisoformat(day))
    for card in (cards.month_so_far, cards.year_so_far, cards.average_per_day):
        assert (card != figure(None, None)) is known


@pytest.mark.parametrize(("last", "known"), [("2024-01-29", True), ("2024-01-28", False)])
def test_a_projection_reaches_62_local_days(last: str, known: bool) -> None:
    """From that reading to 31 March; 29 February, where the month begins, lies within 31 days of it."""
    cards = on(date(2024, 3, 1), series(("2024-01-01", 1000), (last, 1280)))
    assert (cards.projection.value is not None) is known
    assert cards.month_so_far == figure(None, None)


def test_a_card_reaches_31_local_days_before_the_first_reading_too() -> None:
    def year_so_far(first: str) -> Figure:
        return on(date(2024, 3, 10), series((first, 1000), ("2024-03-10", 1390))).year_so_far

    assert year_so_far("2024-01-31") == figure("690.000", "extrapolated")
    assert year_so_far("2024-02-01") == figure(None, None)


@pytest.mark.parametrize(("modulus", "value"), [(None, None), (1000, "-1.000")])
def test_a_register_that_ran_backwards_to_nothing_says_no_more_unless_it_goes_on_at_its_top(
    modulus: int | None, value: str | None
) -> None:
    counter = series(("2024-02-01", 60), ("2024-03-01", 31), modulus=modulus, runs_backwards=True)
    # 1 a day less; an hour of March is missing.
    assert on(date(2024, 3, 31), counter).month_so_far == figure("-30.958", "extrapolated")
    assert on(date(2024, 4, 1), counter).month_so_far == figure(value, "extrapolated" if value else None)


def test_the_last_full_month_and_the_same_month_a_year_before() -> None:
    cards = on(TEN_MARCH)
    assert cards.last_month == figure("348.000", "measured")
    assert cards.same_month_last_year == figure("280.000", "measured")


def test_the_change_is_in_percent_of_the_year_before() -> None:
    assert on(TEN_MARCH).change_percent == figure("24.286", "measured")


def test_a_month_without_consumption_has_no_change_in_percent() -> None:
    idle = series(("2023-01-31", 50), ("2023-02-28", 50), ("2024-01-31", 60), ("2024-02-29", 70))
    cards = on(date(2024, 3, 1), idle)
    assert cards.same_month_last_year == figure("0.000", "measured")
    assert cards.change_percent == figure(None, None)


def test_the_change_is_as_good_as_the_worse_of_its_months() -> None:
    gap = series(("2023-01-31", 0), ("2023-03-15", 43), ("2024-01-31", 600), ("2024-02-29", 700))
    assert on(date(2024, 3, 1), gap).change_percent.quality == "interpolated"


def test_the_year_so_far_runs_from_the_end_of_december() -> None:
    assert on(TEN_MARCH).year_so_far == figure("840.000", "measured")


def test_the_same_time_last_year_ends_on_the_same_date() -> None:
    # The end of 10 March 2023 is 11 days after midnight of 28 February, at 10 a day.
    cards = on(TEN_MARCH)
    assert cards.last_year_so_far == figure("700.000", "interpolated")
    assert cards.year_change_percent == figure("20.000", "interpolated")


def test_the_29th_of_february_is_compared_with_the_28th() -> None:
    days = [("2022-12-31", 1000), ("2023-02-28", 1590), ("2023-12-31", 4650), ("2024-02-29", 5370)]
    cards = on(date(2024, 2, 29), series(*days))
    assert cards.last_year_so_far == figure("590.000", "measured")
    assert cards.year_change_percent == figure("22.034", "measured")  # from 590 to 720


@pytest.mark.parametrize(("then", "shown"), [(50, "0.000"), (40, "-10.000")])
def test_a_year_that_began_with_no_consumption_or_less_has_no_change_in_percent(then: int, shown: str) -> None:
    days = [("2022-12-31", 50), ("2023-03-10", then), ("2023-12-31", 60), ("2024-03-10", 70)]
    cards = on(TEN_MARCH, series(*days, runs_backwards=True))
    assert cards.last_year_so_far == figure(shown, "measured")
    assert cards.year_so_far == figure("10.000", "measured")
    assert cards.year_change_percent == figure(None, None)


def test_without_the_year_before_there_is_no_change_in_percent() -> None:
    cards = on(TEN_MARCH, series(("2023-12-31", 60), ("2024-03-10", 70)))
    assert cards.last_year_so_far == cards.year_change_percent == figure(None, None)


def test_the_average_is_per_24_hours_between_the_ends_that_stand_for_the_thirty_days() -> None:
    # The end of 9 February, 00:00 on the 10th, is interpolated: 5022 + 10/29 * 348 = 5142; then 348 in 29 days.
    assert on(TEN_MARCH).average_per_day == figure("12.000", "interpolated")


def test_the_average_of_measured_ends_counts_the_time_between_their_readings() -> None:
    # 31 January means the end of that day, six in the morning the end of the day before: 31.25 days, not 30.
    counter = series(("2024-01-31", 5022), ("2024-03-02T06:00", 5397))
    assert on(date(2024, 3, 1), counter).average_per_day == figure("12.000", "measured")


def test_one_reading_has_no_average() -> None:
    assert on(date(2024, 2, 1), series(("2024-01-31", 5022))).average_per_day == figure(None, None)


def test_the_last_reading_and_its_age() -> None:
    card = on(date(2024, 3, 17)).last_reading
    assert card is not None
    assert (card.date, card.amount, card.age_days) == (to_datetime(at("2024-03-10")), Decimal("5490.000"), 7)
    assert card.quality == "measured"


def test_the_last_reading_is_a_reading_even_if_an_exchange_came_after_it() -> None:
    counter = series(("2024-03-01", 10), ("2024-03-10", 20), exchanges=[("2024-03-12", "25", "0")])
    card = on(date(2024, 3, 12), counter).last_reading
    assert card is not None
    assert card.amount == 20
    assert card.age_days == 2


def test_the_projection_is_the_running_months_entry_in_the_monthly_view() -> None:
    march = monthly_entries(HOUSE, 2024, BERLIN)[2]
    # 22 days less one hour, for the clocks change on 31 March, at 12 a day on top of 120.
    assert on(TEN_MARCH).projection == figure("383.500", "extrapolated")
    assert march.consumption == Decimal("383.500")


def test_on_the_last_day_of_a_month_all_of_it_has_been_so_far() -> None:
    counter = series(("2023-12-31", 4650), ("2024-01-31", 5022), ("2024-02-29", 5370))
    cards = on(date(2024, 2, 29), counter)
    assert cards.month_so_far == cards.projection
    assert cards.last_month == figure("372.000", "measured")


@pytest.mark.parametrize("counter", [series(), series(exchanges=[("2024-03-01", "5")])], ids=["empty", "exchange"])
def test_without_readings_there_is_no_card(counter: Series) -> None:
    cards = on(TEN_MARCH, counter)
    assert cards.last_reading is None
    assert cards.projection == cards.change_percent == figure(None, None)


def test_beyond_the_horizon_only_the_last_reading_remains() -> None:
    cards = on(date(2026, 1, 1))
    assert cards.last_reading is not None
    assert cards.last_reading.age_days == 662
    assert cards.month_so_far == cards.year_so_far == cards.average_per_day == figure(None, None)


def test_the_day_before_the_last_reading_has_cards() -> None:
    cards = on(date(2024, 3, 9))
    assert cards.month_so_far == figure("120.000", "measured")
    assert cards.last_reading is not None
    assert cards.last_reading.age_days == -1


def test_two_days_before_the_last_reading_a_date_is_wrong() -> None:
    cards = on(date(2024, 3, 8))
    assert cards.month_so_far == cards.last_month == figure(None, None)
    assert cards.last_reading is not None


def test_the_cards_as_they_are_shown() -> None:
    document = on(TEN_MARCH).as_document()
    assert list(document) == [
        "day",
        "monthSoFar",
        "lastMonth",
        "sameMonthLastYear",
        "changePercent",
        "yearSoFar",
        "lastYearSoFar",
        "yearChangePercent",
        "averagePerDay",
        "projection",
        "lastReading",
    ]
    assert document["day"] == "2024-03-10"
    assert document["lastMonth"] == {"value": Decimal("348.000"), "quality": "measured"}
    assert document["lastReading"]["ageDays"] == 0


def test_the_inputs_hold_differences_and_never_the_running_sum() -> None:
    shifted = Series.of(
        [Reading(instant, Decimal(int(HOUSE.amount_at(i))) + 10_000) for i, instant in enumerate(HOUSE.instants)]
    )
    ends = [(end.day, end.remaining) for end in summary_inputs(HOUSE, BERLIN).known_ends]
    assert ends == [(end.day, end.remaining) for end in summary_inputs(shifted, BERLIN).known_ends]


def test_the_inputs_stay_small_however_long_the_series() -> None:
    long = Series.of([Reading(hour * 3_600_000, Decimal(hour)) for hour in range(40_000)])
    assert len(summary_inputs(long, BERLIN).known_ends) <= 82


days_around_the_last_point = st.one_of(
    st.sampled_from([-3, -2, -1, 0, 1, 2, 30, 31, 32, 61, 62, 63, 92, 93]), st.integers(-5, 500)
)


@examples
@given(meters(), zones, days_around_the_last_point)
def test_finishing_stored_inputs_equals_calculating_the_cards_directly_or_they_reach_not_that_far(
    meter: Meter, zone: ZoneInfo, offset: int
) -> None:
    counter = meter.series()
    last = counter.instants[-1] if counter.instants else at("2023-06-01")
    today = local_date(last, zone) + timedelta(days=offset)
    stored = SummaryInputs.model_validate(summary_inputs(counter, zone).as_document())
    try:
        assert finish_summary(stored, today) == summary(counter, zone, today)
    except LookupError:
        assert offset > REACH_DAYS


def test_stored_inputs_do_not_know_the_same_date_a_year_before_for_ever() -> None:
    with pytest.raises(LookupError):
        finish_summary(summary_inputs(HOUSE, BERLIN), date(2024, 6, 1))


@few_examples
@given(meters(), st.integers(-5, REACH_DAYS))
def test_the_inputs_are_the_same_whatever_the_day(meter: Meter, offset: int) -> None:
    inputs = summary_inputs(meter.series(), BERLIN)
    instants = meter.series().instants
    before = inputs.as_document()
    finish_summary(inputs, local_date(instants[-1] if instants else 0, BERLIN) + timedelta(days=offset))
    assert inputs.as_document() == before == summary_inputs(meter.series(), BERLIN).as_document()
