"""What a meter is like: an exchange that a reading asks for, a zone, the digits; all figures follow."""

import re

import pytest
from playwright.sync_api import Page, expect

from chalicelib.domain.rollout.decision import Component
from tests.browser.accessibility import accessible, fits
from tests.browser.chromium import NARROW
from tests.browser.conftest import SignIn
from tests.browser.households import two_meters
from tests.browser.parts import part
from tests.browser.server import Served
from tests.browser.settling import settled
from tests.browser.watching import Watch


@pytest.fixture
def page(served: Served, sign_in: SignIn) -> Page:
    served.bring("home", two_meters())
    return sign_in()


def meters(page: Page) -> Page:
    page.get_by_role("link", name="Meters").click()
    expect(page.get_by_role("heading", name="Your meters")).to_be_visible()
    settled(page)
    return page


def test_a_reading_below_the_last_becomes_an_exchange_and_is_saved_then(page: Page, watch: Watch) -> None:
    watch.announce(422, "/components/energy_forms")
    page.get_by_role("button", name="Add reading").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reading").fill("4")
    dialog.get_by_role("button", name="Save").click()
    dialog.get_by_role("button", name="The meter was exchanged").click()
    exchanges = page.get_by_role("region", name="Electricity: exchanges of the meter")
    expect(exchanges.get_by_label("Last reading of the old meter")).to_have_value("8369")
    settled(page)
    accessible(page)
    exchanges.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The exchange is saved. All figures follow.")).to_be_visible()
    page.get_by_role("link", name="Back to it").click()
    expect(dialog.get_by_label("Reading")).to_have_value("4")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Recorded: Electricity, 4 kWh")).to_be_visible()
    chart = part(page, Component.MONTHLY_CHARTS)
    expect(chart.get_by_role("radio", name="March 2024")).to_have_accessible_name(
        re.compile("[Mm]eter (was )?exchange")
    )


def test_an_exchange_is_deleted_and_comes_back(served: Served, page: Page) -> None:
    served.call("home", "POST", "/v2/exchanges", {"type": "gas", "date": "2024-03-14T12:00:00", "finalOld": 8220})
    meters(page)
    exchanges = page.get_by_role("region", name="Gas: exchanges of the meter")
    expect(exchanges).to_contain_text("the old meter ended at 8,220 m³")
    exchanges.get_by_role("button", name="Delete").click()
    expect(exchanges).to_contain_text("No exchange is recorded.")
    settled(page)
    accessible(page)
    exchanges.get_by_role("button", name="Undo").click()
    expect(exchanges).to_contain_text("the old meter ended at 8,220 m³")


def test_another_zone_moves_the_days_of_readings(page: Page) -> None:
    meters(page)
    page.get_by_label("Time zone").select_option("America/New York")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. All figures follow.")).to_be_visible()
    page.get_by_role("link", name="Overview").click()
    expect(part(page, Component.ENERGY_TABLE).get_by_role("row").nth(1)).to_contain_text("13 Mar 2024, 19:00")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_has_room_for_the_settings(served: Served, sign_in: SignIn, theme: str) -> None:
    served.bring("home", two_meters())
    page = meters(sign_in(viewport=NARROW, color_scheme=theme))
    page.get_by_role("button", name="Add an exchange (Gas)").click()
    settled(page)
    fits(page)
    accessible(page)
