"""Speed of the components over a real MongoDB: new against old, and what the router adds.

Run: ``make bench``, or ``python -m tests.performance.bench_components``. Both backends are asked in turn, so that they
meet the same machine. An answer is what it takes to decide, to ask the backend and to write the JSON; "whole" is all
that the function does for one request, token, log and usage included. The old table loads the whole list and turns
pages by itself, as the list of version 1 makes it.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from decimal import Decimal
from http import HTTPStatus
from statistics import median
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from rich.console import Console
from rich.table import Table

from app import app
from chalicelib.api.answers import json_answer
from chalicelib.api.components.witness_bodies import AT_ONCE
from chalicelib.auth import KeyStore, TokenVerifier
from chalicelib.bootstrap.container import Container, Surroundings, compose, mongo_ports, now, using
from chalicelib.domain.components import Component
from chalicelib.domain.ports import PageRequest, ReadingFilter
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.domain.rollout.usage import BackendUsage
from chalicelib.domain.sides import Side
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.decisions.store import FixedFlagStore
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.flag_document import FlagDocument
from chalicelib.flags.document.names import FLAGS
from chalicelib.monitoring.logger import logger
from chalicelib.repositories.database import open_database
from chalicelib.services.backends.backend_router import Route
from chalicelib.services.components.component_reads import ComponentRead, ShowMonths, ShowTable, ShowTimeline
from infra.local.throwaway import mongod
from infra.simulation.memory.publisher import FakePublisher
from migrations import runner
from tests.fakes.issuer import AUDIENCE, ISSUER, FakeIssuer

POWER = EnergyType.POWER
SIZES = 1_000, 10_000
ROUNDS, AT_A_TIME, PAIRS = 10, 4, 400
SPAN_MS, START = 4 * 365 * 86_400_000, 1_577_836_800_000  # four years from 2020 on
# What is read, the path that it is read at, and how many times faster the new backend must be.
ASKED: list[tuple[str, ComponentRead, str, int]] = [
    ("table", ShowTable(type=POWER, descending=True), "energy_table?type=power&sort=-date", 4),
    ("table of both types", ShowTable(), "energy_table", 4),
    ("histogram", ShowTimeline(type=POWER), "timeline_slider?type=power", 5),
    ("monthly chart", ShowMonths(type=POWER, year=2021), "monthly_charts?type=power&year=2021", 10),
]


Row = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """The page of one user, on one deployment."""

    user: str
    token: str
    container: Container

    def answering(self, read: ComponentRead) -> Callable[[], None]:
        """A call that decides who answers, has it answer, and writes the JSON."""

        def answer() -> None:
            route = self.container.router.route(self.user, read.component)
            json_answer(read.ask(route.backend, self.user).text())

        return answer

    def asking(self, path: str, body: str | None = None, status: HTTPStatus = HTTPStatus.OK) -> Callable[[], None]:
        """A call of the whole function, as API Gateway calls it; with a body it is a POST."""
        resource, _, query = path.partition("?")
        path = f"/components/{resource}"
        event = {
            "requestContext": {
                "httpMethod": "GET" if body is None else "POST",
                "resourcePath": path,
                "path": path,
                "requestId": "1",
            },
            "headers": {"authorization": f"Bearer {self.token}", "content-type": "application/json"},
            "multiValueQueryStringParameters": parse_qs(query) or None,
            "pathParameters": {},
            "body": body,
            "stageVariables": None,
            "isBase64Encoded": False,
        }

        def ask() -> None:
            with using(self.container):
                answer = app(event, None)
            assert answer["statusCode"] == status, answer["body"]

        return ask


Pages = dict[tuple[int, Side], Page]


class NoRouter:
    """The new backend, without a question."""

    def __init__(self, route: Route) -> None:
        self._route = route

    def route(self, user_id: str, component: Component, *, force_old: bool = False) -> Route:
        return self._route


class NoUsage:
    """Notes nothing."""

    def log_backend_usage(self, usage: BackendUsage) -> None: ...


def main() -> None:
    """Start a server of its own, measure, print the table."""
    logger().setLevel("WARNING")
    issuer = FakeIssuer()
    table = Table("figure", "value", "bound", "holds")
    with mongod() as uri, quiet():
        database = open_database(uri, "bench")
        runner.up(database)
        deployed = {side: deployment(database, issuer, side) for side in Side}
        users = {size: household(deployed[Side.NEW], size) for size in SIZES}
        pages = {
            (size, side): Page(users[size], issuer.token(users[size], exp=2**40), deployed[side])
            for size in SIZES
            for side in Side
        }
        for row in (
            *compared(pages),
            *by_index(deployed[Side.OLD], users[SIZES[-1]]),
            *added(pages[SIZES[0], Side.NEW]),
            *measuring(pages[SIZES[0], Side.NEW]),
        ):
            table.add_row(*row)
        database.client.close()
    Console().print(table)


@contextmanager
def quiet() -> Iterator[None]:
    """Metrics are printed; here they would drown the table."""
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):  # noqa: PTH123
        yield


def deployment(database: Any, issuer: FakeIssuer, side: Side) -> Container:
    """The application with every component on one side, by flags as they are evaluated in Lambda."""
    percent = Decimal(100 if side is Side.NEW else 0)
    flags = {name: Flag(name, 0, 0, enabled=True, rollout_percent=percent) for name in FLAGS}
    decisions = FlagDecisions(FixedFlagStore(FlagDocument(flags, version="bench")))
    verifier = TokenVerifier(KeyStore(issuer.key_set), ISSUER, AUDIENCE)
    return compose(mongo_ports(database, FakePublisher()), verifier, now, Surroundings(decisions))


def household(container: Container, size: int) -> str:
    """A user with so many readings, evenly over four years, shown."""
    user = uuid4().hex
    rows = (f"{to_datetime(START + n * SPAN_MS // size).isoformat()},power,{1000 + n}\n" for n in range(size))
    container.imports.bulk_create(user, f"date,type,amount\n{''.join(rows)}".encode())
    container.calculation.refresh(user, POWER)
    return user


def compared(pages: Pages) -> Iterator[Row]:
    """Each component at each size, and how either backend grows from one to the other."""
    for name, read, path, bound in ASKED:
        taken = dict(zip(pages, in_turn(*(page.answering(read) for page in pages.values())), strict=True))
        for size in SIZES:
            old, new = taken[size, Side.OLD], taken[size, Side.NEW]
            yield f"{name}, {size:,} readings: old / new", ratio(old, new), f">= {bound} x", holds(old / new >= bound)
        grown = {side: taken[SIZES[1], side] / taken[SIZES[0], side] for side in Side}
        said = f"new {grown[Side.NEW]:.2f} x, old {grown[Side.OLD]:.1f} x"
        yield f"{name}, {SIZES[1]:,} / {SIZES[0]:,} readings", said, "new < 1.5 x", holds(grown[Side.NEW] < 1.5)
        old, new = in_turn(*(pages[SIZES[0], side].asking(path) for side in Side))
        yield f"{name}, {SIZES[0]:,} readings, whole: old / new", ratio(old, new), "", ""


def by_index(container: Container, user: str) -> Iterator[Row]:
    """For comparison: a page of the old collection by index, which the old backend never had."""
    page = PageRequest(ReadingFilter(POWER), descending=True, limit=51)
    old, new = in_turn(*(lambda side=side: container.queries.page(user, page, side) for side in Side))
    yield f"page by index, {SIZES[1]:,} readings: energies / new", ratio(old, new), "", ""


def added(page: Page) -> Iterator[Row]:
    """What routing and noting add to an answer: paired with the same answer without them."""
    route = Route(page.container.new, page.container.router.route("nobody", Component.MONTHLY_CHARTS).decision)
    bare: Any = replace(page.container, router=NoRouter(route), usage=NoUsage())  # type: ignore[arg-type]
    alone = replace(page, container=bare)
    for name, _, path, _ in ASKED[::3]:
        whole, without = page.asking(path), alone.asking(path)
        middle = median(difference(whole, without, first=n % 2 == 0) for n in range(PAIRS))
        yield f"router and usage add to the {name}", f"{middle:.3f} ms", "< 1 ms", holds(middle < 1)


def measuring(page: Page) -> Iterator[Row]:
    """What a batch of measurements costs, beside a request that shows its token and is refused."""
    one = {"component": "dashboard", "backend": "old", "kind": "fetch", "elapsedMs": 12.5}
    bare = page.asking("dashboard?forceOld=true", status=HTTPStatus.FORBIDDEN)
    batch = json.dumps({"measurements": [one] * AT_ONCE})
    taken, refused = in_turn(page.asking("measurements", batch, HTTPStatus.ACCEPTED), bare)
    yield f"a batch of {AT_ONCE} measurements / a request with a token alone", ratio(taken, refused), "", ""
    each = taken / refused / AT_ONCE
    yield "each of these measurements / such a request", f"{each:.2f} x", "< 1 x", holds(each < 1)


def difference(one: Callable[[], object], other: Callable[[], object], *, first: bool) -> float:
    """How much longer one call takes than the other, whichever comes first, in milliseconds."""
    taken = {call: timed(call) for call in ((one, other) if first else (other, one))}
    return taken[one] - taken[other]


def in_turn(*calls: Callable[[], object]) -> list[float]:
    """Median milliseconds of calls made in turn, several at a time, as a page asks; the first round is a warm-up."""
    taken: list[list[float]] = [[] for _ in calls]
    for _ in range(ROUNDS + 1):
        for call, times in zip(calls, taken, strict=True):
            times.extend(timed(call) for _ in range(AT_A_TIME))
    return [median(times[AT_A_TIME:]) for times in taken]


def timed(call: Callable[[], object]) -> float:
    """How long a call takes, in milliseconds."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def ratio(old: float, new: float) -> str:
    """Both and their ratio, as the table says it."""
    return f"{old / new:.1f} x ({old:.1f} ms, {new:.2f} ms)"


def holds(true: bool) -> str:
    """As the table says it."""
    return "yes" if true else "NO"


if __name__ == "__main__":
    main()
