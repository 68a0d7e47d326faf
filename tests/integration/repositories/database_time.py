"""Ports on MongoDB that read a test's own time as the database's."""

from collections.abc import Callable
from dataclasses import replace

from chalicelib.bootstrap.container import REQUEST_SECONDS, Ports, mongo_ports
from chalicelib.domain.backends.sync_mode import SyncState
from chalicelib.domain.ports.outside import EventPublisher
from chalicelib.repositories.database import MongoDatabase
from chalicelib.repositories.queries import MongoReadingQueries

DatabaseTime = Callable[[int], int]


class TimedQueries(MongoReadingQueries):
    """The mode is read together with the time of the database: here the one that a test says."""

    def __init__(self, database: MongoDatabase, database_time: DatabaseTime) -> None:
        super().__init__(database, REQUEST_SECONDS)
        self._database_time = database_time

    def sync(self) -> SyncState:
        state = super().sync()
        return replace(state, read_at=self._database_time(state.read_at))


def timed_ports(database: MongoDatabase, publisher: EventPublisher, database_time: DatabaseTime) -> Ports:
    """All adapters, the queries with a time of their own."""
    return replace(mongo_ports(database, publisher), queries=TimedQueries(database, database_time))
