"""My data: everything as one file, and the end of an account, with a receipt that stays when all else is gone."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accessibility import accessible, fits, reach
from tests.browser.chromium import NARROW
from tests.browser.conftest import SignIn
from tests.browser.households import two_meters
from tests.browser.people import sign_in_as
from tests.browser.server import Served
from tests.browser.settling import settled
from tests.browser.watching import Watch

pytestmark = pytest.mark.long

ACCOUNT, EXPORT = "/v2/account", "/v2/account/export"
ERASED = "Your data is erased"


@pytest.fixture
def household(served: Served) -> Served:
    served.bring("home", two_meters())
    return served


def opened(page: Page, name: str = "My data") -> Page:
    page.get_by_role("link", name=name).click()
    expect(page.locator("#account_export")).to_be_visible()
    settled(page)
    return page


def erase(page: Page, name: str = "home") -> Locator:
    """Type a name; returns the button that erases."""
    page.get_by_label("Type your name to go on").fill(name)
    return page.get_by_role("button", name="Erase everything for good")


def everything(page: Page) -> Any:
    """What the file holds that the page saves."""
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save the file", exact=True).click()
    expect(page.locator("#account_export").get_by_role("status")).to_contain_text(saved.value.suggested_filename)
    return json.loads(Path(saved.value.path()).read_text())


def test_the_file_holds_everything_that_is_stored_of_the_person(household: Served, sign_in: SignIn) -> None:
    household.bring("alice", b"date,type,amount\n2024-01-01,gas,77\n")
    document = everything(opened(sign_in()))
    assert (document["format"], document["version"], document["user"]) == ("energy-monitor/account", 1, "home")
    stored = household.call("home", "GET", "/v2/energy?limit=500")["readings"]
    kept = document["source_energy_readings"]
    assert len(stored) == 56
    assert sorted(each["_id"] for each in kept) == sorted(each["id"] for each in stored)
    pages = [answered for answered in household.answered if answered.path.startswith(EXPORT)]
    assert len(pages) == 28


def test_a_file_that_could_not_be_made_may_be_tried_again(household: Served, sign_in: SignIn, watch: Watch) -> None:
    page = opened(sign_in())
    watch.announce(503, EXPORT)
    with household.failing(EXPORT):
        page.get_by_role("button", name="Save the file", exact=True).click()
        expect(page.get_by_text("The file could not be made.").first).to_be_visible()
        accessible(page)
    with page.expect_download():
        page.get_by_role("button", name="Try again").click()


def test_the_end_of_an_account_leaves_a_receipt_and_nothing_else(household: Served, sign_in: SignIn) -> None:
    page = opened(sign_in())
    page.evaluate("sessionStorage.setItem('sign-in', JSON.stringify({ typed: { user: 'home', drafts: {} } }))")
    erase(page).click()
    expect(page.get_by_role("heading", name=ERASED)).to_be_focused()
    accessible(page)
    receipt = page.get_by_role("region", name=ERASED)
    expect(receipt).to_contain_text("15 Mar 2024, 11:00")
    expect(receipt).to_contain_text("15 Mar 2024, 12:00")
    receipt.get_by_text("What was erased").click()
    expect(receipt.get_by_role("definition").last).to_have_text("56")
    accessible(page)
    expect(page.get_by_text("home")).to_have_count(0)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.evaluate("indexedDB.databases()") == []
    assert page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])") == '[{},{},""]'
    assert household.call("home", "GET", "/v2/energy")["readings"] == []
    sign_in_as(page, "home")
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()


def test_the_receipt_is_copied(household: Served, sign_in: SignIn) -> None:
    page = opened(sign_in(permissions=["clipboard-read", "clipboard-write"]))
    erase(page).click()
    page.get_by_role("button", name="Copy the receipt").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert re.search(rf"{ERASED}\nReceipt: \w+\nWhen: ", page.evaluate("navigator.clipboard.readText()"))


def test_with_another_name_nothing_can_be_erased(household: Served, sign_in: SignIn) -> None:
    page = opened(sign_in())
    for name in ("", "hom", "alice", "home x"):
        expect(erase(page, name)).to_be_disabled()
        page.get_by_label("Type your name to go on").press("Enter")
    expect(erase(page)).to_be_enabled()
    assert [answered for answered in household.answered if answered.path.startswith(ACCOUNT)] == []


def test_who_cannot_be_erased_now_stays_signed_in_and_is_told_so(
    household: Served, sign_in: SignIn, watch: Watch
) -> None:
    page = opened(sign_in())
    watch.announce(503, ACCOUNT)
    with household.failing(ACCOUNT):
        erase(page).click()
        expect(page.get_by_text("It was not erased. You are still signed in.")).to_be_visible()
        accessible(page)
    expect(page.get_by_text("Signed in as home")).to_be_visible()
    expect(page.get_by_text(ERASED)).to_have_count(0)
    assert household.call("home", "GET", "/v2/energy?limit=500")["readings"]
    erase(page).click()
    expect(page.get_by_role("heading", name=ERASED)).to_be_visible()


def test_without_an_answer_nobody_is_told_that_it_was_erased(household: Served, sign_in: SignIn, watch: Watch) -> None:
    page = opened(sign_in())
    watch.announce(0, ACCOUNT)
    page.route(f"**{ACCOUNT}?*", lambda route: route.abort())
    erase(page).click()
    expect(page.get_by_text("It is not known whether anything was erased.")).to_be_visible()
    expect(page.get_by_text("Signed in as home")).to_be_visible()


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_it_is_all_done_by_keyboard_on_a_small_screen_in_german(
    household: Served, sign_in: SignIn, color_scheme: str
) -> None:
    page = sign_in(viewport=NARROW, locale="de-DE", color_scheme=color_scheme)
    fits(page)
    reach(page, page.get_by_role("link", name="Meine Daten"))
    page.keyboard.press("Enter")
    expect(page.locator("#account_export")).to_be_visible()
    accessible(page)
    fits(page)
    reach(page, page.get_by_role("button", name="Erst die Datei speichern"))
    with page.expect_download():
        page.keyboard.press("Enter")
    reach(page, page.get_by_label("Tippen Sie Ihren Namen"))
    page.keyboard.type("home")
    accessible(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Ihre Daten sind gelöscht")).to_be_focused()
    accessible(page)
    fits(page)
    reach(page, page.get_by_role("button", name="Drucken"))
