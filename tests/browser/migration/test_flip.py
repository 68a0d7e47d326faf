"""A component moves to and fro between the backends while a person writes and reads, and nothing of it is seen."""

from datetime import date, timedelta
from random import Random

import pytest
from playwright.sync_api import Locator, Page, expect

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from tests.browser.conftest import SignIn
from tests.browser.households import two_meters
from tests.browser.parts import OVERVIEW, part, path
from tests.browser.server import PATIENCE_SECONDS, Served
from tests.browser.settling import COME_BACK, come_back, settled

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


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2))
def test_who_writes_with_the_form_sees_what_was_written_whoever_answers(
    served: Served, sign_in: SignIn, seed: int
) -> None:
    """Every component moves at every step, and the display is mostly late."""
    served.bring("home", two_meters())
    served.clock.set(LATER)
    random, page = Random(seed), sign_in()
    drawn: dict[int, list[str]] = {}
    written = 0
    for step in range(STEPS):
        served.is_lagging = random.random() < 0.7
        served.behind.flags.side_of = {component: random.choice([*Backend]) for component in Component}
        if step % 4 == 1:
            written += 1
            write_with_form(page, 8_400 + 10 * written, f"2024-03-{14 + written}")
        else:
            come_back(page)
        now = [part(page, component).inner_html() for component in OVERVIEW]
        assert drawn.setdefault(written, now) == now, "the same readings show other figures"
        assert shown(page)[0] == (8_400 + 10 * written if written else 8_369)
    assert len({"".join(parts) for parts in drawn.values()}) == len(drawn) > 3
    for component in [*OVERVIEW, Component.ENERGY_FORMS]:
        assert served.backends_of(path(component)) == {*Backend}, component


def write_with_form(page: Page, amount: int, day: str) -> None:
    """Record a reading as a person does."""
    save = typed(page, amount, day)
    save.click()
    save.wait_for(state="hidden")
    settled(page)


def typed(page: Page, amount: int, day: str) -> Locator:
    """Type a reading into the form; returns the button that saves it."""
    page.get_by_role("button", name="Add reading").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reading").fill(str(amount))
    dialog.get_by_label("Date").fill(day)
    return dialog.get_by_role("button", name="Save")


def test_a_slow_answer_holds_up_no_newer_one(served: Served, sign_in: SignIn) -> None:
    """Somebody comes back, is not answered yet, and writes: the table asks again and shows what was written."""
    served.bring("home", two_meters())
    served.clock.set(LATER)
    page = sign_in()
    settled(page)
    with served.holding(path(Component.ENERGY_TABLE)):
        page.evaluate(COME_BACK)
        save = typed(page, 8_410, "2024-03-15")
        served.gates.clear()  # who waits goes on waiting, the next one passes
        save.click()
        expect(part(page, Component.ENERGY_TABLE)).to_contain_text("8,410", timeout=PATIENCE_SECONDS * 500)
    settled(page)
    expect(part(page, Component.ENERGY_TABLE)).to_contain_text("8,410")
