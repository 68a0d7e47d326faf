"""Speed of a display read beside what it cannot do without, as ratios of one run.

Run: ``make bench``, or ``python -m tests.performance.bench_reads``. Beside the whole function stand a Chalice route
that finds the same document and writes its JSON (bare), and one that finds it as text (stored). All are asked in turn,
so that they meet the same machine; processor time is this thread's, which hardly depends on what else the machine does.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
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
from infra.local.throwaway import mongod
from infra.simulation.memory.publisher import FakePublisher
from migrations import runner
from tests.fakes.issuer import AUDIENCE, ISSUER, FakeIssuer

POWER = EnergyType.POWER
READINGS, MANY, YEAR, FAR = 1_000, 50_000, 2021, 2031
SPAN_MS, START = 4 * 365 * 86_400_000, 1_577_836_800_000  # four years from 2020 on
ROUNDS, WARM_UP = 600, 60
DISPLAY = {"type": "power", "year": str(YEAR), "dataType": "monthly"}

Call = Callable[[], object]
Taken = dict[str, tuple[float, float]]


def main() -> None:
    """Start a server of its own, measure, print the table."""
    issuer = FakeIssuer()
    with mongod() as uri, quiet():
        database = open_database(uri, "bench", CommandTimes())
        runner.up(database)
        container = deployment(database, issuer)
        user, large = household(container, READINGS), household(container, MANY)
        token = issuer.token(user, exp=2**40)
        bare: Any = MongoClient(uri)["bench"]
        taken = measured(calls(container, bare, user, token) | far_years(container, issuer, user, large))
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


def far_years(container: Container, issuer: FakeIssuer, user: str, large: str) -> dict[str, Call]:
    """A year that no reading reaches, of a meter with few readings and of one with many."""
    asked = DISPLAY | {"year": str(FAR)}
    return {
        f"year {FAR}, {size:,} readings": within(
            container, asking(app, "/v2/display", asked, issuer.token(owner, exp=2**40))
        )
        for owner, size in ((user, READINGS), (large, MANY))
    }


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


def measured(wanted: dict[str, Call]) -> Taken:
    """Median milliseconds of each call, passed and of processor time, asked in turn."""
    taken: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in wanted}
    for number in range(WARM_UP + ROUNDS):
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
    (f"year {FAR}, {READINGS:,} readings", "display", None),
    (f"year {FAR}, {MANY:,} readings", f"year {FAR}, {READINGS:,} readings", 1.3),
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


def household(container: Container, size: int) -> str:
    """A user with so many readings, evenly over four years, shown."""
    user = uuid4().hex
    rows = (
        f"{to_datetime(START + n * SPAN_MS // size).isoformat()},power,{1000 + n}.{n % 1000:03}\n" for n in range(size)
    )
    container.imports.bulk_create(user, f"date,type,amount\n{''.join(rows)}".encode())
    container.calculation.refresh(user, POWER)
    return user


if __name__ == "__main__":
    main()
