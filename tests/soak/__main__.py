"""The soak: ``make soak MINUTES=5``, or ``python -m tests.soak --minutes 5``. Exit code 1 unless all is well.

A deployed stack of its own is used by fifty people, while a process of its functions is killed every few seconds. Then
the display has to catch up, nothing that was acknowledged may be missing, and every document has to be right.
"""

import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import Event, Semaphore
from typing import Any

import click
from pymongo import MongoClient
from pymongo.database import Database
from rich.console import Console

from infra.errors import DeployError, OperatorError
from infra.local.layout import Layout
from infra.local.throwaway import stack
from infra.operations.spans import Span
from tests.e2e.conftest import Deployed
from tests.soak import stored
from tests.soak.figures import Figures, Verdict, percentiles
from tests.soak.killing import Killer
from tests.soak.lag import LagWatch
from tests.soak.person import Person

PEOPLE = 50
# Each request at the same time is a function process more, and a start costs a second of a core: with all fifty at once
# a laptop would start processes and do nothing else.
REQUESTS_AT_ONCE = 6
LONGEST_MINUTES = 24.0 * 60
SAID_EVERY_SECONDS = 30.0
SHOWN = 20
Work = Callable[[Event], None]
console = Console(highlight=False, soft_wrap=True, markup=False)


LENGTH = Span(0, LONGEST_MINUTES, above=True, example="make soak MINUTES=5")


@click.command()
@click.option("--minutes", envvar="MINUTES", type=LENGTH, default=5, show_default=True, help="how long")
def main(minutes: float) -> None:
    """Use a deployed stack while its functions are killed, and see that nothing is lost or wrong afterwards."""
    try:
        with _ended_in_order(), stack() as layout, MongoClient[Any](layout.mongodb_uri, tz_aware=True) as client:
            is_well = soak(layout, client[layout.database], minutes * 60)
    except (OperatorError, DeployError) as error:
        raise click.ClickException(str(error)) from error
    sys.exit(0 if is_well else 1)


def soak(layout: Layout, database: Database[Any], seconds: float) -> bool:
    """Use, kill, wait for the display, compare, print; returns whether all is well."""
    deployed, figures, watch = Deployed(layout), Figures(), LagWatch(database)
    lines = Semaphore(REQUESTS_AT_ONCE)
    people = [Person(f"person-{number:02}", deployed, figures, lines) for number in range(PEOPLE)]
    killer = Killer(deployed)
    started = time.monotonic()
    with _meanwhile(watch.follow):
        with _meanwhile(killer.kill_on, *(person.live for person in people)) as running:
            _until(started + seconds, running, lambda: f"{figures.requests} requests, {killer.kills} processes killed")
        used_seconds = time.monotonic() - started
        console.print("waiting for the display to catch up")
        lagging = stored.drain(database)
    console.print(figures.table(used_seconds))
    rate = figures.requests / used_seconds
    console.print(f"throughput: {figures.requests} requests in {used_seconds:.0f} s, {rate:.1f} per second")
    console.print(f"refresh lag of {len(watch.seconds)} writes, p50 p95 p99: {' '.join(percentiles(watch.seconds))}")
    console.print(f"function processes killed: {killer.kills}; requests of unknown outcome: {figures.unknown}")
    console.print(f"acknowledged writes: {figures.acknowledged}")
    _list("unexpected answers", figures.unexpected)
    console.print(f"meters whose display still lags: {lagging}")
    lost = stored.compare(database, people)
    _list("denied or missing", lost)
    verdict = Verdict(len(figures.unexpected), lagging, *_checked(layout), len(lost))
    for line in verdict.lines():
        console.print(line)
    return verdict.is_well


def _checked(layout: Layout) -> tuple[tuple[str, ...], int]:
    """Which of the operator's checks failed themselves, and how many differences the others found."""
    unchecked, differences = list[str](), 0
    for command in (("verify", "--restart"), ("rebuild", "--check", "--restart")):
        try:
            found = stored.differences(layout, *command)
        except OperatorError as error:
            unchecked.append(str(error))
        else:
            console.print(f"{' '.join(command)}: differences: {found}")
            differences += found
    return tuple(unchecked), differences


def _list(what: str, lines: Sequence[str]) -> None:
    console.print(f"{what}: {len(lines)}")
    for line in lines[:SHOWN]:
        console.print(f"  {line}")


def _until(deadline: float, running: Sequence[Future[None]], news: Callable[[], str]) -> None:
    """Wait, saying now and then how it goes; a failure ends it early."""
    while (left := deadline - time.monotonic()) > 0:
        done = wait(running, min(left, SAID_EVERY_SECONDS), FIRST_EXCEPTION).done
        if done:
            return
        console.print(news())


@contextmanager
def _meanwhile(*works: Work) -> Iterator[list[Future[None]]]:
    """Run works beside the block, each until it is stopped; what one raises is raised at the end.

    When the block is interrupted, nobody waits for them: they end as soon as the stack does.
    """
    enough = Event()
    pool = ThreadPoolExecutor(len(works))
    running = [pool.submit(work, enough) for work in works]
    try:
        yield running
        enough.set()
        for done in running:
            done.result()
    finally:
        enough.set()
        pool.shutdown(wait=False)


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM unwind the program, so that what was started is ended; a second one changes nothing."""

    def leave(number: int, _frame: object) -> None:
        for ignored in signals:
            signal.signal(ignored, signal.SIG_IGN)
        sys.exit(128 + number)

    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        signal.signal(number, leave)
    yield


if __name__ == "__main__":
    main()
