"""The page as a witness: what operators see of who answers, what people say looks wrong, and what is measured."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.migration.records.decision import Reason
from chalicelib.domain.migration.records.measurements import MeasurementKind, PageMeasurement
from infra.simulation.memory.migration.feedback import FakeFeedbackLog
from infra.simulation.memory.migration.measurements import FakePageMeasurements
from tests.browser.accessibility import accessible, fits, reach
from tests.browser.chromium import NARROW, USUAL
from tests.browser.conftest import SignIn
from tests.browser.households import two_meters
from tests.browser.parts import OVERVIEW, part, path
from tests.browser.server import Served
from tests.browser.settling import NOTE_SHIFTS, come_back, settled, until
from tests.browser.watching import Watch

pytestmark = pytest.mark.long

WHY = {
    Backend.OLD: ("Old: outside the percentage", Reason.PERCENTAGE_OUT),
    Backend.NEW: ("New: within the percentage", Reason.PERCENTAGE_IN),
}
MOST_TURNS = 100
COLLECTOR, FEEDBACK = "/components/measurements", "/components/feedback"
# What a browser does when somebody turns to another window; nobody can do that to a page without one.
HIDE = """() => {
  Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
  delete document.visibilityState;
}"""
SLOW = """document.addEventListener("click", () => {
  for (const end = performance.timeOrigin + performance.now() + 80; performance.timeOrigin + performance.now() < end;);
});
globalThis.told = [];
new PerformanceObserver((list) => told.push(...list.getEntries().filter(({ name }) => name === "click")))
  .observe({ type: "event", durationThreshold: 40, buffered: true });"""


@pytest.fixture
def household(served: Served) -> Served:
    for user in ("home", "olga"):
        served.bring(user, two_meters())
    return served


def frames(page: Page) -> Iterator[tuple[Component, Locator]]:
    """Each component with what frames it, opened as a person does."""
    for component in OVERVIEW:
        yield component, part(page, component)
    page.get_by_role("button", name="Add reading").click()
    yield Component.ENERGY_FORMS, page.get_by_role("dialog")
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    page.get_by_role("link", name="Files").click()
    yield Component.CSV_IMPORT, page.locator("section#imports")


def mark(frame: Locator) -> Locator:
    return frame.locator(".corner .mark")


def wrong(frame: Locator) -> Locator:
    return frame.get_by_role("button", name="This looks wrong")


@contextmanager
def requested(page: Page, address: str) -> Iterator[list[Request]]:
    """What is asked for at an address while the block runs."""
    found: list[Request] = []

    def note(request: Request) -> None:
        if address in request.url:
            found.append(request)

    page.on("request", note)
    yield found
    page.remove_listener("request", note)


@pytest.mark.parametrize("backend", Backend)
def test_an_operator_sees_at_each_component_who_answered_and_why(
    household: Served, sign_in: SignIn, backend: Backend
) -> None:
    household.behind.flags.side = backend
    page = sign_in("olga")
    text, reason = WHY[backend]
    for _, frame in frames(page):
        expect(mark(frame)).to_have_text(text)
        expect(mark(frame)).to_have_attribute("title", reason)
    accessible(page)


def test_the_mark_follows_what_answers(household: Served, sign_in: SignIn) -> None:
    page = sign_in("olga")
    expect(mark(part(page, Component.DASHBOARD))).to_contain_text("Old:")
    household.behind.flags.side = Backend.NEW
    come_back(page)
    expect(mark(part(page, Component.DASHBOARD))).to_contain_text("New:")


def test_others_have_neither_mark_nor_switch_nor_their_module(household: Served, sign_in: SignIn) -> None:
    asked: list[str] = []
    page = sign_in("home")
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Or another name").fill("home")
    page.get_by_role("button", name="Sign in").click()
    for _, frame in frames(page):
        expect(wrong(frame)).to_be_visible()  # what is loaded later is there
        expect(mark(frame)).to_have_count(0)
    expect(page.get_by_role("switch")).to_have_count(0)
    expect(page.locator(".force-old")).to_have_count(0)
    assert [url for url in asked if "feedback" in url]
    assert [url for url in asked if "mark" in url] == []


def test_an_operator_asks_the_old_backend_for_everything_until_the_page_is_loaded_again(
    household: Served, sign_in: SignIn
) -> None:
    household.behind.flags.side = Backend.NEW
    page = sign_in("olga")
    switch = page.get_by_role("switch", name="Old backend")
    expect(switch).not_to_be_checked()
    household.answered.clear()
    switch.check()
    expect(page.get_by_role("status").filter(has_text="until you load the page again")).to_be_visible()
    for component in OVERVIEW:
        expect(mark(part(page, component))).to_have_text("Old: you asked for it")
    accessible(page)
    page.get_by_role("button", name="Add reading").click()
    dialog = page.get_by_role("dialog")
    expect(mark(dialog)).to_have_text("Old: you asked for it")
    dialog.get_by_label("Reading").fill("8400")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    settled(page)
    asked = [answered for answered in household.answered if answered.backend]
    assert [answered for answered in asked if answered.method == "POST"]
    assert {(answered.backend, "forceOld=true" in answered.path) for answered in asked} == {(Backend.OLD, True)}
    page.reload()
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Or another name").fill("olga")
    page.get_by_role("button", name="Sign in").click()
    expect(switch).not_to_be_checked()
    expect(mark(part(page, Component.DASHBOARD))).to_contain_text("New:")


def test_where_the_mode_allows_the_new_backend_only_the_mark_says_who_really_answered(
    household: Served, sign_in: SignIn
) -> None:
    household.behind.store.stored.sync = SyncState(SyncMode.NEW_ONLY)
    page = sign_in("olga")
    page.get_by_role("switch").check()
    settled(page)
    for component in OVERVIEW:
        expect(mark(part(page, component))).to_have_text("New: the mode allows the new one only")


def feedback(served: Served) -> FakeFeedbackLog:
    return cast(FakeFeedbackLog, served.behind.ports.feedback)


def test_what_looks_wrong_is_sent_with_what_was_asked_and_no_figure(household: Served, sign_in: SignIn) -> None:
    page = sign_in()
    reports: dict[Component, Any] = {}
    for component, frame in frames(page):
        wrong(frame).click()
        with requested(page, FEEDBACK) as requests:
            frame.get_by_role("button", name="Send").click()
            expect(frame.get_by_text("Thank you.")).to_be_visible()
        [reports[component]] = [json.loads(request.post_data or "") for request in requests]
        expect(frame.get_by_role("button", name="Reported")).to_be_focused()
        page.keyboard.press("Enter")
        expect(frame.get_by_role("button", name="Send")).to_have_count(0)
    both = [{"type": kind, "sourceVersion": 1} for kind in ("power", "gas")]
    queries: dict[Component, tuple[dict[str, str], list[dict[str, Any]]]] = {
        Component.DASHBOARD: ({}, both),
        Component.MONTHLY_CHARTS: ({"type": "power", "year": "2024"}, both[:1]),
        Component.TIMELINE_SLIDER: ({"type": "power", "buckets": "60"}, both[:1]),
        Component.ENERGY_TABLE: ({"type": "power", "sort": "-date", "limit": "25"}, []),
        Component.ENERGY_FORMS: ({"type": "power"}, []),
        Component.CSV_IMPORT: ({}, []),
    }
    for component, (query, meters) in queries.items():
        assert reports[component] == {
            "component": component,
            "query": query,
            "backend": Backend.OLD,
            "reason": Reason.PERCENTAGE_OUT,
            "meters": meters,
        }
    assert {given.feedback.component for _, given in feedback(household).rows.values()} == {*Component}


@pytest.mark.parametrize("component", OVERVIEW)
def test_another_answer_may_be_reported_again(household: Served, sign_in: SignIn, component: Component) -> None:
    page = sign_in()
    frame = part(page, component)
    wrong(frame).click()
    frame.get_by_role("button", name="Send").click()
    expect(frame.get_by_role("button", name="Reported")).to_be_visible()
    come_back(page)
    expect(wrong(frame)).to_be_visible()
    expect(frame.get_by_text("Thank you.")).to_have_count(0)


def test_what_was_not_sent_may_be_tried_again(household: Served, sign_in: SignIn, watch: Watch) -> None:
    page = sign_in()
    frame = part(page, Component.DASHBOARD)
    wrong(frame).click()
    watch.announce(503, FEEDBACK)
    with household.failing(FEEDBACK):
        frame.get_by_role("button", name="Send").click()
        expect(frame.get_by_text("It was not sent.")).to_be_visible()
        accessible(page)
    frame.get_by_role("button", name="Try again").click()
    expect(frame.get_by_text("Thank you.")).to_be_visible()
    assert len(feedback(household).rows) == 1


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_it_is_said_by_keyboard_on_a_small_screen_in_german(
    household: Served, sign_in: SignIn, color_scheme: str
) -> None:
    page = sign_in(viewport=NARROW, locale="de-DE", color_scheme=color_scheme)
    frame = part(page, Component.DASHBOARD)
    fits(page)
    button = frame.get_by_role("button", name="Das sieht falsch aus")
    reach(page, button)
    page.keyboard.press("Enter")
    expect(frame.get_by_text("Zahlen werden nicht gesendet.")).to_be_visible()
    accessible(page)
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    reach(page, frame.get_by_text("Zeigen, was gesendet wird"))
    page.keyboard.press("Enter")
    accessible(page)
    fits(page)
    reach(page, frame.get_by_role("button", name="Senden"))
    page.keyboard.press("Enter")
    expect(frame.get_by_role("button", name="Gemeldet")).to_be_focused()
    accessible(page)
    assert len(feedback(household).rows) == 1


def measured(served: Served) -> list[PageMeasurement]:
    log = cast(FakePageMeasurements, served.behind.ports.measurements)
    return [measurement for measurement, _, _ in log.rows]


def leave(page: Page) -> None:
    """Turn to another window, once there is something to send; returns when it has been taken."""
    taken: list[int] = []
    page.on("response", lambda response: taken.append(response.status) if COLLECTOR in response.url else None)
    for _ in range(MOST_TURNS):
        page.evaluate(HIDE)
        page.wait_for_timeout(50)
        if taken:
            break
    assert taken == [202]


@pytest.mark.parametrize("backend", Backend)
def test_what_is_measured_arrives_by_component_and_backend(
    household: Served, sign_in: SignIn, watch: Watch, backend: Backend
) -> None:
    household.behind.flags.side = backend
    page = sign_in(init_script=SLOW)
    part(page, Component.DASHBOARD).get_by_role("heading").first.click()
    watch.announce(503, path(Component.ENERGY_TABLE))
    with household.failing(path(Component.ENERGY_TABLE)):
        come_back(page)
    until(page, "told.length > 0")
    leave(page)
    found = measured(household)
    assert {measurement.backend for measurement in found} == {backend}
    for kind in (MeasurementKind.FETCH, MeasurementKind.RENDER):
        assert {each.component for each in found if each.kind is kind} >= {*OVERVIEW}
    [error] = [each for each in found if each.kind is MeasurementKind.ERROR]
    assert (error.component, error.error) == (Component.ENERGY_TABLE, "Status5xx")
    [interaction] = [each for each in found if each.kind is MeasurementKind.INTERACTION]
    assert interaction.component is Component.DASHBOARD
    assert 80 <= interaction.elapsed_ms < 10_000


def test_a_component_that_breaks_is_measured_as_an_error(household: Served, sign_in: SignIn) -> None:
    page = sign_in()
    broken = {"type": "power", "sourceVersion": 2, "zone": "UTC", "buckets": None, "maxCount": 1, "dateRange": {}}
    page.route("**/components/timeline_slider*", lambda route: route.fulfill(json=broken, headers={"X-Backend": "old"}))
    come_back(page)
    expect(page.get_by_role("alert").filter(has_text="cannot be shown")).to_be_visible()
    leave(page)
    errors = [each for each in measured(household) if each.kind is MeasurementKind.ERROR]
    assert {(each.component, each.error) for each in errors} == {(Component.TIMELINE_SLIDER, "TypeError")}


def test_the_household_that_is_made_up_is_not_measured(served: Served, sign_in: SignIn) -> None:
    page = sign_in("alice", init_script=SLOW)
    leave(page)
    before = measured(served)
    page.get_by_role("link", name="Look at a demo").click()
    demo = page.locator(".made-up")
    expect(demo.get_by_role("article").first).to_be_visible()
    page.evaluate("told.length = 0")
    demo.get_by_role("heading", name="Month by month").click()
    until(page, "told.length > 0")
    expect(demo.get_by_role("button", name="This looks wrong")).to_have_count(0)
    page.get_by_role("link", name="Back to your own overview").click()
    settled(page)
    leave(page)
    after = measured(served)[len(before) :]
    assert {each.kind for each in after} == {MeasurementKind.FETCH, MeasurementKind.RENDER}
    assert len([each for each in after if each.component is Component.DASHBOARD]) == 2


def failing(status: int) -> Callable[[Route], None]:
    return lambda route: route.fulfill(status=status, body="")


@pytest.mark.parametrize(
    ("collector", "status"),
    [(failing(500), 500), (failing(404), 404), (lambda route: route.abort(), 0), (lambda _: None, None)],
    ids=["broken", "missing", "away", "hanging"],
)
def test_a_collector_that_does_not_work_changes_nothing_for_the_person(
    household: Served, sign_in: SignIn, watch: Watch, collector: Callable[[Route], None], status: int | None
) -> None:
    page = sign_in()
    if status is not None:
        watch.announce(status, COLLECTOR)
    expect(wrong(part(page, Component.ENERGY_TABLE))).to_be_visible()  # all is there
    before = page.locator("main").inner_text()
    page.route(f"**{COLLECTOR}", collector)
    for _ in range(3):
        page.evaluate(HIDE)
        page.evaluate("new Promise(requestAnimationFrame)")
    assert page.locator("main").inner_text() == before
    expect(page.get_by_role("alert")).to_have_text([""])
    page.get_by_role("button", name="Add reading").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reading").fill("8400")
    dialog.get_by_role("button", name="Save").click()
    expect(part(page, Component.DASHBOARD)).to_contain_text("8,400 kWh")


@pytest.mark.parametrize("viewport", [USUAL["viewport"], NARROW], ids=["desk", "phone"])
@pytest.mark.parametrize("user", ["home", "olga"])
def test_what_is_loaded_later_moves_nothing(
    household: Served, sign_in: SignIn, user: str, viewport: dict[str, int]
) -> None:
    page = sign_in(user, init_script=NOTE_SHIFTS, viewport=viewport)
    for component in OVERVIEW:
        expect(wrong(part(page, component))).to_be_visible()
    assert page.evaluate("shifts") == []
    fits(page)
    accessible(page)
