"""Transactions: one user's unit of work, as a whole or not at all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pymongo import WriteConcern
from pymongo.client_session import ClientSession
from pymongo.read_concern import ReadConcern

from chalicelib.domain.ports import WriteTransaction
from chalicelib.repositories.database import Collections, MongoDatabase, time_limit
from chalicelib.repositories.meters import MongoMeterRepository
from chalicelib.repositories.readings import MongoEnergyRepository
from chalicelib.repositories.scoped import ScopedCollection

T = TypeVar("T")
SNAPSHOT = ReadConcern("snapshot")
MAJORITY = WriteConcern("majority")


@dataclass(frozen=True, slots=True)
class MongoWriteTransaction:
    """The repositories that one unit of work uses."""

    readings: MongoEnergyRepository
    meters: MongoMeterRepository


class MongoTransactions:
    """Implements ``Transactions``: the driver retries write conflicts until the time limit."""

    def __init__(self, database: MongoDatabase, timeout_seconds: float) -> None:
        self._database = database
        self._timeout = timeout_seconds

    def run(self, user_id: str, work: Callable[[WriteTransaction], T]) -> T:
        """Run ``work`` in a transaction. Raises UnavailableError out of time, with nothing written."""
        return in_transaction(self._database, self._timeout, lambda session: work(self._bound(user_id, session)))

    def _bound(self, user_id: str, session: ClientSession) -> MongoWriteTransaction:
        readings = ScopedCollection(self._database[Collections.READINGS], user_id, session)
        meters = ScopedCollection(self._database[Collections.METERS], user_id, session)
        return MongoWriteTransaction(MongoEnergyRepository(readings), MongoMeterRepository(meters, user_id))


def in_transaction(database: MongoDatabase, timeout_seconds: float, work: Callable[[ClientSession], T]) -> T:
    """Run ``work`` in one transaction at a snapshot, within a time limit."""
    with time_limit(timeout_seconds), database.client.start_session() as session:
        return session.with_transaction(work, read_concern=SNAPSHOT, write_concern=MAJORITY)
