"""The page on the deployed stack: found from the port alone, in a browser, and with a sign-in of its own issuer."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import (
    datetime,
    timedelta,
)
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
import urllib3
from playwright.sync_api import (
    Browser,
    Page,
    Response,
    expect,
)

from chalicelib.domain.backends.component import Component
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.flag_document import written
from chalicelib.flags.document.json_schema import first_document
from chalicelib.flags.document.names import COMPONENT_FLAGS, GLOBAL
from infra.local.layout import AUDIENCE, Layout
from infra.targets.flags import Flags
from tests.browser import settling
from tests.browser.chromium import USUAL, chromium, required
from tests.browser.people import sign_in_as
from tests.browser.watching import Watch
from tests.e2e.conftest import (
    Deployed,
    eventually,
)
from tests.integration.infra.sign_in import code_for, exchanged, page_of


def get(layout: Layout, path: str, **headers: str) -> Any:
    http = urllib3.PoolManager(retries=False, timeout=60)
    return http.request("GET", f"http://localhost:{layout.ports.api}{path}", headers=headers, redirect=False)


def test_the_port_alone_leads_to_the_page(deployed: Deployed) -> None:
    answer = get(deployed.layout, "/")
    assert (answer.status, answer.headers["Location"]) == (302, "/api/")
    page = get(deployed.layout, "/api/")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert get(deployed.layout, "/api/", **{"If-None-Match": page.headers["ETag"]}).status == 304


def test_the_files_of_the_page_arrive_through_api_gateway(deployed: Deployed) -> None:
    page = get(deployed.layout, "/api/").data.decode()
    paths = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert paths
    for path in dict.fromkeys(paths):
        assert path.startswith("/api/assets/")
        file = get(deployed.layout, path, Accept="*/*", **{"Accept-Encoding": "gzip"})
        assert (file.status, file.headers["Content-Encoding"]) == (200, "gzip"), path
        assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_whoever_signs_in_as_the_page_does_sees_the_dashboard(deployed: Deployed) -> None:
    page = get(deployed.layout, "/api/")
    [issuer] = re.findall(r'data-issuer="([^"]+)"', page.data.decode())
    assert issuer == deployed.layout.issuer_url
    assert issuer in page.headers["Content-Security-Policy"]
    assert f'data-client="{AUDIENCE}"' in page.data.decode()
    token = exchanged(deployed.layout, code_for(deployed.layout, "somebody new")).json()["id_token"]
    answer = get(deployed.layout, "/api/components/dashboard", Authorization=f"Bearer {token}")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert [meter["type"] for meter in answer.json()["meters"]] == ["power", "gas"]


def test_the_issuer_sends_people_back_to_the_page(deployed: Deployed) -> None:
    assert get(deployed.layout, urlsplit(page_of(deployed.layout)).path).status == 200


SECONDS = 30.0
SHOWING = [component.value for component in Component if component is not Component.CSV_IMPORT]
BERLIN = ZoneInfo("Europe/Berlin")
TODAY = datetime.now(BERLIN).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    required()
    with chromium() as browser:
        yield browser


@contextmanager
def signed_in(browser: Browser, deployed: Deployed, user: str) -> Iterator[Page]:
    watch = Watch()
    with browser.new_context(**USUAL) as context:
        context.set_default_timeout(SECONDS * 1000)
        context.add_init_script(settling.COUNT)
        watch.over(context)
        page = context.new_page()
        page.goto(f"http://localhost:{deployed.layout.ports.api}/")
        sign_in_as(page, user)
        yield page
        watch.close()


def move(flags: Flags, *, to_new: bool) -> None:
    """Every component at once, without a wait and without asking the data."""
    moved = [Flag(name, 0, 0, enabled=to_new, rollout_percent=Decimal(100)) for name in COMPONENT_FLAGS.values()]
    document = first_document().with_flags(Flag(GLOBAL, 0, 0, enabled=to_new), *moved)
    deployment = flags.operations.changes.publishing.deployment
    deployment.complete(deployment.deploy(written(document), deployment.settled(stop=True), "a test"))


def record(page: Page, time: str, amount: int) -> None:
    page.get_by_role("button", name="Add reading").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Reading").fill(str(amount))
    dialog.get_by_label("Time").fill(time)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.or_(page.locator(".toast", has_text="Recorded"))).to_contain_text("Recorded", timeout=SECONDS * 1000)


def figure(page: Page, title: str) -> Any:
    """A figure of today's cards."""
    return page.locator("#dashboard .power article", has=page.get_by_role("heading", name=title)).locator(".figure")


def test_a_person_writes_while_every_component_moves_and_moves_back(
    deployed: Deployed, flags: Flags, browser: Browser
) -> None:
    """Real flags move real components; what was written is shown at once, by either backend, and no figure falls."""
    user, amount = "somebody who is moved", 5000
    for days in (90, 60, 30):
        day = (TODAY - timedelta(days=days)).strftime("%Y-%m-%d")
        assert deployed.record(user, day, amount - 10 * days).status == 201
    answered: dict[str, str] = {}

    def note(response: Response) -> None:
        if backend := response.headers.get("x-backend"):
            component = response.url.partition("/components/")[2].partition("?")[0]
            answered[component] = backend

    with signed_in(browser, deployed, user) as page:

        def come_back() -> dict[str, str]:
            answered.clear()
            settling.come_back(page)
            return {**answered}

        page.on("response", note)
        for minute, side in enumerate(("old", "new", "old")):
            if minute:
                shown = page.locator("#dashboard .household").inner_html()
                move(flags, to_new=side == "new")
                eventually(come_back, dict.fromkeys(SHOWING, side).__eq__)
                assert page.locator("#dashboard .household").inner_html() == shown
            amount += 7
            record(page, f"00:0{minute}", amount)
            expect(figure(page, "Last reading")).to_contain_text(f"{amount:,} kWh", timeout=SECONDS * 1000)
            expect(page.locator("#energy_table")).to_contain_text(f"{amount:,}", timeout=SECONDS * 1000)
