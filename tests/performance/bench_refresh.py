"""Speed of keeping display documents up to date, and that it does not grow with the readings: medians of one run.

Run: ``make bench``, or ``python -m tests.performance.bench_refresh``.
"""

import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from itertools import count
from statistics import median
from typing import cast
from uuid import uuid4

from rich.console import Console
from rich.table import Table

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, Ports, compose, mongo_ports, now
from chalicelib.domain.ports import NewReading, WriteTransaction
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.repositories.database import open_database
from chalicelib.services.display.display import Timeline
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft
from infra.local.throwaway import mongod
from infra.simulation.memory.publisher import FakePublisher
from migrations import runner

POWER = EnergyType.POWER
HOUR = 3_600_000
START = 1_262_300_400_000  # 2010 begins in Berlin
ROUNDS = 60
BULKS = 5
Figure = tuple[str, float, str, float]


def main() -> None:
    """Start a server of its own, measure, print the table."""
    with mongod() as uri:
        database = open_database(uri, "bench")
        runner.up(database)
        ports = mongo_ports(database, FakePublisher())
        container = compose(ports, cast(TokenVerifier, None), now)
        table = Table("figure", "median", "bound", "holds")
        for name, value, unit, bound in (*single(ports, container), *bulk(ports, container)):
            table.add_row(name, f"{value:.2f} {unit}", f"< {bound:g} {unit}", "yes" if value < bound else "NO")
        Console().print(table)
        database.client.close()


def single(ports: Ports, container: Container) -> list[Figure]:
    """A refresh after one reading at the end, and after one in the middle, of hourly meters short and long by turns."""
    meters = {readings: filled(ports, container, readings) for readings in (1_000, 100_000)}
    hours = {readings: count(readings) for readings in meters}
    times: dict[tuple[str, int], list[float]] = {(way, size): [] for way in ("end", "middle") for size in meters}
    for _ in range(ROUNDS):
        for size, (user, middle) in meters.items():
            append(container, user, next(hours[size]))
            times["end", size].append(seconds(partial(container.calculation.refresh, user, POWER)))
            container.energy.update(user, middle, ReadingCorrection(amount=Decimal(size // 2), confirm=True))
            times["middle", size].append(seconds(partial(container.calculation.refresh, user, POWER)))
    figures: list[Figure] = []
    for way in ("end", "middle"):
        short, long = (median(times[way, size]) for size in meters)
        figures.append((f"refresh after a change at the {way}, 100,000 readings", long * 1000, "ms", 50.0))
        figures.append((f"the same / 1,000 readings ({short * 1000:.1f} ms)", long / short, "x", 2.0))
    user = meters[100_000][0]
    part = Timeline(START, START + 50_000 * HOUR)
    built = [seconds(lambda: container.display.histogram(user, POWER, part)) for _ in range(ROUNDS)]
    stored = [seconds(lambda: container.display.histogram(user, POWER, Timeline())) for _ in range(ROUNDS)]
    figures.append(("histogram of a given range, 100,000 readings", median(built) * 1000, "ms", 50.0))
    figures.append(("histogram as stored", median(stored) * 1000, "ms", 5.0))
    return figures


def bulk(ports: Ports, container: Container) -> list[Figure]:
    """The refresh after an import of so many readings into an empty meter."""
    figures: list[Figure] = []
    for readings, bound in ((10_000, 500.0), (34_588, 1_500.0)):
        times = []
        for _ in range(BULKS):
            user = uuid4().hex
            store(ports, user, readings)
            times.append(seconds(partial(container.calculation.refresh, user, POWER)))
        figures.append((f"refresh after an import of {readings:,} hourly readings", median(times) * 1000, "ms", bound))
    return figures


def filled(ports: Ports, container: Container, readings: int) -> tuple[str, str]:
    """A user with an hourly meter that is up to date, and the id of the reading in its middle."""
    user = uuid4().hex
    store(ports, user, readings)
    container.calculation.refresh(user, POWER)
    middle = START + readings // 2 * HOUR + 1
    draft = ReadingDraft(POWER, to_datetime(middle).isoformat(), Decimal(readings // 2), confirm=True)
    reading_id = container.energy.create(user, draft).reading.id
    container.calculation.refresh(user, POWER)
    return user, reading_id


def store(ports: Ports, user: str, readings: int) -> None:
    """An hourly meter, stored like an import of one file after another."""
    new = [NewReading(POWER, START + hour * HOUR, Decimal(hour) / 4, "csv") for hour in range(readings)]
    for first in range(0, readings, 20_000):
        part = new[first : first + 20_000]

        ports.transactions.run(user, partial(stored, part))


def stored(part: list[NewReading], transaction: WriteTransaction) -> None:
    """What an import's transaction does."""
    transaction.meters.mark_changed(POWER, part[0].instant, part[-1].instant, now())
    transaction.readings.add_many(part, now())


def append(container: Container, user: str, hour: int) -> None:
    """One more hour at the end."""
    date = to_datetime(START + hour * HOUR).isoformat()
    container.energy.create(user, ReadingDraft(POWER, date, Decimal(hour) / 4, confirm=True))


def seconds(call: Callable[[], object]) -> float:
    """How long a call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
