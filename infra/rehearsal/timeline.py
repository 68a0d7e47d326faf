"""The timeline: runs steps one after the other and records the time and the result of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.errors import EnergyMonitorError
from infra.errors import expected_errors

Say = Callable[[str], None]
Seconds = Callable[[], float]  # of a clock that only goes on


@dataclass(frozen=True, slots=True)
class Step:
    """``does`` acts or looks, and returns what was seen; it raises where something is not as it must be."""

    name: str
    does: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One step that was carried out: seconds since the beginning, how long it took, and what it showed."""

    name: str
    at: float
    seconds: float
    shows: str
    holds: bool

    def as_document(self) -> dict[str, Any]:
        """Convert to JSON for programs."""
        times = {"at": round(self.at, 1), "seconds": round(self.seconds, 1)}
        return {"step": self.name, **times, "shows": self.shows, "holds": self.holds}


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happened. ``left``: names of the steps that were not come to."""

    entries: tuple[Entry, ...]
    left: tuple[str, ...] = ()

    @property
    def failed(self) -> Entry | None:
        """The step that ended it; None: every step held."""
        return next((entry for entry in self.entries if not entry.holds), None)

    @property
    def passed(self) -> bool:
        """Whether every step was come to and held."""
        return self.failed is None and not self.left

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.entries[-1].at + self.entries[-1].seconds if self.entries else 0.0

    def as_document(self) -> dict[str, Any]:
        """Convert to JSON for programs."""
        return {
            "passed": self.passed,
            "seconds": round(self.seconds, 1),
            "failed": self.failed and self.failed.name,
            "left": list(self.left),
            "timeline": [entry.as_document() for entry in self.entries],
        }


def carried_out(steps: Sequence[Step], clock: Seconds, check: Callable[[], None], say: Say) -> Timeline:
    """Carry out the steps until one of them fails. ``check`` raises where something was wrong beside the steps."""
    began, entries = clock(), list[Entry]()
    for position, step in enumerate(steps):
        entry = _entry(step, clock, began, check)
        entries.append(entry)
        say(line_of(entry))
        if not entry.holds:
            return Timeline(tuple(entries), tuple(left.name for left in steps[position + 1 :]))
    return Timeline(tuple(entries))


def markdown(timeline: Timeline) -> str:
    """Format the timeline as a table in Markdown, as infra/README.md has it."""
    rows = [
        f"| {minutes(entry.at)} | {entry.seconds:.0f} s | {entry.name} | {entry.shows} |" for entry in timeline.entries
    ]
    return "\n".join(["| at | took | step | what was seen |", "|---|---|---|---|", *rows])


def line_of(entry: Entry) -> str:
    """``03:05  +46 s  dual write: ...``."""
    failed = "" if entry.holds else "FAILED: "
    return f"{minutes(entry.at)}  +{entry.seconds:.0f} s  {entry.name}: {failed}{entry.shows}"


def minutes(seconds: float) -> str:
    """``03:05``."""
    return f"{int(seconds) // 60:02}:{int(seconds) % 60:02}"


def _entry(step: Step, clock: Seconds, began: float, check: Callable[[], None]) -> Entry:
    at = clock()
    expected: tuple[type[Exception], ...] = (EnergyMonitorError, *expected_errors())
    try:
        shows, holds = step.does(), True
        check()
    except expected as error:
        shows, holds = str(error), False
    return Entry(step.name, at - began, clock() - at, shows, holds)
