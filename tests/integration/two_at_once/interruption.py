"""Interruptions without threads: something else happens in the middle of a use case, at a named place."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

READS = {"find", "aggregate", "getMore"}


class Interruption(CommandListener):
    """Lets something else happen before one of the commands of the client that it listens to.

    Commands are counted, except those after the first write of a transaction: another writer would have to wait then
    for its end. What happens does so outside the time limit of whom it interrupts.
    """

    def __init__(self) -> None:
        self._left = 0
        self._meanwhile: Callable[[], None] | None = None
        self._failure: BaseException | None = None
        self.happened = False
        self._written = False

    @contextmanager
    def before(self, command: int, meanwhile: Callable[[], None]) -> Iterator[None]:
        """Before the command of this number; not at all where there are fewer."""
        self._left, self._meanwhile, self._failure, self.happened = command, meanwhile, None, False
        try:
            yield
        finally:
            self._meanwhile = None
        if self._failure:
            raise self._failure

    def started(self, event: CommandStartedEvent) -> None:
        if self._waits_for_nobody(event) and self._meanwhile:
            if self._left == 0:
                self._interrupt(self._meanwhile)
            self._left -= 1

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...

    def _interrupt(self, meanwhile: Callable[[], None]) -> None:
        """Once; a driver swallows what its listeners raise."""
        self._meanwhile, self.happened = None, True
        try:
            Context().run(meanwhile)
        except BaseException as error:  # noqa: BLE001 - raised by ``before``
            self._failure = error

    def _waits_for_nobody(self, event: CommandStartedEvent) -> bool:
        inside = "autocommit" in event.command
        if not inside or "startTransaction" in event.command:
            self._written = False
        free = not self._written
        self._written |= inside and event.command_name not in READS
        return free
