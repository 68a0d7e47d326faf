"""An account without readings: two ways on, and a demo that asks nobody and stores nothing."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import accessible, fits
from tests.browser.chromium import NARROW, USUAL
from tests.browser.conftest import SignIn
from tests.browser.server import Served
from tests.browser.settling import settled


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [USUAL["viewport"], NARROW], ids=["desk", "phone"])
def test_who_has_nothing_yet_is_welcome(sign_in: SignIn, viewport: dict[str, int], theme: str) -> None:
    page = sign_in("alice", viewport=viewport, color_scheme=theme)
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    fits(page)
    accessible(page)


def test_the_first_reading_is_one_step_away(sign_in: SignIn) -> None:
    page = sign_in("alice")
    page.get_by_role("button", name="Record your first reading").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reading").fill("1234")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="Electricity")).to_contain_text("1,234 kWh")
    expect(page.get_by_role("heading", name="Welcome")).to_be_hidden()


def test_a_file_is_one_step_away(person: Page) -> None:
    person.get_by_role("button", name="Bring a file").click()
    expect(person.get_by_role("heading", name="Bring a file")).to_be_visible()


def test_the_demo_shows_everything_and_asks_nobody(served: Served, person: Page) -> None:
    expect(person.get_by_role("link", name="Look at a demo")).to_be_visible()
    settled(person)
    served.answered.clear()
    person.get_by_role("link", name="Look at a demo").click()
    expect(person.get_by_text("This household is made up.")).to_be_visible()
    expect(person.get_by_role("article")).to_have_count(10)
    settled(person)
    accessible(person)
    assert [asked.path for asked in served.answered if asked.path.startswith("/components")] == []
    person.get_by_role("link", name="Back to your own overview").click()
    expect(person.get_by_role("heading", name="Welcome")).to_be_visible()
