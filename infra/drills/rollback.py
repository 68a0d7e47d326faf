"""The drill of a rollback: people write through a component while it is flipped to and fro, then it is rolled back.

Everything they were told was stored must be there through the old backend. The same is done first with dual write
off, where it cannot be: a drill that finds nothing lost there proves nothing.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.bootstrap import now, shell_operations
from chalicelib.domain.sync import SyncMode
from chalicelib.flags.names import GLOBAL, component_flag_named
from chalicelib.flags.orders import Order
from chalicelib.flags.wishes import Wish, percentage
from chalicelib.repositories.control import SYNC_MODE, sync_document
from chalicelib.repositories.database import Collections, MongoDatabase, open_database
from infra.drills.writing import Answered, Household
from infra.local.errors import StackError
from infra.local.layout import Layout
from infra.operations.flag_place import Flags, flags_at

CONTROL_WRITES = 60
FLIPS = 2  # to the new backend and back, at least
QUIET_SECONDS = 3.0  # without an answer from the new backend: it has given its last
LONGEST_SECONDS = 900.0
NEW, OLD = "new", "old"
Say = Callable[[str], None]
Flip = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of the drill saw: acknowledged writes by who took them, and how many of them were not there."""

    writes: int
    by_old: int
    by_new: int
    flips: int
    lost: int


@dataclass(frozen=True, slots=True)
class Drilled:
    """The control (dual write off) and the drill itself, and how long the new backend still answered (seconds)."""

    control: Run
    drill: Run
    last_new_answer_seconds: float
    in_effect_seconds: float

    @property
    def passed(self) -> bool:
        """Whether nothing was lost, where a loss would have been seen."""
        return self.control.lost > 0 and self.drill.lost == 0 and min(self.drill.by_old, self.drill.by_new) > 0

    def as_document(self) -> dict[str, Any]:
        """For programs."""
        runs = {
            name: {"writes": run.writes, "byOld": run.by_old, "byNew": run.by_new, "flips": run.flips, "lost": run.lost}
            for name, run in (("control", self.control), ("drill", self.drill))
        }
        times = {
            "lastNewAnswerSeconds": round(self.last_new_answer_seconds, 2),
            "inEffectSeconds": round(self.in_effect_seconds, 2),
        }
        return {**runs, **times, "passed": self.passed}


def drill(layout: Layout, component: str, writes: int, say: Say) -> Drilled:
    """Run control and drill on a stack that nobody else uses. Raises StackError: it could not be carried out."""
    database = open_database(layout.mongodb_uri, layout.database)
    try:
        with flags_at(layout) as flags:
            say("control: the same with dual write off, where writes must get lost")
            control = _without_dual_write(layout, database, component)
            say(f"control: {control.lost} of {control.writes} acknowledged writes are lost, as they must be")
            _mend(database)
            return _with_dual_write(layout, flags, component, writes, control, say)
    finally:
        database.client.close()


def _without_dual_write(layout: Layout, database: MongoDatabase, component: str) -> Run:
    """Each backend writes its own side alone: what a rollout without dual write would be."""
    sides = {OLD: SyncMode.OLD_ONLY, NEW: SyncMode.NEW_ONLY}
    with Household(layout, component, "control") as people:
        flips = _flipped(people, lambda side: _force(database, sides[side]), CONTROL_WRITES)
        _force(database, SyncMode.OLD_ONLY)
    return _run(people, flips)


def _mend(database: MongoDatabase) -> None:
    """Back to dual write, both sides equal and verified: flags may rise."""
    _force(database, SyncMode.DUAL_WRITE)
    operations = shell_operations(database)
    operations.consistency.repair()
    if left := operations.consistency.verify(restart=True).differences:
        raise StackError(f"{left} documents differ after the control was mended: python -m infra verify")


def _with_dual_write(layout: Layout, flags: Flags, component: str, writes: int, control: Run, say: Say) -> Drilled:
    name = component_flag_named(component)
    order = Order(flags.by, "rollback drill")
    flags.operations.changes.set(GLOBAL, Wish(enabled=True), order)

    def flip(side: str) -> None:
        percent = "100" if side == NEW else "0"
        made = flags.operations.changes.set(name, Wish(percent=percentage(percent)), order)
        say(f"{component}: {percent} % are in effect after {(made.change.in_effect_ms or 0) / 1000:.1f} s")

    with Household(layout, component, "drill") as people:
        flips = _flipped(people, flip, writes)
        flip(NEW)
        _until(lambda: _newest(people) == NEW, people)
        started = time.monotonic()
        made = flags.operations.changes.rollback(name, None, order)
        _until(lambda: _since_new(people) > QUIET_SECONDS, people)
    run = _run(people, flips + 1)
    last = max(answer.at for answer in people.answers() if answer.backend == NEW)
    return Drilled(control, run, max(0.0, last - started), (made.change.in_effect_ms or 0) / 1000)


def _flipped(people: Household, flip: Flip, writes: int) -> int:
    """Flip to the new backend and back until so many writes were acknowledged; returns how often."""
    flips = 0
    while len(people.answers()) < writes or flips < 2 * FLIPS or flips % 2:
        side = NEW if flips % 2 == 0 else OLD
        flip(side)
        flips += 1
        _until(lambda side=side: _newest(people) == side, people)  # type: ignore[misc]
    return flips


def _until(reached: Callable[[], bool], people: Household) -> None:
    ends = time.monotonic() + LONGEST_SECONDS
    while not reached():
        people.answers()
        if time.monotonic() > ends:
            raise StackError(f"nobody saw the flip in {LONGEST_SECONDS:.0f} s")
        time.sleep(0.05)


def _newest(people: Household) -> str | None:
    latest = max(people.answers(), key=_at, default=None)
    return None if latest is None else latest.backend


def _since_new(people: Household) -> float:
    """Seconds from the last answer of the new backend to the last answer at all."""
    answers = people.answers()
    last_new = max((answer.at for answer in answers if answer.backend == NEW), default=0.0)
    return max(map(_at, answers)) - last_new


def _at(answer: Answered) -> float:
    return answer.at


def _run(people: Household, flips: int) -> Run:
    answers = people.answers()
    by_new = sum(answer.backend == NEW for answer in answers)
    return Run(len(answers), len(answers) - by_new, by_new, flips, people.lost())


def _force(database: MongoDatabase, mode: SyncMode) -> None:
    """Write the mode down without its rules and its drain: only here, on data that nobody needs."""
    since = 0 if mode is SyncMode.DUAL_WRITE else now()
    database[Collections.CONTROL].replace_one({"_id": SYNC_MODE}, sync_document(mode, since), upsert=True)
