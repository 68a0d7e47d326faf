"""Walks that are done in ranges, and the messages about ranges, in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from chalicelib.domain.meters.fan_out import FanOut, RangeClaim, RangeProgress, RangeTask
from chalicelib.domain.meters.walks import Walk
from infra.simulation.memory.store import FakeStore


@dataclass
class Kept:
    progress: RangeProgress
    token: str | None = None
    until: int = 0
    tries: int = 0


class FakeFanOutRecords:
    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self._walks: dict[Walk, FanOut] = {}
        self._ranges: dict[str, Kept] = {}  # by walk, id and number

    def begin(self, fan_out: FanOut) -> None:
        self.forget(fan_out.walk)
        self._walks[fan_out.walk] = fan_out

    def fan_out(self, walk: Walk) -> FanOut | None:
        self._store.ping()
        return self._walks.get(walk)

    def pause(self, fan_out: FanOut, *, paused: bool) -> bool:
        return self._changed(fan_out, replace(fan_out, paused=paused))

    def sending(self, fan_out: FanOut, silent_seconds: float = 0) -> bool:
        now, kept = self._store.stored.clock(), self.fan_out(fan_out.walk)
        if kept is None or (kept.sent or 0) > now - round(silent_seconds * 1000):
            return False
        return self._changed(fan_out, replace(kept, sent=now))

    def lost(self, fan_out: FanOut) -> None:
        self._changed(fan_out, replace(fan_out, sent=None))

    def finish(self, fan_out: FanOut) -> None:
        self._changed(fan_out, replace(fan_out, finished=self._store.stored.clock()))

    def give_up(self, fan_out: FanOut) -> bool:
        kept = self.fan_out(fan_out.walk)
        if kept is None or kept.id != fan_out.id or kept.finished:
            return False
        self.forget(fan_out.walk)
        return True

    def forget(self, walk: Walk) -> None:
        self._store.ping()
        self._walks.pop(walk, None)
        self._ranges = {key: kept for key, kept in self._ranges.items() if not key.startswith(f"{walk}:")}

    def claim(self, fan_out: FanOut, number: int, seconds: float) -> RangeClaim | None:
        self._store.ping()
        key = f"{fan_out.walk}:{fan_out.id}:{number:06}"
        kept = self._ranges.setdefault(key, Kept(RangeProgress(number, fan_out.nothing)))
        if kept.progress.done or self._is_claimed(kept):
            return None
        kept.token, kept.until = uuid4().hex, self._store.stored.clock() + round(seconds * 1000)
        kept.tries += 1
        return RangeClaim(key, kept.token, replace(kept.progress, claimed=self._is_claimed(kept)), kept.tries)

    def save(self, claim: RangeClaim, progress: RangeProgress) -> bool:
        self._store.ping()
        kept = self._ranges.get(claim.key)
        if kept is None or kept.token != claim.token:
            return False
        kept.progress, kept.tries = replace(progress, claimed=False), 0
        return True

    def release(self, claim: RangeClaim) -> None:
        self._store.ping()
        kept = self._ranges.get(claim.key)
        if kept is not None and kept.token == claim.token:
            kept.token, kept.until = None, 0

    def progress(self, fan_out: FanOut) -> Iterator[RangeProgress]:
        self._store.ping()
        start = f"{fan_out.walk}:{fan_out.id}:"
        for key in sorted(self._ranges):
            if key.startswith(start):
                kept = self._ranges[key]
                yield replace(kept.progress, claimed=not kept.progress.done and self._is_claimed(kept))

    def _is_claimed(self, kept: Kept) -> bool:
        return kept.until > self._store.stored.clock()

    def _changed(self, before: FanOut, after: FanOut) -> bool:
        now = self._walks.get(before.walk)
        if now is None or now.id != before.id:
            return False
        self._walks[before.walk] = replace(now, paused=after.paused, finished=after.finished, sent=after.sent)
        return True


class FakeRangeQueue:
    """What was sent, in turn; a test delivers it, twice or never."""

    def __init__(self) -> None:
        self.sent: list[RangeTask] = []

    def send(self, tasks: Sequence[RangeTask]) -> None:
        self.sent += tasks
