"""The product and the implementation that was written from the text alone say the same of random meters.

A meter follows from its seed, which the failure names.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.calculation.histogram import DEFAULT_BUCKETS, histogram
from chalicelib.domain.calculation.series import Series
from chalicelib.domain.calculation.summary import SummaryInputs, finish_summary, summary, summary_inputs
from chalicelib.domain.calculation.summary_cards import REACH_DAYS, SummaryCards
from tests import by_the_book
from tests.by_the_book.agreement import cards_of, histogram_of, last_reading_of, months_of, series_of
from tests.by_the_book.numbers_and_times import DAY_MS, local_date
from tests.by_the_book.random_meters import random_meter, years_worth_asking
from tests.depth import depth

TOGETHER, QUICK = 25, 250
SOME_SEEDS = pytest.mark.parametrize(
    "first",
    [
        pytest.param(first, marks=[pytest.mark.long] if first >= QUICK else [])
        for first in range(0, depth(500, 10_000), TOGETHER)
    ],
)


def meters(first: int) -> Iterator[tuple[str, Random, by_the_book.Meter, Series, ZoneInfo]]:
    """A handful of meters, with what a failure says of each and with the randomness that goes on from it."""
    for seed in range(first, first + TOGETHER):
        random = Random(seed)
        meter = random_meter(random)
        yield f"seed {seed}", random, meter, series_of(meter), ZoneInfo(meter.zone)


@SOME_SEEDS
def test_every_field_of_the_monthly_entries(first: int) -> None:
    for seed, _, meter, counter, zone in meters(first):
        for year in years_worth_asking(meter):
            assert months_of(counter, year, zone) == by_the_book.monthly(meter, year), f"{seed}, {year}"


@SOME_SEEDS
def test_histograms_of_any_range_and_of_the_default_one(first: int) -> None:
    for seed, random, meter, counter, _ in meters(first):
        times = [reading.at_ms for reading in meter.readings]
        ranges = [(None, None, DEFAULT_BUCKETS), *(_range(random, times) for _ in range(3))]
        for start, end, n in ranges:
            found = histogram_of(histogram(counter.reading_instants, start, end, n))
            assert found == by_the_book.histogram(times, start, end, n), f"{seed}, {start} to {end}, {n}"


def _range(random: Random, times: list[int]) -> tuple[int, int, int]:
    """From narrow to wide, often from reading to reading; sometimes a single instant."""
    around = sorted(times) or [0, 1]
    start = random.choice(around) - random.choice([0, 0, 1, DAY_MS, 400 * DAY_MS])
    width = random.choice([0, 1, 7, DAY_MS, abs(random.choice(around) - start), random.randrange(2_000 * DAY_MS)])
    return start, start + width, random.choice([1, 2, 3, 10, 100, random.randint(1, 500)])


@SOME_SEEDS
def test_every_card_from_the_series_and_from_the_stored_inputs(first: int) -> None:
    for seed, random, meter, counter, zone in meters(first):
        last = local_date(counter.instants[-1], meter.zone) if counter.instants else date(2024, 3, 10)
        stored = SummaryInputs.model_validate(summary_inputs(counter, zone).as_document())
        for later in (random.choice([-2, -1, 0, 1, 5, 29, 30, 31, 32]), random.randint(-2, 420)):
            today = last + timedelta(days=later)
            cards = summary(counter, zone, today)
            assert cards_of(cards) == by_the_book.cards(meter, today), f"{seed}, {today}"
            assert last_reading_of(cards.last_reading) == by_the_book.last_reading(meter, today), f"{seed}, {today}"
            assert finished(stored, today, later) in (cards, None), f"{seed}, {today}"


def finished(stored: SummaryInputs, today: date, days_behind_the_last_point: int) -> SummaryCards | None:
    """None: the stored inputs do not reach that far, which they must up to a month behind the last point."""
    try:
        return finish_summary(stored, today)
    except LookupError:
        assert days_behind_the_last_point > REACH_DAYS, f"{today} is within a month of the last point"
        return None
