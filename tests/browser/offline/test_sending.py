"""Readings wait on the device and are sent once: in order, asked about, refused, or in conflict with others."""

import pytest
from playwright.sync_api import Route, expect

from tests.browser.accessibility import accessible
from tests.browser.conftest import SignIn
from tests.browser.offline.person import FORM, Away, note, posts, reopened, stored, type_reading
from tests.browser.people import sign_in_as
from tests.browser.server import Served
from tests.browser.settling import come_back, settled, until
from tests.browser.watching import Watch

pytestmark = pytest.mark.long

# Lets another tab send: nothing is sent or given up here until ``release`` is called.
HOLD = """() => void navigator.locks.request("readings /api", () => new Promise((resolve) => {
  globalThis.release = resolve;
}))"""


def test_twenty_readings_typed_in_two_tabs_are_stored_once_each_although_an_answer_is_lost(
    served: Served, enter: SignIn, watch: Watch, without_network: Away
) -> None:
    watch.announce(409, FORM)
    days = [f"2024-02-{day:02}" for day in range(2, 22)]
    page = enter(stays=True)
    with without_network(page):
        for at, day in enumerate(days[:10]):
            type_reading(page, f"{7910 + at * 10}", day)
        page = reopened(page)
        expect(note(page)).to_have_text("Not sent yet: 10 readings")
        for at, day in enumerate(days[10:], 10):
            type_reading(page, f"{7910 + at * 10}", day)
    lost: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch().text())  # stored, and its answer never comes
            route.abort()
        else:
            route.fallback()

    page.context.route(f"**{FORM}", lose)
    sign_in_as(page, "flat")
    until(page, "() => document.querySelector('.waiting-note > button')")
    come_back(page)
    expect(note(page)).to_have_count(0, timeout=30_000)
    assert lost
    assert [stored(served, day) for day in days] == [[7910 + at * 10] for at in range(20)]
    assert posts(served) == 21


def test_who_has_not_chosen_to_stay_is_not_shown_and_their_reading_is_theirs_alone(
    served: Served, enter: SignIn, without_network: Away
) -> None:
    page = enter()
    with without_network(page):
        type_reading(page, "8400", "2024-03-14")
        expect(note(page)).to_be_visible()
        page = reopened(page)
        expect(page.get_by_text("There is no network. Once it is back, sign in to see your figures.")).to_be_visible()
        expect(page.get_by_text("1 reading waits: sign in to send it.")).to_be_visible()
        expect(page.get_by_text("flat")).to_have_count(0)
        expect(page.get_by_text("kWh")).to_have_count(0)
        accessible(page)
    sign_in_as(page, "alice")
    settled(page)
    come_back(page)
    expect(note(page)).to_have_count(0)
    assert (stored(served, "2024-03-14"), stored(served, "2024-03-14", "alice")) == ([], [])
    page.get_by_role("button", name="Sign out").click()
    sign_in_as(page, "flat")
    expect(page.get_by_text("Sent: 1 reading.")).to_be_visible()
    assert stored(served, "2024-03-14") == [8400]


def test_a_conflict_shows_both_amounts_and_the_person_chooses(
    served: Served, enter: SignIn, watch: Watch, without_network: Away
) -> None:
    watch.announce(409, FORM)
    page = enter()
    for day, amount in (("2024-03-13", 8360), ("2024-03-12", 8350)):
        served.call("flat", "POST", "/v2/energy", {"type": "power", "date": f"{day}T18:00", "amount": amount})
    with without_network(page):
        type_reading(page, "8361", "2024-03-13")
        type_reading(page, "8351", "2024-03-12")
    expect(note(page)).to_have_text("2 readings need your answer")
    note(page).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("You typed 8,361 kWh. For 13 Mar 2024, 18:00, 8,360 kWh is stored already.")
    accessible(page)
    dialog.get_by_role("button", name="Store 8,361 kWh").click()
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    dialog.get_by_role("button", name="Keep 8,350 kWh").click()
    expect(dialog).to_contain_text("No reading waits.")
    assert (stored(served, "2024-03-13"), stored(served, "2024-03-12")) == ([8361], [8350])


