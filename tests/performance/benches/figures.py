"""Speed of the rollout's figures: adding up the rows of a busy day, and asking for all six components of that day.

Many rows of ten thousand people; those of the last minutes are not added up yet, as where a schedule runs.
"""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from random import Random
from typing import Any

from pymongo.database import Database

from chalicelib.bootstrap.container import now
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.readings import DAY_MS, to_datetime
from chalicelib.repositories.database import Collections
from chalicelib.repositories.figures import MongoRolloutFigures
from tests.performance.form import Figure, Target
from tests.performance.setting import in_turn, server, timed

TITLE = "Figures of the rollout"
ROWS, PEOPLE, ROUNDS, AT_ONCE, RUNS = 300_000, 10_000, 20, 10_000, 20
ASK, HOURS = "figures and shares of all components over a day", "hours of one component"
TARGETS = {ASK: Target(300, "people are counted by an index, one key each")}


def measure() -> Iterator[Figure]:
    """Fill, add up, ask."""
    with server() as (_, database):
        until = now()
        fill(database, until)
        figures = MongoRolloutFigures(database, 20)
        seconds, folded = timed(lambda: sum(iter(lambda: fold(figures, until - 120_000), 0)))
        yield Figure("rows added up", folded / seconds, "/s", f"{folded:,} in {seconds:.1f} s")
        calls = {
            ASK: lambda: ask(figures, until - DAY_MS),
            HOURS: lambda: figures.hourly(Component.ENERGY_TABLE, until - 7 * DAY_MS),
        }
        taken = in_turn(calls, ROUNDS, 1)
    yield from map(taken.figure, calls)


def fold(figures: MongoRolloutFigures, until: int) -> int:
    """Add up some more; what a busy machine does not do in time is done by the next run, as by the schedule."""
    for _ in range(RUNS):
        with suppress(UnavailableError):
            return figures.fold(until)
    raise UnavailableError(f"the database does not answer in time, {RUNS} times")


def rows(until: int) -> Iterator[dict[str, Any]]:
    """Rows of one day, evenly, of everybody."""
    chance = Random(16)
    for number in range(ROWS):
        user = chance.randrange(PEOPLE)
        yield {
            "at": to_datetime(until - DAY_MS + number * DAY_MS // ROWS),
            "component": chance.choice([*Component]).value,
            "backend": (Backend.NEW if user < PEOPLE / 10 else Backend.OLD).value,
            "user": f"{user:032x}",
            "userId": f"auth0|{user:024}",
            "elapsedMs": chance.lognormvariate(2.5, 0.8),
            "success": chance.random() < 0.999,
            "reason": "percentage_in" if user < PEOPLE / 10 else "percentage_out",
            "documentVersion": "one",
        }


def fill(database: Database[Any], until: int) -> None:
    """Write them, some thousand at a time."""
    left = rows(until)
    while portion := list(islice(left, AT_ONCE)):
        database[Collections.USAGE].insert_many(portion, ordered=False)


def ask(figures: MongoRolloutFigures, since: int) -> None:
    """What a status asks."""
    for component in Component:
        figures.figures(component, since)
        figures.share(component, "one")
