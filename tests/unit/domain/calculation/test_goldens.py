"""The worked cases of goldens/monthly.json, which two independent programs agree on."""

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.calculation.monthly import MonthlyEntry, monthly_entries
from tests.unit.domain.calculation.building import series

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "goldens" / "monthly.json").read_text())


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
    counter = series(*case["readings"], exchanges=case.get("exchanges", ()), modulus=case.get("modulus"), zone=zone)
    entries = monthly_entries(counter, case["year"], zone, case["tolerance_days"])
    assert [_row(entry) for entry in entries] == case["months"]


def test_every_worked_case_is_there() -> None:
    assert [case["id"] for case in CASES] == [
        "E1", "E2", "E3-tol3", "E3-tol0", "E5-berlin", "E5-utc", "E8", "E11",
    ]  # fmt: skip
