"""The sweeper's view of the fake store. Attempts count for as long as what is displayed is what they began at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.meters.lagging import FailingMeter, Lag, LaggingMeter
from chalicelib.domain.readings import EnergyType
from infra.simulation.memory.store import FakeStore


@dataclass
class Attempts:
    meter: LaggingMeter
    next_attempt: int
    displayed: tuple[int, int]


class FakeLaggingMeters:
    def __init__(self, store: FakeStore, calculation_version: int = CALCULATION_VERSION) -> None:
        self._store = store
        self._calculation_version = calculation_version
        self._attempts: dict[str, Attempts] = {}
        self.held: set[str] = set()

    def lag(self, dirty_before: int) -> Lag:
        self._store.ping()
        dirty = [since for _, since in self._dirty()]
        return Lag(sum(since <= dirty_before for since in dirty), min(dirty, default=None))

    def waiting(self, dirty_before: int, now: int, limit: int) -> Sequence[LaggingMeter]:
        self._store.ping()
        lagging = [(since, key) for key, since in self._dirty() if since <= dirty_before]
        never = [LaggingMeter(key) for _, key in sorted(lagging) if self._known(key) is None]
        tried = [known for _, key in lagging if (known := self._known(key)) and known.next_attempt <= now]
        due = [known.meter for known in sorted(tried, key=lambda known: known.next_attempt)]
        return (never + due)[:limit]

    def every(self, dirty_before: int) -> Iterator[LaggingMeter]:
        self._store.ping()
        for since, key in sorted((since, key) for key, since in self._dirty()):
            if since <= dirty_before:
                yield known.meter if (known := self._known(key)) else LaggingMeter(key)

    def outdated(self) -> int:
        self._store.ping()
        return len(self._outdated())

    def waiting_outdated(self, now: int, limit: int) -> Sequence[LaggingMeter]:
        outdated = list(self.every_outdated())
        never = [meter for meter in outdated if not meter.attempts]
        due = [meter for meter in outdated if (known := self._known(meter.id)) and known.next_attempt <= now]
        return (never + due)[:limit]

    def every_outdated(self) -> Iterator[LaggingMeter]:
        self._store.ping()
        for key in self._outdated():
            yield known.meter if (known := self._known(key)) else LaggingMeter(key, outdated=True)

    def claim(self, meter: LaggingMeter, next_attempt: int) -> bool:
        self._store.ping()
        if meter.id in self.held:
            raise UnavailableError("something holds it")
        known = self._known(meter.id)
        wanted = self._outdated() if meter.outdated else dict(self._dirty())
        if meter.id not in wanted or (known.meter.attempts if known else 0) != meter.attempts:
            return False
        self._attempts[meter.id] = Attempts(meter.claimed, next_attempt, self._displayed(meter.id))
        return True

    def failed(self, claimed: LaggingMeter, error: str) -> None:
        self._store.ping()
        known = self._known(claimed.id)
        if known and known.meter.attempts == claimed.attempts:
            known.meter = replace(claimed, error=error)

    def failing(self, limit: int) -> tuple[int, Sequence[FailingMeter]]:
        since: dict[str, int | None] = dict.fromkeys(self._outdated()) | dict(self._dirty())
        found = [
            FailingMeter(known.meter, since[key], known.next_attempt)
            for key in since
            if (known := self._known(key)) and known.meter.error
        ]
        return len(found), sorted(found, key=lambda meter: (meter.meter.outdated, meter.next_attempt))[:limit]

    def _dirty(self) -> Iterator[tuple[str, int]]:
        for (user_id, energy_type), meter in self._store.stored.meters.items():
            state = meter.state
            if state.dirty_since is not None and state.calculation_version <= self._calculation_version:
                yield f"{user_id}|{energy_type}", state.dirty_since

    def _outdated(self) -> list[str]:
        return [
            f"{user_id}|{energy_type}"
            for (user_id, energy_type), meter in self._store.stored.meters.items()
            if meter.state.dirty_since is None and 0 < meter.state.calculation_version < self._calculation_version
        ]

    def _known(self, key: str) -> Attempts | None:
        known = self._attempts.get(key)
        return known if known and known.displayed == self._displayed(key) else None

    def _displayed(self, key: str) -> tuple[int, int]:
        user_id, _, energy_type = key.rpartition("|")
        state = self._store.stored.meters[user_id, EnergyType(energy_type)].state
        return state.display_version, state.calculation_version
