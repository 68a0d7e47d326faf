"""Every state of every component of the overview: none takes another one with it, and nothing moves."""

import pytest
from playwright.sync_api import Page, expect

from chalicelib.domain.backends.component import Component
from tests.browser.accessibility import accessible
from tests.browser.chromium import NARROW, USUAL
from tests.browser.conftest import SignIn
from tests.browser.households import two_meters
from tests.browser.parts import OVERVIEW, part, path, status
from tests.browser.server import Served
from tests.browser.settling import NOTE_SHIFTS, come_back, settled
from tests.browser.watching import Watch

FAILED, OUTDATED = "This cannot be shown at the moment.", "This may be out of date"


@pytest.fixture
def household(served: Served) -> Served:
    served.bring("home", two_meters())
    return served


def only(page: Page, component: Component, said: str) -> None:
    """One component says something, the others nothing."""
    for each in OVERVIEW:
        if each is component:
            expect(status(page, each)).to_contain_text(said)
        else:
            expect(status(page, each)).to_be_empty()


def everything(page: Page) -> None:
    for each in OVERVIEW:
        expect(status(page, each)).to_be_empty()
        expect(part(page, each)).to_have_attribute("aria-busy", "false")


@pytest.mark.parametrize("component", OVERVIEW)
def test_what_cannot_be_loaded_says_so_alone_and_trying_again_helps(
    household: Served, sign_in: SignIn, watch: Watch, component: Component
) -> None:
    watch.announce(503, path(component))
    with household.failing(path(component)):
        page = sign_in()
        only(page, component, FAILED)
        accessible(page)
    status(page, component).get_by_role("button", name="Try again").click()
    everything(page)


@pytest.mark.long
@pytest.mark.parametrize("component", OVERVIEW)
def test_what_was_loaded_stays_and_says_that_it_is_older(
    household: Served, sign_in: SignIn, watch: Watch, component: Component
) -> None:
    page = sign_in()
    everything(page)
    before = part(page, component).inner_text()
    watch.announce(503, path(component))
    with household.failing(path(component)):
        come_back(page)
        only(page, component, OUTDATED)
        after = part(page, component).inner_text()
        assert [words for words in before.splitlines() if words not in after] == []
        accessible(page)
    status(page, component).get_by_role("button", name="Try again").click()
    everything(page)


def test_without_a_network_everything_stays_and_says_so(household: Served, sign_in: SignIn, watch: Watch) -> None:
    page = sign_in()
    everything(page)
    watch.announce(0, "/api/")
    page.context.set_offline(True)
    come_back(page)
    for component in OVERVIEW:
        expect(status(page, component)).to_have_text("As of 15 Mar 2024, 11:00")
    page.context.set_offline(False)
    come_back(page)
    everything(page)


@pytest.mark.long
@pytest.mark.parametrize("viewport", [USUAL["viewport"], NARROW], ids=["desk", "phone"])
@pytest.mark.parametrize("component", OVERVIEW)
def test_while_it_loads_it_keeps_the_form_that_it_will_have(
    household: Served, sign_in: SignIn, component: Component, viewport: dict[str, int]
) -> None:
    with household.holding(path(component)):
        page = sign_in(init_script=NOTE_SHIFTS, viewport=viewport)
        expect(status(page, component)).to_contain_text("Loading")
        for other in OVERVIEW:
            expect(part(page, other)).to_have_attribute("aria-busy", "true" if other is component else "false")
        accessible(page)
    settled(page)
    everything(page)
    assert page.evaluate("shifts") == []
