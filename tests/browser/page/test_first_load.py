"""The size of the first load: what is transferred before somebody sees the page for the first time."""

from collections import Counter

from playwright.sync_api import Browser, Page, Request

from chalicelib.api.web.files import HOUSEHOLD, web_files
from tests.browser.server import Served
from tests.functional.web.budget import BUDGET_BYTES, BUDGET_REQUESTS


def loaded(page: Page, url: str) -> list[Request]:
    """Every request of a load, once nothing comes any more."""
    done: list[Request] = []
    page.on("requestfinished", lambda request: done.append(request))
    page.goto(url, wait_until="networkidle")
    return done


def test_the_first_load_stays_within_its_budget(served: Served, chromium: Browser) -> None:
    with chromium.new_context() as context:
        done = loaded(context.new_page(), served.url)
        assert {request.url for request in done if not request.url.startswith(served.url)} == set()
        assert sum(request.sizes()["responseBodySize"] for request in done) <= BUDGET_BYTES
        assert len(done) <= BUDGET_REQUESTS


def test_what_shows_the_page_is_loaded_once_and_nothing_beyond_it(served: Served, chromium: Browser) -> None:
    with chromium.new_context() as context:
        done = loaded(context.new_page(), served.url)
        times = Counter(request.url.rpartition("/")[2] for request in done if request.sizes()["responseBodySize"])
        assert times.pop("") == 1
    scripts = {name.rpartition("/")[2] for name in web_files().early[HOUSEHOLD]}
    assert times == dict.fromkeys([*scripts, "pico.css", "page.css"], 1)


def test_who_comes_back_loads_nothing_but_whether_the_page_has_changed(served: Served, chromium: Browser) -> None:
    with chromium.new_context() as context:
        loaded(context.new_page(), served.url)
        served.answered.clear()
        loaded(context.new_page(), served.url)
    assert [answered[:3] for answered in served.answered] == [("GET", "/", 304)]
