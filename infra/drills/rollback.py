"""The drill of a rollback: people write through a component while it is flipped to and fro, then it is rolled back.

Every write that was acknowledged must be there through the old backend. The same is done first with dual write
off, where it cannot be: a drill that finds nothing lost there proves nothing.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.migration.gate.evidence import Surrounding
from chalicelib.domain.migration.status.records import RollbackDrill
from infra.drills.api import OLD
from infra.drills.ground import NEW, Ground
from infra.drills.writing import Household
from infra.errors import OperatorError
from infra.local.waiting import wait_until

LONGEST_SECONDS = 900.0
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Exercise:
    """How a drill is made. ``moves``: how often people get to the new backend; the last way back is the rollback.

    ``quiet_seconds`` without an answer from the new backend after the rollback: it has given its last.
    """

    component: str
    writes: int = 500
    control_writes: int = 60
    moves: int = 3
    quiet_seconds: float = 3.0


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
    def proves(self) -> bool:
        """Whether a loss would have been seen, and both backends took writes."""
        return self.control.lost > 0 and min(self.drill.by_old, self.drill.by_new) > 0

    @property
    def passed(self) -> bool:
        """Whether nothing was lost, where a loss would have been seen."""
        return self.proves and self.drill.lost == 0

    def record(self, at: int, component: str, on: Surrounding) -> RollbackDrill:
        """What the status shows of it, and the gate asks for."""
        lost, last = self.drill.lost, self.last_new_answer_seconds
        return RollbackDrill(at, component, on.code, self.drill.writes, lost, last, self.passed, on.mode, on.shape)

    def as_document(self) -> dict[str, Any]:
        """Convert to JSON for programs."""
        return {
            "control": _document(self.control),
            "drill": _document(self.drill),
            "lastNewAnswerSeconds": round(self.last_new_answer_seconds, 2),
            "inEffectSeconds": round(self.in_effect_seconds, 2),
            "passed": self.passed,
        }


def drill(ground: Ground, exercise: Exercise, say: Say) -> Drilled:
    """Run control and drill. Raises OperatorError: it could not be carried out."""
    say("control: the same with dual write off, where writes must get lost")
    control = _control(ground, exercise)
    say(f"control: {control.lost} of {control.writes} acknowledged writes are lost; they must be")
    ground.mend()
    return _drill(ground, exercise, control, say)


def _control(ground: Ground, exercise: Exercise) -> Run:
    with Household(ground.api, exercise.component) as people:
        flips = _move(people, ground.flip_alone, exercise.control_writes, exercise.moves)
        ground.flip_alone(OLD)
    return _run(people, flips + 1)


def _drill(ground: Ground, exercise: Exercise, control: Run, say: Say) -> Drilled:
    def flip(side: str) -> None:
        seconds = ground.flip(side)
        say(f"{exercise.component}: everybody on the {side} backend, in effect after {seconds:.1f} s")

    with Household(ground.api, exercise.component) as people:
        flips = _move(people, flip, exercise.writes, exercise.moves)
        started = time.monotonic()
        in_effect = ground.roll_back()
        say(f"{exercise.component}: rolled back, in effect after {in_effect:.1f} s")
        _until(lambda: _since_new(people) > exercise.quiet_seconds, people)
    last = max(answer.at for answer in people.answers() if answer.backend == NEW)
    return Drilled(control, _run(people, flips + 1), max(0.0, last - started), in_effect)


def _move(people: Household, flip: Callable[[str], object], writes: int, moves: int) -> int:
    """Flip to and fro, ending with the new backend, until that many writes were acknowledged; returns how often."""
    sides = [NEW, OLD] * (moves - 1) + [NEW]
    for number, side in enumerate(sides, start=1):
        flip(side)
        enough = writes * number // len(sides)
        _until(lambda side=side, enough=enough: _arrived(people, side, enough), people)  # type: ignore[misc]
    return len(sides)


def _arrived(people: Household, side: str, enough: int) -> bool:
    """Whether a backend answers now, and enough writes were acknowledged."""
    answers = people.answers()
    return len(answers) >= enough and max(answers, key=lambda answer: answer.at).backend == side


def _since_new(people: Household) -> float:
    """Seconds from the last answer of the new backend to the last answer at all."""
    answers = people.answers()
    last_new = max(answer.at for answer in answers if answer.backend == NEW)
    return max(answer.at for answer in answers) - last_new


def _until(reached: Callable[[], bool], people: Household) -> None:
    if not wait_until(reached, LONGEST_SECONDS):
        taken = len(people.answers())
        raise OperatorError(
            f"what the drill waits for did not come in {LONGEST_SECONDS:.0f} s; {taken} writes were taken"
        )


def _run(people: Household, flips: int) -> Run:
    answers = people.answers()
    by_new = sum(answer.backend == NEW for answer in answers)
    return Run(len(answers), len(answers) - by_new, by_new, flips, people.lost())


def _document(run: Run) -> dict[str, int]:
    return {"writes": run.writes, "byOld": run.by_old, "byNew": run.by_new, "flips": run.flips, "lost": run.lost}
