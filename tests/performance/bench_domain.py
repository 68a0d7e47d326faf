"""How fast the calculation core is: medians of one run, each beside its target, and how they grow.

Run it with ``make bench`` or ``python -m tests.performance.bench_domain``. The readings are made up, hourly or
evenly spread, from plain arithmetic, so that every run measures the same.
"""

import gc
import tracemalloc
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from statistics import median
from time import perf_counter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from chalicelib.domain.calculation.affected import affected_years
from chalicelib.domain.calculation.histogram import histogram
from chalicelib.domain.calculation.monthly import monthly_entries
from chalicelib.domain.calculation.series import Series
from chalicelib.domain.calculation.summary import finish_summary, summary_inputs
from chalicelib.domain.csv.rows import ParsedCsv, parse_csv
from chalicelib.domain.readings import Reading, to_datetime

BERLIN = ZoneInfo("Europe/Berlin")
HOUR_MS = 3_600_000
START = 1_640_995_200_000  # 2022-01-01T00:00Z
HOURLY_ROWS = 34_588
GERMAN_ROWS = 50_000
YEARS_MS = 4 * 365 * 24 * HOUR_MS


class Measurement(NamedTuple):
    """The median of several runs in milliseconds, and what it should stay under, if anything."""

    what: str
    median_ms: float
    target_ms: float | None = None


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


def median_ms(call: Callable[[], object], runs: int = 15) -> float:
    """The median time of a call, after one to warm up."""
    call()
    times = []
    for _ in range(runs):
        started = perf_counter()
        call()
        times.append((perf_counter() - started) * 1000)
    return median(times)


def measure_year(count: int, target_ms: float | None = None) -> Measurement:
    """Twelve entries in the midst of four years of readings."""
    series = Series.of(readings_over(count, YEARS_MS))
    return Measurement(
        f"a year's twelve entries, {count:,} readings",
        median_ms(lambda: monthly_entries(series, 2024, BERLIN)),
        target_ms,
    )


def measure_ten_years() -> Measurement:
    """A hundred and twenty entries from few readings."""
    series = Series.of(readings_over(500, 10 * 365 * 24 * HOUR_MS))
    return Measurement(
        "ten years of entries, 500 readings",
        median_ms(lambda: [monthly_entries(series, year, BERLIN) for year in range(2022, 2032)]),
        10,
    )


def measure_others(hourly: list[Reading]) -> list[Measurement]:
    """What has no target of its own but makes up a refresh."""
    series = Series.of(hourly)
    times = [reading.instant for reading in hourly]
    inputs = summary_inputs(series, BERLIN)
    return [
        Measurement("preparing the series, hourly", median_ms(lambda: Series.of(hourly), 5)),
        Measurement("histogram of 100 buckets, hourly", median_ms(lambda: histogram(times), 5)),
        Measurement("what a change touches", median_ms(lambda: affected_years(series, times[99], times[999], BERLIN))),
        Measurement("summary, step 1: inputs", median_ms(lambda: summary_inputs(series, BERLIN))),
        Measurement("summary, step 2: cards", median_ms(lambda: finish_summary(inputs, date(2025, 12, 20)))),
    ]


def megabytes(make: Callable[[], object]) -> tuple[float, float]:
    """What stays and what there was at most while it was made."""
    gc.collect()
    tracemalloc.start()
    result = make()
    current, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del result
    return current / 1e6, peak / 1e6


def print_times(console: Console, measurements: list[Measurement]) -> None:
    """One line per measurement, with its share of the target."""
    table = Table("calculation core", "median ms", "target ms", "of target")
    for what, time_ms, target_ms in measurements:
        target, share = ("", "") if target_ms is None else (f"{target_ms:g}", f"{time_ms / target_ms:.0%}")
        table.add_row(what, f"{time_ms:.2f}", target, share)
    console.print(table)


def print_memory(console: Console, parse: Callable[[], ParsedCsv]) -> None:
    """What reading a file costs, and what stays of it."""
    kept, peak = megabytes(parse)
    console.print(f"the German CSV file: {peak:.0f} MB while it is read (target: below 200), {kept:.0f} MB stay")


def main() -> None:
    """Measure everything and print a table."""
    hourly = readings_over(HOURLY_ROWS, HOURLY_ROWS * HOUR_MS)
    content, german = csv_file(hourly), german_file(GERMAN_ROWS)
    small, large = measure_year(1_000, 3), measure_year(100_000)
    console = Console()
    print_times(
        console,
        [
            small,
            measure_year(HOURLY_ROWS, 15),
            large,
            measure_ten_years(),
            Measurement("a CSV file of 34,588 rows", median_ms(lambda: parse_csv(content, BERLIN), 5), 1000),
            Measurement("a German one of 50,000 rows, 4 MB", median_ms(lambda: parse_csv(german, BERLIN), 5), 2000),
            *measure_others(hourly),
        ],
    )
    console.print(f"from 1,000 to 100,000 readings: {large.median_ms / small.median_ms:.2f}x (target: below 1.5x)")
    print_memory(console, lambda: parse_csv(german, BERLIN))


if __name__ == "__main__":
    main()
