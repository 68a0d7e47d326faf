"""Old and new side by side: each component drawn by both backends on the same data is the same, as DOM and as picture.

A component is added by its name.
"""

from collections.abc import Callable

import pytest

from chalicelib.domain.rollout.decision import Backend, Component
from tests.browser.conftest import SignIn
from tests.browser.households import bring_exchanged, two_meters
from tests.browser.server import Served
from tests.browser.settling import settled

DRAWN = [Component.DASHBOARD]


def usual(served: Served) -> None:
    """Both meters, read each month."""
    served.bring("home", two_meters())


def nothing(_: Served) -> None:
    """Nobody has written anything."""


@pytest.mark.parametrize("household", [usual, bring_exchanged, nothing])
def test_who_answered_is_not_seen(served: Served, sign_in: SignIn, household: Callable[[Served], None]) -> None:
    household(served)
    drawn = []
    for side in Backend:
        served.behind.flags.side = side
        page = sign_in()
        settled(page)
        parts = {name: page.locator(f"#{name}") for name in DRAWN}
        drawn.append({name: (part.inner_html(), part.screenshot()) for name, part in parts.items()})
    old, new = drawn
    for name in DRAWN:
        assert old[name][0] == new[name][0], name
        assert old[name][1] == new[name][1], f"{name}: the same words, another picture"
    for name in DRAWN:
        assert served.backends_of(f"/components/{name}") == {*Backend}
