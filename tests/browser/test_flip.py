"""A component moves to and fro between the backends while a person writes and reads, and nothing of it is seen."""

from datetime import date, timedelta
from random import Random

import pytest
from playwright.sync_api import Page

from chalicelib.domain.rollout.decision import Backend, Component
from tests.browser.conftest import SignIn
from tests.browser.households import two_meters
from tests.browser.server import Served
from tests.browser.settling import come_back, settled

STEPS = 16
LATER = date(2024, 4, 5)  # STEPS readings later, and within the month for which the new backend keeps its cards


class Person:
    """Writes the reading of one day after the other, higher each time, beside the page that they look at."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._day, self._amount = date(2024, 3, 14), 8_400

    def write(self) -> None:
        self._day += timedelta(days=1)
        self._amount += 10
        body = {"type": "power", "date": f"{self._day}", "amount": self._amount}
        self._served.call("home", "POST", "/components/energy_forms", body)


def shown(page: Page) -> tuple[int, str]:
    """The last reading on the dashboard, and everything else that it shows."""
    dashboard = page.locator(f"#{Component.DASHBOARD}")
    card = dashboard.get_by_role("region", name="Electricity").get_by_role("article").last
    amount = card.locator(".figure").inner_text()
    return int("".join(filter(str.isdigit, amount))), dashboard.inner_html()


@pytest.mark.parametrize("seed", range(3))
def test_no_figure_changes_by_a_flip_and_none_goes_back(served: Served, sign_in: SignIn, seed: int) -> None:
    served.bring("home", two_meters())
    served.clock.set(LATER)
    person, random, flags = Person(served), Random(seed), served.behind.flags
    page = sign_in()
    settled(page)
    drawn: dict[int, str] = {}
    last = 0
    for _ in range(STEPS):
        served.is_lagging = random.random() < 0.7
        if random.random() < 0.5:
            person.write()
        flags.side_of[Component.DASHBOARD] = random.choice([*Backend])
        come_back(page)
        amount, everything = shown(page)
        assert amount >= last, "an older version than before is shown"
        assert drawn.setdefault(amount, everything) == everything, "the same version shows other figures"
        last = amount
    assert len(drawn) > 2, "nothing was written"
    assert served.backends_of("/components/dashboard") == {*Backend}
