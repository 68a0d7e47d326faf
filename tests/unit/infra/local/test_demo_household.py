"""The demo households: when one has caught up, how it is moved to the present, and what is imported again."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from infra.local.demo import household
from infra.local.demo.household import (
    DailyReading,
    DemoHousehold,
    has_caught_up,
    historical_readings,
    readings_until,
)

THREE = [DailyReading(date(2026, 11, day), Decimal(day)) for day in (25, 26, 27)]


def display(*, stale: bool, calculated_at: str | None) -> dict[str, object]:
    return {"meta": {"sourceVersion": 2, "stale": stale, "calculatedAt": calculated_at}}


@pytest.mark.parametrize(
    ("answer", "caught_up"),
    [
        (display(stale=False, calculated_at=None), False),
        (display(stale=True, calculated_at="2026-01-01"), False),
        (display(stale=False, calculated_at="2026-01-01"), True),
    ],
)
def test_a_stored_view_that_is_not_behind_has_caught_up(answer: dict[str, object], caught_up: bool) -> None:
    assert has_caught_up(answer) == caught_up


def test_the_file_holds_the_whole_household() -> None:
    readings = historical_readings()
    assert [len(readings), readings[0], readings[-1].day] == [
        1_441,
        DailyReading(date(2006, 12, 17), Decimal("12020.153")),
        date(2010, 11, 26),
    ]


@pytest.mark.parametrize(
    ("yesterday", "first", "later", "leap_days"),
    [
        (date(2026, 11, 26), date(2022, 12, 17), 0, 0),
        (date(2026, 11, 25), date(2022, 12, 17), 1, 0),
        (date(2026, 11, 27), date(2023, 12, 17), 364, 1),  # 2008 becomes 2025
    ],
)
def test_it_is_moved_by_the_smallest_number_of_whole_years_that_reaches_yesterday(
    yesterday: date, first: date, later: int, leap_days: int
) -> None:
    moved = readings_until(yesterday)
    assert [moved[0].day, moved[-1].day] == [first, yesterday]
    assert len(moved) == 1_441 - later - leap_days
    assert moved[-1].amount == historical_readings()[-1 - later].amount


def test_a_leap_day_falls_into_a_leap_year_where_there_is_one() -> None:
    moved = readings_until(date(2026, 11, 25))
    assert date(2024, 2, 29) in [reading.day for reading in moved]


def test_years_later_the_household_goes_on_from_where_it_began() -> None:
    moved = readings_until(date(2031, 3, 1), first_year=2022)
    assert moved[:1_441] == readings_until(date(2026, 11, 26))
    assert moved[-1].day == date(2031, 3, 1)
    amounts = [reading.amount for reading in moved]
    assert amounts == sorted(amounts)
    again = next(place for place, reading in enumerate(moved) if reading.day == date(2026, 12, 17))
    assert moved[again - 1].day == date(2026, 11, 26)
    assert 400 < moved[again].amount - moved[again - 1].amount < 700  # three weeks that the file does not have
    assert moved[again + 1].amount - moved[again].amount == moved[1].amount - moved[0].amount


class Answers:
    """The API of a user who has what is given, in order; remembers the files."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stored: list[DailyReading]) -> None:
        self.files: list[str] = []
        self._stored = stored
        monkeypatch.setattr(household, "_http", self)

    def request(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Any:
        assert headers["Authorization"] == "Bearer token"
        if body:
            self.files.append(body.decode())
        edge = self._stored[-1:] if "sort=-date" in url else self._stored[:1]
        evening = [
            {"date": f"{day - timedelta(days=1)}T23:00:00.000Z", "amount": float(amount)} for day, amount in edge
        ]
        stored_view = "year=2026" in url
        found = {"readings": evening} | display(stale=False, calculated_at="2026-11-28" if stored_view else None)
        return type("Answer", (), {"status": 200, "data": b"", "json": lambda _: json.loads(json.dumps(found))})()


OWN = DailyReading(date(2020, 1, 1), Decimal(7))


@pytest.mark.parametrize(
    ("stored", "due"),
    [
        ([], ["2026-11-25,power,25", "2026-11-26,power,26", "2026-11-27,power,27"]),
        (THREE[:2], ["2026-11-27,power,27"]),
        (THREE, []),
        ([*THREE[:1], DailyReading(date(2026, 11, 26), Decimal(99))], ["2026-11-27,power,27"]),
        ([OWN, *THREE[:2]], []),
    ],
)
def test_only_what_has_become_due_is_imported(
    stored: list[DailyReading], due: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = Answers(monkeypatch, stored)
    assert DemoHousehold("http://api", "token").import_readings(THREE) == len(due)
    assert answers.files == (["\n".join(["date,type,amount", *due, ""])] if due else [])
    assert DemoHousehold("http://api", "token").first_year() == (stored[0].day.year if stored else None)
