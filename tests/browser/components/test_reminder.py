"""The reminder to read the meters: a file that calendars understand, with the text of the page's language."""

from pathlib import Path

import pytest
from dateutil.rrule import rrulestr
from icalendar import Calendar, Event
from playwright.sync_api import Page, expect

from tests.browser.accessibility import accessible, fits
from tests.browser.chromium import NARROW
from tests.browser.conftest import SignIn
from tests.browser.settling import settled


def downloaded(page: Page, day: str, time: str) -> bytes:
    """The file that the browser saves."""
    page.get_by_label("Day of the month").select_option(day)
    page.locator(".reminder").get_by_label("Time").fill(time)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as a calendar file").click()
    assert saved.value.suggested_filename == "meter-reading.ics"
    return Path(saved.value.path()).read_bytes()


def event_of(file: bytes) -> Event:
    calendar = Calendar.from_ical(file)
    assert (calendar["VERSION"], bool(calendar["PRODID"])) == ("2.0", True)
    [event] = calendar.walk("VEVENT")
    assert not event.errors
    assert isinstance(event, Event)
    return event


@pytest.mark.parametrize(
    ("day", "rule", "moments"),
    [
        ("28", "FREQ=MONTHLY;BYMONTHDAY=28", [(2024, 3, 28), (2024, 4, 28), (2024, 5, 28)]),
        ("1", "FREQ=MONTHLY;BYMONTHDAY=1", [(2024, 4, 1), (2024, 5, 1), (2024, 6, 1)]),
        ("Last day", "FREQ=MONTHLY;BYMONTHDAY=-1", [(2024, 3, 31), (2024, 4, 30), (2024, 5, 31)]),
    ],
)
def test_it_comes_each_month_at_the_same_time_of_the_clock(
    sign_in: SignIn, day: str, rule: str, moments: list[tuple[int, int, int]]
) -> None:
    page = sign_in("home")
    page.get_by_role("link", name="Meters").click()
    file = downloaded(page, day, "07:45")
    event = event_of(file)
    assert f"RRULE:{rule}".encode() in file.splitlines()
    start = event.decoded("DTSTART")
    assert start.tzinfo is None  # the clock of the person who looks at it
    found = rrulestr(rule, dtstart=start)
    assert [found[at].timetuple()[:5] for at in range(3)] == [(*date, 7, 45) for date in moments]
    assert (event["SUMMARY"], event["URL"]) == ("Read the meters", page.url.split("#")[0])
    assert page.url.split("#")[0] in str(event["DESCRIPTION"])
    assert event.decoded("DTSTAMP").isoformat() == "2024-03-15T10:00:00+00:00"
    [alarm] = event.walk("VALARM")
    assert (alarm["ACTION"], alarm.decoded("TRIGGER").total_seconds()) == ("DISPLAY", 0)
    assert file.count(b"\n") == file.count(b"\r\n") == len(file.splitlines())
    assert max(len(line) for line in file.splitlines()) <= 75
    assert event_of(downloaded(page, day, "07:45"))["UID"] != event["UID"]


def test_its_text_is_that_of_the_page_and_a_phone_has_room_for_it(sign_in: SignIn) -> None:
    page = sign_in("home", locale="de-DE", viewport=NARROW, color_scheme="dark")
    page.get_by_role("link", name="Zähler").click()
    expect(page.get_by_role("heading", name="Erinnerung")).to_be_visible()
    settled(page)
    fits(page)
    accessible(page)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Als Kalenderdatei speichern").click()
    assert event_of(Path(saved.value.path()).read_bytes())["SUMMARY"] == "Zähler ablesen"
