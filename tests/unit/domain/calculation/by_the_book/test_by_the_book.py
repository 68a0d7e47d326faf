"""The second implementation against the worked cases of the text."""

import json
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.by_the_book import Exchange, Meter, Reading, cards, corrected_counter, end_of_day, histogram, monthly
from tests.by_the_book.cards import counter_for_cards
from tests.by_the_book.numbers_and_times import first_instant_of, from_local_time, iso_utc, three_decimals, to_ms
from tests.by_the_book.random_meters import MOST_READINGS, random_meter, years_worth_asking

CASES = json.loads((Path(__file__).parents[4] / "goldens" / "monthly.json").read_text(encoding="utf-8"))


def meter_of(case: dict[str, Any]) -> Meter:
    zone = case["tz"]
    return Meter(
        readings=[Reading(from_local_time(at, zone), Fraction(amount)) for at, amount in case["readings"]],
        exchanges=[
            Exchange(from_local_time(at, zone), Fraction(final_old), Fraction(initial_new))
            for at, final_old, initial_new in case.get("exchanges", [])
        ],
        modulus=Fraction(case["modulus"]) if "modulus" in case else None,
        runs_backwards=case.get("runsBackwards", False),
        zone=zone,
    )


def berlin(*readings: tuple[str, int]) -> Meter:
    return Meter([Reading(from_local_time(at, "Europe/Berlin"), Fraction(amount)) for at, amount in readings])


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_monthly(case: dict[str, Any]) -> None:
    columns = ("meterReading", "quality", "consumption", "consumptionQuality", "flags")
    got = [[entry[column] for column in columns] for entry in monthly(meter_of(case), case["year"])]
    assert got == case["months"]


def test_there_are_eighteen_cases() -> None:
    assert len(CASES) == 18


def test_details_of_an_interpolated_and_an_extrapolated_end() -> None:
    entries = monthly(berlin(("2024-01-04T00:00", 1000), ("2024-01-28T00:00", 1240), ("2024-03-03T00:00", 1590)), 2024)
    assert entries[0]["calculationDetails"] == {
        "method": "interpolated",
        "sourceReadings": [
            {"date": "2024-01-27T23:00:00.000Z", "amount": "1240.000"},
            {"date": "2024-03-02T23:00:00.000Z", "amount": "1590.000"},
        ],
        "interpolationRatio": "0.114",
        "spanDays": "35.000",
    }
    without_ratio = {"method", "sourceReadings", "spanDays"}
    interpolated, extrapolated = (entries[month]["calculationDetails"] for month in (0, 2))
    assert extrapolated == {name: interpolated[name] for name in without_ratio} | {"method": "extrapolated"}
    assert entries[11]["calculationDetails"] == {"method": "none", "sourceReadings": []}


@pytest.mark.parametrize(
    ("times", "start", "end", "n", "counts"),
    [
        ([0, 3, 4, 6, 7, 10], 0, 10, 3, [2, 2, 2]),
        ([5, 5], 5, 5, 4, [2, 0, 0, 0]),
        ([5, 5], None, None, 4, [2, 0, 0, 0]),
        ([], 0, 10, 2, [0, 0]),
    ],
)
def test_histogram(times: list[int], start: int | None, end: int | None, n: int, counts: list[int]) -> None:
    assert [bucket["count"] for bucket in histogram(times, start, end, n)["buckets"]] == counts


