"""Signing in as people do, by clicks on the page and on the issuer's page; or as who is on the way back from there."""

import json
from uuid import uuid4

from playwright.sync_api import Locator, Page

from infra.local.layout import Layout
from tests.integration.infra.sign_in import VERIFIER, asked, send

WORDS = {"in": ("Sign in", "Anmelden"), "out": ("Sign out", "Abmelden")}


def sign_in_as(page: Page, user: str) -> None:
    """From the page of somebody who is signed out to the page of somebody who is signed in."""
    _button(page, "in").click()
    be(page, user)


def be(page: Page, user: str) -> None:
    """Say on the issuer's page who one is, and come back."""
    page.get_by_label("Or another name").fill(user)
    page.get_by_role("button", name="Sign in").click()
    signed_in(page)


def on_the_way_back(layout: Layout, user: str, *, page: str = "", view: str = "") -> tuple[str, str]:
    """Where the issuer sends somebody who has said there who they are, and a script that runs first: the browser
    remembers then that ``page`` has asked for it, at ``view``. The household's page has no name.

    Everything is as after clicks, but that the page was not loaded before, and the issuer's page was not shown.
    """
    state, nonce = f"{page}{uuid4().hex}", uuid4().hex
    answer = send(layout, "POST", asked(layout, state=state, nonce=nonce), {"user": user})
    pending = {"typed": None, "view": view, "verifier": VERIFIER, "state": state, "nonce": nonce}
    kept = f"sessionStorage.setItem('sign-in', {json.dumps(json.dumps(pending))})"
    return answer.headers["Location"], f"if (location.search.includes({json.dumps(state)})) {kept};"


def signed_in(page: Page) -> None:
    """Wait until the page has taken what the issuer has sent."""
    _button(page, "out").wait_for()


def _button(page: Page, which: str) -> Locator:
    english, german = (page.get_by_role("button", name=name, exact=True) for name in WORDS[which])
    return english.or_(german)
