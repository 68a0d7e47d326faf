"""One level of load: a number of people use a ground for some seconds, and everything that they saw is judged."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import quantiles
from threading import Event

import psutil

from infra.drills.history.drive import Exercise, drive
from infra.drills.history.ground import Ground
from infra.drills.history.operations import Operation
from infra.drills.history.wishes import ALL, Flip, FlipKind
from tests.load.person_of_v1 import PersonOfV1
from tests.load.strict import Strict
from tests.load.writers import warm
from tests.performance.setting import processor_seconds

HALF = Flip(FlipKind.PERCENT, ALL, 50, forward=True)  # one half of the people has the new backend
NO_END = 1_000_000_000
OF_V1 = 4  # each fourth person's program speaks version 1
# What a process is, by a word of its command line.
PIECES = {
    "awslambdaric": "functions",
    "process_source": "functions",
    "localstack": "LocalStack",
    "mongod": "MongoDB",
    "appconfig": "AppConfig",
    "watcher": "watcher",
}
PEOPLE = "people"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Level:
    """What one level came to. ``cores``: how busy each piece was, in cores."""

    people: int
    seconds: float
    operations: Sequence[Operation]
    refused_for_now: int
    wrong: Sequence[str]
    cores: dict[str, float]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.operations) / self.seconds

    def milliseconds(self, percent: int) -> float:
        """This percentile of the times of all requests."""
        times = [operation.ended - operation.began for operation in self.operations]
        return 1000 * quantiles(times, n=100, method="inclusive")[percent - 1]

    @property
    def first(self) -> tuple[str, float]:
        """The busiest piece, and how many cores it takes."""
        return max(self.cores.items(), key=lambda each: each[1])


def level(ground: Ground, people: int, seconds: float, say: Say) -> Level:
    """Let people use it; then everything is compared: what they saw, both backends, and display with readings."""
    ground.flip(HALF)
    warm(ground.transport, people)
    strict, seed = Strict(ground.transport), time.time_ns() % 1_000_000
    started, of_v1, busy = time.monotonic(), people // OF_V1, Busy()
    others = [PersonOfV1(f"v1-{seed}-{n}", strict, ground.doubt_seconds, started) for n in range(of_v1)]
    with _living(others) as enough:

        def rested(text: str) -> None:
            if not enough.is_set():
                enough.set()
                busy.end()
            say(text)

        wanted = Exercise(seed, people - of_v1, flips=0, operations=NO_END, seconds=seconds, schedule=())
        history = drive(Watched(ground, strict), wanted, rested)
    wrong = [*strict.unexpected, *(str(each.as_document()) for each in history.violations)]
    wrong += [line for person in others for line in person.denied()]
    lived = [*history.operations, *(each for person in others for each in person.operations)]
    inside = [each for each in lived if each.ended <= seconds and not each.final]
    return Level(people, seconds, inside, strict.refused_for_now, wrong, busy.cores)


@dataclass(frozen=True, slots=True)
class Watched:
    """Implements ``Ground``: the same, over another transport."""

    inner: Ground
    transport: Strict

    @property
    def doubt_seconds(self) -> float:
        """That of the inner transport."""
        return self.inner.doubt_seconds

    def flip(self, flip: Flip) -> str | None:
        """As it does."""
        return self.inner.flip(flip)

    def settle(self, people: Sequence[str]) -> None:
        """As it does."""
        self.inner.settle(people)

    def differences(self) -> list[str]:
        """As it finds."""
        return self.inner.differences()


@dataclass
class Busy:
    """How busy each piece is from now to the end: what was started by this process, and this one."""

    cores: dict[str, float] = field(default_factory=dict)
    _began: float = field(default_factory=time.monotonic)
    _before: dict[psutil.Process, float] = field(default_factory=lambda: _used())

    def end(self) -> None:
        """Add up, by pieces."""
        seconds = time.monotonic() - self._began
        for process, used in _used().items():
            piece = _piece(process)
            self.cores[piece] = self.cores.get(piece, 0.0) + (used - self._before.get(process, 0.0)) / seconds


def _used() -> dict[psutil.Process, float]:
    own, used = psutil.Process(), dict[psutil.Process, float]()
    for process in (own, *own.children(recursive=True)):
        try:
            used[process] = processor_seconds(process)
        except psutil.Error:  # it has just ended
            continue
    return used


def _piece(process: psutil.Process) -> str:
    if process == psutil.Process():
        return PEOPLE
    try:
        command = " ".join(process.cmdline())
    except psutil.Error:
        return "others"
    return next((piece for word, piece in PIECES.items() if word in command), "others")


@contextmanager
def _living(people: Sequence[PersonOfV1]) -> Iterator[Event]:
    """Each on a thread of their own until it is enough; what ended one is raised."""
    enough = Event()
    with ThreadPoolExecutor(max(1, len(people))) as threads:
        running = [threads.submit(person.live_on, enough) for person in people]
        try:
            yield enough
        finally:
            enough.set()
    for lived in running:
        lived.result()
