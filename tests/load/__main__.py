"""The load test: ``make load``, or ``python -m tests.load [--seconds 40]``. Exit code 1: something is lost or wrong.

A mix like real use (dashboard, charts, table, timeline, forms, files, versions 1 and 2, both backends) first on the
application in process, then on a deployed stack of its own, with more and more people; and forty who write to one
meter at once, on both. Everything is judged by what people saw and by what is stored in the end. The figures go into
the report of the benches.
"""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import click
from pymongo import MongoClient
from rich.console import Console

from infra.drills.api import Transport, http
from infra.drills.history.deployed import deployed_ground
from infra.drills.history.ground import Ground
from infra.drills.history.in_process.ground import ground_source
from infra.local.throwaway import stack
from infra.operations.spans import Span
from tests.load.level import Level, level
from tests.load.writers import GATEWAY_SECONDS, WRITERS, denied, said, warm, write_together
from tests.performance import report
from tests.performance.form import Figure, Target
from tests.performance.running import merged, show
from tests.soak.lag import LagWatch

TITLE, NAME = "Load: a mix like real use, and forty writers to one meter", "load"
PEOPLE = (1, 4, 12)
PROCESSES = 6  # of the application in process: people beyond them wait for a free one
LONGEST_SECONDS = 600.0
IN_PROCESS, DEPLOYED = "in process", "deployed"
BEGINS = re.compile(r"^[-\d]{10} [:,\d]{12} (?=\S+$)", re.MULTILINE)  # of an invocation's log
REPORTED = re.compile(r"^REPORT .*\tDuration: ([\d.]+) ms", re.MULTILINE)
INITIALISED = re.compile(r"\tInit Duration: ([\d.]+) ms")
WRONG, LAG = (
    "{}: answers that should not have come, and acknowledged writes denied",
    "a write's commit to its display, p50",
)
OWN = "deployed: the longest that a function took itself"
STATES = ("while functions start", "when all have started")
IN_TIME, SLOWEST = "{}: of forty writers answered in time, {}", "{}: the slowest of forty writers, {}"
_STARTS = "LocalStack and all functions share one machine, and as many functions start at a time as it has processors"
LIMITS = {IN_PROCESS: "a write that meets another one begins again, until its time is over", DEPLOYED: _STARTS}
TARGETS = {
    **{WRONG.format(place): Target(0, "see what the run printed") for place in (IN_PROCESS, DEPLOYED)},
    **{
        shape.format(place, state): Target(bound, limit, shape is IN_TIME)
        for place, limit in LIMITS.items()
        for state in STATES
        for shape, bound in ((IN_TIME, WRITERS), (SLOWEST, GATEWAY_SECONDS))
    },
    OWN: Target(GATEWAY_SECONDS, "a request has 22 s for all that it asks of the database"),
    LAG: Target(250, "LocalStack's way from the bus to a function"),
}
console = Console(highlight=False, soft_wrap=True, markup=False)


@click.command()
@click.option("--seconds", envvar="SECONDS", type=Span(5, LONGEST_SECONDS, example="40"), default=40, show_default=True)
def main(seconds: float) -> None:
    """Put load on the application in process and on a deployed stack, ``seconds`` for each number of people."""
    began, machine, wrong = time.monotonic(), report.machine(), list[str]()
    figures = [*in_process(seconds, wrong), *deployed(seconds, wrong)]
    section = report.section(TITLE, figures, TARGETS, machine, time.monotonic() - began)
    report.keep(merged(report.kept(), {NAME: section}))
    show(section)
    for line in wrong:
        console.print(f"WRONG: {line}")
    sys.exit(bool(wrong))


def in_process(seconds: float, wrong: list[str]) -> Iterator[Figure]:
    """Functions as processes of this machine, without gateway, bus and AppConfig; as many as there are writers."""
    with ground_source() as source:
        with source.ground(1, held=0.0, requests=PROCESSES) as ground:
            yield from levels(IN_PROCESS, ground, seconds, wrong)
        with source.ground(2, held=0.0, requests=WRITERS) as ground:
            yield from together(IN_PROCESS, ground.transport, wrong)


