"""Signing in and out, through the issuer's page."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.browser.households import two_meters
from tests.browser.people import be, sign_in_as
from tests.browser.server import Served
from tests.browser.settling import come_back
from tests.browser.watching import Watch

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def sign_in(sign_in_by_clicks: SignIn) -> SignIn:
    """Here the way itself is the point."""
    return sign_in_by_clicks


def test_whoever_signs_in_sees_their_figures_and_no_code_stays_in_the_address(served: Served, sign_in: SignIn) -> None:
    served.bring("home", two_meters())
    page = sign_in("home")
    expect(page.get_by_text("Signed in as home")).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(10)
    assert page.url == served.url


def test_signing_out_takes_the_figures_away(served: Served, sign_in: SignIn) -> None:
    served.bring("home", two_meters())
    page = sign_in("home")
    expect(page.get_by_role("article")).to_have_count(10)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(0)
    expect(page.get_by_text("home")).to_have_count(0)


def test_the_next_person_sees_nothing_of_the_one_before(served: Served, sign_in: SignIn) -> None:
    served.bring("home", two_meters())
    page = sign_in("home")
    expect(page.get_by_role("article")).to_have_count(10)
    page.get_by_role("button", name="Sign out").click()
    sign_in_as(page, "alice")
    expect(page.get_by_text("Signed in as alice")).to_be_visible()
    expect(page.get_by_text("No reading yet.")).to_have_count(2)


def test_no_token_is_kept_and_loading_again_asks_again(person: Page) -> None:
    kept = person.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert kept == '[{},{},""]'
    expect(person.get_by_role("heading", name="Welcome")).to_be_visible()
    person.reload()
    expect(person.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_hostile_name_is_text(sign_in: SignIn) -> None:
    page = sign_in(HOSTILE)
    expect(page.get_by_text(f"Signed in as {HOSTILE}")).to_be_visible()
    expect(page.locator("img")).to_have_count(0)


def test_when_the_token_is_refused_figures_stay_and_signing_in_again_leads_on(
    served: Served, sign_in: SignIn, watch: Watch
) -> None:
    served.bring("home", two_meters())
    page = sign_in("home")
    expect(page.get_by_role("article")).to_have_count(10)
    watch.announce(401, "/components/")
    with served.refusing_tokens():
        come_back(page)
        expect(page.get_by_role("alert")).to_contain_text("Your sign-in has ended.")
    expect(page.get_by_role("article")).to_have_count(10)
    page.get_by_role("button", name="Sign in again").click()
    be(page, "home")
    expect(page.get_by_text("Signed in as home")).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(10)
    expect(page.get_by_role("alert")).to_be_empty()
