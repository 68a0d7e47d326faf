"""The page of an empty account: a welcome with two ways on, and a demo household."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import accessible, fits
from tests.browser.chromium import NARROW, USUAL
from tests.browser.conftest import SignIn
from tests.browser.server import Served
from tests.browser.settling import NOTE_SHIFTS, settled


def demo_of(page: Page) -> Page:
    page.get_by_role("link", name="Look at a demo").click()
    expect(page.get_by_role("complementary", name="Demo.")).to_be_visible()
    settled(page)
    return page


def test_who_has_nothing_is_welcomed_and_records_the_first_reading(sign_in: SignIn) -> None:
    page = sign_in("alice")
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    settled(page)
    accessible(page)
    page.get_by_role("button", name="Record your first reading").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reading").fill("1234")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="Electricity")).to_contain_text("1,234 kWh")
    expect(page.get_by_role("heading", name="Welcome")).to_be_hidden()


def test_a_file_is_one_step_away(person: Page) -> None:
    person.get_by_role("button", name="Bring a file").click()
    expect(person.get_by_role("heading", name="Bring a file")).to_be_visible()


@pytest.mark.parametrize("viewport", [USUAL["viewport"], NARROW], ids=["desk", "phone"])
def test_the_welcome_takes_the_place_of_what_loads_and_moves_nothing(sign_in: SignIn, viewport: dict[str, int]) -> None:
    page = sign_in("alice", init_script=NOTE_SHIFTS, viewport=viewport)
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    settled(page)
    assert page.evaluate("shifts") == []


def test_the_demo_shows_four_years_and_leads_back(served: Served, sign_in: SignIn) -> None:
    page = sign_in("alice")
    page.get_by_role("link", name="Look at a demo").wait_for()
    served.answered.clear()
    demo_of(page)
    expect(page.get_by_role("region", name="Electricity").get_by_role("article").last).to_contain_text("15 Nov 2026")
    expect(page.get_by_text("1 Jan 2023 to 15 Nov 2026")).to_be_visible()
    accessible(page)
    page.get_by_role("radio", name="Gas").check()
    expect(page.get_by_role("table").first).to_contain_text("1,906.4 m³")
    assert not [path for _, path, *_ in served.answered if path.startswith("/components/")]
    page.get_by_role("link", name="Back to your own overview").click()
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()


def test_nothing_can_be_changed_in_the_demo(sign_in: SignIn) -> None:
    page = demo_of(sign_in("alice"))
    expect(page.get_by_role("table").first).to_contain_text("kWh")
    for name in ("Edit", "Delete", "Add"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_has_room_for_the_welcome_and_the_demo(sign_in: SignIn, theme: str) -> None:
    page = sign_in("alice", locale="de-DE", color_scheme=theme, viewport=NARROW)
    page.get_by_role("link", name="Demo ansehen").wait_for()
    settled(page)
    fits(page)
    accessible(page)
    page.get_by_role("link", name="Demo ansehen").click()
    page.get_by_role("complementary").wait_for()
    settled(page)
    fits(page)
    accessible(page)
