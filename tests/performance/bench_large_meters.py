"""A meter with very many readings: imported in files of 50,000, refreshed and compared as functions do it.

Not among ``make bench``, because a million readings take minutes. Refresh and comparison run in a process of their own
each, whose memory is what one function would use. Ratios are of medians of one run.

Run: ``make bench-large``, or ``python -m tests.performance.bench_large_meters READINGS``.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from statistics import median
from typing import Any, cast
from uuid import uuid4

from rich.console import Console
from rich.table import Table

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, compose, mongo_ports, now
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.imports.options import ImportOptions
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.monitoring.memory import MEGABYTE, peak_bytes
from chalicelib.repositories.database import open_database
from chalicelib.services.recording.energy_crud import ReadingDraft
from infra.local.throwaway import mongod
from infra.simulation.memory.publisher import FakePublisher
from migrations import runner

POWER = EnergyType.POWER
START = 1_420_070_400_000  # 2015 begins in UTC
STEP_MS = 120_000
ROWS_OF_A_FILE = 50_000
SMALL = 1_000
ROUNDS = 20
NAME = "bench"
FUNCTION_SECONDS, FUNCTION_MB = 60.0, 512.0
Row = tuple[str, float, str, float]


def main(readings: int) -> None:
    """Start a server of its own, measure, print the table."""
    with mongod() as uri:
        runner.up(open_database(uri, NAME))
        container = at(uri)
        users = {size: uuid4().hex for size in (SMALL, readings)}
        for size, user in users.items():
            for file in files(size):
                imported(container, user, file)
        refreshed, compared = (alone(what, uri, users[readings]) for what in ("refresh", "compare"))
        container.calculation.refresh(users[SMALL], POWER)
        rows = [
            *of_calls(f"first refresh of {readings:,} readings", refreshed),
            *of_calls(f"comparison of {readings:,} readings", compared),
            *after_one_insert(container, users),
        ]
        table = Table("figure", "value", "bound", "holds")
        for name, value, unit, bound in rows:
            table.add_row(name, f"{value:.2f} {unit}", f"< {bound:g} {unit}", "yes" if value < bound else "NO")
        Console().print(table)


def imported(container: Container, user: str, file: bytes) -> None:
    """Import a file; what a busy machine does not do in a request's time is sent again, as a client does."""
    for _ in range(5):
        try:
            container.imports.bulk_create(user, file, ImportOptions(confirm=True))
        except UnavailableError:
            continue
        return
    raise UnavailableError("the database does not answer in the time of a request, five times")


def of_calls(name: str, seen: dict[str, Any]) -> Iterator[Row]:
    """What the calls of a function took that each has a limited time."""
    yield f"{name}, calls ({sum(seen['seconds']):.1f} s)", len(seen["seconds"]), "", 60.0
    yield "the longest call", max(seen["seconds"]), "s", FUNCTION_SECONDS / 2
    yield "memory of the process", seen["mb"], "MB", FUNCTION_MB


def after_one_insert(container: Container, users: dict[int, str]) -> Iterator[Row]:
    """The refresh after one more reading at the end, of both meters by turns."""
    times: dict[int, list[float]] = {size: [] for size in users}
    for turn in range(ROUNDS):
        for size, user in users.items():
            date = to_datetime(START + (size + turn) * STEP_MS).isoformat()
            container.energy.create(user, ReadingDraft(POWER, date, Decimal(size), confirm=True))
            times[size].append(seconds(partial(container.calculation.refresh, user, POWER)))
    small, large = (median(times[size]) for size in users)
    yield "refresh after one insert", large * 1000, "ms", 200.0
    yield f"the same / {SMALL:,} readings ({small * 1000:.1f} ms)", large / small, "x", 1.3


def files(readings: int) -> Iterator[bytes]:
    """CSV files of a meter that is read every other minute."""
    for first in range(0, readings, ROWS_OF_A_FILE):
        numbers = range(first, min(first + ROWS_OF_A_FILE, readings))
        rows = (f"{to_datetime(START + n * STEP_MS).isoformat()},power,{n / 100:.2f}" for n in numbers)
        yield "\n".join(["date,type,amount", *rows]).encode()


def alone(what: str, uri: str, user: str) -> dict[str, Any]:
    """Do it in a process of its own; returns how long each call took, and the most memory that it used."""
    command = [sys.executable, "-m", "tests.performance.bench_large_meters", what, uri, user]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return cast(dict[str, Any], json.loads(done.stdout))


def refresh(container: Container, user: str) -> bool:
    """One call of an event function; whether the meter is shown."""
    return container.calculation.refresh(user, POWER)


def compare(container: Container, user: str) -> bool:
    """The comparison of one meter; true."""
    seen = container.operations.rebuild.check(user)
    assert (seen.meters, seen.lagging, seen.differences) == (1, 0, 0), seen
    return True


def calls(what: Callable[[Container, str], bool], uri: str, user: str) -> None:
    """Call it until it is done, and print what that took."""
    container, taken, is_done = at(uri), list[float](), False
    while not is_done:
        began = time.perf_counter()
        is_done = what(container, user)
        taken.append(time.perf_counter() - began)
    sys.stdout.write(json.dumps({"seconds": taken, "mb": peak_bytes() / MEGABYTE}))


def at(uri: str) -> Container:
    """The use cases on the database of this run; events go nowhere."""
    return compose(mongo_ports(open_database(uri, NAME), FakePublisher()), cast(TokenVerifier, None), now)


def seconds(call: Callable[[], object]) -> float:
    """How long a call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["refresh", uri, user]:
            calls(refresh, uri, user)
        case ["compare", uri, user]:
            calls(compare, uri, user)
        case [number]:
            main(int(number))
        case _:
            main(1_000_000)
