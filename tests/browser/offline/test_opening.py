"""The page opens without network, as one release, and shows what it showed last."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from chalicelib.api.web import files
from tests.browser.accessibility import accessible, fits
from tests.browser.chromium import NARROW
from tests.browser.conftest import SignIn
from tests.browser.offline.person import Away, note, reopened, stored, type_reading
from tests.browser.people import sign_in_as
from tests.browser.server import Served
from tests.browser.settling import NOTE_SHIFTS, come_back, settled, until
from tests.browser.watching import Watch

CACHED = """async () => {
  const opened = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
  const requests = (await Promise.all(opened.map((cache) => cache.keys()))).flat();
  return requests.map(({ url }) => new URL(url).pathname);
}"""


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


def test_a_network_that_comes_back_without_a_word_is_noticed(served: Served, enter: SignIn, watch: Watch) -> None:
    page = enter()
    watch.announce(0, "/api/")
    served.is_away = True
    page.reload()
    expect(page.get_by_text("There is no network.")).to_be_visible()
    expect(page.get_by_text("flat")).to_have_count(0)
    served.is_away = False
    expect(page.get_by_text("There is no network.")).to_have_count(0, timeout=20_000)


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


@pytest.mark.long
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
