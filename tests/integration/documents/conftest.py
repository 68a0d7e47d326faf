"""Fixtures: a client whose commands are seen."""

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from chalicelib.repositories.database import open_database


class Sent(CommandListener):
    """The commands that a client has sent, in their order."""

    def __init__(self) -> None:
        self.commands: list[dict[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.commands.append(dict(event.command))

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...

    def of(self, verb: str) -> list[dict[str, Any]]:
        """Those of one kind."""
        return [command for command in self.commands if verb in command]


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
def seen(migrated: Database[Any], mongodb_uri: str, sent: Sent) -> Iterator[Database[Any]]:
    """The migrated database over a client of its own, whose commands ``sent`` has."""
    database = open_database(mongodb_uri, migrated.name, sent)
    yield database
    database.client.close()
