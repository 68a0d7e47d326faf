"""A network that goes away, and people whose device keeps the page."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import SignIn
from tests.browser.households import two_meters
from tests.browser.offline.person import Away, stay
from tests.browser.server import Served
from tests.browser.watching import Watch

READY = "async () => { await navigator.serviceWorker.ready; }"


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
