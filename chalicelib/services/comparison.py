"""Asking both backends the same and holding the answers against each other, without anybody waiting for it.

Fair means: at one source version, in random order, each backend with a time-out of its own. What only shows that a
write came between counts as lag, and a difference must be seen every time it is looked for. Which reads are asked
stands in ``comparer``.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from random import Random

from pydantic import ValidationError

from chalicelib.domain.comparison import Compared, Outcome, Request, differences
from chalicelib.domain.errors import EnergyMonitorError, UnavailableError
from chalicelib.domain.ports import DisplayDataRepository
from chalicelib.domain.readings import EnergyType
from chalicelib.domain.sync import Side
from chalicelib.services.component_reads import ComponentRead, Shown, read_of
from chalicelib.services.energy_backend import EnergyBackend

ATTEMPTS = 4
PAUSE_SECONDS = 0.05
BACKEND_SECONDS = 10.0
Limit = Callable[[float], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A backend's answer and how long it took (milliseconds)."""

    shown: Shown
    elapsed_ms: float


class BackendComparison:
    """Compares what both backends answer to one read."""

    def __init__(
        self,
        backends: Mapping[Side, EnergyBackend],
        display: DisplayDataRepository,
        limit: Limit,
        random: Random,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._backends = backends
        self._display = display
        self._limit = limit
        self._random = random
        self._pause = pause

    def compare_backends(self, request: Request) -> Compared:
        """Ask both and compare; remembers nothing. Looks again before it calls anything a difference or lag."""
        compared = self._compared(request)
        for _ in range(ATTEMPTS - 1):
            if compared.outcome not in (Outcome.DIFFERENT, Outcome.LAG):
                break
            self._pause(PAUSE_SECONDS)
            compared = self._compared(request)
        return compared

    def _compared(self, request: Request) -> Compared:
        try:
            read = read_of(request.component, request.parameters)
            before = self._versions(request.user_id)
            answers = self._answers(read, request.user_id)
            after = self._versions(request.user_id)
        except (UnavailableError, ValidationError, KeyError) as error:
            return Compared(request, Outcome.FAILED, error=type(error).__name__)
        old, new = answers[Side.OLD], answers[Side.NEW]
        times = (round(old.elapsed_ms, 3), round(new.elapsed_ms, 3))
        if before != after or old.shown.versions != new.shown.versions:
            return Compared(request, Outcome.LAG, (), before, *times)
        found = tuple(differences(old.shown.body, new.shown.body))
        return Compared(request, Outcome.DIFFERENT if found else Outcome.EQUAL, found, before, *times)

    def _answers(self, read: ComponentRead, user_id: str) -> dict[Side, Asked]:
        """In random order, so that neither always finds what the other has warmed up."""
        sides = self._random.sample(list(Side), len(Side))
        return {side: self._ask(read, self._backends[side], user_id) for side in sides}

    def _ask(self, read: ComponentRead, backend: EnergyBackend, user_id: str) -> Asked:
        """An answer, or the refusal, which must be the same from both too. Raises UnavailableError: out of time."""
        started = time.perf_counter()
        with self._limit(BACKEND_SECONDS):
            try:
                shown = read.ask(backend, user_id)
            except UnavailableError:
                raise
            except EnergyMonitorError as error:
                shown = Shown({"error": type(error).__name__})
        return Asked(shown, (time.perf_counter() - started) * 1000)

    def _versions(self, user_id: str) -> tuple[int, ...]:
        return tuple(self._display.state(user_id, energy_type).source_version for energy_type in EnergyType)
