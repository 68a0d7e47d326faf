"""Instants from text and dates and back."""

import contextlib
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidReadingError
from chalicelib.domain.readings import day_start, local_date, parse_instant, to_datetime, to_ms
from tests.unit.domain.calculation.building import BERLIN, at
from tests.unit.domain.calculation.meters import few_examples


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024-11-01", "2024-10-31T23:00:00+00:00"),
        ("2024-07-01", "2024-06-30T22:00:00+00:00"),
        ("2024-07-01T12:30:00+02:00", "2024-07-01T10:30:00+00:00"),
        ("2024-07-01t12:30z", "2024-07-01T12:30:00+00:00"),
        ("2024-07-01 12:30:15.1239+0530", "2024-07-01T07:00:15.123+00:00"),
        ("2024-07-01T12:30", "2024-07-01T10:30:00+00:00"),
        ("2024-10-27T02:30", "2024-10-27T00:30:00+00:00"),  # twice: the first
        ("2024-03-31T02:30", "2024-03-31T01:30:00+00:00"),  # never: as the clock before the change would show it
        ("1900-01-01", "1899-12-31T23:00:00+00:00"),
        ("2999-12-31T23:59:59.999Z", "2999-12-31T23:59:59.999+00:00"),
    ],
)
def test_a_date_is_local_midnight_and_a_date_time_is_local_unless_it_says_its_offset(text: str, utc: str) -> None:
    assert (
        to_datetime(parse_instant(text, BERLIN)).isoformat(timespec="auto") == datetime.fromisoformat(utc).isoformat()
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2024-02-30", 'date "2024-02-30" does not exist'),
        ("2024-01-01T25:00Z", 'date "2024-01-01T25:00Z" does not exist'),
        ("2024-01-01T10:00+99:00", 'date "2024-01-01T10:00+99:00" does not exist'),
        ("2024-01-01T10:00+01:75", 'date "2024-01-01T10:00+01:75" does not exist'),
        ("2024-01-01T10:00-0060", 'date "2024-01-01T10:00-0060" does not exist'),
        ("1899-12-31", 'date "1899-12-31" is outside the years 1900 to 2999'),
        ("3000-01-01", 'date "3000-01-01" is outside the years 1900 to 2999'),
        ("soon", 'date "soon" is neither a date (2024-11-01) nor a date-time (2024-11-01T18:30)'),
        ("20240101", 'date "20240101" is neither a date (2024-11-01) nor a date-time (2024-11-01T18:30)'),
        ("\u0662\u0660\u0662\u0664-01-01", None),
        ("", None),
    ],
)
def test_what_is_not_a_date_is_named_with_its_reason(text: str, reason: str | None) -> None:
    with pytest.raises(InvalidReadingError) as caught:
        parse_instant(text, BERLIN)
    assert [error.where for error in caught.value.errors] == ["date"]
    assert reason is None or str(caught.value) == caught.value.errors[0].reason == reason


def test_a_long_text_is_cut_in_the_message() -> None:
    with pytest.raises(InvalidReadingError) as caught:
        parse_instant("x" * 10_000, BERLIN)
    assert len(str(caught.value)) < 200


@few_examples
@given(st.text())
def test_no_text_raises_anything_else(text: str) -> None:
    with contextlib.suppress(InvalidReadingError):
        parse_instant(text, BERLIN)


@few_examples
@given(st.integers(-10_000_000_000_000, 30_000_000_000_000))
def test_instants_survive_the_way_through_datetimes(instant: int) -> None:
    assert to_ms(to_datetime(instant)) == instant


def test_milliseconds_are_cut_and_never_rounded_up() -> None:
    assert to_ms(datetime(1970, 1, 1, 0, 0, 0, 1999, tzinfo=UTC)) == 1


def test_a_day_has_23_or_25_hours_when_clocks_change() -> None:
    days = [date(2024, 3, 30), date(2024, 3, 31), date(2024, 10, 27)]
    hours = [(day_start(day + timedelta(days=1), BERLIN) - day_start(day, BERLIN)) / 3_600_000 for day in days]
    assert hours == [24, 23, 25]


def test_a_day_without_midnight_starts_when_clocks_have_jumped() -> None:
    sao_paulo = ZoneInfo("America/Sao_Paulo")
    assert to_datetime(day_start(date(2018, 11, 4), sao_paulo)).isoformat() == "2018-11-04T03:00:00+00:00"


def test_a_day_with_two_midnights_starts_at_the_first() -> None:
    havana = ZoneInfo("America/Havana")
    first, second = (day_start(date(2024, 11, 3), havana, fold) for fold in (0, 1))
    assert to_datetime(first).isoformat() == "2024-11-03T04:00:00+00:00"
    assert second - first == 3_600_000


def test_the_local_date_is_that_of_the_zone() -> None:
    assert local_date(at("2024-12-31T23:30"), BERLIN) == date(2024, 12, 31)
    assert local_date(at("2024-12-31T23:30"), ZoneInfo("Asia/Kathmandu")) == date(2025, 1, 1)
