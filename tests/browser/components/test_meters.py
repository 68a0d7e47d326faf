"""Settings and exchanges of meters: a question about a reading leads there and back, days are those of the zone."""

from collections.abc import Sequence

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accessibility import accessible, fits
from tests.browser.chromium import NARROW
from tests.browser.conftest import SignIn
from tests.browser.households import two_meters
from tests.browser.server import Served
from tests.browser.settling import settled
from tests.browser.watching import Watch


@pytest.fixture
def household(served: Served) -> Served:
    served.bring("home", two_meters())
    return served


def asked_about(page: Page, watch: Watch, amount: str) -> Locator:
    """The form with a question about an amount."""
    watch.announce(422, "/components/energy_forms")
    page.get_by_role("button", name="Add reading").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reading").fill(amount)
    dialog.get_by_role("button", name="Save").click()
    return dialog


def meters(page: Page) -> Locator:
    page.get_by_role("link", name="Meters").click()
    return page.get_by_role("region", name="Your meters")


def stored(served: Served, count: int = 1) -> Sequence[tuple[str, float]]:
    found = served.call("home", "GET", f"/v2/energy?type=power&sort=-date&limit={count}")["readings"]
    return [(reading["date"], reading["amount"]) for reading in found]


def test_a_new_meter_is_recorded_on_the_way_and_the_reading_waits(
    household: Served, sign_in: SignIn, watch: Watch
) -> None:
    page = sign_in()
    asked_about(page, watch, "4").get_by_role("button", name="The meter was exchanged").click()
    exchange = page.get_by_role("region", name="Electricity")
    expect(exchange.get_by_label("Date")).to_have_value("2024-03-15")
    expect(exchange.get_by_label("Last reading of the old meter")).to_have_value("8369")
    settled(page)
    accessible(page)
    exchange.get_by_role("button", name="Save").click()
    expect(exchange).to_contain_text("15 Mar 2024: the old meter ended at 8,369 kWh, the new one began at 0 kWh")
    page.get_by_role("link", name="Back to it").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Reading")).to_have_value("4")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Recorded: Electricity, 4 kWh")).to_be_visible()
    assert stored(household) == [("2024-03-15T10:00:00.000Z", 4)]


def test_a_register_that_began_again_is_asked_for_its_digits(served: Served, sign_in: SignIn, watch: Watch) -> None:
    served.bring("home", b"date,type,amount\n2024-02-01,power,99800\n2024-03-01,power,99950\n")
    page = sign_in()
    dialog = asked_about(page, watch, "12")
    dialog.get_by_role("button", name="The meter started again at 0").click()
    expect(dialog.get_by_label("How many digits")).to_have_value("5")
    accessible(page)
    dialog.get_by_role("button", name="Save with this").click()
    expect(page.get_by_text("Recorded: Electricity, 12 kWh")).to_be_visible()
    assert served.call("home", "GET", "/v2/settings")["moduli"] == {"power": 100_000, "gas": None}


def test_another_zone_moves_the_days_of_the_whole_page(household: Served, sign_in: SignIn) -> None:
    page = sign_in()
    view = meters(page)
    view.get_by_label("Time zone").select_option("Asia/Tokyo")
    view.get_by_label("runs backwards").check()
    view.get_by_role("button", name="Save").click()
    expect(view).to_contain_text("Saved. All figures follow.")
    settled(page)
    accessible(page)
    settings = household.call("home", "GET", "/v2/settings")
    assert (settings["zone"], settings["runsBackwards"]) == ("Asia/Tokyo", {"power": True, "gas": False})
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("row").filter(has_text="8,369 kWh")).to_contain_text("14 Mar 2024, 08:00")


def test_an_exchange_is_corrected_deleted_and_brought_back(household: Served, sign_in: SignIn, watch: Watch) -> None:
    watch.announce(422, "/v2/exchanges/")
    exchange = {"type": "gas", "date": "2023-05-20T12:00", "finalOld": 5400, "confirm": True}
    household.call("home", "POST", "/v2/exchanges", exchange)
    page = sign_in()
    gas = meters(page).get_by_role("region", name="Gas")
    gas.get_by_role("button", name="Edit").click()
    gas.get_by_label("First reading of the new meter").fill("7,5")
    gas.get_by_role("button", name="Save").click()
    expect(gas).to_contain_text("5,400 m³ is less than the 5,447 m³ of 1 May 2023, 00:00.")
    accessible(page)
    gas.get_by_role("button", name="It is right").click()
    expect(gas).to_contain_text("20 May 2023, 12:00: the old meter ended at 5,400 m³, the new one began at 7.5 m³")
    gas.get_by_role("button", name="Delete").click()
    expect(gas).to_contain_text("No exchange is recorded.")
    settled(page)
    accessible(page)
    page.get_by_role("button", name="Undo").click()
    expect(gas.get_by_role("listitem")).to_contain_text("20 May 2023, 12:00")


@pytest.mark.parametrize("language", ["en-GB", "de-DE"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_view_of_the_meters_fits_a_phone(household: Served, sign_in: SignIn, language: str, theme: str) -> None:
    household.call("home", "POST", "/v2/exchanges", {"type": "power", "date": "2024-03-15", "finalOld": 8400})
    page = sign_in(viewport=NARROW, color_scheme=theme, locale=language)
    page.evaluate("location.hash = 'meters'")
    page.get_by_role("button", name="Edit").or_(page.get_by_role("button", name="Ändern")).first.click()
    settled(page)
    fits(page)
    accessible(page)


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles"])
def test_a_browser_in_another_zone_records_in_the_users(household: Served, sign_in: SignIn, zone: str) -> None:
    page = sign_in(timezone_id=zone)
    expect(page.get_by_role("row").filter(has_text="8,369 kWh")).to_contain_text("14 Mar 2024, 00:00")
    page.get_by_role("button", name="Add reading").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Date")).to_have_value("2024-03-15")
    expect(dialog.get_by_label("Time")).to_have_value("11:00")
    dialog.get_by_label("Reading").fill("8391")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Recorded: Electricity, 8,391 kWh, 15 Mar 2024, 11:00.")).to_be_visible()
    assert stored(household) == [("2024-03-15T10:00:00.000Z", 8391)]


def test_the_hour_that_exists_twice_is_asked_for_and_the_one_that_does_not_is_said(
    served: Served, sign_in: SignIn
) -> None:
    page = sign_in()
    for turn, amount, offset in [("The second time", "20", "GMT+1"), ("The first time", "19", "GMT+2")]:
        page.get_by_role("button", name="Add reading").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Date").fill("2023-10-29")
        dialog.get_by_label("Time").fill("02:30")
        dialog.get_by_label(turn).check()
        dialog.get_by_label("Reading").fill(amount)
        accessible(page)
        dialog.get_by_role("button", name="Save").click()
        expect(page.get_by_text(f"Recorded: Electricity, {amount} kWh, 29 Oct 2023, 02:30 {offset}.")).to_be_visible()
    page.get_by_role("button", name="Add reading").click()
    dialog.get_by_label("Date").fill("2023-03-26")
    dialog.get_by_label("Time").fill("02:30")
    expect(dialog).to_contain_text("It counts as 26 Mar 2023, 03:30.")
    dialog.get_by_label("Reading").fill("10")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Recorded: Electricity, 10 kWh, 26 Mar 2023, 03:30.")).to_be_visible()
    assert stored(served, 3) == [
        ("2023-10-29T01:30:00.000Z", 20),
        ("2023-10-29T00:30:00.000Z", 19),
        ("2023-03-26T01:30:00.000Z", 10),
    ]
