"""Without network: the page opens, shows what it showed last to whom it may, and takes readings that are sent once."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.browser.households import two_meters
from tests.browser.people import sign_in_as
from tests.browser.server import Served
from tests.browser.settling import settled
from tests.browser.watching import Watch

WITH_WORKER = {"service_workers": "allow"}
READY = "async () => { await navigator.serviceWorker.ready; }"


@pytest.fixture(autouse=True)
def away(watch: Watch) -> None:
    """Nobody answers in these tests, now and then."""
    watch.announce(0, "/api/")


@contextmanager
def without_network(page: Page) -> Iterator[None]:
    page.context.set_offline(True)
    yield
    page.context.set_offline(False)


def kept(page: Page) -> None:
    """Wait until the worker has kept the page."""
    page.evaluate(READY)


def type_reading(page: Page, amount: str, day: str, time: str = "18:00") -> None:
    page.get_by_role("button", name="Add reading").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reading (kWh)").fill(amount)
    dialog.get_by_label("Date").fill(day)
    dialog.get_by_label("Time").fill(time)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)


def test_the_page_opens_takes_a_reading_and_says_so_and_sends_it_when_the_network_is_back(
    served: Served, sign_in: SignIn
) -> None:
    served.bring("flat", two_meters())
    page = sign_in("flat", **WITH_WORKER)
    page.get_by_label("Stay signed in on this device").check()
    kept(page)
    with without_network(page):
        page.reload()
        expect(page.get_by_text("Signed in as flat")).to_be_visible()
        expect(page.get_by_text("There is no network. You see what was known last.")).to_be_visible()
        expect(page.locator("#dashboard").get_by_text("As of 15 Mar 2024, 11:00")).to_be_visible()
        page.screenshot(path="/tmp/off1.png", full_page=True)
        type_reading(page, "23456", "2024-03-14")
        expect(page.get_by_text("Waits to be sent: Electricity, 23,456 kWh, 14 Mar 2024, 18:00.")).to_be_visible()
        expect(page.get_by_role("button", name="Waits to be sent: 1 reading")).to_be_visible()
        page.screenshot(path="/tmp/off2.png")
    expect(page.get_by_text("The network is back.")).to_be_visible()
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
