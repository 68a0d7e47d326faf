"""Operators use their page: they sign in, look, change something, and see what came of it."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, expect

from chalicelib.domain.backends.component import Component
from chalicelib.flags.document.flag import Flag
from tests.browser.accessibility import accessible, fits, reach
from tests.browser.chromium import NARROW
from tests.browser.conftest import SignIn
from tests.browser.console.conftest import Enter
from tests.browser.console.dialogs import confirm
from tests.browser.console.operations import FINDING, FINGERPRINT, Operations, alarms, mode, status
from tests.browser.people import be, sign_in_as
from tests.browser.server import Served
from tests.browser.settling import settled
from tests.browser.watching import Watch
from tests.functional.web.budget import BUDGET_BYTES
from tests.unit.flags.rollout import TABLE, Rollout

SCREENS = ["", "energy_table", "alarms", "dead-letters", "staleness", "sync-mode", "verify"]
CHANGING = re.compile(
    "Roll back|Start the rollout|Stop everything|Set to|Hand in again|Give up|Change to|Sweep now|Compare all"
)
PARTS = {  # of each screen
    "/ops/status": "",
    "/ops/alarms": "",
    "/ops/components/energy_table": "energy_table",
    "/ops/staleness": "staleness",
    "/ops/sync-mode": "sync-mode",
    "/ops/verify": "verify",
}
ADDRESS = re.compile(r"/ops-console(#.*)?$")


def card(page: Page, component: Component) -> Locator:
    return page.locator(f"article[data-component={component}]")


def buttons(page: Page) -> list[str]:
    """What may be pressed to change something; refreshing the page itself changes nothing."""
    names = page.locator("main section").get_by_role("button").all_inner_texts()
    return [name for name in names if CHANGING.search(name)]


def go(page: Page, screen: str) -> None:
    """Open a screen, and wait until it shows its figures."""
    page.evaluate(f"location.hash = '{screen}'")
    page.locator("main section [aria-current], main section .command").first.wait_for()
    settled(page)


def test_an_operator_sees_where_the_migration_stands_and_what_comes_first(enter: Enter) -> None:
    page = enter()
    table = card(page, Component.ENERGY_TABLE)
    for text in (
        "12.5 %",
        "some people",
        "1 difference is open",
        f"python -m infra compare show {FINGERPRINT}",
        "stopped by itself, test users: the backends differ",
    ):
        expect(table).to_contain_text(text)
    assert card(page, Component.DASHBOARD).locator(".verdict p").inner_text() == "may go on"  # the status's own words
    expect(page.locator("#ringing")).to_contain_text("laptop-differences")
    for text in ("dual_write", "013_hours", "The code has changed since.", "python -m infra mode show"):
        expect(page.locator("#platform")).to_contain_text(text)


def test_signing_in_leads_back_to_the_screen_that_somebody_had_opened(
    served: Served, visit: SignIn, operations: Operations, rollout: Rollout
) -> None:
    page = visit(address=f"{served.url}ops-console#energy_table")
    sign_in_as(page, "olga")
    settled(page)
    assert page.url.endswith("/ops-console#energy_table")
    expect(page.get_by_role("heading", name="Energy table")).to_be_visible()
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert kept == '[{},{},""]'


def test_signing_in_on_the_other_page_stays_there(served: Served, visit: SignIn, operations: Operations) -> None:
    page = visit()
    page.goto(f"{served.url}ops-console")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Or another name").wait_for()
    page.goto(served.url)
    sign_in_as(page, "olga")
    expect(page.get_by_role("heading", name="Energy Monitor")).to_be_visible()
    assert "ops-console" not in page.url


def test_an_answer_of_the_issuer_that_nobody_asked_for_signs_nobody_in(served: Served, visit: SignIn) -> None:
    page = visit()
    page.goto(f"{served.url}?code=stolen&state=ops-console.guessed")
    expect(page.get_by_text("Signing in did not work.")).to_be_visible()
    expect(page.get_by_role("heading", name="Operations")).to_be_visible()
    assert ADDRESS.search(page.url)


def test_who_has_no_role_reads_so_and_nothing_is_asked(served: Served, enter: Enter) -> None:
    page = enter("home")
    expect(page.get_by_text("This page is for operators. Your account has no role here")).to_be_visible()
    expect(page.get_by_role("navigation")).to_have_count(0)
    assert [answered for answered in served.answered if answered.path.startswith("/ops/")] == []
    accessible(page)


def test_a_viewer_sees_the_same_without_a_button_that_changes_anything(enter: Enter, served: Served) -> None:
    page = enter("vera")
    for screen in SCREENS:
        go(page, screen)
        assert buttons(page) == [], screen
        expect(page.locator("dialog")).to_have_count(0)
    assert not [answered.path for answered in served.answered if answered.path.endswith("/commands.js")]


@pytest.mark.parametrize("look", [{}, {"color_scheme": "dark"}, {"viewport": NARROW}], ids=["light", "dark", "phone"])
def test_everybody_can_use_every_screen(enter: Enter, rollout: Rollout, look: dict[str, Any]) -> None:
    rollout.set(10)
    page = enter(**look)
    for screen in SCREENS:
        go(page, screen)
        accessible(page)
        fits(page)


def test_a_percentage_goes_up_and_back_by_keyboard(enter: Enter, rollout: Rollout) -> None:
    page = enter(screen="energy_table")
    reach(page, page.get_by_label("Percentage", exact=True))
    page.keyboard.type("50")
    page.keyboard.press("Enter")
    expect(page.locator("#plan")).to_contain_text("Would enter: 2")
    expect(page.locator("#plan")).to_contain_text("alice")
    reach(page, page.get_by_role("button", name="Set to 50%"))
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Of the known people 2 enter and 0 leave.")
    accessible(page)
    page.keyboard.type("half of them")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("In effect after 15 s.")
    assert flag(rollout).rollout_percent == 50
    page.keyboard.press("Escape")
    expect(page.locator("#history")).to_contain_text("half of them")
    done = confirm(page, "Roll back", "too slow")
    expect(done).to_contain_text("In effect after 15 s.")
    assert not flag(rollout).enabled
    done.get_by_role("button", name="Close").click()
    expect(page.locator("#history")).to_contain_text("too slow")
    expect(page.locator("#history")).to_contain_text("50 % → off")


def test_what_has_changed_is_seen_behind_the_dialog_before_anybody_closes_it(enter: Enter, rollout: Rollout) -> None:
    rollout.set(10)
    page = enter(screen="energy_table")
    dialog = confirm(page, "Stop everything", "it burns")
    expect(dialog).to_contain_text("In effect after 15 s.")
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    expect(page.get_by_text("it burns")).to_be_visible()
    expect(page.get_by_text("Paused while you write.")).to_have_count(0)
    page.keyboard.press("Enter")
    confirm(page, "Open the gate", "it is out")
    expect(dialog).to_contain_text("In effect after 15 s.")  # though its button has gone
    expect(page.locator("#commands").get_by_role("button", name="Open the gate")).to_have_count(0)


def test_components_have_one_order(enter: Enter) -> None:
    page = enter()
    menu = page.get_by_role("navigation", name="Components").get_by_role("link").all_inner_texts()
    assert menu == page.locator("article h3").all_inner_texts()


def test_alarms_that_are_silent_are_one_line(enter: Enter) -> None:
    page = enter(screen="alarms", viewport=NARROW)
    ringing = page.locator(".ringing li")
    expect(ringing).to_have_count(1)
    for text in ("laptop-differences", "to look", "to act"):
        expect(ringing).to_contain_text(text)
    fits(page)
    page.get_by_text("Silent: 1").click()
    expect(page.get_by_text("laptop-memory")).to_be_visible()


def test_after_everything_was_stopped_the_gate_is_opened_again(enter: Enter, rollout: Rollout) -> None:
    page = enter(screen="energy_table")
    confirm(page, "Stop everything", "it burns").get_by_role("button", name="Close").click()
    assert not gate(rollout)
    confirm(page, "Open the gate", "it is out").get_by_role("button", name="Close").click()
    expect(page.get_by_role("button", name="Open the gate")).to_have_count(0)
    assert gate(rollout)


def test_without_a_reason_nothing_happens(enter: Enter, rollout: Rollout) -> None:
    page = enter(screen="energy_table")
    for why in ("", "   "):
        dialog = confirm(page, "Stop everything", why)
        expect(dialog.get_by_label("Why?")).to_be_focused()
        page.keyboard.press("Escape")
    assert gate(rollout)


def test_a_change_of_flags_that_have_moved_on_is_refused_and_says_so(
    enter: Enter, rollout: Rollout, watch: Watch
) -> None:
    page = enter(screen="energy_table")
    page.get_by_label("Percentage", exact=True).fill("50")
    page.get_by_role("button", name="Who would move?").click()
    page.get_by_role("button", name="Set to 50%").wait_for()
    rollout.set(1)
    watch.announce(412, "/ops/flags/energy_table")
    expect(confirm(page, "Set to 50%", "half of them")).to_contain_text("Not done.")
    assert flag(rollout).rollout_percent == 1


@pytest.mark.parametrize(
    ("screen", "button", "asked"),
    [
        ("dead-letters", "Hand in again", ("POST", "/ops/dead-letters/letter-1/redrive", {"reason": "why not"})),
        ("dead-letters", "Give up", ("POST", "/ops/dead-letters/letter-1/discard", {"reason": "why not"})),
        ("sync-mode", "Change to new_only", ("PUT", "/ops/sync-mode", {"mode": "new_only", "reason": "why not"})),
        ("staleness", "Sweep now", ("POST", "/ops/staleness/sweep", {"reason": "why not"})),
    ],
)
def test_what_an_operator_does_is_asked_for_with_a_reason(
    enter: Enter, operations: Operations, screen: str, button: str, asked: tuple[str, str, Any]
) -> None:
    page = enter(screen=screen)
    section = page.locator("main section")
    section.get_by_role("button", name=button).click()
    dialog = page.get_by_role("dialog")
    assert operations.asked == []
    dialog.get_by_label("Why?").fill("why not")
    dialog.get_by_role("button", name=button).click()
    dialog.get_by_role("button", name="Close").click()
    assert operations.asked == [asked]
    expect(section.get_by_role("heading").first).to_be_focused()


def test_dead_letters_are_read_again_only_when_somebody_asks(enter: Enter, served: Served) -> None:
    page = enter(screen="dead-letters")

    def looks() -> int:
        return sum(answered.path.startswith("/ops/dead-letters") for answered in served.answered)

    before = looks()
    page.clock.set_fixed_time("2024-03-15T10:01:00Z")
    page.wait_for_timeout(2_500)
    assert looks() == before
    page.get_by_role("button", name="Refresh now").click()
    expect(page.get_by_text("As of 10:01:00 UTC.")).to_be_visible()
    assert looks() == before + 1


def test_a_dead_letter_is_shown_with_its_event(enter: Enter) -> None:
    page = enter(screen="dead-letters")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("region", name="letter", exact=True)).to_contain_text('"meters": []')


def test_verify_goes_on_until_it_is_finished(enter: Enter, operations: Operations) -> None:
    page = enter(screen="verify")
    half = {"finished": False, "meters": 8, "of": 16, "differences": 0, "findings": []}
    whole = half | {"finished": True, "meters": 16, "differences": 1, "findings": [FINDING]}
    operations.answers["/ops/verify"] = [half, whole]
    dialog = confirm(page, "Compare all meters", "before we go on")
    expect(dialog).to_contain_text("Finished. Meters: 16, differences: 1.")
    dialog.get_by_role("button", name="Close").click()
    expect(page.locator("#verify")).to_contain_text("p-17f2 power, energy_readings 7: differs")
    assert len(operations.asked) == 2


@pytest.mark.long
@pytest.mark.parametrize("status_code", [403, 503])
@pytest.mark.parametrize("path", PARTS)
def test_a_part_that_is_refused_says_so_and_the_rest_is_shown(
    enter: Enter, operations: Operations, watch: Watch, path: str, status_code: int
) -> None:
    operations.documents[path] = status_code
    watch.announce(status_code, path)
    page = enter(screen=PARTS[path])
    said = "Your role does not allow it." if status_code == 403 else "the database cannot be reached; try again"
    expect(page.locator("main").get_by_text(said).first).to_be_visible()
    expect(page.get_by_role("navigation").first).to_be_visible()
    accessible(page)
    if path == "/ops/alarms":
        expect(card(page, Component.ENERGY_TABLE)).to_contain_text("1 difference is open")
    if path == "/ops/status":
        expect(page.locator("#ringing")).to_contain_text("laptop-differences")


def test_it_refreshes_itself_keeps_what_it_had_and_says_since_when(
    enter: Enter, operations: Operations, watch: Watch
) -> None:
    page = enter()
    operations.documents["/ops/alarms"] = {"alarms": []}
    page.clock.set_fixed_time("2024-03-15T10:00:16Z")
    expect(page.get_by_text("No alarm rings.")).to_be_visible()
    operations.documents["/ops/status"] = 503
    watch.announce(503, "/ops/status")
    page.clock.set_fixed_time("2024-03-15T10:00:32Z")
    expect(page.get_by_text("The last attempt failed.").first).to_be_visible()
    expect(card(page, Component.ENERGY_TABLE)).to_contain_text("12.5 %")


def test_it_does_not_refresh_while_somebody_writes_a_reason(enter: Enter, served: Served, rollout: Rollout) -> None:
    page = enter(screen="energy_table")
    page.get_by_label("Percentage", exact=True).focus()
    page.clock.set_fixed_time("2024-03-15T10:00:30Z")
    expect(page.get_by_text("As of 10:00:30 UTC.")).to_be_visible()
    page.get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("Paused while you write.")).to_be_visible()
    before = len(served.answered)
    page.clock.set_fixed_time("2024-03-15T10:01:00Z")
    page.wait_for_timeout(2_500)
    assert len(served.answered) == before
    page.keyboard.press("Escape")
    expect(page.get_by_text("As of 10:01:00 UTC.")).to_be_visible()
    assert len(served.answered) > before


def test_after_the_end_of_the_token_what_was_typed_is_still_there(enter: Enter, served: Served, watch: Watch) -> None:
    page = enter(screen="energy_table")
    watch.announce(401, "/ops/")
    page.get_by_role("button", name="Stop everything").wait_for()
    with served.refusing_tokens():
        refused = confirm(page, "Stop everything", "it burns")
        expect(refused).to_contain_text("Not done.")
        page.keyboard.press("Escape")
        settled(page)
    page.get_by_role("button", name="Sign in again").click()
    be(page, "olga")
    page.get_by_role("button", name="Stop everything").click()
    expect(page.get_by_role("dialog").get_by_label("Why?")).to_have_value("it burns")


def test_a_command_is_copied_by_a_press(enter: Enter) -> None:
    page = enter()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#platform").get_by_role("button", name="Copy the command: python -m infra mode show").first.click()
    assert page.evaluate("navigator.clipboard.readText()") == "python -m infra mode show"


def test_it_speaks_german_too(enter: Enter) -> None:
    page = enter(locale="de-DE")
    expect(page.get_by_role("heading", name="Betrieb")).to_be_visible()
    expect(card(page, Component.ENERGY_TABLE)).to_contain_text("12,5 %")
    expect(card(page, Component.ENERGY_TABLE)).to_contain_text("Offene Unterschiede")


def test_hostile_text_is_text(enter: Enter, operations: Operations) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    document = status()
    document["components"][0]["verdict"]["text"] = hostile
    operations.documents["/ops/status"] = document
    operations.documents["/ops/alarms"] = {"alarms": [alarms()["alarms"][1] | {"reason": hostile}]}
    operations.documents["/ops/sync-mode"] = mode(hostile)
    page = enter()
    expect(page.get_by_text(hostile)).to_have_count(2)
    page.get_by_role("link", name="Sync mode").click()
    expect(page.locator("#sync-mode data").get_by_text(hostile)).to_be_visible()
    expect(page.locator("img")).to_have_count(0)


def test_the_first_screen_is_light(served: Served, operations: Operations, chromium: Browser) -> None:
    """All that a browser loads from the address to the figures, signing in and what it asks for included."""
    done: list[Request] = []
    with chromium.new_context(locale="en-GB") as context:
        page = context.new_page()
        page.on("requestfinished", lambda request: done.append(request))
        page.goto(f"{served.url}ops-console")
        sign_in_as(page, "olga")
        card(page, Component.ENERGY_TABLE).wait_for()
        page.wait_for_load_state("networkidle")
        own = [request for request in done if request.url.startswith(served.url)]
        names = {request.url.partition("?")[0].rpartition("/")[2] for request in own}
        weight = sum(request.sizes()["responseBodySize"] for request in own)
    assert names >= {"ops-console", "oauth4webapi.js", "overview.js", "status", "alarms"}
    assert weight <= BUDGET_BYTES, weight


def flag(rollout: Rollout) -> Flag:
    return rollout.flags.overview.listing().document.flags[TABLE]


def gate(rollout: Rollout) -> bool:
    return next(flag for flag in rollout.flags.overview.listing().flags if flag.component_scope is None).enabled
