"""Dates of a file: every notation, given orders, and that a month is never taken for a day without a word."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.readings import to_datetime
from tests.unit.domain.calculation.building import at
from tests.unit.domain.calculation.meters import examples
from tests.unit.domain.files.csv.reading import outcome, read, refusal

NOON = "2024-07-01T12:00"


def file_of(*dates: str) -> str:
    return "\n".join(["date;type;amount", *(f"{text};gas;5" for text in dates)])


@pytest.mark.parametrize("day", ["1.7.2024", "01.07.2024", "1.7.24", "1/7/2024", "1-7-2024", "2024-7-1", "2024/07/01"])
@pytest.mark.parametrize(
    "time",
    [
        " 12:00",
        "T12:00",
        "  12:00:00",
        "t12:00:00.000",
        " 12:00 PM",
        "\u00a012:00:00\u202fpm",
        " 12:00+02:00",
        "T10:00Z",
        " 10:00:00.0 +0000",
        "T05:30-04:30",
        " 12:00+02",
        " 10:00 z",
    ],
)
def test_every_notation_may_have_a_time(day: str, time: str) -> None:
    parsed = read(file_of(day + time))
    assert [(row.instant, row.has_time) for row in parsed.rows] == [(at(NOON), True)]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("1.7.2024 9:05", "2024-07-01T07:05Z"),
        ("1.7.2024 12:30 AM", "2024-06-30T22:30Z"),
        ("1.7.2024 11:59:59 PM", "2024-07-01T21:59:59Z"),
        ("1.7.2024 9:05:07.25", "2024-07-01T07:05:07.250Z"),
        ("31.3.2024 2:30", "2024-03-31T01:30Z"),
        ("27.10.2024 2:30", "2024-10-27T00:30Z"),
        ("27.10.2024 2:30+01:00", "2024-10-27T01:30Z"),
        ("29.2.2024 23:00", "2024-02-29T22:00Z"),
    ],
)
def test_a_time_is_local_unless_it_has_an_offset(text: str, utc: str) -> None:
    assert [to_datetime(row.instant) for row in read(file_of(text)).rows] == [datetime.fromisoformat(utc)]


@pytest.mark.parametrize("text", ["1.7.2024", "2024-07-01", "1.7.24"])
def test_a_date_alone_has_no_time(text: str) -> None:
    assert [(row.instant, row.has_time) for row in read(file_of(text)).rows] == [(at("2024-07-01"), False)]


@pytest.mark.parametrize(
    "text",
    [
        "1.7.2024 24:00",
        "1.7.2024 12:60",
        "1.7.2024 13:00 PM",
        "1.7.2024 0:30 AM",
        "1.7.2024 10:00+25:00",
        "1.7.2024 10:00+01:75",
        "30.2.2024 10:00",
        "1.7.2024 10:00:60",
        "0.7.2024",
        "13/13/2024",
        "2024-00-10",
    ],
)
def test_what_does_not_exist_is_an_error_of_its_row(text: str) -> None:
    errors = read(file_of("31.12.2024", text)).errors
    assert [(error.line, error.reason) for error in errors] == [(3, f'date "{text}" does not exist')]


@pytest.mark.parametrize(
    "text",
    [
        "1.7.2024 10",
        "1.7.2024 1000",
        "1.7.2024 10:0",
        "1.7.2024+01:00",
        "1.7.2024x10:00",
        "7.2024",
        "1. Juli 2024",
        "1/7/24",
        "1-7-24",
        "1.7.024",
        "24-07-01",
        "2024-07-001",
        "20240701",
        "45474",
        "2024-W27-1",
        "1.7.2024 10:00 UTC",
        "\u0661.7.2024",
        "1.7.2024 " + " " * 100 + "10:00",
    ],
)
def test_what_has_no_known_notation_is_an_error_of_its_row(text: str) -> None:
    errors = read(file_of(text)).errors
    assert [(error.line, error.column) for error in errors] == [(2, "date")]
    assert "is not written like" in errors[0].reason


@pytest.mark.parametrize(
    ("order", "text", "day"),
    [
        ("dmy", "3/4/2024", "2024-04-03"),
        ("mdy", "3/4/2024", "2024-03-04"),
        ("mdy", "12/31/2024", "2024-12-31"),
        ("mdy", "3.4.2024", "2024-03-04"),
        ("mdy", "3-4-2024", "2024-03-04"),
        ("mdy", "3.4.24", "2024-03-04"),
        ("ymd", "2024/4/3", "2024-04-03"),
        ("ymd", "2024-04-03", "2024-04-03"),
    ],
)
def test_a_given_order_counts_and_is_reported(order: str, text: str, day: str) -> None:
    parsed = read(file_of(text), date_order=order)
    assert [row.instant for row in parsed.rows] == [at(day)]
    assert (parsed.format.date_order, parsed.warnings) == (order, [])


@pytest.mark.parametrize(
    ("order", "text", "reason"),
    [
        ("dmy", "2024-04-03", "is not day first, as dateOrder=dmy says"),
        ("mdy", "2024-04-03", "is not month first, as dateOrder=mdy says"),
        ("ymd", "3.4.2024", "is not year first, as dateOrder=ymd says"),
        ("dmy", "12/31/2024", "does not exist"),
        ("mdy", "31/12/2024", "does not exist"),
    ],
)
def test_what_does_not_fit_a_given_order_is_an_error_of_its_row(order: str, text: str, reason: str) -> None:
    parsed = read(file_of(text), date_order=order)
    assert [(error.line, error.reason) for error in parsed.errors] == [(2, f'date "{text}" {reason}')]


@pytest.mark.parametrize("order", ["", "ydm", "DMY", "d"])
def test_another_order_is_refused(order: str) -> None:
    assert refusal(file_of("1.1.2024"), date_order=order) == "dateOrder must be one of dmy, mdy, ymd"


@pytest.mark.parametrize("text", ["12/31/2024", "12.31.2024", "12-31-2024", "2/29/2024 10:00 AM", "12.31.24"])
def test_a_date_that_exists_month_first_alone_refuses_the_file(text: str) -> None:
    message = refusal(file_of("31/12/2023", "1.1.2024", text))
    assert message.startswith(f'date "{text}" (line 4) exists month first, not day first: pass dateOrder=mdy')


def test_that_date_refuses_the_file_even_in_a_row_that_is_bad_for_another_reason() -> None:
    assert "exists month first" in refusal("date;type;amount\n12/31/2024;water;x\n")


@pytest.mark.parametrize(
    "text",
    ["31/02/2023 noon", "13/02/2023 noon", "31.04.23 x", "2023-13-01", "2023-02-13 noon", "13.13.2023", "1.13.20234"],
)
def test_a_bad_date_that_exists_in_no_order_is_an_error_of_its_row(text: str) -> None:
    assert [error.line for error in read(file_of("13/02/2023", text)).errors] == [3]


@pytest.mark.parametrize(
    "row",
    [
        "02/13/2023;gas;5;too;many",
        "02/13/2023 noon;gas;5",
        "02/13/23;gas;5",
        "Mon 02/13/2023;gas;5",
        "02/13/2023 25:00;gas;5",
        "torn;02/13/2023;gas;5",
        '1.2.2023;gas;"5\n02/13/2023;gas;6"',
    ],
)
def test_a_date_that_only_exists_month_first_refuses_the_file_whatever_else_is_wrong_with_its_row(row: str) -> None:
    file = f"date;type;amount\n01/02/2023;gas;1\n{row}\n"
    assert 'date "02/13/' in refusal(file)
    assert "(line 3) exists month first, not day first: pass dateOrder=mdy" in refusal(file)
    assert [row.line for row in read(file, date_order="dmy").rows] == [2]


@pytest.mark.parametrize("text", ["2/30/2024", "2/29/2023", "31/31/2024", "2024-31-12"])
def test_a_date_that_exists_in_no_order_is_an_error_of_its_row(text: str) -> None:
    assert [error.line for error in read(file_of(text)).errors] == [2]


@pytest.mark.parametrize(
    ("dates", "asked"),
    [
        (["3/4/2024"], True),
        (["3/4/2024", "12/12/2024 10:00"], True),
        (["1.1.2024", "3/4/2024", "31.12.2024"], True),
        (["3/4/2024", "31/02/2024"], True),
        (["3/4/2024", "13/4/2024"], False),
        (["3.4.2024"], False),
        (["2024/3/4"], False),
    ],
)
def test_slash_dates_that_no_row_decides_are_asked_about(dates: list[str], asked: bool) -> None:
    warnings = read(file_of(*dates)).warnings
    assert [(warning.line, warning.code) for warning in warnings] == [(None, "AMBIGUOUS_DATE_ORDER")] * asked


def test_the_question_about_the_order_says_what_was_read_and_what_to_add() -> None:
    [warning] = read(file_of("2024-01-01", "03/04/2024 10:00")).warnings
    assert warning.reason == (
        'no date tells whether the day or the month comes first: "03/04/2024 10:00" (line 3) is read as '
        "day 3 of month 4; pass dateOrder=dmy or dateOrder=mdy"
    )


@pytest.mark.parametrize(
    ("dates", "order"),
    [
        ([], None),
        (["x"], None),
        (["2024-01-01"], "ymd"),
        (["2024/1/1 10:00"], "ymd"),
        (["1.1.2024"], "dmy"),
        (["3/4/2024"], "dmy"),
        (["2024-01-01", "1.1.2024"], "dmy"),
    ],
)
def test_the_order_in_which_dates_were_read_is_reported(dates: list[str], order: str | None) -> None:
    assert read(file_of(*dates)).format.date_order == order


def test_a_row_more_than_a_day_ahead_is_an_error() -> None:
    parsed = read(file_of("1.7.2024", "2.7.2024", "3.7.2024"), now=at("2024-07-01"))
    assert [(error.line, error.column) for error in parsed.errors] == [(4, "date")]


@examples
@given(
    st.lists(st.dates(date(2023, 1, 1), date(2024, 12, 31)), min_size=1, max_size=6),
    st.sampled_from(["/", ".", "-"]),
)
def test_month_first_dates_are_refused_or_asked_about_or_the_same_day_first(days: list[date], sign: str) -> None:
    """Dots and dashes are day first by the rule; a file of slashes is never swapped without a word."""
    texts = [f"{day.month}{sign}{day.day}{sign}{day.year}" for day in days]
    parsed = outcome(file_of(*texts))
    if isinstance(parsed, str):
        assert "pass dateOrder=mdy" in parsed
        return
    assert all(day.day <= 12 for day in days)
    assert bool(parsed.warnings) == (sign == "/")


@examples
@given(st.lists(st.dates(date(2023, 1, 1), date(2024, 12, 31)), min_size=1, max_size=6))
def test_no_day_is_off_by_one(days: list[date]) -> None:
    rows = read(file_of(*(f"{day.day}.{day.month}.{day.year}" for day in days))).rows
    assert [row.instant for row in rows] == [at(day.isoformat()) for day in days]
    later = read(file_of(*(f"{day + timedelta(days=1):%Y-%m-%d}" for day in days))).rows
    assert all(
        after.instant - row.instant in (82_800_000, 86_400_000, 90_000_000)
        for row, after in zip(rows, later, strict=True)
    )
