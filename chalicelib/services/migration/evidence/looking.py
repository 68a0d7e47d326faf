"""Looking at one thing after another: each fails alone, in plain words, and all of them together end in time."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TypeVar

from chalicelib.domain.errors import EnergyMonitorError
from chalicelib.domain.migration.status.blocks import Block
from chalicelib.domain.ports.outside import Clock
from chalicelib.monitoring.logger import logger

B = TypeVar("B", bound=Block)
T = TypeVar("T")
TimeLimit = Callable[[float], AbstractContextManager[None]]
LOOK_SECONDS = 5.0
PATIENCE_MS = 15_000  # no look begins later: API Gateway gives up after 29 s


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something could not be looked at."""

    text: str


@dataclass(slots=True)
class Looks:
    """The looks of one status. ``ping`` asks the database for a sign of life; where none comes, nobody asks again.

    ``limit`` bounds what one look asks of it.
    """

    ping: Callable[[], None]
    limit: TimeLimit
    clock: Clock
    _begun: int = field(init=False)
    _database: Problem | None = field(init=False)

    def __post_init__(self) -> None:
        self._begun = self.clock()
        answer = self.beside(self.ping)
        self._database = answer if isinstance(answer, Problem) else None

    def at(self, look: Callable[[], T]) -> T | Problem:
        """What the database says, within its time."""

        def within() -> T:
            with self.limit(LOOK_SECONDS):
                return look()

        return self.beside(within) if self._database is None else self._database

    def block(self, kind: Callable[..., B], command: str, look: Callable[[], B]) -> B:
        """What the database says of a part; else the part with its problem alone."""
        found = self.at(look)
        return kind(command=command, problem=found.text) if isinstance(found, Problem) else found

    def beside(self, look: Callable[[], T]) -> T | Problem:
        """What something else says."""
        if self.clock() - self._begun > PATIENCE_MS:
            return Problem("it was not looked at: what was asked before took too long; try again")
        try:
            return look()
        except EnergyMonitorError as error:
            return Problem(str(error))
        except Exception as error:  # noqa: BLE001 whatever is wrong with one part, the others are shown
            logger().error("a part of the status cannot be looked at", exc_info=error)
            return Problem(f"looking at it failed with {type(error).__name__}; the log has more")
