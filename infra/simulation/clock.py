"""The virtual clock, which moves only when somebody moves it, and what is due on it."""

from collections.abc import Callable
from datetime import date
from heapq import heappop, heappush
from itertools import count
from math import ceil
from zoneinfo import ZoneInfo

from chalicelib.domain.readings import DEFAULT_ZONE, to_datetime

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
HERE = ZoneInfo(DEFAULT_ZONE)


def local_day(instant: int) -> date:
    """The day of everybody here."""
    return to_datetime(instant).astimezone(HERE).date()


class VirtualClock:
    """UTC epoch milliseconds; ``moved`` is given how many seconds have passed."""

    def __init__(self, now: int, moved: Callable[[float], None] = lambda _: None) -> None:
        self._now = now
        self._moved = moved

    def __call__(self) -> int:
        """Now, in milliseconds."""
        return self._now

    def seconds(self) -> float:
        """Now, in seconds."""
        return self._now / SECOND

    def pause(self, seconds: float) -> None:
        """Let time pass: what waits in the real world waits here."""
        self.move_to(self._now + ceil(seconds * SECOND))

    def move_to(self, instant: int) -> None:
        """Never back: what was due meanwhile happens late."""
        if instant > self._now:
            passed, self._now = instant - self._now, instant
            self._moved(passed / SECOND)


class Agenda:
    """What happens when, in the order of time and then of entering."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._due: list[tuple[int, int, Callable[[], object]]] = []
        self._numbers = count()

    def at(self, instant: int, work: Callable[[], object]) -> None:
        """Do something at an instant."""
        heappush(self._due, (instant, next(self._numbers), work))

    def after(self, milliseconds: int, work: Callable[[], object]) -> None:
        """Do something so much later."""
        self.at(self._clock() + milliseconds, work)

    def every(self, milliseconds: int, work: Callable[[], object]) -> None:
        """Do something again and again, the first time so much later."""

        def again() -> None:
            work()
            self.after(milliseconds, again)

        self.after(milliseconds, again)

    def run_until(self, end: int) -> None:
        """Do what is due, one after another."""
        while self._due and self._due[0][0] <= end:
            instant, _, work = heappop(self._due)
            self._clock.move_to(instant)
            work()
        self._clock.move_to(end)


class Once:
    """A job of a schedule: however often it is asked for, it runs once, at the next beat of its schedule."""

    def __init__(self, agenda: Agenda, clock: VirtualClock, beat: int, work: Callable[[], object]) -> None:
        self._agenda = agenda
        self._clock = clock
        self._beat = beat
        self._work = work
        self._is_due = False

    def ask(self) -> None:
        """Something may be due."""
        if not self._is_due:
            self._is_due = True
            self._agenda.at((self._clock() // self._beat + 1) * self._beat, self._run)

    def _run(self) -> None:
        self._is_due = False
        self._work()
