"""The page on a device without network, as a person uses it."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from playwright.sync_api import Locator, Page, expect

from tests.browser.server import Served
from tests.browser.settling import until

FORM = "/components/energy_forms"
Away = Callable[[Page], AbstractContextManager[None]]


def stay(page: Page) -> None:
    page.get_by_role("link", name="Meters").click()
    page.get_by_label("Show my last figures without network").check()
    until(page, "localStorage.length > 0")
    page.get_by_role("link", name="Overview").click()


def reopened(page: Page) -> Page:
    """Close the tab and open the page in another one."""
    context, url = page.context, page.url.split("#")[0]
    page.close()
    page = context.new_page()
    page.goto(url)
    return page


def type_reading(page: Page, amount: str, day: str) -> None:
    page.get_by_role("button", name="Add reading").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reading (kWh)").fill(amount)
    dialog.get_by_label("Date").fill(day)
    dialog.get_by_label("Time").fill("18:00")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)


def note(page: Page) -> Locator:
    return page.locator(".waiting-note > button")


def stored(served: Served, day: str, user: str = "flat") -> list[float]:
    """The amounts of electricity at the time that ``type_reading`` types."""
    instant = f"{day}T18:00"
    found = served.call(user, "GET", f"/v2/energy?type=power&from={instant}&to={instant}")
    return [reading["amount"] for reading in found["readings"]]


def posts(served: Served) -> int:
    return sum(answered.method == "POST" and answered.path == FORM for answered in served.answered)
