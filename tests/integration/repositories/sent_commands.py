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


def brief(command: Command) -> str:
    """A command beside its conditions: collection, fields in brackets, order behind "by", how many at most and at once.

    What the driver says with every aggregation, and at the end of a session, is left out.
    """
    name, fields = next(iter(command)), command.get("projection") or command.get("fields") or {}
    shown = " ".join(field if wanted else f"-{field}" for field, wanted in fields.items())
    order = " ".join(field if direction > 0 else f"-{field}" for field, direction in command.get("sort", {}).items())
    numbers = {**command, **command.get("cursor", {})}
    words = [f"{key} {numbers[key]}" for key in ("skip", "limit", "batchSize", "allowDiskUse") if key in numbers]
    return " ".join(
        [f"{name} {command[name]}", *([f"[{shown}]"] * bool(shown)), *([f"by {order}"] * bool(order)), *words]
    )


def asked(commands: list[Command]) -> list[str]:
    """What a use has asked, command by command."""
    return [brief(command) for command in commands if "endSessions" not in command]


def unbounded(commands: list[Command]) -> list[str]:
    """The commands that may take as long as they like."""
    return [brief(command) for command in commands if "endSessions" not in command and "maxTimeMS" not in command]
