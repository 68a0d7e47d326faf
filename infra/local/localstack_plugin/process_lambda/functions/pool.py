"""The processes of each function version: who needs one takes an idle one, or starts one when it is its turn.

On Lambda every request that finds no idle environment starts one, somewhere else. Here all of them share one machine:
forty that start together are all as slow as the last one. So only as many start at a time as there are processors, and
who waits for its turn takes a process that has become idle meanwhile. There are never more processes of a version than
LocalStack keeps environments of it.
"""

import os
import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence, Set
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar


class Process(Protocol):
    """What is kept: it lives until somebody closes it, or it ends by itself."""

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""

    def close(self) -> None:
        """End it."""


P = TypeVar("P", bound=Process)


@dataclass
class _Version(Generic[P]):
    """The environments of it, how many processes there are, and those that nobody uses just now."""

    environments: set[Hashable] = field(default_factory=set)
    processes: int = 0
    idle: list[P] = field(default_factory=list)

    def without_surplus(self) -> list[P]:
        """Take out the idle processes that no environment is left for."""
        ended = [self.idle.pop() for _ in range(min(len(self.idle), self.processes - len(self.environments)))]
        self.processes -= len(ended)
        return ended

    @property
    def is_gone(self) -> bool:
        """Whether there is nothing of it any more."""
        return not self.environments and not self.processes


class ProcessPool(Generic[P]):
    """Used by many threads. ``at_once``: how many processes may start at a time."""

    def __init__(self, at_once: int = os.cpu_count() or 1) -> None:
        self._at_once = at_once
        self._starting = 0
        self._versions = defaultdict[Hashable, _Version[P]](_Version)
        self._changed = threading.Condition()

    def open(self, version: Hashable, environment: Hashable) -> None:
        """Note an environment."""
        self._change(version, opened={environment})

    def close(self, version: Hashable, environment: Hashable) -> None:
        """It is gone; an idle process goes with it, unless one in use will.

        LocalStack stops environments that could not start, too: with one that was never opened nothing goes.
        """
        self._change(version, closed={environment})

    def take(self, version: Hashable, start: Callable[[], P]) -> P:
        """An idle process of a version, or what ``start`` returns once it is ready. Raises what ``start`` raises."""
        idle, dead = self._idle_or_turn(version)
        _close(dead)
        if idle is not None:
            return idle
        try:
            return start()
        except BaseException:
            self._change(version, processes=-1)
            raise
        finally:
            self._end_turn()

    def give(self, version: Hashable, process: P) -> None:
        """Let the next one have it; it ends where its environment is gone."""
        self._change(version, idle=[process])

    def end(self, version: Hashable, process: P) -> None:
        """Close one that is used no more."""
        self._change(version, processes=-1)
        process.close()

    def _idle_or_turn(self, version: Hashable) -> tuple[P | None, list[P]]:
        """None: it is the caller's turn to start one. The second ones ended while they were idle."""
        dead = list[P]()
        with self._changed:
            while True:
                kept = self._versions[version]  # one that was gone while this one waited is another one
                while kept.idle:
                    process = kept.idle.pop()
                    if process.is_alive:
                        return process, dead
                    kept.processes -= 1
                    dead.append(process)
                if self._starting < self._at_once:
                    self._starting += 1
                    kept.processes += 1
                    return None, dead
                self._changed.wait()

    def _end_turn(self) -> None:
        with self._changed:
            self._starting -= 1
            self._changed.notify_all()

    def _change(
        self,
        version: Hashable,
        opened: Set[Hashable] = frozenset(),
        closed: Set[Hashable] = frozenset(),
        processes: int = 0,
        idle: Sequence[P] = (),
    ) -> None:
        with self._changed:
            kept = self._versions[version]
            kept.environments |= opened
            kept.environments -= closed
            kept.processes += processes
            kept.idle.extend(idle)
            ended = kept.without_surplus()
            if kept.is_gone:
                del self._versions[version]
            self._changed.notify_all()
        _close(ended)


def _close(processes: list[P]) -> None:
    for process in processes:
        process.close()
