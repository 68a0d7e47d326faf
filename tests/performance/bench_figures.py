"""Speed of the rollout's figures: adding up the rows of a busy day, and asking for all six components of that day.

Run: ``make bench``, or ``python -m tests.performance.bench_figures [ROWS]``. A million rows of ten thousand people by
default; those of the last minutes are not added up yet, as on a stage whose schedule runs. The promise is 300 ms.
"""

import sys
import time
from collections.abc import Iterator
from random import Random
from statistics import median
from typing import Any

from pymongo.database import Database
from rich.console import Console

from chalicelib.bootstrap.container import now
from chalicelib.domain.backends import Backend
from chalicelib.domain.components import Component
from chalicelib.domain.readings import DAY_MS, to_datetime
from chalicelib.repositories.database import Collections, open_database
from chalicelib.repositories.figures import MongoRolloutFigures
from infra.local.throwaway import mongod
from migrations import runner

PEOPLE, ROUNDS, AT_ONCE = 10_000, 21, 10_000
PROMISE_MS = 300
console = Console()


def rows(count: int, until: int) -> Iterator[dict[str, Any]]:
    """Rows of one day, evenly, of everybody."""
    chance = Random(16)
    for number in range(count):
        user = chance.randrange(PEOPLE)
        yield {
            "at": to_datetime(until - DAY_MS + number * DAY_MS // count),
            "component": chance.choice([*Component]).value,
            "backend": (Backend.NEW if user < PEOPLE / 10 else Backend.OLD).value,
            "user": f"{user:032x}",
            "userId": f"auth0|{user:024}",
            "elapsedMs": chance.lognormvariate(2.5, 0.8),
            "success": chance.random() < 0.999,
            "reason": "percentage_in" if user < PEOPLE / 10 else "percentage_out",
            "documentVersion": "one",
        }


def fill(database: Database[Any], count: int, until: int) -> None:
    """Write them, some thousand at a time."""
    portion: list[dict[str, Any]] = []
    for row in rows(count, until):
        portion.append(row)
        if len(portion) == AT_ONCE:
            database[Collections.USAGE].insert_many(portion, ordered=False)
            portion.clear()
    if portion:
        database[Collections.USAGE].insert_many(portion)


def ask(figures: MongoRolloutFigures, since: int) -> float:
    """What a status asks, in milliseconds."""
    began = time.perf_counter()
    for component in Component:
        figures.figures(component, since)
        figures.share(component, "one")
    return (time.perf_counter() - began) * 1000


def main() -> None:
    """Print the figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with mongod() as uri:
        database = open_database(uri, "bench_figures")
        runner.up(database)
        until = now()
        fill(database, count, until)
        figures = MongoRolloutFigures(database, 20)
        began = time.perf_counter()
        folded = sum(iter(lambda: figures.fold(until - 120_000), 0))
        seconds = time.perf_counter() - began
        console.print(f"{folded:,} rows added up in {seconds:.1f} s, {folded / seconds:,.0f} a second")
        cost = median(ask(figures, until - DAY_MS) for _ in range(ROUNDS))
        kept = "kept" if cost < PROMISE_MS else "BROKEN"
        console.print(
            f"figures and shares of all components over a day: {cost:.0f} ms, promise < {PROMISE_MS} ms {kept}"
        )
        began = time.perf_counter()
        hours = figures.hourly(Component.ENERGY_TABLE, until - 7 * DAY_MS)
        console.print(f"{len(hours)} hours of one component: {(time.perf_counter() - began) * 1000:.0f} ms")


if __name__ == "__main__":
    main()
