"""Lets people live while everything flips, brings it to rest, looks at everything, and has the history judged."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from infra.drills.api import OLD
from infra.drills.ground import NEW
from infra.drills.history.checker import Kind, Violation, check
from infra.drills.history.ground import Ground
from infra.drills.history.operations import Operation, Outcome
from infra.drills.history.person import Person
from infra.drills.history.wishes import Flip, flips, wishes
from infra.errors import OperatorError

LOOK_SECONDS = 0.05
REFUSALS_IN_A_ROW = 200
SAID_EVERY = 20
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Exercise:
    """How long a history is: at least these flips and operations; it ends after ``seconds`` whatever was reached.

    ``schedule``: the flips, where they do not follow from the seed.
    """

    seed: int
    people: int = 20
    flips: int = 200
    operations: int = 0
    seconds: float | None = None
    schedule: Sequence[Flip] | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What was done, and what is wrong with it."""

    exercise: Exercise
    operations: Sequence[Operation]
    flips: Sequence[tuple[Flip, str]]
    refused_flips: int
    violations: Sequence[Violation]
    seconds: float

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong, where something could have been."""
        return not self.violations and not self.missing

    @property
    def missing(self) -> list[str]:
        """Without what a history proves nothing, whatever it found."""
        wanted = {
            "answers of both backends": {OLD, NEW} <= self.backends.keys(),
            "acknowledged writes": self.acknowledged > 0,
            "flips": len(self.flips) > 0,
        }
        return [name for name, is_there in wanted.items() if not is_there]

    @property
    def outcomes(self) -> Counter[str]:
        """How many operations ended how."""
        return Counter(operation.outcome.value for operation in self.operations)

    @property
    def backends(self) -> Counter[str]:
        """How many answers each backend gave while it flipped, where an answer says it."""
        return Counter(item.backend for item in self.operations if item.backend and not item.final)

    @property
    def acknowledged(self) -> int:
        """How many writes were."""
        return sum(bool(item.effects) and item.outcome is Outcome.DONE for item in self.operations)

    def as_document(self) -> dict[str, Any]:
        """Convert to JSON for programs."""
        return {
            "seed": self.exercise.seed,
            "people": self.exercise.people,
            "operations": len(self.operations),
            "acknowledgedWrites": self.acknowledged,
            "outcomes": dict(self.outcomes),
            "backends": dict(self.backends),
            "flips": dict(Counter(flip.kind.value for flip, _ in self.flips)),
            "refusedFlips": self.refused_flips,
            "seconds": round(self.seconds, 1),
            "violations": [violation.as_document() for violation in self.violations],
            "missing": self.missing,
            "right": self.is_right,
        }


def drive(ground: Ground, exercise: Exercise, say: Say) -> History:
    """Make a history. Raises OperatorError where it could not be carried out."""
    started = time.monotonic()
    names = [f"history-{exercise.seed}-{number:02}" for number in range(exercise.people)]
    people = [Person(name, ground.transport, ground.doubt_seconds, started) for name in names]
    with _living(people, exercise.seed) as running:
        course = _Course(ground, exercise, people, running, started)
        course.flip_on(say)
        course.go_on(exercise.operations)
    say(f"{course.count} operations, {len(course.made)} flips; now everything comes to rest")
    ground.settle(names)
    _in_the_end(people)
    found = check([person.operations for person in people], ground.doubt_seconds)
    found += [Violation(Kind.UNEQUAL, f"verify finds: {difference}") for difference in ground.differences()]
    operations = [operation for person in people for operation in person.operations]
    return History(exercise, operations, course.made, course.refused, found, time.monotonic() - started)


@dataclass
class _Course:
    """A history while people live: ``made`` are the flips so far, ``refused`` counts those that the rules forbade."""

    ground: Ground
    exercise: Exercise
    people: Sequence[Person]
    running: Sequence[Future[None]]
    started: float
    made: list[tuple[Flip, str]] = field(default_factory=list)
    refused: int = 0

    @property
    def count(self) -> int:
        """How many operations there were."""
        return sum(len(person.operations) for person in self.people)

    def flip_on(self, say: Say) -> None:
        """Flip as often as is wanted, spread over the operations: some follow each flip, however long it takes."""
        wanted, in_a_row = self.exercise.flips, 0
        for flip in flips(self.exercise.seed) if self.exercise.schedule is None else self.exercise.schedule:
            if len(self.made) >= wanted or self._is_over:
                return
            said = self.ground.flip(flip)
            in_a_row = 0 if said else in_a_row + 1
            if said is None:
                self._refuse(flip, in_a_row)
                continue
            self.made.append((flip, said))
            if len(self.made) % SAID_EVERY == 0:
                seconds = f"{time.monotonic() - self.started:.0f} s"
                say(f"{len(self.made)} flips, {self.count} operations, {seconds}; last: {said}")
            self.go_on(self.count + self.exercise.operations // wanted)

    def go_on(self, operations: int) -> None:
        """Wait for this number of operations, or until the time is up. Raises what ended a person's life."""
        while True:
            for lived in self.running:
                if lived.done():
                    lived.result()
            if self.count >= operations or self._is_over:
                return
            time.sleep(LOOK_SECONDS)

    @property
    def _is_over(self) -> bool:
        seconds = self.exercise.seconds
        return seconds is not None and time.monotonic() - self.started >= seconds

    def _refuse(self, flip: Flip, in_a_row: int) -> None:
        self.refused += 1
        if in_a_row > REFUSALS_IN_A_ROW:
            raise OperatorError(f"{in_a_row} flips in a row were refused: {flip}; look at it: mode show, verify")


@contextmanager
def _living(people: Sequence[Person], seed: int) -> Iterator[list[Future[None]]]:
    """Each person on a thread of their own for as long as the block runs."""
    enough = Event()

    def live(person: Person, number: int) -> None:
        for wish in wishes(seed, number):
            if enough.is_set():
                return
            person.fulfil(wish)

    with ThreadPoolExecutor(len(people), thread_name_prefix="person") as threads:
        running = [threads.submit(live, person, number) for number, person in enumerate(people)]
        try:
            yield running
        finally:
            enough.set()
    for lived in running:
        lived.result()


def _in_the_end(people: Sequence[Person]) -> None:
    with ThreadPoolExecutor(min(4, len(people))) as threads:
        for backend in (OLD, NEW):
            list(threads.map(lambda person, backend=backend: person.look_at_everything(backend), people))
