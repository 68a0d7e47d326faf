"""Dates of an export say the instant, and the day that a clock on the wall showed."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from chalicelib.domain.files.export.date_text import date_text
from chalicelib.domain.readings import FIRST_YEAR, LAST_YEAR, day_start, local_date, parse_instant, to_datetime
from tests.unit.domain.calculation.building import BERLIN, UTC
from tests.unit.domain.calculation.meters import examples
from tests.unit.domain.files.export.exporting import MINUTE, ZONES, instants, zones

KIRITIMATI, PAGO_PAGO = ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Pago_Pago")
DAYS = [date(2024, 2, 29), date(2024, 3, 31), date(2024, 10, 27), date(2023, 12, 31), date(2024, 1, 1)]


@pytest.mark.parametrize("zone", ZONES, ids=lambda zone: zone.key)
@pytest.mark.parametrize("day", DAYS, ids=str)
def test_a_day_is_never_off_by_one(day: date, zone: ZoneInfo) -> None:
    start = day_start(day, zone)
    for instant in (start, start + 1, start + 12 * 60 * MINUTE, start + 22 * 60 * MINUTE):
        text = date_text(instant, zone)
        assert text[:10] == day.isoformat()
        assert parse_instant(text, UTC) == instant
    assert date_text(start - 1, zone)[:10] < day.isoformat()


@pytest.mark.parametrize(
    ("utc", "zone", "text"),
    [
        ("2024-10-31T23:00:00Z", BERLIN, "2024-11-01T00:00:00+01:00"),
        ("2024-10-31T23:00:00.050Z", BERLIN, "2024-11-01T00:00:00.050+01:00"),
        ("2024-03-31T00:59:59Z", BERLIN, "2024-03-31T01:59:59+01:00"),
        ("2024-03-31T01:00:00Z", BERLIN, "2024-03-31T03:00:00+02:00"),
        ("2024-10-27T00:30:00Z", BERLIN, "2024-10-27T02:30:00+02:00"),
        ("2024-10-27T01:30:00Z", BERLIN, "2024-10-27T02:30:00+01:00"),
        ("2024-02-28T10:00:00Z", KIRITIMATI, "2024-02-29T00:00:00+14:00"),
        ("2024-03-01T10:59:59Z", PAGO_PAGO, "2024-02-29T23:59:59-11:00"),
        ("2024-01-01T00:00:00Z", UTC, "2024-01-01T00:00:00+00:00"),
        # offsets with seconds: +0:19:32, and -0:44:30; midnight stays on its day, and so does the second before
        ("1919-12-31T23:40:28Z", ZoneInfo("Europe/Amsterdam"), "1920-01-01T00:00:28+00:20"),
        ("1919-12-31T23:40:27Z", ZoneInfo("Europe/Amsterdam"), "1919-12-31T23:59:27+00:19"),
        ("1960-01-01T00:44:30Z", ZoneInfo("Africa/Monrovia"), "1960-01-01T00:00:30-00:44"),
        ("1960-01-01T00:44:29Z", ZoneInfo("Africa/Monrovia"), "1959-12-31T23:59:29-00:45"),
        # no year that can be read is one of its clock's
        ("1899-12-31T12:00:00Z", UTC, "1900-01-01T11:59:00+23:59"),
        ("3000-01-01T12:00:00Z", UTC, "2999-12-31T12:01:00-23:59"),
    ],
)
def test_dates_are_local_with_offset(utc: str, zone: ZoneInfo, text: str) -> None:
    instant = round(datetime.fromisoformat(utc).timestamp() * 1_000)
    assert date_text(instant, zone) == text


@examples
@given(instants, zones, zones)
def test_a_date_reads_back_as_its_instant_wherever_it_is_read(
    instant: int, zone: ZoneInfo, elsewhere: ZoneInfo
) -> None:
    text = date_text(instant, zone)
    assert parse_instant(text, elsewhere) == instant
    assert ("." in text) == (instant % 1_000 > 0)


@examples
@given(instants, zones)
def test_a_date_begins_with_the_local_day(instant: int, zone: ZoneInfo) -> None:
    day = local_date(instant, zone)
    if FIRST_YEAR <= to_datetime(instant).astimezone(zone).year <= LAST_YEAR:
        assert date_text(instant, zone)[:10] == day.isoformat()
