"""Transactions: one user's unit of work, as a whole or not at all."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

import pymongo
from pymongo import WriteConcern
from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from typing_extensions import override

from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.errors import DuplicateReadingError, UnavailableError
from chalicelib.domain.ports.writing import Expected, Transactions, WriteTransaction
from chalicelib.repositories.control import control_of
from chalicelib.repositories.database import READ_SECONDS, Collections, MongoDatabase, time_limit, together
from chalicelib.repositories.documents import COLLECTION
from chalicelib.repositories.dual_write import MongoEnergyRepository
from chalicelib.repositories.history import KeptReadings
from chalicelib.repositories.imports import MongoImportRecords
from chalicelib.repositories.meters import MongoMeterRepository
from chalicelib.repositories.prefetch import begun
from chalicelib.repositories.quarantine import unreadable_among
from chalicelib.repositories.scoped import ScopedCollection
from chalicelib.repositories.settings import MongoSettingsWriter

T = TypeVar("T")
SNAPSHOT = ReadConcern("snapshot")
MAJORITY = WriteConcern("majority")
WRITE_CONFLICT = 112
END_SECONDS = 1.0
CROWDED, CROWDED_SECONDS = 5, 1.5  # conflicts in a row of one write, and how long it then waits at most


@dataclass(frozen=True, slots=True)
class MongoWriteTransaction:
    """The repositories that one unit of work uses."""

    readings: MongoEnergyRepository
    meters: MongoMeterRepository
    settings: MongoSettingsWriter
    imports: MongoImportRecords


class MongoTransactions(Transactions):
    """``Transactions`` on MongoDB: the driver retries write conflicts until the time limit."""

    def __init__(self, database: MongoDatabase, timeout_seconds: float) -> None:
        self._database = database
        self._timeout = timeout_seconds
        self._control = control_of(database)
        self._handles = {name: database[name] for name in Collections}  # making one takes as long as a look-up
        self._side = Side.OLD  # the last that was authoritative: where a write's first look goes

    @override
    def run(self, user_id: str, work: Callable[[WriteTransaction], T], expected: Expected | None = None) -> T:
        """Run ``work`` in a transaction that reads sync mode and fence first. Raises UnavailableError out of time.

        An instant that is free on the old side may be taken on the new one, as long as a reading that another
        application took away still has its twin: then the work is done again, and the twin goes.
        """
        with together(self._timeout):
            try:
                return self._run(user_id, work, expected, release=False)
            except DuplicateReadingError as error:
                if error.__cause__ is None:  # found by a look at the authoritative side, not by the index
                    raise
                return self._run(user_id, work, None, release=True)

    def _run(
        self, user_id: str, work: Callable[[WriteTransaction], T], expected: Expected | None, *, release: bool
    ) -> T:
        bound = partial(self._bound, user_id, expected, release)
        return in_transaction(self._database, self._timeout, lambda session: work(bound(session)))

    def _bound(
        self, user_id: str, expected: Expected | None, release: bool, session: ClientSession
    ) -> MongoWriteTransaction:
        def scoped(collection: Collections) -> ScopedCollection:
            return ScopedCollection(self._handles[collection], user_id, session)

        with _at_once():
            sync, prefetched = begun(self._control, session, user_id, expected, self._side)
        self._side = sync.authoritative
        meters = MongoMeterRepository(self._database, user_id, session, prefetched.meters, sync.read_at or 0)
        sides = {side: scoped(COLLECTION[side]) for side in Side}
        kept = KeptReadings(scoped(Collections.SERIES), meters, sync)
        unreadable = partial(unreadable_among, self._handles[COLLECTION[sync.authoritative]], session=session)
        return MongoWriteTransaction(
            MongoEnergyRepository(sides, sync, meters, kept, unreadable, prefetched, release=release),
            meters,
            MongoSettingsWriter(self._database, user_id, session, prefetched.settings),
            MongoImportRecords(scoped(Collections.IMPORTS)),
        )


@contextmanager
def _at_once() -> Iterator[None]:
    """Bound the first command of a write like a read: that the database is away is said in seconds.

    As an error of the driver it would be tried again for as long as a whole transaction may take.

    Raises:
        UnavailableError: out of time.
    """
    try:
        with pymongo.timeout(READ_SECONDS):
            yield
    except PyMongoError as error:
        if error.timeout:
            raise UnavailableError("the database did not answer in time; try again") from error
        raise


def in_transaction(database: MongoDatabase, timeout_seconds: float, work: Callable[[ClientSession], T]) -> T:
    """Run ``work`` in one transaction at a snapshot, within a time limit.

    Raises:
        UnavailableError: out of time; it says so where other writes came in between, for then the database did answer.
    """
    attempts = _Attempts(work)
    try:
        with time_limit(timeout_seconds), database.client.start_session() as session:
            try:
                return session.with_transaction(attempts, read_concern=SNAPSHOT, write_concern=MAJORITY)
            except PyMongoError:
                if not attempts.results or not Context().run(_committed, session):
                    raise
                return attempts.results[0]
    except UnavailableError as error:
        if attempts.conflicts:
            raise UnavailableError("other writes came in between, and the time was up; try again") from error
        raise


@dataclass
class _Attempts(Generic[T]):
    """The work of a transaction, each time that it is tried, and how often another write made it fail.

    ``results`` holds what the last attempt returned, nothing where it raised.
    """

    work: Callable[[ClientSession], T]
    pause: Callable[[float], None] = time.sleep
    conflicts: int = 0
    results: list[T] = field(default_factory=list)

    def __call__(self, session: ClientSession) -> T:
        self.results.clear()
        try:
            self.results.append(self.work(session))
        except BaseException as error:
            abort(session)
            if isinstance(error, OperationFailure) and error.code == WRITE_CONFLICT:
                self._meet_others()
            raise
        return self.results[0]

    def _meet_others(self) -> None:
        """Where very many write to one meter, most attempts fail: each then waits longer than the driver does."""
        self.conflicts += 1
        if self.conflicts > CROWDED:
            self.pause(random.uniform(0, CROWDED_SECONDS))  # noqa: S311 - nothing secret


def abort(session: ClientSession) -> None:
    """Take a transaction back, with a time of its own.

    The driver sends no end of a transaction whose time is up, and for a minute more its meter would be taken.
    """
    Context().run(_abort, session)


def _abort(session: ClientSession) -> None:
    if session.in_transaction:
        with pymongo.timeout(END_SECONDS):
            session.abort_transaction()


def _committed(session: ClientSession) -> bool:
    """Out of time after the last command: the driver takes nothing back any more, but commits when asked again."""
    with suppress(PyMongoError), pymongo.timeout(END_SECONDS):
        session.commit_transaction()
        return True
    return False
