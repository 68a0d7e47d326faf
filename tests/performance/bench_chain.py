"""Speed of the chain, printed as medians and ratios of one run: reading a stored view, and from a POST to its display.

Run: ``make bench``, or ``python -m tests.performance.bench_chain``.
"""

import json
import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any, cast
from uuid import uuid4

from pymongo import MongoClient
from rich.console import Console
from rich.table import Table

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import compose, mongo_ports, now
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.meters.invariants import view_id
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.database import open_database
from infra.local.demo.household import READINGS
from infra.local.layout import Layout
from infra.local.throwaway import stack
from infra.simulation.memory.publisher import FakePublisher
from migrations import runner
from tests.e2e.conftest import Deployed, eventually

READS = 1_000
WRITES = 40
POWER = EnergyType.POWER


def main() -> None:
    """Start a stack of its own, measure, print the table, end it."""
    with stack() as layout:
        table = Table("figure", "median", "bound", "holds")
        for name, value, unit, bound in (*reading(layout), *post_to_display(Deployed(layout))):
            table.add_row(name, f"{value:.2f} {unit}", f"< {bound:g} {unit}", "yes" if value < bound else "NO")
        Console().print(table)


def reading(layout: Layout) -> list[tuple[str, float, str, float]]:
    """The repository's read of a stored view beside a bare ``find_one`` of the same document."""
    database = open_database(layout.mongodb_uri, f"bench_{uuid4().hex[:8]}")
    runner.up(database)
    ports = mongo_ports(database, FakePublisher())
    container = compose(ports, cast(TokenVerifier, None), now)
    user = uuid4().hex
    container.imports.bulk_create(user, READINGS.read_bytes())
    container.calculation.refresh(user, POWER)
    bare: Any = MongoClient(layout.mongodb_uri)[database.name]["display_energy_data"]
    own, plain = side_by_side(
        lambda: ports.display.find(user, POWER, "monthly", 2009),
        lambda: bare.find_one({"_id": view_id(user, POWER, "monthly", 2009, CALCULATION_VERSION)}),
    )
    database.client.drop_database(database.name)
    return [("display read", own * 1000, "ms", 5.0), ("display read / bare find_one", own / plain, "x", 1.5)]


def side_by_side(first: Callable[[], object], second: Callable[[], object]) -> tuple[float, float]:
    """Median seconds of two calls made in turn, so that both meet the same machine."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(READS):
        for call, taken in zip((first, second), times, strict=True):
            started = time.perf_counter()
            call()
            taken.append(time.perf_counter() - started)
    return median(times[0]), median(times[1])


def post_to_display(deployed: Deployed) -> list[tuple[str, float, str, float]]:
    """From the answer of a POST until the display document in the database shows it."""
    user = uuid4().hex
    meters: Any = MongoClient(deployed.layout.mongodb_uri)[deployed.layout.database]["meters"]
    lags, posts = [], []
    for number in range(WRITES):
        body = json.dumps(
            {"type": "power", "date": f"2023-01-01T{number % 24:02}:{number:02}:00Z", "amount": 1000, "confirm": True}
        )
        started = time.perf_counter()
        answer = deployed.request("POST", "/v2/energy", body.encode(), user=user)
        answered = time.perf_counter()
        assert answer.status == 201, answer.body
        version: int = answer.json["sourceVersion"]
        eventually(partial(displayed, meters, f"{user}|power"), version.__le__)
        lags.append(time.perf_counter() - answered)
        posts.append(answered - started)
    return [
        ("POST /v2/energy", median(posts) * 1000, "ms", 1000.0),
        ("answer of a POST to its display", median(lags) * 1000, "ms", 250.0),
    ]


def displayed(meters: Any, meter: str) -> int:
    """The version that a meter's display documents show."""
    return int(meters.find_one({"_id": meter})["displayVersion"])


if __name__ == "__main__":
    main()
