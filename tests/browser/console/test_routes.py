"""The operators' page on the application's own routes: what it shows and does is what they say and take."""

import pytest
from click.testing import CliRunner
from playwright.sync_api import Locator, Page, expect

from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from infra.__main__ import main as infra
from infra.operations.migrate.commands import cli as migrations
from tests.browser.conftest import SignIn
from tests.browser.console.dialogs import confirm
from tests.browser.console.figures import commands, in_document, on_screen
from tests.browser.households import two_meters
from tests.browser.people import sign_in_as
from tests.browser.server import Served
from tests.browser.settling import settled
from tests.fakes.dead_letters import record
from tests.fakes.operating import STACK
from tests.unit.flags.rollout import Rollout

SAID = "[critical] Meters cannot be refreshed | look: python -m infra sweep --list | act: python -m infra sweep"


SCREENS = {"Dead letters": "letters", "Sync mode": "sync-mode", "Verify": "verify", "Display lag": "staleness"}


def is_command(text: str) -> bool:
    """Whether the command line knows a command with these options; nothing is run."""
    module, *arguments = text.removeprefix("python -m ").split()
    main = {"infra": infra, "migrations": migrations}[module]
    return CliRunner().invoke(main, [*arguments, "--help"]).exit_code == 0


@pytest.fixture
def household(served: Served) -> Served:
    served.bring("home", two_meters())
    return served


@pytest.fixture
def page(household: Served, visit: SignIn, rollout: Rollout) -> Page:
    """The first screen of an operator, while one component is on its way."""
    rollout.set(10, test_users=("alice",))
    page = visit()
    page.goto(f"{household.url}ops-console")
    sign_in_as(page, "olga")
    settled(page)
    return page


def screen(page: Page, name: str, section: str) -> Locator:
    page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()
    found = page.locator(f"section#{section}")
    expect(found.locator(".command").first).to_be_visible()
    settled(page)
    return found


def test_every_figure_of_the_first_screen_is_the_one_of_the_status(household: Served, page: Page) -> None:
    """The command prints the same document (``tests/e2e/migration/test_console.py``)."""
    token = household.identity.token("olga", roles=["operator"])
    answer = household.answer("GET", "/ops/status", {"Authorization": f"Bearer {token}"}, b"")
    shown = on_screen(page)
    assert shown == in_document(answer.json_body)
    assert shown["energy_table"][0] == 10


def test_every_command_on_every_screen_is_one(page: Page) -> None:
    found = commands(page)
    for name, section in (("Energy table", "history"), *((name, section) for name, section in SCREENS.items())):
        screen(page, name, section)
        found |= commands(page)
    assert len(found) > 10
    for command in found:
        assert is_command(command), command


def test_alarms_say_what_they_mean(household: Served, page: Page) -> None:
    household.behind.aws.cloudwatch.add(f"{STACK}-MetersFailing", "ALARM", SAID)
    shown = screen(page, "Alarms", "alarms")
    for text in (
        "Alarms that ring: 1",
        "Critical",
        f"{STACK}-MetersFailing",
        "Meters cannot be refreshed",
        "python -m infra sweep",
    ):
        expect(shown).to_contain_text(text)


def test_a_dead_letter_is_shown_and_handed_in_again(household: Served, page: Page) -> None:
    sqs, functions = household.behind.aws.sqs, household.behind.aws.functions
    sqs.send_message(MessageBody=record())
    shown = screen(page, "Dead letters", "letters")
    shown.get_by_role("button", name="Show").click()
    expect(shown.get_by_role("region", name="letter", exact=True)).to_contain_text(
        '"detail-type": "EnergyReadingCreated"'
    )
    confirm(page, "Hand in again", "it was the network").get_by_role("button", name="Close").click()
    expect(shown).to_contain_text("There is no dead letter.")
    assert (sqs.messages, len(functions.called)) == ({}, 1)


def test_the_mode_is_changed_and_its_change_is_listed(household: Served, page: Page) -> None:
    household.behind.store.stored.sync = SyncState(SyncMode.OLD_ONLY, None)
    shown = screen(page, "Sync mode", "sync-mode")
    expect(shown).to_contain_text("old_only")
    dialog = confirm(page, "Change to dual_write", "we begin")
    expect(dialog).to_contain_text("The mode is dual_write.")
    dialog.get_by_role("button", name="Close").click()
    expect(shown.get_by_role("table")).to_contain_text("we begin")


def test_all_meters_are_compared(page: Page) -> None:
    shown = screen(page, "Verify", "verify")
    dialog = confirm(page, "Compare all meters", "before we go on")
    expect(dialog).to_contain_text("Finished.")
    dialog.get_by_role("button", name="Close").click()
    expect(shown).to_contain_text("Nothing.")


def test_what_is_behind_is_refreshed(page: Page) -> None:
    shown = screen(page, "Display lag", "staleness")
    expect(shown).to_contain_text("No meter is behind.")
    shown.get_by_role("button", name="Sweep now").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why?").fill("somebody asks")
    dialog.get_by_role("button", name="Sweep now").click()
    expect(dialog).to_contain_text("Done.")
