"""Speed of a display read beside what it cannot do without, as ratios of one run.

Run: ``make bench``, or ``python -m tests.performance.bench_reads [READINGS]``, where READINGS, at first 100,000, is the
size of the large meter: what may grow with it is said as the ratio to a meter of a thousand.

Beside the whole function stand a Chalice route that finds the same document and writes its JSON (bare), and one that
finds it as text (stored). All are asked in turn, so that they meet the same machine; processor time is this thread's,
which hardly depends on what else the machine does.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import Any
from uuid import uuid4

from bson.decimal128 import Decimal128
from chalice import Chalice, Response
from pymongo import MongoClient
from rich.console import Console
from rich.table import Table

from app import app
from chalicelib.auth import KeyStore, TokenVerifier
from chalicelib.bootstrap.container import Container, Surroundings, compose, mongo_ports, now, using
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.meters.invariants import view_id
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.decisions.store import FixedFlagStore
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.flag_document import FlagDocument
from chalicelib.flags.document.names import FLAGS
from chalicelib.repositories.command_times import CommandTimes
from chalicelib.repositories.database import open_database
from chalicelib.repositories.display import MongoDisplayDataRepository
from chalicelib.repositories.queries import MongoReadingQueries
from chalicelib.services.recording.configuration import touch_all
from chalicelib.services.recording.energy_crud import ReadingDraft
from chalicelib.services.refresh.calculation import DisplayDataCalculationService
from infra.local.throwaway import mongod
from infra.simulation.memory.publisher import FakePublisher
from migrations import runner
from tests.fakes.issuer import AUDIENCE, ISSUER, FakeIssuer

POWER = EnergyType.POWER
READINGS, YEAR, FAR = 1_000, 2021, 2031
SIZES = {"few": READINGS, "many": 100_000}
AT_A_TIME, PATIENCE = 20_000, 600.0  # readings, seconds
SPAN_MS, START = 4 * 365 * 86_400_000, 1_577_836_800_000  # four years from 2020 on
ROUNDS, ROUNDS_BY_SIZE, WARM_UP = 600, 60, 20
DISPLAY = {"type": "power", "year": str(YEAR), "dataType": "monthly"}

Call = Callable[[], object]
Taken = dict[str, tuple[float, float]]


def main(many: int = SIZES["many"]) -> None:
    """Start a server of its own, measure, print the table."""
    issuer = FakeIssuer()
    with mongod() as uri, quiet():
        database = open_database(uri, "bench", CommandTimes())
        runner.up(database)
        container = deployment(database, issuer)
        user, large = household(container, READINGS), stored_household(database, many)
        two = household(container, READINGS, "power", "gas")
        token = issuer.token(user, exp=2**40)
        bare: Any = MongoClient(uri)["bench"]
        view, people = Asking(container, issuer), {"few": user, "many": large}
        taken = measured(calls(container, bare, user, token) | empty_meters(view, user, two))
        taken |= measured(by_size(view, people), ROUNDS_BY_SIZE)
        for person in people.values():
            container.energy.create(person, ReadingDraft(POWER, "2023-12-31T23:59", Decimal(10**7), confirm=True))
        taken |= measured(lagging(view, people), ROUNDS_BY_SIZE)
        database.client.close()
    Console().print(printed(taken))


def calls(container: Container, bare: Any, user: str, token: str) -> dict[str, Call]:
    """What is measured, by name."""
    key = view_id(user, POWER, "monthly", YEAR, CALCULATION_VERSION)
    views, texts = bare["display_energy_data"], bare["texts"]
    texts.insert_one({"_id": key, "text": json.dumps(views.find_one({"_id": key})["data"], default=plain)})
    plain_app = bare_application(views, texts, key)
    return {
        "find_one": lambda: views.find_one({"_id": key}),
        "repository": lambda: container.new._display.find(user, POWER, "monthly", YEAR),
        "bare route": asking(plain_app, "/bare", {}, token),
        "stored text": asking(plain_app, "/text", {}, token),
        "display": within(container, asking(app, "/v2/display", DISPLAY, token)),
        "summary": within(container, asking(app, "/v2/display", DISPLAY | {"dataType": "summary"}, token)),
        "component": within(
            container, asking(app, "/components/monthly_charts", {"type": "power", "year": str(YEAR)}, token)
        ),
    }


@dataclass(frozen=True)
class Asking:
    """Calls of the whole function as somebody."""

    container: Container
    issuer: FakeIssuer

    def __call__(self, user: str, path: str, query: dict[str, str]) -> Call:
        """One call."""
        return within(self.container, asking(app, path, query, self.issuer.token(user, exp=2**40)))

    def display(self, user: str, **query: str) -> Call:
        """One view of version 2."""
        return self(user, "/v2/display", {"type": "power", **query})


def empty_meters(view: Asking, one: str, two: str) -> dict[str, Call]:
    """What is read of people with two meters, with one and with none."""
    nobody = uuid4().hex
    months = DISPLAY | {"type": "gas"}
    return {
        "dashboard of two": view(two, "/components/dashboard", {}),
        "dashboard of one": view(one, "/components/dashboard", {}),
        "dashboard of none": view(nobody, "/components/dashboard", {}),
        "months of a meter": view(two, "/v2/display", months),
        "months without readings": view(one, "/v2/display", months),
        "summary without readings": view.display(nobody, dataType="summary"),
        "timeline without readings": view.display(nobody, dataType="histogram"),
    }


def by_size(view: Asking, people: dict[str, str]) -> dict[str, Call]:
    """What no stored view answers, of a meter with few readings and of one with many."""
    part = {"dataType": "histogram", "from": f"{YEAR}-03-01", "to": f"{YEAR}-04-01"}
    year = {"dataType": "histogram", "from": f"{YEAR}-01-01", "to": f"{YEAR + 1}-01-01"}
    asked = {f"year {FAR}": {"dataType": "monthly", "year": str(FAR)}, "timeline of a month": part}
    return of_each(view, people, asked | {"timeline of a year": year})


def lagging(view: Asking, people: dict[str, str]) -> dict[str, Call]:
    """What is calculated on the spot, because a write must be seen that the display does not show."""
    asked = {
        "lagging months": {"dataType": "monthly", "year": "2023", "consistent": "true"},
        "lagging months before": {"dataType": "monthly", "year": str(YEAR), "consistent": "true"},
        "lagging summary": {"dataType": "summary", "consistent": "true"},
    }
    return of_each(view, people, asked)


def of_each(view: Asking, people: dict[str, str], asked: dict[str, dict[str, str]]) -> dict[str, Call]:
    """Each of these views of each of these people."""
    return {
        sized(name, size): view.display(user, **query) for name, query in asked.items() for size, user in people.items()
    }


def sized(name: str, size: str) -> str:
    """How a figure of a meter of some size is called."""
    return f"{name}, {size}"


def bare_application(views: Any, texts: Any, key: str) -> Chalice:
    """Two routes without anything around them."""
    application = Chalice(app_name="bare", configure_logs=False)

    @application.route("/bare")
    def bare_route() -> Response:
        body = json.dumps(views.find_one({"_id": key})["data"], default=plain, separators=(",", ":"))
        return Response(body, {"Content-Type": "application/json"})

    @application.route("/text")
    def stored_text() -> Response:
        return Response(texts.find_one({"_id": key})["text"], {"Content-Type": "application/json"})

    return application


def plain(value: Any) -> object:
    """Amounts and instants as JSON has them."""
    return float(value.to_decimal()) if isinstance(value, Decimal128) else value.isoformat()


def asking(function: Any, path: str, query: dict[str, str], token: str) -> Call:
    """A call of a whole function, as API Gateway calls it."""
    event = {
        "requestContext": {"httpMethod": "GET", "resourcePath": path, "path": path, "requestId": "1"},
        "headers": {"authorization": f"Bearer {token}"},
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} or None,
        "pathParameters": {},
        "body": None,
        "stageVariables": None,
        "isBase64Encoded": False,
    }

    def ask() -> None:
        answer = function(event, None)
        assert answer["statusCode"] == 200, answer["body"]

    return ask


def within(container: Container, call: Call) -> Call:
    """The call, of our application on this container."""

    def ask() -> None:
        with using(container):
            call()

    return ask


def measured(wanted: dict[str, Call], rounds: int = ROUNDS) -> Taken:
    """Median milliseconds of each call, passed and of processor time, asked in turn."""
    taken: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in wanted}
    for number in range(WARM_UP + rounds):
        for name, call in wanted.items():
            passed, worked = time.perf_counter(), time.thread_time()
            call()
            worked, passed = time.thread_time() - worked, time.perf_counter() - passed
            if number >= WARM_UP:
                taken[name][0].append(passed * 1000)
                taken[name][1].append(worked * 1000)
    return {name: (median(passed), median(worked)) for name, (passed, worked) in taken.items()}


RATIOS: list[tuple[str, str, float | None]] = [
    ("repository", "find_one", 1.1),
    ("display", "bare route", 1.25),
    ("display", "stored text", 1.8),
    ("summary", "bare route", None),
    ("component", "bare route", 1.5),
    ("dashboard of one", "dashboard of two", 1.1),
    ("dashboard of none", "dashboard of two", 1.1),
    ("months without readings", "months of a meter", 1.3),
    ("summary without readings", "summary", 1.3),
    ("timeline without readings", "display", 1.3),
    *(
        (sized(name, "many"), sized(name, "few"), 1.3)
        for name in (
            f"year {FAR}",
            "timeline of a month",
            "timeline of a year",
            "lagging months",
            "lagging months before",
            "lagging summary",
        )
    ),
]


def printed(taken: Taken) -> Table:
    """Each figure, and each ratio with its bound."""
    table = Table("figure", "passed", "processor time", "bound", "holds")
    for name, (passed, worked) in taken.items():
        table.add_row(name, f"{passed:.3f} ms", f"{worked:.3f} ms", "", "")
    for one, other, bound in RATIOS:
        passed, worked = (mine / its for mine, its in zip(taken[one], taken[other], strict=True))
        holds = "" if bound is None else "yes" if passed < bound else "NO"
        table.add_row(f"{one} / {other}", f"{passed:.2f} x", f"{worked:.2f} x", f"< {bound} x" if bound else "", holds)
    return table


@contextmanager
def quiet() -> Iterator[None]:
    """Lines of log and metrics are made, and go nowhere."""
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):  # noqa: PTH123
        yield


def deployment(database: Any, issuer: FakeIssuer) -> Container:
    """The application with every component on the new backend, by flags as they are evaluated in Lambda."""
    flags = {name: Flag(name, 0, 0, enabled=True, rollout_percent=Decimal(100)) for name in FLAGS}
    decisions = FlagDecisions(FixedFlagStore(FlagDocument(flags, version="bench")))
    verifier = TokenVerifier(KeyStore(issuer.key_set), ISSUER, AUDIENCE)
    return compose(mongo_ports(database, FakePublisher()), verifier, now, Surroundings(decisions))


def household(container: Container, size: int, *types: str) -> str:
    """A user with so many readings of each of these meters, evenly over four years, shown."""
    user = uuid4().hex
    for kind in types or ("power",):
        rows = (
            f"{to_datetime(START + n * SPAN_MS // size).isoformat()},{kind},{1000 + n}.{n % 1000:03}\n"
            for n in range(size)
        )
        container.imports.bulk_create(user, f"date,type,amount\n{''.join(rows)}".encode())
        container.calculation.refresh(user, EnergyType(kind))
    return user


def stored_household(database: Any, size: int) -> str:
    """The same with more readings than one file may have: put there, and refreshed with all the time it takes."""
    user = uuid4().hex
    common = {"userId": user, "type": POWER.value, "source": "csv", "importBatchId": None, "revision": 1}
    written = {"createdAt": to_datetime(START), "updatedAt": to_datetime(START)}
    for first in range(0, size, AT_A_TIME):
        database["source_energy_readings"].insert_many(
            {
                "date": to_datetime(START + n * SPAN_MS // size),
                "amount": Decimal(f"{1000 + n}.{n % 1000:03}"),
                **common,
                **written,
            }
            for n in range(first, min(first + AT_A_TIME, size))
        )
    mongo_ports(database, FakePublisher()).transactions.run(user, lambda t: touch_all(t, POWER, now()))
    display, queries = MongoDisplayDataRepository(database, PATIENCE), MongoReadingQueries(database, PATIENCE)
    assert DisplayDataCalculationService(display, queries, now).refresh(user, POWER)
    return user


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
