"""Fixtures: the operators' page on a fake of its routes, with flags on fakes; people sign in as on the other page."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page

from chalicelib.api.web.routes import CONSOLE_STATE
from chalicelib.bootstrap.container import using
from chalicelib.bootstrap.status import status_service
from tests.browser.conftest import SignIn
from tests.browser.console.operations import Operations
from tests.browser.people import on_the_way_back, signed_in
from tests.browser.server import Served
from tests.browser.settling import settled
from tests.unit.flags.rollout import Rollout

Enter = Callable[..., Page]


@pytest.fixture
def operations(served: Served) -> Operations:
    served.stand_in = Operations()
    return served.stand_in


@pytest.fixture
def rollout(served: Served) -> Iterator[Rollout]:
    """The flags: the gate is open, and some people are known."""
    rollout = Rollout()
    rollout.known("alice", "bob", "carl", "dora")
    rollout.open()
    overview = rollout.flags.overview
    status = status_service(served.behind.ports, lambda: overview, lambda: 3, lambda: "code", list, served.clock)
    with using(replace(served.behind.container, flags=rollout.flags, status=status)):
        yield rollout


@pytest.fixture
def enter(visit: SignIn, served: Served, operations: Operations, rollout: Rollout) -> Enter:
    """Signs somebody in on the operators' page, at one of its screens."""

    def enter(user: str = "olga", screen: str = "", **options: Any) -> Page:
        view = screen and f"#{screen}"
        address, script = on_the_way_back(served.layout, user, page=CONSOLE_STATE, view=view)
        page = visit(script, address, **options)
        signed_in(page)
        settled(page)
        return page

    return enter
