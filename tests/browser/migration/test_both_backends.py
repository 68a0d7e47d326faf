"""Old and new side by side: both backends draw each component of the same data alike, as DOM and as picture."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from chalicelib.domain.backends.backend import Backend
from tests.browser.conftest import SignIn
from tests.browser.households import bring_exchanged, two_meters
from tests.browser.parts import OVERVIEW
from tests.browser.pictures import TOLERATED, difference
from tests.browser.server import Served
from tests.browser.settling import settled

PARTS = [f"section#{component}" for component in OVERVIEW]


def usual(served: Served) -> None:
    """Both meters, read each month."""
    served.bring("home", two_meters())


def nothing(_: Served) -> None:
    """Nobody has written anything."""


@pytest.mark.long
@pytest.mark.parametrize(
    ("household", "parts"),
    [(usual, PARTS), (bring_exchanged, PARTS), (nothing, ["main:has(#welcome-title)"])],
)
def test_who_answered_is_not_seen(
    served: Served, sign_in: SignIn, blank: Page, household: Callable[[Served], None], parts: list[str]
) -> None:
    household(served)
    drawn = []
    for side in Backend:
        served.behind.flags.side = side
        page = sign_in()
        settled(page)
        drawn.append({name: (page.locator(name).inner_html(), page.locator(name).screenshot()) for name in parts})
    old, new = drawn
    for name in parts:
        assert old[name][0] == new[name][0], name
        share = difference(blank, old[name][1], new[name][1])
        assert share <= TOLERATED, f"{name}: the same words, another picture"
    for path in {answered.path.partition("?")[0] for answered in served.answered if answered.backend}:
        assert served.backends_of(path) == {*Backend}, path
