"""The end of accounts on the fake store: what it has of a person goes with the first step."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from uuid import uuid4

from chalicelib.domain.errors import FieldError, InvalidInputError
from chalicelib.domain.people.account import CLOSED_MS, LATE_MS, AccountPage, Erasure, Left
from infra.simulation.memory.store import FakeStore

METERS, READINGS = "meters", "source_energy_readings"


class FakeErasures:
    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self._standing: dict[str, Erasure] = {}

    def begin(self, user_id: str, pseudonym: str) -> Erasure:
        self._store.ping()
        now = self._store.stored.clock()
        new = Erasure(f"fence of {user_id}", uuid4().hex, now, now + CLOSED_MS, user_id, pseudonym, None, {})
        self._store.closed.setdefault(user_id, new.opens_at)
        return self._standing.setdefault(new.fence, new)

    def standing(self, fence: str) -> Erasure | None:
        return self._standing.get(fence)

    def unfinished(self) -> Sequence[Erasure]:
        return [erasure for erasure in self._standing.values() if erasure.user_id is not None]

    def removing(self, erasure: Erasure, left: Left) -> Iterator[None]:
        stored = self._store.stored
        readings = [key for key in stored.readings if key[0] == erasure.user_id]
        meters = [key for key in stored.meters if key[0] == erasure.user_id]
        for side in stored.sides.values():
            side.forget([key for key in side if key[0] == erasure.user_id])
        stored.display.forget([key for key in stored.display if key[0] == erasure.user_id])
        for meter in meters:
            del stored.meters[meter]
        stored.imports = {key: record for key, record in stored.imports.items() if key[0] != erasure.user_id}
        stored.settings.pop(str(erasure.user_id), None)
        for name, count in ((METERS, len(meters)), (READINGS, len(readings))):
            self.note(erasure, name, count)
        yield

    def note(self, erasure: Erasure, place: str, count: int) -> None:
        known = self._standing[erasure.fence]
        deleted = {**known.deleted, place: known.deleted.get(place, 0) + count}
        self._standing[erasure.fence] = replace(known, deleted=deleted)

    def finish(self, erasure: Erasure) -> None:
        known = self._standing[erasure.fence]
        now = self._store.stored.clock()
        opens_at = max(known.opens_at, now + LATE_MS)
        self._standing[erasure.fence] = replace(known, user_id=None, erased_at=now, opens_at=opens_at)

    def closed(self) -> Callable[[str], bool] | None:
        fences = self._standing.keys()
        return (lambda text: f"fence of {text}" in fences) if fences else None

    def tidy(self, *, opens: bool) -> int:
        now = self._store.stored.clock()
        over = [
            each.fence for each in self._standing.values() if opens and each.user_id is None and each.opens_at <= now
        ]
        for fence in over:
            del self._standing[fence]
            self._store.closed.pop(fence.removeprefix("fence of "))
        return len(over)


class FakeAccountExport:
    """One part after another, each of a fixed number of readings."""

    def __init__(self, store: FakeStore, readings_of_a_part: int = 2) -> None:
        self._store = store
        self._size = readings_of_a_part

    def page(self, user_id: str, pseudonym: str, cursor: str | None) -> AccountPage:
        self._store.ping()
        try:
            start = int(cursor or 0)
        except ValueError:
            raise InvalidInputError("cursor: none of ours", (FieldError("cursor", "none of ours"),)) from None
        ids = [reading.id for key, reading in self._store.stored.readings.items() if key[0] == user_id]
        shown, end = ids[start : start + self._size], start + self._size
        return AccountPage({READINGS: [{"_id": each} for each in shown]}, str(end) if end < len(ids) else None)
