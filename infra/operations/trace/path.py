"""A path: the steps of a trace in the order of their times, and the places that could not be looked at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.readings import to_datetime
from infra.errors import expected_errors
from infra.operations.printing import console, printable

MOST = 500  # steps of one place: a client may send one traceparent any number of times
WIDTH = 36  # characters of the longest place's name


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """What happened at an instant (epoch milliseconds), and where that is kept."""

    at: int
    where: str
    what: str


@dataclass(slots=True)
class Path:
    """What was found so far; ``problems``: places that were not looked at to the end, and why."""

    trace_id: str
    steps: list[Step] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)

    def look(self, place: str, found: Iterator[Step]) -> None:
        """Take the steps of a place. What goes wrong there is a problem of that place alone."""
        try:
            for number, step in enumerate(found):
                if number == MOST:
                    self.problems[place] = f"there is more: the first {MOST} are shown"
                    return
                self.steps.append(step)
        except expected_errors() as error:
            self.problems[place] = str(error)

    @property
    def ordered(self) -> list[Step]:
        """The steps, the earliest first."""
        return sorted(self.steps)

    @property
    def nothing(self) -> str:
        """What to say where nothing was found."""
        return (
            f"nothing is known of the trace {self.trace_id}: its rows, log lines and dead letters are not kept any "
            "more, it is another stack's, or there never was one"
        )


def path_document(path: Path) -> dict[str, Any]:
    """Convert it to JSON for programs."""
    steps = path.ordered
    return {
        "trace": path.trace_id,
        "steps": [
            {"at": _time(step.at), "afterMs": step.at - steps[0].at, "where": step.where, "what": step.what}
            for step in steps
        ],
        "problems": [{"where": place, "problem": problem} for place, problem in path.problems.items()],
    }


def print_path(path: Path) -> None:
    """Print it for people: a line for each step."""
    steps = path.ordered
    for step in steps:
        line = f"{_time(step.at)} {step.at - steps[0].at:>+8} ms  {step.where:<{WIDTH}}  {step.what}"
        console.print(printable(line), markup=False)
    for place, problem in path.problems.items():
        console.print(printable(f"{place}: {problem}"), markup=False, style="yellow")


def in_words(members: Mapping[str, Any]) -> str:
    """Names and values in one line."""
    return ", ".join(f"{name} {value}" for name, value in members.items())


def _time(at: int) -> str:
    return to_datetime(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")
