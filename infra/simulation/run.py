"""Running a simulation: one seed from the inherited collection to the end of its weeks, or many seeds side by side."""

import gc
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context

from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.ports.values import StoredReading
from chalicelib.domain.readings import EnergyType, to_ms
from chalicelib.monitoring.logger import logger
from infra.simulation.books import Book
from infra.simulation.clock import DAY, MINUTE, WEEK
from infra.simulation.faults import EVERY, Fault
from infra.simulation.figures import Figures
from infra.simulation.operator import Operator
from infra.simulation.outside import Outside, outside
from infra.simulation.people import VISITS_A_WEEK, Person
from infra.simulation.policies import GUARDED, POLICIES
from infra.simulation.world import World

START = to_ms(datetime(2026, 6, 1, tzinfo=UTC))
ORIGIN = START - 120 * DAY  # the first reading that is inherited
EVERY_DAYS = (6, 16)  # between two of them
COLLECTED_EVERY = 50_000  # new objects: nearly all are kept for as long as the world
LAST_DAYS = 2  # in which nothing new begins: what waits comes to its end
ELSEWHERE_UNTIL = START + 36 * 3_600_000  # when the old application is switched off


@dataclass(frozen=True, slots=True)
class Exercise:
    """The parameters of a simulation, without the seed."""

    weeks: int = 8
    users: int = 200
    faults: frozenset[Fault] = EVERY
    policy: str = GUARDED


def simulate(seed: int, exercise: Exercise) -> Figures:
    """Let one seed's weeks pass."""
    figures = Figures(seed, exercise.weeks, exercise.users)
    with _silent(), _seldom_collected():
        there = outside(f"{seed} outside", START)
        world = World(there, POLICIES[exercise.policy], exercise.faults, figures)
        _inherit(world, exercise.users)
        world.disturb()
        Operator(world, world.chance("operator")).plan(exercise.weeks * 7)
        there.agenda.run_until(START + exercise.weeks * WEEK)
        world.end()
    return figures


def simulate_all(seeds: Sequence[int], exercise: Exercise, processes: int) -> Iterator[Figures]:
    """Each seed's figures, in their order."""
    work = partial(simulate, exercise=exercise)
    if processes == 1 or len(seeds) == 1:
        yield from map(work, seeds)
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        yield from pool.map(work, seeds)


def _inherit(world: World, users: int) -> None:
    """An old application's readings, and people who go on with theirs."""
    chance, end = world.chance("people"), START + world.figures.weeks * WEEK - LAST_DAYS * DAY
    for number in range(users):
        types = [EnergyType.POWER, EnergyType.GAS] if number % 2 else [EnergyType.POWER]
        book = world.books.setdefault(f"person-{number:04}", Book(f"person-{number:04}", types))
        person = Person(world, book, world.chance(book.user_id), ORIGIN)
        for kind in types:
            _inherited(world.outside, book, kind, person)
        instant = START
        while (instant := instant + round(chance.expovariate(VISITS_A_WEEK / WEEK))) < end:
            world.outside.agenda.at(instant, person.visit)
        if number % 5 == 0:
            world.outside.agenda.at(chance.randrange(START, ELSEWHERE_UNTIL), person.record_elsewhere)


def _inherited(there: Outside, book: Book, kind: EnergyType, person: Person) -> None:
    instant, found = ORIGIN + [*EnergyType].index(kind) * MINUTE, {}  # no two rows of a table at one instant
    while (instant := instant + there.chance.randrange(*EVERY_DAYS) * DAY + 3_600_000) < START:
        found[instant] = person.amount(instant)
    for instant, amount in found.items():
        reading = StoredReading(there.store.ids()[:24], kind, instant, amount, "manual", 1, instant, instant)
        there.store.stored.sides[Side.OLD][book.user_id, kind, instant] = reading
    book.inherit(kind, found)


@contextmanager
def _silent() -> Iterator[None]:
    """What is logged here happens to nobody."""
    before = logger().log_level
    logger().setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger().setLevel(before)


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Looking for garbage among everything that is kept takes a twentieth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(COLLECTED_EVERY, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
