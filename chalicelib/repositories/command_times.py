"""Metrics of how long the commands of this process take at the database, by collection."""

from typing import Any

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent
from typing_extensions import override

from chalicelib.monitoring.metrics import collection_time
from chalicelib.repositories.database import Collections

COLLECTIONS = frozenset(map(str, Collections))
TRANSACTIONS = "transactions"  # no collection: the end of a transaction, where a write waits for its members
ENDS = frozenset({"commitTransaction", "abortTransaction"})


class CommandTimes(CommandListener):
    """Sees each command of a client; the driver calls it in the thread of the command."""

    def __init__(self) -> None:
        self._running: dict[int, str] = {}

    @override
    def started(self, event: CommandStartedEvent) -> None:
        """Note on which collection the command works; others than ours are not measured."""
        if name := _place(event.command_name, event.command):
            self._running[event.request_id] = name

    @override
    def succeeded(self, event: CommandSucceededEvent) -> None:
        self._ended(event)

    @override
    def failed(self, event: CommandFailedEvent) -> None:
        self._ended(event)

    def _ended(self, event: CommandSucceededEvent | CommandFailedEvent) -> None:
        if name := self._running.pop(event.request_id, None):
            collection_time(name, event.duration_micros / 1000)


def _place(command_name: str, command: Any) -> str | None:
    if command_name in ENDS:
        return TRANSACTIONS
    name = command.get("collection" if command_name == "getMore" else command_name)
    return name if isinstance(name, str) and name in COLLECTIONS else None
