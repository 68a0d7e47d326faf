"""A worse EventBridge: events come late, out of order, twice, or never."""

import threading
import time
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from itertools import count
from random import Random
from types import TracebackType
from typing import Any, Self

Entry = dict[str, Any]
LOST, DOUBLED, LATE = 0.01, 0.03, 0.1  # shares
SOON_SECONDS, LATE_SECONDS, AGAIN_SECONDS = 0.02, 1.0, 0.3
ATTEMPTS = 3  # Lambda's own


class Bus:
    """Delivers on threads of its own. ``deliver`` says whether a function has handled the event.

    ``given_up`` counts what no attempt has handled: a dead letter.
    """

    def __init__(self, deliver: Callable[[Entry], bool], threads: int, random: Random) -> None:
        self._deliver = deliver
        self._random = random
        self._waiting: list[tuple[float, int, int, Entry]] = []
        self._numbers = count()
        self._changed = threading.Condition()
        self._busy, self._ends = 0, False
        self.delivered, self.given_up = 0, 0
        self._threads = [threading.Thread(target=self._run, name=f"bus-{number}") for number in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._ends = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def publish(self, entries: Iterable[Entry]) -> None:
        """Take events; what becomes of each is chance."""
        for entry in entries:
            if self._random.random() >= LOST:
                for _ in range(1 + (self._random.random() < DOUBLED)):
                    late = self._random.random() < LATE
                    self._put(self._random.uniform(0, LATE_SECONDS if late else SOON_SECONDS), 1, entry)

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits or is delivered."""
        with self._changed:
            return not self._waiting and not self._busy

    def _put(self, seconds: float, attempt: int, entry: Entry) -> None:
        with self._changed:
            heappush(self._waiting, (time.monotonic() + seconds, next(self._numbers), attempt, entry))
            self._changed.notify()

    def _run(self) -> None:
        while (taken := self._taken()) is not None:
            attempt, entry = taken
            done = self._deliver(entry)
            if not done and attempt < ATTEMPTS:
                self._put(AGAIN_SECONDS, attempt + 1, entry)
            with self._changed:
                self._busy -= 1
                self.delivered += done
                self.given_up += not done and attempt == ATTEMPTS

    def _taken(self) -> tuple[int, Entry] | None:
        """The next event that is due; None when the bus ends."""
        with self._changed:
            while not self._ends:
                waits = self._waiting[0][0] - time.monotonic() if self._waiting else None
                if waits is not None and waits <= 0:
                    _, _, attempt, entry = heappop(self._waiting)
                    self._busy += 1
                    return attempt, entry
                self._changed.wait(waits)
            return None
