"""Asks both backends the same and compares the answers; no person waits for it.

Fair means: at one source version and by one calculation version, in random order, each backend with a time-out of its
own. What only shows that a write came between counts as lag, and a difference is one only if no later look denies it;
at the same source versions that is no agreement either.
``runs`` decides which reads are asked.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import reduce
from random import Random

from pydantic import ValidationError

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.errors import EnergyMonitorError, UnavailableError
from chalicelib.domain.json.text import WithText, json_text
from chalicelib.domain.migration.records.comparison_log import ComparisonResult, Outcome, Request
from chalicelib.domain.migration.records.differences import Difference, DifferenceKind, differences
from chalicelib.domain.ports.reading import DisplayDataRepository
from chalicelib.domain.readings import EnergyType
from chalicelib.services.components.component_reads import ComponentAnswer, ComponentRead, read_of
from chalicelib.services.components.energy_backend import EnergyBackend

ATTEMPTS = 4
PAUSE_SECONDS = 0.05
BACKEND_SECONDS = 10.0
DEFECT = "defect"
Limit = Callable[[float], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Observation:
    """A backend's answer, none where it had no time for one, and how long that took (milliseconds)."""

    shown: ComponentAnswer | None
    elapsed_ms: float


class BackendComparison:
    """Compares what both backends answer to one read."""

    def __init__(
        self,
        backends: Mapping[Backend, EnergyBackend],
        display: DisplayDataRepository,
        limit: Limit,
        random: Random,
        pause: Callable[[float], None] = time.sleep,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._backends = backends
        self._display = display
        self._limit = limit
        self._random = random
        self._pause = pause
        self._timer = timer

    def compare_backends(self, request: Request) -> ComparisonResult:
        """Ask both and compare; remembers nothing. Looks again before it calls anything a difference or lag."""
        looks = [self._compared(request)]
        while looks[-1].outcome in (Outcome.DIFFERENT, Outcome.LAG) and len(looks) < ATTEMPTS:
            self._pause(PAUSE_SECONDS)
            looks.append(self._compared(request))
        return _of_all(looks)

    def versions(self, user_id: str) -> tuple[int, ...]:
        """The source versions of a user's meters, 0 where there is none. Raises UnavailableError."""
        return tuple(self._display.state(user_id, energy_type).source_version for energy_type in EnergyType)

    def _compared(self, request: Request) -> ComparisonResult:
        try:
            read = read_of(request.component, request.parameters)
            before = self.versions(request.user_id)
            answers = self._answers(read, request.user_id)
            after = self.versions(request.user_id)
        except (UnavailableError, ValidationError, KeyError) as error:
            return ComparisonResult(request, Outcome.FAILED, error=type(error).__name__)
        old, new = answers[Backend.OLD], answers[Backend.NEW]
        seen = ComparisonResult(request, Outcome.LAG, (), before, old.elapsed_ms, new.elapsed_ms)
        seen = replace(seen, broken=tuple(side for side in Backend if _is_broken(answers[side])))
        if old.shown is None or new.shown is None:
            silent = [side for side, asked in answers.items() if asked.shown is None]
            return replace(seen, outcome=Outcome.FAILED, error=f"no answer: {', '.join(sorted(silent))}")
        seen = replace(seen, calculations=(*old.shown.calculations, *new.shown.calculations))
        if not _of_one_calculation(old.shown, new.shown):
            return replace(seen, outcome=Outcome.OTHER_CALCULATION)
        if before != after or not _of_one_version(old.shown, new.shown):
            return seen
        found = (*differences(old.shown.body, new.shown.body), *_of_text(new.shown))
        if not found and (defect := old.shown.body.get(DEFECT)):
            return replace(seen, outcome=Outcome.FAILED, error=f"both break: {defect}")
        return replace(seen, outcome=Outcome.DIFFERENT if found else Outcome.EQUAL, differences=found)

    def _answers(self, read: ComponentRead, user_id: str) -> dict[Backend, Observation]:
        """In random order, so that neither always finds what the other has warmed up."""
        sides = self._random.sample(list(Backend), len(Backend))
        return {side: self._ask(read, self._backends[side], user_id) for side in sides}

    def _ask(self, read: ComponentRead, backend: EnergyBackend, user_id: str) -> Observation:
        """The answer. What is raised is one too: a refusal must be the same from both, one defect is a difference."""
        started = self._timer()
        try:
            with self._limit(BACKEND_SECONDS):
                shown: ComponentAnswer | None = read.ask(backend, user_id)
        except UnavailableError:
            shown = None
        except EnergyMonitorError as error:
            shown = ComponentAnswer({"error": type(error).__name__})
        except Exception as error:  # noqa: BLE001 one answer that cannot be given must not end the whole run
            shown = ComponentAnswer({DEFECT: type(error).__name__})
        return Observation(shown, round((self._timer() - started) * 1000, 3))


def _is_broken(asked: Observation) -> bool:
    return asked.shown is None or DEFECT in asked.shown.body


def _of_text(shown: ComponentAnswer) -> Iterator[Difference]:
    """A stored text is what callers get in place of its data, so it must be what these say."""
    data = None if shown.view is None else shown.view.data
    if isinstance(data, WithText) and data.text != (said := json_text(dict(data))):
        yield Difference(DifferenceKind.VALUE, ("text",), said, data.text)


def _of_one_version(old: ComponentAnswer, new: ComponentAnswer) -> bool:
    """A list of readings and an error show no view, so nothing of them can lag."""
    return not old.versions or not new.versions or old.versions == new.versions


def _of_one_calculation(old: ComponentAnswer, new: ComponentAnswer) -> bool:
    """While a new calculation version is deployed, one answer may follow the rules of before."""
    return not old.calculations or not new.calculations or old.calculations == new.calculations


def _of_all(looks: Sequence[ComparisonResult]) -> ComparisonResult:
    """What all looks say together. A backend that broke at any of them broke, whatever it answered then."""
    compared = reduce(_kept, looks)
    differed = [look.versions for look in looks if look.outcome is Outcome.DIFFERENT]
    if compared.outcome is Outcome.EQUAL and compared.versions in differed:
        compared = replace(compared, outcome=Outcome.LAG)
    return replace(compared, broken=tuple(side for side in Backend if any(side in look.broken for look in looks)))


def _kept(before: ComparisonResult, after: ComparisonResult) -> ComparisonResult:
    """Of two looks, the one that counts: where the second saw nothing, the first."""
    blind = after.outcome in (Outcome.LAG, Outcome.OTHER_CALCULATION, Outcome.FAILED)
    return before if blind and before.outcome is Outcome.DIFFERENT else after
