"""Months show whether a register only grew: where one cannot, nobody believes that it did."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.calculation.flagless import Span, is_flagless
from chalicelib.domain.readings import to_ms

ZONE = ZoneInfo("Pacific/Auckland")


def at(text: str) -> int:
    return to_ms(datetime.fromisoformat(text).replace(tzinfo=ZONE))


READINGS = Span(at("2020-11-20"), at("2022-02-10"))


def year(number: int, **months: dict[str, Any]) -> dict[str, Any]:
    """A year's months, all of which grew, except those that are given by their number."""
    grown = {"consumption": Decimal(5), "flags": []}
    return {"year": number, "months": [{"month": n} | grown | months.get(f"m{n}", {}) for n in range(1, 13)]}


FELL, EXCHANGED, UNKNOWN = {"flags": ["reset"]}, {"flags": ["exchange"]}, {"consumption": None}


@pytest.mark.parametrize(
    ("years", "asked", "expected"),
    [
        ([year(2021)], ("2021-01-01", "2021-12-31"), True),
        ([year(2021, m5=EXCHANGED)], ("2021-01-01", "2021-12-31"), True),
        ([year(2021, m5=FELL)], ("2021-01-01", "2021-12-31"), False),
        ([year(2021, m5=FELL)], ("2021-05-31", "2021-12-31"), False),
        ([year(2021, m5=FELL)], ("2021-06-01", "2021-12-31"), True),
        ([year(2021, m5=FELL)], ("2021-01-01", "2021-04-30"), True),
        ([year(2021, m12=UNKNOWN)], ("2021-01-01", "2021-12-31"), False),
        ([year(2021)], ("2021-01-01", "2022-01-01"), False),
        ([year(2021), year(2022)], ("2021-01-01", "2022-01-01"), True),
        ([year(2022, m3=UNKNOWN)], ("2022-01-01", "2022-12-31"), True),  # behind the last reading
        ([year(2020, m10=FELL)], ("2020-01-01", "2020-12-31"), True),  # before the first one
        ([], ("2024-01-01", "2024-12-31"), True),
    ],
)
def test_every_month_of_the_readings_that_are_asked_for_must_say_so(
    years: list[dict[str, Any]], asked: tuple[str, str], expected: bool
) -> None:
    assert is_flagless(years, READINGS, Span(*map(at, asked)), ZONE) is expected
