"""The worked cases of goldens/monthly.json, which two independent programs agree on."""

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.calculation.monthly import MonthlyEntry, monthly_entries
from tests.unit.domain.calculation.building import series

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[4] / "goldens" / "monthly.json").read_text())


def _row(entry: MonthlyEntry) -> list[Any]:
    reading, used = entry.meter_reading, entry.consumption
    return [
        None if reading is None else str(reading),
        entry.quality,
        None if used is None else str(used),
        entry.consumption_quality,
        entry.flags,
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_a_worked_case_gives_its_twelve_months(case: dict[str, Any]) -> None:
    zone = ZoneInfo(case["tz"])
    counter = series(
        *case["readings"],
        exchanges=case.get("exchanges", ()),
        modulus=case.get("modulus"),
        runs_backwards=case.get("runsBackwards", False),
        zone=zone,
    )
    assert [_row(entry) for entry in monthly_entries(counter, case["year"], zone)] == case["months"]


def test_every_worked_case_is_there() -> None:
    assert [case["id"] for case in CASES] == [
        "monthly-on-the-last-day",
        "near-the-end-is-not-at-the-end",
        "uneven-dates-of-real-life",
        "two-readings-on-the-first",
        "five-minutes-before-midnight",
        "first-reading-of-the-new-meter-on-the-day-of-the-exchange",
        "exchange-with-an-initial-reading-on-that-day",
        "last-reading-of-the-old-meter-on-that-day",
        "meter-that-runs-backwards",
        "the-same-without-saying-so",
        "rollover-after-a-year",
        "extrapolated-beyond-the-last-digit",
        "a-cold-day-is-no-forecast",
        "three-days-before-the-end",
        "summer-time-in-between",
        "the-same-in-utc",
        "reset-without-a-record",
        "dip",
    ]
