"""The operators' page on the deployed stack: its figures are what the commands print, its buttons move a component."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from chalicelib.domain.backends.component import Component
from tests.browser.chromium import USUAL, chromium, required
from tests.browser.console.figures import in_document, on_screen
from tests.browser.people import sign_in_as
from tests.browser.settling import COUNT, settled
from tests.e2e.conftest import Deployed, eventually

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]
PATIENCE_MS = 60_000  # a change of flags waits until it is in effect
DRAINED_SECONDS = 150.0


@pytest.fixture
def page(deployed: Deployed) -> Iterator[Page]:
    """The first screen of an operator."""
    required()
    with chromium() as browser, browser.new_context(**USUAL) as context:
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(COUNT)
        page = context.new_page()
        page.goto(f"{deployed.layout.base_url}/ops-console")
        sign_in_as(page, "olga")
        card(page, Component.ENERGY_TABLE).wait_for()
        yield page


def card(page: Page, component: Component) -> Locator:
    return page.locator(f"article[data-component={component}]")


def printed(deployed: Deployed, *arguments: str) -> Any:
    """What a command prints for programs; a component that may not go on is no failure here."""
    command = [sys.executable, "-m", "infra", *arguments, "--json"]
    environment = {**os.environ, "STACK_NAME": deployed.layout.name}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_every_figure_of_the_first_screen_is_what_its_command_prints(deployed: Deployed, page: Page) -> None:
    eventually(lambda: printed(deployed, "mode", "show")["drainSeconds"], lambda left: left == 0, DRAINED_SECONDS)

    def both() -> tuple[Any, Any]:
        page.get_by_role("button", name="Refresh now").click()
        settled(page)
        return on_screen(page), in_document(printed(deployed, "status"))

    shown, _ = eventually(both, lambda found: found[0] == found[1])
    assert shown["platform"][0] == printed(deployed, "mode", "show")["mode"]
    assert len(printed(deployed, "dlq", "ls")) == float(card_of(page, "Dead letters").get_attribute("value") or "nan")
    percents = {
        flag["componentScope"]: flag.get("rolloutPercent") for flag in printed(deployed, "flags", "list")["flags"]
    }
    assert {component: shown[component][0] for component in Component} == {each: percents[each] for each in Component}
    for component in Component:
        alone = printed(deployed, "status", "--component", component)
        assert in_document(alone)[component] == shown[component]


def card_of(page: Page, name: str) -> Locator:
    """The first figure of a fact."""
    return page.locator("#platform .fact", has=page.locator("dt", has_text=name)).locator("data").first


@pytest.mark.usefixtures("flags")
def test_an_operator_moves_a_component_and_back_by_the_console_alone(deployed: Deployed, page: Page) -> None:
    go(page, "Verify")
    expect(done(page, "Compare all meters")).to_contain_text("Finished.", timeout=PATIENCE_MS)
    close(page)
    go(page, "Energy table")
    if page.get_by_role("button", name="Open the gate").count():
        expect(done(page, "Open the gate")).to_contain_text("In effect after", timeout=PATIENCE_MS)
        close(page)
    page.get_by_label("Percentage", exact=True).fill("10")
    page.get_by_role("button", name="Who would move?").click()
    expect(done(page, "Raise to 10% in a hurry")).to_contain_text("In effect after", timeout=PATIENCE_MS)
    close(page)
    expect(page.locator("#now")).to_contain_text("10 %")
    assert table(deployed)["rolloutPercent"] == 10
    expect(done(page, "Roll back")).to_contain_text("In effect after", timeout=PATIENCE_MS)
    close(page)
    expect(page.locator("#history")).to_contain_text("10 % → off")
    assert not table(deployed)["enabled"]


def table(deployed: Deployed) -> Any:
    """The table's flag, as the command prints it."""
    listed = printed(deployed, "flags", "list")["flags"]
    return next(flag for flag in listed if flag["componentScope"] == Component.ENERGY_TABLE)


def go(page: Page, screen: str) -> None:
    page.get_by_role("navigation").get_by_role("link", name=screen, exact=True).click()
    settled(page)


def done(page: Page, button: str) -> Locator:
    """Press a button, say why, and confirm."""
    page.get_by_role("button", name=button, exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why?").fill("a test of the console")
    dialog.get_by_role("button", name=button, exact=True).click()
    return dialog


def close(page: Page) -> None:
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    settled(page)
