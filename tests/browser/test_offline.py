"""Without network: the page opens, shows what it showed last to whom it may, and takes readings that are sent once."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from chalicelib.api.web import files
from tests.browser.accessibility import accessible, fits
from tests.browser.chromium import NARROW
from tests.browser.conftest import SignIn
from tests.browser.households import two_meters
from tests.browser.people import sign_in_as
from tests.browser.server import Served
from tests.browser.settling import NOTE_SHIFTS, come_back, settled, until
from tests.browser.watching import Watch

FORM = "/components/energy_forms"
NAMED, SHOWN, TYPED = "quendolin", 8368.125, 8371.375
Away = Callable[[Page], AbstractContextManager[None]]
READY = "async () => { await navigator.serviceWorker.ready; }"
KEPT = """async () => {
  const result = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const found = [{ ...localStorage }, { ...sessionStorage }, document.cookie];
  for (const { name } of await indexedDB.databases()) {
    const database = await result(indexedDB.open(name));
    for (const store of database.objectStoreNames) {
      const objects = database.transaction(store).objectStore(store);
      found.push(name, store, await result(objects.getAllKeys()), await result(objects.getAll()));
    }
    database.close();
  }
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const answer = await cache.match(request);
      found.push(request.url, [...request.headers], [...answer.headers], await answer.text());
    }
  }
  return JSON.stringify(found);
}"""


CACHED = """async () => {
  const opened = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
  const requests = (await Promise.all(opened.map((cache) => cache.keys()))).flat();
  return requests.map(({ url }) => new URL(url).pathname);
}"""

# Lets another tab send: nothing is sent or given up here until ``release`` is called.
HOLD = """() => void navigator.locks.request("readings /api", () => new Promise((resolve) => {
  globalThis.release = resolve;
}))"""
KEEP_MANY = """async () => {
  const { src } = document.querySelector("script[src]");
  const { Device } = await import(new URL("../device/device.js", src).href);
  const device = new Device("/api", "flat");
  const names = Array.from({ length: 70 }, (_, at) => `figures ${at}`);
  for (const [at, name] of names.entries()) await device.keep(name, { body: {}, at: Date.now() + at });
  const found = await Promise.all(names.map((name) => device.last(name)));
  device.close();
  return names.filter((_, at) => found[at]);
}"""
NEVER_OPENS = "() => { IDBFactory.prototype.open = () => ({}); }"


@pytest.fixture
def without_network(served: Served, watch: Watch) -> Away:
    """Takes the network away while the block runs, of all tabs: of those too that are being closed."""

    @contextmanager
    def without_network(page: Page) -> Iterator[None]:
        watch.announce(0, "/api/")
        served.is_away = True
        page.context.set_offline(True)
        yield
        served.is_away = False
        page.context.set_offline(False)

    return without_network


@pytest.fixture
def enter(sign_in: SignIn, served: Served) -> SignIn:
    """Signs somebody in whose device keeps the page."""
    served.bring("flat", two_meters())

    def enter(user: str = "flat", *, stays: bool = False, **options: Any) -> Page:
        page = sign_in(user, service_workers="allow", **options)
        if stays:
            stay(page)
        page.evaluate(READY)
        return page

    return enter


def stay(page: Page) -> None:
    page.get_by_role("link", name="Meters").click()
    page.get_by_label("Show my last figures without network").check()
    until(page, "localStorage.length > 0")
    page.get_by_role("link", name="Overview").click()


def reopened(page: Page) -> Page:
    """Close the tab and open the page in another one."""
    context, url = page.context, page.url.split("#")[0]
    page.close()
    page = context.new_page()
    page.goto(url)
    return page


def type_reading(page: Page, amount: str, day: str) -> None:
    page.get_by_role("button", name="Add reading").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reading (kWh)").fill(amount)
    dialog.get_by_label("Date").fill(day)
    dialog.get_by_label("Time").fill("18:00")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)


def note(page: Page) -> Locator:
    return page.locator(".waiting-note > button")


def stored(served: Served, day: str, user: str = "flat") -> list[float]:
    """The amounts of electricity at the time that ``type_reading`` types."""
    instant = f"{day}T18:00"
    found = served.call(user, "GET", f"/v2/energy?type=power&from={instant}&to={instant}")
    return [reading["amount"] for reading in found["readings"]]


def posts(served: Served) -> int:
    return sum(answered.method == "POST" and answered.path == FORM for answered in served.answered)


def test_the_page_opens_takes_a_reading_and_says_so_and_with_network_the_month_changes(
    served: Served, enter: SignIn, without_network: Away
) -> None:
    page = enter(stays=True)
    expect(page.locator("#dashboard")).to_contain_text("165 kWh")
    with without_network(page):
        page = reopened(page)
        expect(page.get_by_text("There is no network. You see what was known last.")).to_be_visible()
        expect(page.locator("#dashboard")).to_contain_text("As of 15 Mar 2024, 11:00")
        for component in ("monthly_charts", "timeline_slider", "energy_table"):
            expect(page.locator(f"#{component}")).to_contain_text("As of 15 Mar 2024, 11:00")
        type_reading(page, "8400", "2024-03-14")
        expect(page.get_by_text("Not sent yet: Electricity, 8,400 kWh, 14 Mar 2024, 18:00.")).to_be_visible()
        expect(note(page)).to_have_text("Not sent yet: 1 reading")
        expect(page.locator("#dashboard")).to_contain_text("165 kWh")
        accessible(page)
    expect(page.get_by_text("The network is back. Sign in to see the figures of today.")).to_be_visible()
    sign_in_as(page, "flat")
    expect(page.get_by_text("Sent: 1 reading.")).to_be_visible()
    expect(page.locator("#dashboard")).not_to_contain_text("165 kWh")
    expect(page.get_by_text("As of")).to_have_count(0)
    assert stored(served, "2024-03-14") == [8400]
    paths = page.evaluate(CACHED)
    assert paths.count("/api/") == 1
    assert [path for path in paths if path != "/api/" and not path.startswith("/api/assets/")] == []


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


def test_a_network_that_comes_back_without_a_word_is_noticed(served: Served, enter: SignIn, watch: Watch) -> None:
    page = enter()
    watch.announce(0, "/api/")
    served.is_away = True
    page.reload()
    expect(page.get_by_text("There is no network.")).to_be_visible()
    expect(page.get_by_text("flat")).to_have_count(0)
    served.is_away = False
    expect(page.get_by_text("There is no network.")).to_have_count(0, timeout=20_000)


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


def test_signing_out_warns_and_leaves_nothing_on_the_device(
    served: Served, enter: SignIn, without_network: Away
) -> None:
    served.bring(NAMED, two_meters())
    served.call(NAMED, "POST", "/v2/energy", {"type": "power", "date": "2024-03-13T18:00", "amount": SHOWN})
    page = enter(NAMED, stays=True)
    page.get_by_role("link", name="Meters").click()
    with without_network(page):
        page.reload()
        page.get_by_role("link", name="Overview").click()
        type_reading(page, str(TYPED), "2024-03-14")
        expect(note(page)).to_be_visible()
        before = page.evaluate(KEPT)
        assert all(mark in before for mark in (NAMED, str(TYPED), str(SHOWN)))
        page.get_by_role("button", name="Sign out").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("1 reading has not been sent. It is lost if you sign out now.")
        accessible(page)
        dialog.get_by_role("button", name="Stay signed in").click()
        expect(note(page)).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        dialog.get_by_role("button", name="Sign out and lose it").click()
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        after = page.evaluate(KEPT)
    assert "vendor/preact.js" in after  # the page itself stays
    assert not [mark for mark in (NAMED, str(TYPED), str(SHOWN)) if mark in after]
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert page.evaluate("indexedDB.databases()") == []


def test_figures_are_kept_for_nobody_who_has_not_chosen_it(enter: SignIn) -> None:
    page = enter()
    assert page.evaluate("indexedDB.databases()") == []
    stay(page)
    page.get_by_role("link", name="Meters").click()
    choice = page.get_by_label("Show my last figures without network")
    expect(choice).to_be_checked()  # it is asked for first
    choice.uncheck()
    until(page, "async () => !localStorage.length && !(await indexedDB.databases()).length")


def test_who_begins_anew_after_an_erasure_finds_nothing_of_before_on_another_device(
    served: Served, enter: SignIn
) -> None:
    served.call("flat", "POST", "/v2/energy", {"type": "power", "date": "2024-03-13T18:00", "amount": SHOWN})
    page = enter(stays=True)
    page.get_by_role("link", name="Overview").click()
    settled(page)
    assert str(SHOWN) in page.evaluate(KEPT)
    served.call("flat", "DELETE", "/v2/account?confirm=erase")
    page.reload()
    settled(page)
    sign_in_as(page, "flat")
    settled(page)
    assert str(SHOWN) not in page.evaluate(KEPT)


def test_signing_out_in_one_tab_signs_out_in_the_others(enter: SignIn) -> None:
    page = enter()
    other, somebody = page.context.new_page(), page.context.new_page()
    for tab, user in ((other, "flat"), (somebody, "alice")):
        tab.goto(page.url)
        sign_in_as(tab, user)
        settled(tab)
    page.get_by_role("button", name="Sign out").click()
    for tab in (page, other):
        expect(tab.get_by_role("button", name="Sign in")).to_be_visible()
    expect(somebody.get_by_text("Signed in as alice")).to_be_visible()


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


def test_a_new_release_leaves_an_open_tab_its_own_and_replaces_the_old_as_a_whole(
    enter: SignIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, without_network: Away
) -> None:
    page = enter(stays=True)
    old = files.web_files().digest
    folder = shutil.copytree(files.FOLDER, tmp_path / "web")
    (folder / "page" / "another.js").write_text("/** Of the next release. */\n")
    with monkeypatch.context() as patched:
        patched.setattr(files, "FOLDER", folder)
        files.web_files.cache_clear()
        new = files.web_files().digest
        page.evaluate("async () => void (await navigator.serviceWorker.ready).update()")
        until(page, "async () => Boolean((await navigator.serviceWorker.ready).waiting)")
        page.get_by_role("link", name="Files").click()  # which the server does not have any more
        expect(page.get_by_role("heading", name="Bring a file")).to_be_visible()
        assert digests(page) == [old]
        settled(page)
        page = reopened(page)
        until(page, f"async () => (await caches.keys()).join().endsWith({new!r}) && (await caches.keys()).length === 1")
        with without_network(page):
            page = reopened(page)
            expect(page.get_by_text("Signed in as flat")).to_be_visible()
            assert digests(page) == [new]
    files.web_files.cache_clear()


def digests(page: Page) -> list[str]:
    """Of which releases the files of a page are."""
    found: list[str] = page.evaluate(
        "[...new Set([...document.querySelectorAll('[src], link[href]')]"
        ".map((each) => /assets.(\\w+)/.exec(each.src ?? each.href)[1]))]"
    )
    return found


def test_a_worker_that_has_lost_everything_changes_nothing_with_network(enter: SignIn) -> None:
    page = enter()
    page.evaluate("async () => { for (const name of await caches.keys()) await caches.delete(name); }")
    page.reload()
    sign_in_as(page, "flat")
    expect(page.get_by_role("article")).to_have_count(10)


def test_nothing_moves_when_the_network_goes_and_comes(enter: SignIn, without_network: Away) -> None:
    page = enter(init_script=NOTE_SHIFTS)
    page.evaluate("shifts.length = 0")
    with without_network(page):
        come_back(page)
        expect(page.locator("#energy_table")).to_contain_text("As of 15 Mar 2024")
    expect(page.get_by_text("As of")).to_have_count(0)
    assert page.evaluate("shifts") == []


def test_all_of_it_fits_a_narrow_dark_phone(enter: SignIn, without_network: Away) -> None:
    page = enter(stays=True, viewport=NARROW, color_scheme="dark")
    with without_network(page):
        page.reload()
        type_reading(page, "8400", "2024-03-14")
        expect(note(page)).to_be_visible()
        fits(page)
        accessible(page)
        note(page).click()
        expect(page.get_by_role("dialog")).to_contain_text("Electricity: 8,400 kWh, 14 Mar 2024, 18:00")
        fits(page)
        accessible(page)


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


@pytest.mark.parametrize("status", [500, 503])
def test_the_page_opens_although_a_gateway_answers_for_an_application_that_is_away(
    served: Served, enter: SignIn, watch: Watch, status: int
) -> None:
    page = enter(stays=True)
    settled(page)
    watch.announce(status, "/api/")
    served.gateway_status = status
    with page.expect_response(lambda response: response.status == status and "service-worker" in response.url):
        page.reload()
    expect(page.get_by_text("Signed in as flat")).to_be_visible()
    expect(page.get_by_text("There is no network. You see what was known last.")).to_be_visible()
    expect(page.locator("#energy_table")).to_contain_text("As of 15 Mar 2024")
    served.gateway_status = None
    expect(page.get_by_text("The network is back.")).to_be_visible(timeout=20_000)


def test_a_device_keeps_the_latest_figures_of_a_person_and_no_more(enter: SignIn) -> None:
    page = enter(stays=True)
    assert page.evaluate(KEEP_MANY) == [f"figures {at}" for at in range(10, 70)]


def test_where_the_browser_never_opens_its_database_a_reading_stays_in_its_form(
    enter: SignIn, without_network: Away
) -> None:
    page = enter()
    page.evaluate(NEVER_OPENS)
    with without_network(page):
        page.get_by_role("button", name="Add reading").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Reading (kWh)").fill("8400")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog.get_by_text("It was not saved.")).to_be_visible(timeout=15_000)
        expect(dialog.get_by_label("Reading (kWh)")).to_have_value("8400")


def test_signing_out_says_so_where_what_removes_the_figures_cannot_be_loaded(
    served: Served, sign_in: SignIn, watch: Watch
) -> None:
    served.bring("flat", two_meters())
    page = sign_in("flat")
    stay(page)
    watch.announce(0, "/device/offline.js")
    page.route("**/device/offline.js*", lambda route: route.abort())
    settled(page)
    page.reload()
    sign_in_as(page, "flat")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("Something of yours may still be on this device.")).to_be_visible()


def test_a_reading_that_is_refused_after_its_person_has_signed_out_leaves_nothing_behind(
    enter: SignIn, watch: Watch, without_network: Away
) -> None:
    page = enter()
    with without_network(page):
        type_reading(page, "8000", "2024-03-14")
        expect(note(page)).to_be_visible()
        held: list[Route] = []
        page.route(f"**{FORM}", lambda route: held.append(route) if route.request.method == "POST" else route.abort())
        sent = page.expect_request(lambda request: request.method == "POST" and FORM in request.url)
        sent.__enter__()
    sent.__exit__(None, None, None)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign out and lose it").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    watch.announce(422, FORM)
    for route in held:
        route.fulfill(status=422, json={"detail": "no", "code": "LOWER_THAN_PREVIOUS", "details": {}})
    settled(page)
    until(page, "async () => !localStorage.length && !(await indexedDB.databases()).length")
