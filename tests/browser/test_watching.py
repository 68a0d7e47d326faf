"""The checks of the browser tests themselves: they see what a browser complains about or a person cannot use."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import accessible, fits, reach
from tests.browser.conftest import SignIn
from tests.browser.settling import settled
from tests.browser.watching import Watch

pytestmark = pytest.mark.long


@pytest.fixture
def page(visit: SignIn) -> Page:
    page = visit()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    return page


def complaint(watch: Watch) -> str:
    """What would have failed the test; it does not any more."""
    with pytest.raises(AssertionError) as raised:
        watch.close()
    return str(raised.value)


INLINE = "document.body.append(Object.assign(document.createElement('script'), { textContent: 'globalThis.ran = 1' }))"


@pytest.mark.parametrize(
    ("trouble", "seen"),
    [
        ("console.error('oh')", "console, error: oh"),
        ("console.warn('hm')", "console, warning: hm"),
        ("document.body.onclick = () => { throw new Error('lost') }; document.body.click()", "uncaught: .*lost"),
        ("Promise.reject(new Error('lost'))", "uncaught: .*lost"),
        (INLINE, "content security policy: script-src-elem inline"),
        (
            "fetch('https://elsewhere.example/').catch(() => 0)",
            "content security policy: connect-src https://elsewhere",
        ),
        ("fetch('/api/components/dashboard')", "status of 401"),
    ],
)
def test_trouble_is_seen(page: Page, watch: Watch, trouble: str, seen: str) -> None:
    page.evaluate(f"() => {{ {trouble} }}")
    settled(page)
    with pytest.raises(AssertionError, match=seen):
        watch.close()


def test_a_refusal_that_is_announced_is_none_of_it_and_must_come(page: Page, watch: Watch) -> None:
    watch.announce(401, "/components/dashboard")
    watch.announce(401, "/components/nothing")
    page.evaluate("fetch('/api/components/dashboard')")
    assert complaint(watch) == "announced, but not seen: /components/nothing"


GIVE_UP = "const given = new AbortController(); fetch('/api/%s', given).catch(() => 0); given.abort()"


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("assets/0/icons/icon.svg", ""),
        ("service-worker.js", ""),
        ("assets/0/page/app.js", "no answer: GET .*page/app.js"),
    ],
)
def test_only_what_the_browser_asks_for_by_itself_may_be_given_up(
    page: Page, watch: Watch, path: str, seen: str
) -> None:
    page.route(f"**/api/{path}", lambda _: None)  # no answer is faster than who gives it up
    page.evaluate(f"() => {{ {GIVE_UP % path} }}")
    settled(page)
    assert re.match(seen, complaint(watch)) if seen else not watch.complaints


def test_a_script_that_is_on_its_way_may_be_given_up_by_who_leaves_the_page(page: Page, watch: Watch) -> None:
    page.route("**/late.js", lambda _: None)
    with page.expect_request("**/late.js"):
        page.evaluate("() => { import('/api/assets/0/page/late.js').catch(() => 0) }")
    with page.expect_event("requestfailed"):
        page.reload()
    assert not watch.complaints


def test_what_somebody_cannot_use_is_seen(page: Page) -> None:
    page.evaluate("document.querySelector('main').append(document.createElement('input'))")
    with pytest.raises(AssertionError, match="Form elements must have labels"):
        accessible(page)


def test_what_is_too_wide_is_seen(page: Page) -> None:
    page.evaluate("document.querySelector('main').style.minWidth = '2000px'")
    with pytest.raises(AssertionError, match="pixels wide"):
        fits(page)


def test_what_no_key_leads_to_is_seen(page: Page) -> None:
    with pytest.raises(AssertionError, match="by Tab"):
        reach(page, page.get_by_role("heading", name="Energy Monitor"))
