"""Signing in as people do, by clicks: on the page, then on the issuer's page."""

from playwright.sync_api import Locator, Page

WORDS = {"in": ("Sign in", "Anmelden"), "out": ("Sign out", "Abmelden")}


def sign_in_as(page: Page, user: str) -> None:
    """From the page of somebody who is signed out to the page of somebody who is signed in."""
    _button(page, "in").click()
    be(page, user)


def be(page: Page, user: str) -> None:
    """Say on the issuer's page who one is, and come back."""
    page.get_by_label("Or another name").fill(user)
    page.get_by_role("button", name="Sign in").click()
    _button(page, "out").wait_for()


def _button(page: Page, which: str) -> Locator:
    english, german = (page.get_by_role("button", name=name, exact=True) for name in WORDS[which])
    return english.or_(german)
