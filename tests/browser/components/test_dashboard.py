"""The dashboard as people see it: both languages, both themes, every size and state."""

import re
from datetime import date

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import accessible, fits
from tests.browser.chromium import NARROW
from tests.browser.conftest import SignIn
from tests.browser.households import two_meters
from tests.browser.server import Served

WORDS = {
    "en-GB": ("This month so far", "165 kWh", "14 Mar 2024, yesterday"),
    "de-DE": ("Dieser Monat bisher", "165 kWh", "14.03.2024, gestern"),
}
THEMES = ("light", "dark")


@pytest.fixture
def household(served: Served) -> Served:
    served.bring("home", two_meters())
    return served


def cards(page: Page, count: int = 10) -> None:
    expect(page.get_by_role("article")).to_have_count(count)


@pytest.mark.usefixtures("household")
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("locale", WORDS)
def test_it_speaks_the_browsers_language_and_everybody_can_read_it(sign_in: SignIn, locale: str, theme: str) -> None:
    page = sign_in(locale=locale, color_scheme=theme)
    cards(page)
    power = page.get_by_role("region", name={"en-GB": "Electricity", "de-DE": "Strom"}[locale])
    for words in WORDS[locale]:
        expect(power).to_contain_text(words)
    accessible(page)


@pytest.mark.usefixtures("household")
@pytest.mark.parametrize("theme", THEMES)
def test_the_chosen_language_and_theme_stay(sign_in: SignIn, theme: str) -> None:
    page = sign_in(color_scheme="light" if theme == "dark" else "dark")
    page.get_by_label("Language").select_option("Deutsch")
    page.get_by_label("Darstellung").select_option({"light": "Hell", "dark": "Dunkel"}[theme])
    expect(page.get_by_role("heading", name="Heute")).to_be_visible()
    accessible(page)
    page.reload()
    expect(page.get_by_role("button", name="Anmelden")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    accessible(page)


@pytest.mark.usefixtures("household")
def test_a_phone_shows_one_column_and_nothing_beside_it(sign_in: SignIn) -> None:
    page = sign_in(viewport=NARROW, locale="de-DE", has_touch=True, is_mobile=True)
    cards(page)
    fits(page)
    left = {box["x"] for card in page.get_by_role("article").all() if (box := card.bounding_box())}
    assert len(left) == 1
    accessible(page)


@pytest.mark.usefixtures("household")
def test_twice_the_size_fits_the_same_window(sign_in: SignIn) -> None:
    """Zoom of 200 % gives a page half the pixels, each twice as large."""
    page = sign_in(viewport={"width": 640, "height": 450}, device_scale_factor=2)
    cards(page)
    fits(page)


@pytest.mark.usefixtures("household")
def test_letters_of_twice_the_size_fit_the_same_window(sign_in: SignIn) -> None:
    page = sign_in()
    cards(page)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    fits(page)


@pytest.mark.usefixtures("household")
def test_who_wants_no_motion_sees_none(sign_in: SignIn) -> None:
    page = sign_in(reduced_motion="reduce")
    cards(page)
    moving = """[...document.querySelectorAll("*")].filter((element) => {
      const { transitionDuration, animationName } = getComputedStyle(element);
      return transitionDuration.split(", ").some((each) => parseFloat(each) > 0) || animationName !== "none";
    }).map((element) => element.outerHTML.slice(0, 80))"""
    assert page.evaluate(moving) == []


@pytest.mark.usefixtures("household")
def test_paper_gets_the_figures_and_no_controls(sign_in: SignIn) -> None:
    page = sign_in()
    cards(page)
    page.emulate_media(media="print")
    expect(page.get_by_text("165 kWh").first).to_be_visible()
    for control in page.get_by_role("button").or_(page.get_by_role("combobox")).all():
        expect(control).to_be_hidden()


@pytest.mark.parametrize(("day", "is_due"), [(date(2024, 4, 12), False), (date(2024, 4, 13), True)])
def test_a_month_after_the_last_reading_the_next_one_is_due(
    household: Served, sign_in: SignIn, day: date, is_due: bool
) -> None:
    household.clock.set(day)
    page = sign_in()
    expect(page.get_by_text(re.compile("(29|30) days ago"))).to_have_count(2)
    expect(page.get_by_text("A reading is due.")).to_have_count(2 * is_due)
    accessible(page)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin"])
def test_a_browser_far_away_shows_the_days_of_the_household(household: Served, sign_in: SignIn, zone: str) -> None:
    page = sign_in(timezone_id=zone)
    cards(page)
    expect(page.get_by_text("14 Mar 2024, yesterday")).to_have_count(2)
