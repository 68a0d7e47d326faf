"""Speed of the calculation core, and that it does not depend on the readings around what it calculates.

The readings are made up, hourly or evenly spread, from plain arithmetic, so that every run measures the same. Measured
is processor time.
"""

import gc
import tracemalloc
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from chalicelib.domain.calculation.affected import affected_years
from chalicelib.domain.calculation.histogram import histogram
from chalicelib.domain.calculation.monthly import monthly_entries
from chalicelib.domain.calculation.series import Series
from chalicelib.domain.calculation.summary import finish_summary, summary_inputs
from chalicelib.domain.files.csv.rows import parse_csv
from chalicelib.domain.readings import Reading, to_datetime
from tests.performance.form import Figure, Target
from tests.performance.setting import Call, in_turn

TITLE = "Calculation core"
BERLIN = ZoneInfo("Europe/Berlin")
HOUR_MS, START = 3_600_000, 1_640_995_200_000  # 2022-01-01T00:00Z
YEARS_MS = 4 * 365 * 24 * HOUR_MS
FEW, HOURLY, MANY, GERMAN_ROWS = 1_000, 34_588, 100_000, 50_000
TEN_YEARS = "ten years of entries, 500 readings"
CSV, GERMAN, MEMORY = f"a CSV file of {HOURLY:,} rows", f"a German one of {GERMAN_ROWS:,} rows", "memory to read it"


def a_year(count: int) -> str:
    """The name of a year's entries among ``count`` readings."""
    return f"a year's twelve entries, {count:,} readings"


GROWTH = f"{a_year(MANY)} / {FEW:,}"
_ENTRIES, _ROWS = "each entry is exact decimal arithmetic", "each row is a date and an exact amount, read in Python"
TARGETS = {
    a_year(FEW): Target(3, _ENTRIES),
    a_year(HOURLY): Target(15, _ENTRIES),
    GROWTH: Target(1.5, "each end is looked up by bisection"),
    TEN_YEARS: Target(10, _ENTRIES),
    CSV: Target(1_000, _ROWS),
    GERMAN: Target(2_000, _ROWS),
    MEMORY: Target(200, "all rows are in memory at once"),
}


def measure() -> Iterator[Figure]:
    """Everything in turn; files seldom, because they take long."""
    hourly = readings_over(HOURLY, HOURLY * HOUR_MS)
    content, german = csv_file(hourly), german_file(GERMAN_ROWS)
    files: dict[str, Call] = {CSV: lambda: parse_csv(content, BERLIN), GERMAN: lambda: parse_csv(german, BERLIN)}
    calls, read = in_turn(calculations(hourly), 15, 1), in_turn(files, 5, 1)
    yield calls.ratio(a_year(MANY), a_year(FEW), GROWTH)
    yield from (taken.work(name) for taken in (calls, read) for name in taken.passed)
    yield Figure(MEMORY, peak_megabytes(files[GERMAN]), "MB")


def calculations(hourly: list[Reading]) -> dict[str, Call]:
    """What a refresh is made of."""
    series, times = Series.of(hourly), [reading.instant for reading in hourly]
    few, many, ten = (
        Series.of(readings_over(count, span))
        for count, span in ((FEW, YEARS_MS), (MANY, YEARS_MS), (500, 10 * YEARS_MS // 4))
    )
    inputs = summary_inputs(series, BERLIN)
    return {
        a_year(FEW): lambda: monthly_entries(few, 2024, BERLIN),
        a_year(HOURLY): lambda: monthly_entries(series, 2024, BERLIN),
        a_year(MANY): lambda: monthly_entries(many, 2024, BERLIN),
        TEN_YEARS: lambda: [monthly_entries(ten, year, BERLIN) for year in range(2022, 2032)],
        "preparing the series, hourly": lambda: Series.of(hourly),
        "histogram of 100 buckets, hourly": lambda: histogram(times),
        "what a change touches": lambda: affected_years(series, times[99], times[999], BERLIN),
        "summary, step 1: inputs": lambda: summary_inputs(series, BERLIN),
        "summary, step 2: cards": lambda: finish_summary(inputs, date(2025, 12, 20)),
    }


def readings_over(count: int, span_ms: int) -> list[Reading]:
    """``count`` readings evenly over a span, growing with a daily rhythm."""
    step = span_ms // count
    return [Reading(START + i * step, Decimal(12_000_000 + i * 731 + (i % 24) * 29).scaleb(-3)) for i in range(count)]


def csv_file(readings: list[Reading]) -> bytes:
    """The readings as an import file."""
    rows = (f"{to_datetime(instant).isoformat()},power,{amount}" for instant, amount in readings)
    return "\n".join(["date,type,amount", *rows]).encode()


def german_file(rows: int) -> bytes:
    """Some 80 bytes a row, as a German spreadsheet on Windows saves them."""
    lines = ["Datum;Uhrzeit;Zähler;Zählerstand (kWh);Notiz"]
    for instant, amount in readings_over(rows, rows * HOUR_MS):
        number = f"{amount:,f}".translate(str.maketrans(",.", ".,"))
        lines.append(f"{to_datetime(instant):%d.%m.%Y;%H:%M};Strom;{number};{'abgelesen am Zählerschrank ' * 2}")
    return "\r\n".join(lines).encode("cp1252")


def peak_megabytes(make: Call) -> float:
    """The most memory that there was while it was made."""
    gc.collect()
    tracemalloc.start()
    make()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6
