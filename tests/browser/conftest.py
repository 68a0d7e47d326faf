"""Chromium, the server, and people who come back from the issuer's page, where they have signed in.

One browser and one server per process; an application and a context per test.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from infra.local import throwaway
from tests.browser.chromium import USUAL, required
from tests.browser.chromium import chromium as running_chromium
from tests.browser.people import on_the_way_back, sign_in_as, signed_in
from tests.browser.server import Clock, Served, Server
from tests.browser.settling import COUNT, SECONDS, settled
from tests.browser.watching import Watch

SignIn = Callable[..., Page]


def pytest_runtest_setup() -> None:
    required()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=SECONDS * 1000)
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with throwaway.issuer() as layout, Server(layout) as server:
        yield server


@pytest.fixture
def served(server: Server) -> Iterator[Served]:
    """The application of this test; nobody has written anything."""
    with server.serving(Clock()) as served:
        yield served


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Every complaint of the browser fails the test that does not announce it."""
    watch = Watch()
    yield watch
    watch.close()


@pytest.fixture
def visit(chromium: Browser, served: Served, watch: Watch) -> Iterator[SignIn]:
    """Opens the page for somebody who is signed out, or another address of it.

    Takes the options of a context, and a script that runs first.
    """
    with ExitStack() as contexts:

        def visit(init_script: str = "", address: str = "", **options: Any) -> Page:
            context = contexts.enter_context(chromium.new_context(**USUAL | options))
            contexts.callback(context.set_offline, True)  # what a closing page still sends would reach the next test
            context.set_default_timeout(SECONDS * 1000)
            context.add_init_script(COUNT + init_script)
            watch.over(context)
            context.clock.set_fixed_time(served.clock.moment)
            page = context.new_page()
            page.goto(address or served.url)
            return page

        yield visit
        watch.close()


@pytest.fixture
def sign_in(visit: SignIn, served: Served) -> SignIn:
    """Signs somebody in on a page of their own, where all is shown that the server does not hold back."""

    def sign_in(user: str = "home", init_script: str = "", **options: Any) -> Page:
        address, script = on_the_way_back(served.layout, user)
        page = visit(f"{init_script}\n{script}", address, **options)
        signed_in(page)
        if not served.gates:
            settled(page)
        return page

    return sign_in


@pytest.fixture
def sign_in_by_clicks(visit: SignIn, served: Served) -> SignIn:
    """The same on the whole way: from the page to the issuer's page and back."""

    def sign_in(user: str = "home", **options: Any) -> Page:
        page = visit(**options)
        sign_in_as(page, user)
        if not served.gates:
            settled(page)
        return page

    return sign_in


@pytest.fixture
def person(sign_in: SignIn) -> Page:
    """The page of somebody who has just signed in."""
    return sign_in()


@pytest.fixture
def blank(chromium: Browser) -> Iterator[Page]:
    """An empty page, beside what a test looks at."""
    with chromium.new_context(viewport=USUAL["viewport"]) as context:
        yield context.new_page()
