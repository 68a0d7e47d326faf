"""Speed of the components: the new backend against the old one, and what the router adds.

An answer is what it takes to decide, to ask the backend and to write the JSON. The old table loads the whole list and
turns pages by itself, as the list of version 1 makes it.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from statistics import median
from typing import Any

from chalicelib.api.answers import json_answer
from chalicelib.api.components.witness_bodies import AT_ONCE
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.ports.values import PageRequest, ReadingFilter
from chalicelib.services.components.component_reads import ComponentRead, ShowMonths, ShowTable, ShowTimeline
from chalicelib.services.migration.backends.backend_router import Route
from tests.fakes.issuer import FakeIssuer
from tests.performance.deployed import Deployment
from tests.performance.form import Figure, Target
from tests.performance.setting import POWER, Call, household, in_turn, server

TITLE = "Components, old against new"
FEW, MANY = 1_000, 10_000
ROUNDS, OLD_ROUNDS = 300, 12
# What is read, and how many times faster the new backend must be with many readings. With few it must not be slower.
ASKED: dict[str, tuple[ComponentRead, int]] = {
    "table": (ShowTable(type=POWER, descending=True), 4),
    "table of both types": (ShowTable(), 4),
    "timeline": (ShowTimeline(type=POWER), 5),
    "months": (ShowMonths(type=POWER, year=2021), 10),
}
MONTHS = "monthly_charts?type=power&year=2021"
ADDED, MEASUREMENT = "router and usage add to the months", "each of a batch of measurements / a request"
TARGETS = {
    **{
        f"{name}, {size:,} readings: old / new": Target(wanted, "a stored view takes longer than reading all", True)
        for name, (_, bound) in ASKED.items()
        for size, wanted in ((FEW, 1), (MANY, bound))
    },
    **{f"{name}, {MANY:,} / {FEW:,} readings": Target(1.5, "more is read than is shown") for name in ASKED},
    ADDED: Target(1, "the usage insert is sent before the answer, unacknowledged"),
    MEASUREMENT: Target(1, "each is checked and made a document"),
}


class NoRouter:
    """The new backend, without a question."""

    def __init__(self, route: Route) -> None:
        self._route = route

    def route(self, user_id: str, component: Component, *, force_old: bool = False) -> Route:
        return self._route


class NoUsage:
    """Notes nothing."""

    def log_backend_usage(self, usage: BackendUsage) -> None: ...


def measure() -> Iterator[Figure]:
    """Everything is asked in turn."""
    issuer = FakeIssuer()
    with server() as (_, database):
        deployed = {side: Deployment.on(database, issuer, side) for side in Side}
        users = {size: household(deployed[Side.NEW].container, size) for size in (FEW, MANY)}
        yield from compared(deployed, users)
        yield by_index(deployed[Side.OLD], users[MANY])
        yield from added(deployed[Side.NEW], users[FEW])


def answering(deployed: Deployment, user: str, read: ComponentRead) -> Call:
    """A call that decides who answers, has it answer, and writes the JSON."""

    def answer() -> None:
        route = deployed.container.router.route(user, read.component)
        json_answer(read.ask(route.backend, user).text())

    return answer


def compared(deployed: dict[Side, Deployment], users: dict[int, str]) -> Iterator[Figure]:
    """Each component at each size, and how the new backend grows from one to the other.

    Growth is measured without the old backend in between: what it leaves in caches and for the collector grows too.
    """
    for name, (read, _) in ASKED.items():
        calls = {
            f"{side} {size}": answering(deployed[side], user, read) for size, user in users.items() for side in Side
        }
        taken = in_turn(calls, OLD_ROUNDS, 4)
        for size in users:
            yield taken.ratio(f"{Side.OLD} {size}", f"{Side.NEW} {size}", f"{name}, {size:,} readings: old / new")
        few, many = (f"{Side.NEW} {size}" for size in (FEW, MANY))
        alone = in_turn({few: calls[few], many: calls[many]}, ROUNDS)
        yield alone.ratio(many, few, f"{name}, {MANY:,} / {FEW:,} readings")


def by_index(deployed: Deployment, user: str) -> Figure:
    """For comparison: a page of the old collection by index, which the old backend never had."""
    page, queries = PageRequest(ReadingFilter(POWER), descending=True, limit=51), deployed.container.queries
    calls = {side.value: (lambda side=side: queries.page(user, page, side)) for side in Side}
    return in_turn(calls, ROUNDS).ratio(Side.OLD.value, Side.NEW.value, f"page by index, {MANY:,} readings: old / new")


def added(deployed: Deployment, user: str) -> Iterator[Figure]:
    """What routing and noting add to an answer, and what a batch of measurements costs."""
    container = deployed.container
    route = Route(container.new, container.router.route("nobody", Component.MONTHLY_CHARTS).decision)
    bare: Any = replace(container, router=NoRouter(route), usage=NoUsage())  # type: ignore[arg-type]
    one = {"component": "dashboard", "backend": "old", "kind": "fetch", "elapsedMs": 12.5}
    batch = json.dumps({"measurements": [one] * AT_ONCE})
    refused = "/components/dashboard?forceOld=true"
    taken = in_turn(
        {
            "whole": deployed.asks(user, f"/components/{MONTHS}"),
            "without": replace(deployed, container=bare).asks(user, f"/components/{MONTHS}"),
            "batch": deployed.asks(user, "/components/measurements", batch, HTTPStatus.ACCEPTED),
            "request": deployed.asks(user, refused, status=HTTPStatus.FORBIDDEN),
        },
        ROUNDS,
    )
    differences = [
        whole - without for whole, without in zip(*(taken.passed[k] for k in ("whole", "without")), strict=True)
    ]
    yield Figure(ADDED, median(differences), "ms")
    yield Figure(MEASUREMENT, taken.ratio("batch", "request").value / AT_ONCE, "x", f"{AT_ONCE} in a batch")