def deployed(seconds: float, wrong: list[str]) -> Iterator[Figure]:
    """A laptop stack of its own: the same, what functions say that they took, and how long a display waits."""
    with stack() as layout, deployed_ground(layout) as ground, MongoClient[Any](layout.mongodb_uri) as client:
        ground.settle(())  # both sides are written from here on
        watch = LagWatch(client[layout.database])
        with _followed(watch):
            yield from levels(DEPLOYED, ground, seconds, wrong)
        yield Figure(LAG, 1000 * median(watch.seconds), "ms", f"{len(watch.seconds)} writes, at every level")
        yield from together(DEPLOYED, http(layout, WRITERS), wrong)
        yield from of_functions(layout.functions_log)


def levels(place: str, ground: Ground, seconds: float, wrong: list[str]) -> Iterator[Figure]:
    """The same mix with more and more people, and what takes most of the processor then."""
    seen = list[Level]()
    for people in PEOPLE:
        seen.append(level(ground, people, seconds, lambda text: console.print(f"{place}: {text}")))
        wrong += [f"{place}, {people} people: {line}" for line in seen[-1].wrong]
        yield from of_level(place, seen[-1])
    piece, cores = seen[-1].first
    others = ", ".join(f"{name} {each:.2f}" for name, each in sorted(seen[-1].cores.items()) if each >= 0.005)
    yield Figure(f"{place}: what saturates first is {piece}", cores, "cores", others)
    yield Figure(WRONG.format(place), sum(len(each.wrong) for each in seen), "")
    if gateway := seen[-1].cores.get("LocalStack"):
        each = gateway / seen[-1].rate
        note = f"one process: {1 / each:.0f} requests a second at most, whatever the functions do"
        yield Figure(f"{place}: LocalStack's own processor time of a request", 1000 * each, "ms", note)


def of_level(place: str, seen: Level) -> Iterator[Figure]:
    """Requests a second, and how long they took."""
    note = f"p50 {seen.milliseconds(50):.0f}, p95 {seen.milliseconds(95):.0f}, p99 {seen.milliseconds(99):.0f} ms"
    refused = f"; {seen.refused_for_now} refused for now" if seen.refused_for_now else ""
    yield Figure(f"{place}: requests of {seen.people} people", seen.rate, "/s", note + refused)


def together(place: str, transport: Transport, wrong: list[str]) -> Iterator[Figure]:
    """Forty who write to one meter at the same moment: while functions start, and when they all have."""
    for state in STATES:
        user = f"written-by-many-{uuid4().hex}"
        written = write_together(transport, user)
        slowest = max(each.seconds for each in written)
        console.print(f"{place}, forty writers, {state}: {said(written)}, the slowest {slowest:.1f} s")
        warm(transport, WRITERS)  # so that what nobody waits for any more has ended, too
        wrong += [f"{place}, forty writers: {line}" for line in denied(transport, user, written)]
        yield Figure(IN_TIME.format(place, state), sum(each.is_answered for each in written), "", said(written))
        yield Figure(SLOWEST.format(place, state), slowest, "s")


def of_functions(log: Path) -> Iterator[Figure]:
    """What Lambda's REPORT lines say of the function that answers: its own time, without gateway, queue and start."""
    text = "".join(file.read_text() for file in (log.with_name(f"{log.name}.1"), log) if file.exists())
    calls = [entry for entry in BEGINS.split(text)[1:] if "APIHandler" in entry.partition("\n")[0]]
    took, started = ([float(found) for found in shape.findall("".join(calls))] for shape in (REPORTED, INITIALISED))
    yield Figure("deployed: a function's own time, p50", median(took), "ms", f"{len(took)} requests, forty writers too")
    yield Figure(OWN, max(took) / 1000, "s")
    yield Figure("deployed: a start of a function, p50", median(started) / 1000, "s", f"{len(started)} starts")


@contextmanager
def _followed(watch: LagWatch) -> Iterator[None]:
    enough = Event()
    thread = Thread(target=watch.follow, args=(enough,))
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


if __name__ == "__main__":
    main()