def test_what_is_asked_back_is_shown_and_answered(
    served: Served, enter: SignIn, watch: Watch, without_network: Away
) -> None:
    watch.announce(422, FORM)
    page = enter()
    with without_network(page):
        type_reading(page, "8000", "2024-03-14")
        type_reading(page, "99000", "2024-03-15")
    expect(note(page)).to_have_text("2 readings need your answer")
    note(page).click()
    dialog = page.get_by_role("dialog")
    first, second = (dialog.get_by_role("listitem").nth(at) for at in (0, 1))
    expect(first).to_contain_text("8,000 kWh is less than the 8,369 kWh")
    expect(second).to_contain_text("Up to")
    accessible(page)
    second.get_by_role("button", name="Remove").click()
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    first.get_by_role("button", name="It is right").click()
    expect(dialog).to_contain_text("No reading waits.")
    assert (stored(served, "2024-03-14"), stored(served, "2024-03-15")) == ([8000], [])


def test_two_tabs_send_a_reading_once(served: Served, enter: SignIn, without_network: Away) -> None:
    page = enter()
    other = page.context.new_page()
    other.goto(page.url)
    sign_in_as(other, "flat")
    settled(other)
    with without_network(page):
        for day in ("2024-03-12", "2024-03-13"):
            type_reading(page, "8360", day)
        expect(note(other)).to_have_text("Not sent yet: 2 readings")
    for tab in (page, other):
        expect(note(tab)).to_have_count(0)
    assert posts(served) == 2


def test_a_portal_that_answers_everything_takes_no_reading(served: Served, enter: SignIn) -> None:
    page = enter()
    page.route(f"**{FORM}", lambda route: route.fulfill(status=200, content_type="text/html", body="<h1>Hotel</h1>"))
    type_reading(page, "8400", "2024-03-14")
    expect(note(page)).to_have_text("Not sent yet: 1 reading")
    page.unroute(f"**{FORM}")
    come_back(page)
    expect(page.get_by_text("Sent: 1 reading.")).to_be_visible()
    assert stored(served, "2024-03-14") == [8400]


def test_what_was_sent_is_said_although_another_is_asked_about_and_the_focus_stays_where_that_was(
    enter: SignIn, watch: Watch, without_network: Away
) -> None:
    watch.announce(422, FORM)
    page = enter()
    with without_network(page):
        type_reading(page, "8000", "2024-03-13")
        type_reading(page, "8400", "2024-03-14")
    expect(page.get_by_text("Sent: 1 reading.")).to_be_visible()
    expect(page.get_by_text("Sent: 1 reading.")).to_have_count(0, timeout=15_000)
    page.evaluate(HOLD)
    note(page).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Remove").click()
    expect(dialog).to_contain_text("One moment: it is being sent")
    accessible(page)
    page.evaluate("release()")
    expect(dialog).to_contain_text("No reading waits.")
    expect(dialog.get_by_role("heading", name="Readings that wait")).to_be_focused()
    expect(page.get_by_text("Sent:")).to_have_count(0)


def test_what_is_refused_for_no_reason_that_a_person_can_change_may_be_tried_again(
    served: Served, enter: SignIn, watch: Watch, without_network: Away
) -> None:
    watch.announce(400, FORM)
    page = enter()
    with without_network(page):
        type_reading(page, "8400", "2024-03-14")
        page.route(f"**{FORM}", lambda route: route.fulfill(status=400, json={"detail": "for programs"}))
    expect(note(page)).to_have_text("1 reading needs your answer")
    note(page).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("It was not saved.")
    expect(dialog).not_to_contain_text("for programs")
    accessible(page)
    page.unroute(f"**{FORM}")
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog).to_contain_text("No reading waits.")
    assert stored(served, "2024-03-14") == [8400]
