"""Dates that others get wrong: leap days, months of unequal length, days of 23 and 25 hours, a browser far away."""

import re
from datetime import date

import pytest
from playwright.sync_api import Locator, Page, expect

from chalicelib.domain.backends.component import Component
from tests.browser.conftest import SignIn
from tests.browser.households import csv_of, two_meters
from tests.browser.parts import part
from tests.browser.server import Served

FAR = ["Pacific/Kiritimati", "Pacific/Pago_Pago"]  # 14 hours before and 11 behind Greenwich
BERLIN_SPRING, BERLIN_AUTUMN = date(2024, 3, 31), date(2024, 10, 27)


def card(page: Page, name: str) -> Locator:
    cards = part(page, Component.DASHBOARD).get_by_role("region", name="Electricity").get_by_role("article")
    return cards.filter(has=page.get_by_role("heading", name=name))


def month(page: Page, name: str) -> Locator:
    return part(page, Component.MONTHLY_CHARTS).get_by_role("radio", name=name)


def steady(days: list[date], per_day: int = 10) -> bytes:
    """A register of electricity that goes on by the same amount each day."""
    return csv_of((day, "power", 1000 + (day - days[0]).days * per_day) for day in days)


def form(page: Page) -> Locator:
    page.get_by_role("button", name="Add reading").click()
    return page.get_by_role("dialog")


def test_the_leap_day_is_compared_with_the_28th(served: Served, sign_in: SignIn) -> None:
    served.clock.set(date(2024, 2, 29))
    served.bring("home", steady([date(2023, 1, 1), date(2023, 3, 1), date(2024, 1, 1), date(2024, 3, 1)]))
    page = sign_in()
    this_year = card(page, "This year so far")
    expect(this_year).to_contain_text("600 kWh")
    expect(this_year).to_contain_text("Last year to the same day: 590 kWh")


def test_months_of_unequal_length_have_their_own_days(served: Served, sign_in: SignIn) -> None:
    months = [date(year, month, 1) for year in (2023, 2024) for month in range(1, 13)]
    served.bring("home", steady([day for day in months if day <= date(2024, 3, 1)]))
    page = sign_in()
    expect(month(page, "February 2024")).to_have_accessible_name(
        re.compile(r"February 2024: 290\skWh, measured; February 2023: 280\skWh, measured; 10\skWh more")
    )
    expect(month(page, "January 2024")).to_have_accessible_name(re.compile(r"January 2024: 310\skWh"))


@pytest.mark.parametrize(("day", "name"), [(BERLIN_SPRING, "March 2024"), (BERLIN_AUTUMN, "October 2024")])
def test_a_month_with_a_clock_change_is_as_long_as_its_days(
    served: Served, sign_in: SignIn, day: date, name: str
) -> None:
    first, after = day.replace(day=1), date(2024, day.month + 1, 1)
    served.clock.set(after)
    served.bring("home", steady([first, day, after]))
    page = sign_in()
    expect(month(page, name)).to_have_accessible_name(re.compile(rf"{name}: 310\skWh, measured"))
    rows = part(page, Component.ENERGY_TABLE).locator("tbody tr td:first-child").all_inner_texts()
    assert [row.partition(", ")[2] for row in rows] == ["00:00"] * 3


@pytest.mark.parametrize("zone", FAR)
def test_an_export_is_not_a_day_off(served: Served, sign_in: SignIn, zone: str) -> None:
    """From Berlin's midnights to a file, into an account of another zone: the days are the same."""
    days = [date(2024, 2, 29), date(2024, 3, 1), BERLIN_SPRING, date(2024, 4, 1)]
    served.clock.set(date(2024, 4, 2))
    served.bring("home", steady(days))
    page = sign_in(timezone_id=zone)
    page.get_by_role("link", name="Files").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the file").click()
    saved = download.value.path().read_text()
    assert re.findall(r"^(\S{10})T00:00:00", saved, re.MULTILINE) == [f"{day}" for day in days]


@pytest.mark.parametrize("zone", FAR)
def test_a_browser_far_away_shows_and_writes_the_days_of_the_household(
    served: Served, sign_in: SignIn, zone: str
) -> None:
    served.bring("home", two_meters())
    page = sign_in(timezone_id=zone)
    expect(card(page, "Last reading")).to_contain_text("14 Mar 2024, yesterday")
    expect(part(page, Component.TIMELINE_SLIDER)).to_contain_text("1 Jan 2022 to 14 Mar 2024")
    expect(part(page, Component.ENERGY_TABLE).get_by_role("row").nth(1)).to_contain_text("14 Mar 2024, 00:00")
    dialog = form(page)
    expect(dialog.get_by_label("Date")).to_have_value("2024-03-15")
    expect(dialog.get_by_label("Time")).to_have_value("11:00")
    dialog.get_by_label("Reading").fill("8380")
    dialog.get_by_role("button", name="Save").click()
    expect(card(page, "Last reading")).to_contain_text("15 Mar 2024, today")
    [last] = served.call("home", "GET", "/v2/energy?type=power&sort=-date&limit=1")["readings"]
    assert last["date"] == "2024-03-15T10:00:00.000Z"


def test_the_last_evening_of_a_month_belongs_to_it(served: Served, sign_in: SignIn) -> None:
    """23:30 in Berlin on 31 January is already February nowhere but further east."""
    served.bring(
        "home", b"date,type,amount\n2024-01-01,power,1000\n2024-01-31T23:30,power,1309\n2024-02-28,power,1580\n"
    )
    page = sign_in(timezone_id=FAR[0])
    rows = part(page, Component.ENERGY_TABLE).get_by_role("row")
    expect(rows.filter(has_text="1,309 kWh")).to_contain_text("31 Jan 2024, 23:30")
    expect(month(page, "January 2024")).to_have_accessible_name(re.compile("January 2024: 309"))