def test_histogram_of_ten_days() -> None:
    start = to_ms(datetime(2024, 1, 1, tzinfo=UTC))
    end = to_ms(datetime(2024, 1, 11, tzinfo=UTC))
    day = 86_400_000
    times = [start, start + day - 1, start + day, start + 4 * day + day // 2, end, start - 1, end + 1]
    result = histogram(times, start, end, 10)
    assert [bucket["count"] for bucket in result["buckets"]] == [2, 1, 0, 0, 1, 0, 0, 0, 0, 1]
    assert result["maxCount"] == 2
    assert result["dateRange"] == {"min": start, "max": end}


def test_edges_and_errors_of_a_histogram() -> None:
    buckets = histogram([], 0, 10, 3)["buckets"]
    assert [(bucket["startDate"], bucket["endDate"]) for bucket in buckets] == [(0, 4), (4, 7), (7, 10)]
    assert histogram([]) == {"buckets": [], "maxCount": 0, "dateRange": None}
    with pytest.raises(ValueError, match="at least 1"):
        histogram([1], 0, 10, 0)
    with pytest.raises(ValueError, match="before the start"):
        histogram([1], 10, 0, 1)


@pytest.mark.parametrize(
    ("zone", "day", "instant"),
    [
        ("Europe/Berlin", date(2024, 7, 1), "2024-06-30T22:00:00.000Z"),
        ("Africa/Cairo", date(2024, 4, 26), "2024-04-25T22:00:00.000Z"),  # 00:00 is 01:00 at once
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00:00.000Z"),  # a day that does not exist
        ("Pacific/Apia", date(2011, 12, 31), "2011-12-30T10:00:00.000Z"),
        ("America/St_Johns", date(2009, 11, 1), "2009-11-01T02:30:00.000Z"),  # midnight exists twice
        ("America/Toronto", date(1919, 3, 31), "1919-03-31T04:30:00.000Z"),  # 23:30 is 00:30 at once
    ],
)
def test_first_instant_of_a_day(zone: str, day: date, instant: str) -> None:
    assert iso_utc(first_instant_of(day, zone)) == instant


@pytest.mark.parametrize(
    ("value", "text"),
    [("0.0005", "0.000"), ("0.0015", "0.002"), ("-0.0005", "0.000"), ("-1.2345", "-1.234"), ("12", "12.000")],
)
def test_three_decimals(value: str, text: str) -> None:
    assert three_decimals(Fraction(value)) == text


def test_cards_compare_with_the_year_before() -> None:
    meter = berlin(
        ("2022-12-31T00:00", 1000),
        ("2023-02-28T00:00", 1500),
        ("2023-12-31T00:00", 4000),
        ("2024-02-29T00:00", 4600),
    )
    found = cards(meter, date(2024, 2, 29))
    assert (found["yearSoFar"], found["lastYearSoFar"]) == (("600.000", "measured"), ("500.000", "measured"))
    assert found["yearChangePercent"] == ("20.000", "measured")


def test_cards_do_not_look_further_than_31_local_dates() -> None:
    meter = berlin(("2024-01-01T00:00", 1000), ("2024-03-01T00:00", 1600))
    points = corrected_counter(meter)

    def found(day: date) -> tuple[bool, str, int]:
        end = end_of_day(points, meter, day)
        return end.counter is not None, end.quality, end.days

    assert found(date(2024, 4, 1)) == found(date(2023, 12, 1)) == (True, "extrapolated", 31)
    assert found(date(2024, 2, 1)) == (True, "interpolated", 0)
    assert found(date(2025, 2, 1)) == (False, "none", 0)
    assert counter_for_cards(points, meter, date(2024, 4, 1)) is not None
    assert counter_for_cards(points, meter, date(2024, 4, 2)) is None
    assert counter_for_cards(points, meter, date(2024, 4, 2), most_days=62) is not None


@pytest.mark.parametrize("seed", range(100))
def test_random_meters_are_legal_and_have_an_answer(seed: int) -> None:
    meter = random_meter(Random(seed))
    amounts = [reading.amount for reading in meter.readings]
    amounts += [amount for exchange in meter.exchanges for amount in (exchange.final_old, exchange.initial_new)]
    assert all(amount >= 0 for amount in amounts)
    assert meter.modulus is None or all(amount < meter.modulus for amount in amounts)
    assert len(meter.readings) <= MOST_READINGS
    assert len({reading.at_ms for reading in meter.readings}) == len(meter.readings)
    assert len({exchange.at_ms for exchange in meter.exchanges}) == len(meter.exchanges)
    for year in years_worth_asking(meter)[:4]:
        assert len(monthly(meter, year)) == 12
        cards(meter, date(year, 1, 1) + timedelta(days=seed))


def test_random_meters_meet_every_rule() -> None:
    meters = [random_meter(Random(seed)) for seed in range(300)]
    assert len({meter.zone for meter in meters}) == 8
    kinds = {point.kind for meter in meters for point in corrected_counter(meter)}
    assert kinds == {"first", "exchange", "rollover", "normal", "dip", "reset"}
    shared = [meter for meter in meters if {r.at_ms for r in meter.readings} & {x.at_ms for x in meter.exchanges}]
    assert shared
