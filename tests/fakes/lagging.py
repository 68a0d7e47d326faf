"""The sweeper's view of the fake store. Attempts count for as long as the display version is the one they began at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.lagging_meters import FailingMeter, Lag, LaggingMeter
from chalicelib.domain.readings import EnergyType
from tests.fakes.store import FakeStore


@dataclass
class Attempts:
    meter: LaggingMeter
    next_attempt: int
    display_version: int


class FakeLaggingMeters:
    def __init__(self, store: FakeStore) -> None:
        self._store = store
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

    def claim(self, meter: LaggingMeter, next_attempt: int) -> bool:
        self._store.ping()
        if meter.id in self.held:
            raise UnavailableError("something holds it")
        known = self._known(meter.id)
        if meter.id not in dict(self._dirty()) or (known.meter.attempts if known else 0) != meter.attempts:
            return False
        self._attempts[meter.id] = Attempts(meter.claimed, next_attempt, self._version(meter.id))
        return True

    def failed(self, claimed: LaggingMeter, error: str) -> None:
        self._store.ping()
        known = self._known(claimed.id)
        if known and known.meter.attempts == claimed.attempts:
            known.meter = LaggingMeter(claimed.id, claimed.attempts, error)

    def failing(self, limit: int) -> tuple[int, Sequence[FailingMeter]]:
        found = [
            FailingMeter(known.meter, since, known.next_attempt)
            for key, since in self._dirty()
            if (known := self._known(key)) and known.meter.error
        ]
        return len(found), sorted(found, key=lambda meter: meter.next_attempt)[:limit]

    def _dirty(self) -> Iterator[tuple[str, int]]:
        for (user_id, energy_type), meter in self._store.stored.meters.items():
            if meter.state.dirty_since is not None:
                yield f"{user_id}|{energy_type}", meter.state.dirty_since

    def _known(self, key: str) -> Attempts | None:
        known = self._attempts.get(key)
        return known if known and known.display_version == self._version(key) else None

    def _version(self, key: str) -> int:
        user_id, _, energy_type = key.rpartition("|")
        return self._store.stored.meters[user_id, EnergyType(energy_type)].state.display_version
