"""What the device keeps is for whom it was chosen, has a bound, and is gone after signing out."""

import pytest
from playwright.sync_api import Route, expect

from tests.browser.accessibility import accessible
from tests.browser.conftest import SignIn
from tests.browser.households import two_meters
from tests.browser.offline.person import FORM, Away, note, stay, type_reading
from tests.browser.people import sign_in_as
from tests.browser.server import Served
from tests.browser.settling import settled, until
from tests.browser.watching import Watch

pytestmark = pytest.mark.long

NAMED, SHOWN, TYPED = "quendolin", 8368.125, 8371.375
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
