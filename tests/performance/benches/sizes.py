"""Growth with the number of readings: reads that no stored view answers, writes and refreshes, at 10^2 to 10^6.

Beside them grows what would answer the same without stored views: 26 index seeks, ``$fill``, fetching the readings.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Any
from uuid import uuid4

from pymongo import MongoClient

from chalicelib.bootstrap.container import Container, mongo_ports, now
from chalicelib.domain.readings import to_datetime
from chalicelib.repositories.database import Collections, MongoDatabase
from chalicelib.services.recording.configuration import touch_all
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft
from infra.simulation.memory.publisher import FakePublisher
from tests.fakes.issuer import FakeIssuer
from tests.performance.benches.reads import YEAR, from_readings
from tests.performance.deployed import Deployment
from tests.performance.form import Figure, Target
from tests.performance.setting import POWER, SPAN_MS, START, Call, Taken, in_turn, server

TITLE = "Sizes, 10^2 to 10^6 readings"
SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)
FEW, MANY = 1_000, 1_000_000
ROUNDS, SLOW_ROUNDS, AT_A_TIME = 40, 3, 20_000
FAR = 2031
TODAY = START + SPAN_MS + 86_400_000  # a day behind the last reading: a summary shows a living meter
VIEW = "/v2/display?type=power&dataType="
READS = {
    "stored months": f"{VIEW}monthly&year={YEAR}",
    "a year that is not stored": f"{VIEW}monthly&year={FAR}",
    "timeline of a month": f"{VIEW}histogram&from={YEAR}-03-01&to={YEAR}-04-01",
    "timeline of a year": f"{VIEW}histogram&from={YEAR}-01-01&to={YEAR + 1}-01-01",
}
LAGGING = {
    "months that lag": f"{VIEW}monthly&year=2023&consistent=true",
    "months before what lags": f"{VIEW}monthly&year={YEAR}&consistent=true",
    "summary that lags": f"{VIEW}summary&consistent=true",
}
WRITES = {
    "create": "the server's own work on larger indexes",
    "refresh after a reading at the end": (
        "infra/SCALING.md: all of the series is read, because the timeline's hundred edges move, and the year "
        "of the reading is written whole; next: counts of days, and smaller parts"
    ),
    "refresh after a reading in the middle": "as at the end",
}
_OF_READS = (
    "the years (UTC) that the range touches are read whole, 4 MB each at a million; next: smaller parts, each with its "
    "digest, of which a year's hundred edges would still touch most"
)
_OF_LAGGING = (
    "of a large meter the readings beside what has changed, and beside ends of months or days, come by looks of 0.04 "
    "ms each in one command, twenty for cards of these days; next: such cards from the stored summary and what is new"
)


def ratio_of(name: str) -> str:
    """How the figure is called that says how something grows."""
    return f"{name}, {MANY:,} / {FEW:,} readings"


TARGETS = (
    {ratio_of(name): Target(1.3, _OF_READS) for name in READS}
    | {ratio_of(name): Target(1.3, _OF_LAGGING) for name in LAGGING}
    | {ratio_of(name): Target(1.3, limit, exempt="refresh" in name) for name, limit in WRITES.items()}
)


def measure() -> Iterator[Figure]:
    """Meters of all sizes are asked, written and refreshed in turn."""
    issuer = FakeIssuer()
    with server() as (uri, database):
        deployed = Deployment.on(database, issuer, clock=lambda: TODAY)
        people = {size: stored_household(deployed.container, database, size) for size in SIZES}
        yield from grown(READS, in_turn(of_each(people, deployed.asks, READS), ROUNDS, mixed=True))
        bare: Any = MongoClient(uri)[database.name]
        without_us = {size: from_readings(bare, user) for size, user in people.items()}
        names = [*without_us[FEW]]
        calls = {sized(name, size): without_us[size][name] for name in names for size in SIZES}
        yield from grown(names, in_turn(calls, SLOW_ROUNDS, 1))
        taken = in_turn(writes(deployed.container, people), ROUNDS)
        yield from grown(WRITES, taken)
        for size, user in people.items():
            append(deployed.container, user, size, 0)
        yield from grown(LAGGING, in_turn(of_each(people, deployed.asks, LAGGING), ROUNDS, mixed=True))


def sized(name: str, size: int) -> str:
    """How a call on a meter of some size is called."""
    return f"{name}, {size:,}"


def of_each(people: dict[int, str], asks: Callable[[str, str], Call], asked: dict[str, str]) -> dict[str, Call]:
    """Each of these reads of each of these people."""
    return {sized(name, size): asks(user, path) for name, path in asked.items() for size, user in people.items()}


def grown(names: Any, taken: Taken) -> Iterator[Figure]:
    """How each grows from few readings to many, and what it took at each size."""
    for name in names:
        ratio = taken.ratio(sized(name, MANY), sized(name, FEW))
        by_size = ", ".join(f"{size:,}: {taken.ms(sized(name, size)):.2f} ms" for size in SIZES)
        yield Figure(ratio_of(name), ratio.value, "x", by_size)


def writes(container: Container, people: dict[int, str]) -> dict[str, Call]:
    """A create and the refresh behind it, at the end and in the middle, of each."""
    calls: dict[str, Call] = {}
    numbers = count(1)
    for size, user in people.items():
        middle = in_the_middle(container, user, size)
        refresh = partial(container.calculation.refresh, user, POWER)
        create, change = writers(container, user, size, middle, numbers)
        calls |= {
            sized("create", size): create,
            sized("refresh after a reading at the end", size): refresh,
            sized("a change in the middle", size): change,
            sized("refresh after a reading in the middle", size): refresh,
        }
    return calls


def writers(container: Container, user: str, size: int, middle: str, numbers: "count[int]") -> tuple[Call, Call]:
    """One more reading at the end, each time a later one; another amount in the middle."""

    def create() -> None:
        append(container, user, size, next(numbers))

    def change() -> None:
        amount = Decimal(1000 + size // 2) + Decimal(next(numbers) % 900) / 1000
        container.energy.update(user, middle, ReadingCorrection(amount=amount, confirm=True))

    return create, change


def in_the_middle(container: Container, user: str, size: int) -> str:
    """The id of a reading that is put into the middle of a meter."""
    date = to_datetime(START + SPAN_MS // 2 + 1).isoformat()
    recorded = container.energy.create(user, ReadingDraft(POWER, date, Decimal(1000 + size // 2), confirm=True))
    container.calculation.refresh(user, POWER)
    return recorded.reading.id


def append(container: Container, user: str, size: int, number: int) -> None:
    """A reading behind the last one."""
    date = to_datetime(START + SPAN_MS + number * 60_000).isoformat()
    container.energy.create(user, ReadingDraft(POWER, date, Decimal(2_000 + size + number), confirm=True))


def stored_household(container: Container, database: MongoDatabase, size: int) -> str:
    """A user with ``size`` readings over four years on the new side, shown: more than one file may have."""
    user = uuid4().hex
    common = {"userId": user, "type": POWER.value, "source": "csv", "importBatchId": None, "revision": 1}
    written = {"createdAt": to_datetime(START), "updatedAt": to_datetime(START)}
    for first in range(0, size, AT_A_TIME):
        database[Collections.READINGS].insert_many(
            {
                "date": to_datetime(START + n * SPAN_MS // size),
                "amount": Decimal(f"{1000 + n}.{n % 1000:03}"),
                **common,
                **written,
            }
            for n in range(first, min(first + AT_A_TIME, size))
        )
    mongo_ports(database, FakePublisher()).transactions.run(user, lambda t: touch_all(t, POWER, now()))
    while not container.calculation.refresh(user, POWER):
        pass
    return user
