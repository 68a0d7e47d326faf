"""A handle on a database that keeps every command which is sent through it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from chalicelib.repositories.database import open_database

Command = dict[str, Any]


class _Sent(CommandListener):
    def __init__(self) -> None:
        self.commands: list[Command] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.commands.append(dict(event.command))

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


@contextmanager
def sent_commands(uri: str, name: str) -> Iterator[tuple[Database[Any], list[Command]]]:
    """The database, and the commands sent through this handle so far, the latest last."""
    sent = _Sent()
    database = open_database(uri, name, sent)
    yield database, sent.commands
    database.client.close()


def looks_at(commands: list[Command], collection: str) -> list[Command]:
    """The finds in one collection."""
    return [command for command in commands if command.get("find") == collection]
