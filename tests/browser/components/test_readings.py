"""Readings: recorded, asked back, corrected, deleted and brought back; everything on the page shows it at once."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from tests.browser.accessibility import accessible, reach
from tests.browser.chromium import NARROW
from tests.browser.conftest import SignIn
from tests.browser.households import two_meters
from tests.browser.parts import part
from tests.browser.people import be
from tests.browser.server import Served
from tests.browser.settling import settled
from tests.browser.watching import Watch

POWER = "Electricity"


@pytest.fixture
def household(served: Served) -> Served:
    served.bring("home", two_meters())
    return served


@pytest.fixture
def page(household: Served, sign_in: SignIn) -> Page:
    """The overview of a household with both meters."""
    return sign_in()


def form(page: Page) -> Locator:
    page.get_by_role("button", name="Add reading").click()
    return page.get_by_role("dialog")


def card(page: Page, name: str) -> Locator:
    """A card of the electricity meter."""
    cards = part(page, Component.DASHBOARD).get_by_role("region", name=POWER).get_by_role("article")
    return cards.filter(has=page.get_by_role("heading", name=name))


def row(page: Page, text: str) -> Locator:
    return part(page, Component.ENERGY_TABLE).get_by_role("row").filter(has_text=text)


@pytest.mark.parametrize("side", Backend)
@pytest.mark.parametrize("is_lagging", [False, True])
def test_a_reading_is_recorded_in_three_steps_and_shown_everywhere(
    household: Served, sign_in: SignIn, side: Backend, is_lagging: bool
) -> None:
    household.behind.flags.side = side
    page = sign_in()
    household.is_lagging = is_lagging
    expect(card(page, "This month so far")).to_contain_text("165 kWh")
    reading = form(page)
    reading.get_by_label("Reading").fill("8390.5")
    reading.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Recorded: Electricity, 8,390.5 kWh, 15 Mar 2024, 11:00.")).to_be_visible()
    settled(page)
    expect(card(page, "Last reading")).to_contain_text("8,390.5 kWh")
    expect(card(page, "This month so far")).not_to_contain_text("165 kWh")
    expect(row(page, "8,390.5 kWh")).to_contain_text("15 Mar 2024, 11:00")
    expect(part(page, Component.TIMELINE_SLIDER)).to_contain_text("29 readings")
    march = part(page, Component.MONTHLY_CHARTS).get_by_role("radio", name="March 2024")
    expect(march).to_have_accessible_name(re.compile(r"15 Mar 2024, 11:00 \(8,390\.5\skWh\)"))


def test_nothing_but_the_keyboard_is_needed(page: Page) -> None:
    keyboard = page.keyboard
    reach(page, page.get_by_role("button", name="Add reading"))
    keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    reach(page, dialog.get_by_label("Reading"))
    keyboard.type("8400")
    accessible(page)
    keyboard.press("Enter")
    expect(page.get_by_text("Recorded: Electricity, 8,400 kWh")).to_be_visible()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Add reading")).to_be_focused()


def test_the_keyboard_stays_in_the_form_and_leaves_it_by_escape(page: Page) -> None:
    dialog = form(page)
    controls = dialog.locator("input, button, select").count()
    for _ in range(controls + 2):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Add reading")).to_be_focused()


def test_a_comma_is_a_comma_in_german_and_the_number_is_said_back(household: Served, sign_in: SignIn) -> None:
    page = sign_in(locale="de-DE")
    page.get_by_role("button", name="Stand eintragen").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Zählerstand").fill("8.390,5")
    expect(dialog.get_by_role("status").first).to_contain_text("390,5")
    accessible(page)
    dialog.get_by_role("button", name="Speichern").click()
    expect(page.get_by_text("Eingetragen: Strom, 8.390,5 kWh, 15.03.2024, 11:00.")).to_be_visible()
    [last] = household.call("home", "GET", "/v2/energy?type=power&sort=-date&limit=1")["readings"]
    assert last["amount"] == 8390.5


def test_what_is_lower_is_asked_back_in_words_and_corrected(page: Page, watch: Watch) -> None:
    watch.announce(422, "/components/energy_forms")
    dialog = form(page)
    dialog.get_by_label("Reading").fill("8300")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text("8,300 kWh is less than the 8,369 kWh of 14 Mar 2024")
    settled(page)
    accessible(page)
    dialog.get_by_role("button", name="Correct it").click()
    dialog.get_by_label("Reading").fill("8380")
    dialog.get_by_role("button", name="Save").click()
    expect(card(page, "Last reading")).to_contain_text("8,380 kWh")


def test_an_exchanged_meter_leads_to_where_exchanges_are_recorded(page: Page, watch: Watch) -> None:
    watch.announce(422, "/components/energy_forms")
    dialog = form(page)
    dialog.get_by_label("Reading").fill("4")
    dialog.get_by_role("button", name="Save").click()
    dialog.get_by_role("button", name="The meter was exchanged").click()
    expect(page).to_have_url(re.compile("#meters$"))


def test_a_reading_is_corrected_in_its_place(page: Page) -> None:
    row(page, "8,369 kWh").get_by_role("button", name="Edit").click()
    edited = part(page, Component.ENERGY_TABLE).get_by_role("row").filter(has=page.get_by_role("button", name="Save"))
    edited.get_by_label("Reading").fill("8372")
    accessible(page)
    edited.get_by_role("button", name="Save").click()
    expect(row(page, "8,372 kWh")).to_have_count(1)
    expect(row(page, "8,369 kWh")).to_have_count(0)
    expect(card(page, "Last reading")).to_contain_text("8,372 kWh")


def test_what_was_deleted_comes_back_on_request(page: Page, household: Served) -> None:
    before = card(page, "This month so far").inner_text()
    row(page, "8,369 kWh").get_by_role("button", name="Delete").click()
    expect(row(page, "8,369 kWh")).to_have_count(0)
    expect(card(page, "Last reading")).to_contain_text("8,226 kWh")
    settled(page)
    accessible(page)
    page.get_by_role("button", name="Undo").click()
    expect(row(page, "8,369 kWh")).to_have_count(1)
    expect(card(page, "Last reading")).to_contain_text("8,369 kWh")
    settled(page)
    assert card(page, "This month so far").inner_text() == before


def test_what_was_typed_outlives_the_end_of_the_token(household: Served, page: Page, watch: Watch) -> None:
    watch.announce(401, "/components/")
    dialog = form(page)
    dialog.get_by_label("Reading").fill("8391")
    with household.refusing_tokens():
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_contain_text("sign in again")
        accessible(page)
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Sign in again").click()
        page.get_by_label("Or another name").wait_for()
    be(page, "home")
    expect(dialog.get_by_label("Reading")).to_have_value("8391")
    dialog.get_by_role("button", name="Save").click()
    expect(card(page, "Last reading")).to_contain_text("8,391 kWh")


def test_what_was_typed_stays_when_the_language_changes(page: Page) -> None:
    dialog = form(page)
    dialog.get_by_label("Reading").fill("8391.5")
    page.keyboard.press("Escape")
    page.get_by_label("Language").select_option("Deutsch")
    page.get_by_role("button", name="Stand eintragen").click()
    expect(dialog.get_by_label("Zählerstand")).to_have_value(re.compile("8391[.,]5"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_adding_is_always_under_the_thumb(household: Served, sign_in: SignIn, theme: str) -> None:
    page = sign_in(viewport=NARROW, has_touch=True, is_mobile=True, color_scheme=theme)
    add = page.get_by_role("button", name="Add reading")
    page.evaluate("scrollTo(0, document.body.scrollHeight / 2)")
    expect(add).to_be_in_viewport(ratio=1)
    add.tap()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Save")).to_be_in_viewport(ratio=1)
    expect(dialog.get_by_label("Reading")).to_have_attribute("inputmode", "decimal")
    accessible(page)


def test_the_deletion_of_a_reading_that_somebody_changed_is_refused_in_words(
    household: Served, page: Page, watch: Watch
) -> None:
    [last] = household.call("home", "GET", "/v2/energy?type=power&sort=-date&limit=1")["readings"]
    household.call("home", "PUT", f"/v2/energy/{last['id']}", {"amount": 8370})
    watch.announce(412, "/components/energy_forms/")
    row(page, "8,369 kWh").get_by_role("button", name="Delete").click()
    expect(row(page, "8,370 kWh")).to_have_count(1)


def record_large(household: Served) -> None:
    """An amount that makes the table wider than a phone."""
    large = {"type": "power", "date": "2024-03-14T20:00", "amount": 123456789012.123, "confirm": True}
    household.call("home", "POST", "/v2/energy", large)


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
def test_a_narrow_page_does_not_scroll_sideways(household: Served, sign_in: SignIn, locale: str) -> None:
    record_large(household)
    page = sign_in(viewport=NARROW, locale=locale)
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]


def test_a_row_is_edited_in_full_sight_on_a_narrow_page(household: Served, sign_in: SignIn) -> None:
    record_large(household)
    page = sign_in(viewport=NARROW, locale="de-DE")
    row(page, "8.369 kWh").get_by_role("button", name="Ändern").click()
    amount = part(page, Component.ENERGY_TABLE).get_by_label("Zählerstand (kWh)")
    expect(amount).to_be_focused()
    amount.evaluate("field => field.closest('[role=region]').scrollTo(1000, 0)")
    box = amount.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= NARROW["width"]


def test_what_was_recorded_does_not_lie_on_undo(page: Page) -> None:
    page.set_viewport_size({"width": NARROW["width"], "height": NARROW["height"]})
    row(page, "8,226 kWh").get_by_role("button", name="Delete").click()
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    reading = form(page)
    reading.get_by_label("Reading").fill("8390.5")
    reading.get_by_role("button", name="Save").click()
    recorded = page.get_by_text("Recorded: Electricity").bounding_box()
    deleted = page.locator(".toast").filter(has=undo).bounding_box()
    assert recorded is not None
    assert deleted is not None
    assert deleted["y"] + deleted["height"] <= recorded["y"]


def test_what_was_typed_into_a_row_outlives_the_end_of_the_token(household: Served, page: Page, watch: Watch) -> None:
    watch.announce(401, "/components/")
    row(page, "8,369 kWh").get_by_role("button", name="Edit").click()
    table = part(page, Component.ENERGY_TABLE)
    table.get_by_label("Reading (kWh)").fill("8372")
    with household.refusing_tokens():
        table.get_by_role("button", name="Save").click()
        expect(table).to_contain_text("sign in again")
        page.get_by_role("button", name="Sign in again").first.click()
        page.get_by_label("Or another name").wait_for()
    be(page, "home")
    expect(table.get_by_label("Reading (kWh)")).to_have_value("8372")
    table.get_by_role("button", name="Save").click()
    expect(row(page, "8,372 kWh")).to_have_count(1)
