"""The backfill: meter by meter, twins first and then their display documents, with a checkpoint to go on from.

Every step may be done twice: twins are written only where they differ, in one transaction with what they are compared
with, so a write or delete made meanwhile wins; a refresh does nothing where nothing is behind. Where nothing of a
person's meters is on the new side yet, one transaction writes all of it. Memory does not grow with the number of users:
meters are found one after another by the index, large ones are taken in ranges of instants.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from itertools import groupby, islice
from operator import itemgetter
from time import time_ns
from typing import Any, TypeVar

from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.errors import SyncStoppedError, UnavailableError
from chalicelib.domain.migration.sync.reconciliation import Reconciled, Selection, SyncStop
from chalicelib.domain.readings import EnergyType, MeterKey
from chalicelib.repositories.control import sync_state
from chalicelib.repositories.database import Collections
from chalicelib.repositories.display import MongoDisplayDataRepository
from chalicelib.repositories.documents import counted
from chalicelib.repositories.first_copies import FIRST_VERSION, MongoFirstCopies
from chalicelib.repositories.lagging import MongoLaggingMeters
from chalicelib.repositories.packing import MongoSeriesPacking
from chalicelib.repositories.queries import MongoReadingQueries
from chalicelib.repositories.reconciliation import MongoReconciliationRepository
from chalicelib.repositories.sync_control import MongoSyncControl
from chalicelib.services.migration.sync.deletions import JobDeletions
from chalicelib.services.migration.sync.runs import new_run
from chalicelib.services.refresh.refresh import DisplayDataCalculationService, Steps
from migrations.checkpoint import Checkpoint
from migrations.display_documents import FIRST, LAST
from migrations.errors import RefusedError
from migrations.scripts import QUIET, Run

T = TypeVar("T")
READINGS_AT_ONCE = 5_000  # in one transaction
METERS_AT_ONCE = 100  # between two checkpoints
THREADS = 4
TRANSACTION_SECONDS = 20.0  # below the 30 s after which the server ends a transaction by itself
ATTEMPTS = 5
BY_METER = [("userId", 1), ("type", 1), ("date", 1)]
MILLISECOND = timedelta(milliseconds=1)
MODE_CHANGED = "the sync mode was changed meanwhile; set dual_write again, then: up --execute --retry"


def now() -> int:
    """The wall clock as UTC epoch milliseconds."""
    return time_ns() // 1_000_000


def count_meters(database: Database[Any], after: MeterKey | None = None) -> int:
    """How many meters have old readings, behind ``after``; the server counts, by the index alone."""
    behind = {"userId": {"$gte": after[0]}} if after else {}
    meter = {"userId": "$userId", "type": "$type"}
    by_meter: list[dict[str, Any]] = [
        {"$match": {**behind, "type": {"$in": list(EnergyType)}}},
        {"$group": {"_id": meter}},
        {"$count": "meters"},
    ]
    found = next(
        database[Collections.ENERGIES].aggregate(by_meter, hint=dict(BY_METER), allowDiskUse=True), {"meters": 0}
    )
    return int(found["meters"])


def ranges(database: Database[Any], meter: MeterKey, at_once: int) -> Iterator[Selection]:
    """A meter in ranges of at most ``at_once`` old readings, readable or not, but doubles stay together.

    The index alone says where they end. An array is found by each of its dates: where one is met, those are asked that
    count.
    """
    first = FIRST
    while True:
        rest = {"userId": meter[0], "type": meter[1], "date": {"$gte": first, "$lte": LAST}}
        boundary = _date_behind(database, rest, at_once)
        if isinstance(boundary, list):
            boundary = _date_behind(database, counted(rest), at_once)
        if boundary is None:
            yield Selection() if first == FIRST else Selection(first, LAST)
            return
        last = max(boundary - MILLISECOND, first)
        yield Selection(first, last)
        first = last + MILLISECOND


def _date_behind(database: Database[Any], wanted: dict[str, Any], readings: int) -> Any:
    """The date behind so many old readings; None where there are no more."""
    dates = database[Collections.ENERGIES].find(wanted, {"_id": 0, "date": 1})
    found = next(dates.sort(BY_METER).skip(readings).limit(1), None)
    return None if found is None else found["date"]


class Backfill:
    """One run, in a mode that writes both sides."""

    def __init__(self, database: Database[Any], run: Run = QUIET, at_once: int = READINGS_AT_ONCE) -> None:
        self._database = database
        self._run = run
        self._at_once = at_once
        self._control = MongoSyncControl(database)
        self._repair, self._deletions = new_run("backfill", now()), JobDeletions()
        self._twins = MongoReconciliationRepository(database, TRANSACTION_SECONDS, now)
        self._lagging = MongoLaggingMeters(database, TRANSACTION_SECONDS)
        display = MongoDisplayDataRepository(database, TRANSACTION_SECONDS)
        queries = MongoReadingQueries(database, TRANSACTION_SECONDS)
        packing = MongoSeriesPacking(database, TRANSACTION_SECONDS)
        self._calculation = DisplayDataCalculationService(display, queries, now, steps=Steps(packing))
        calculate = self._calculation.calculate
        self._first_copies = MongoFirstCopies(database, TRANSACTION_SECONDS, now, calculate, at_once)
        self._is_first = True  # whether it was so of the person before: a wrong guess costs commands and nothing else

    def run(self, meters_at_once: int = METERS_AT_ONCE) -> int | None:
        """Bring every meter up to date.

        Returns how many documents were written on the new side; None: workers have written them.

        Raises:
            RefusedError: the mode was changed meanwhile; nothing is lost, but it has to be done again. Or most of what
                the new side has would go.
            UnavailableError: the database did not answer, however often it was asked.
        """
        if stop := self._control.stop():
            raise RefusedError(stop.reason)
        sync = sync_state(self._database)
        if sync.mode is not SyncMode.DUAL_WRITE:  # since the script was asked whether it may run
            raise RefusedError(MODE_CHANGED)
        checkpoint = Checkpoint(self._database, sync, self._run.say)
        is_done = self._run.by_workers(partial(count_meters, self._database), self._run.check)
        written = None if is_done else self._by_myself(checkpoint, meters_at_once)
        self._refresh_what_is_left(sync_state(self._database).read_at if is_done else sync.read_at)
        self._end(sync)
        checkpoint.clear()
        return written

    def _by_myself(self, checkpoint: Checkpoint, meters_at_once: int) -> int:
        after = checkpoint.load()
        written, meters = 0, self._twins.meters(after)
        with self._run.progress("meters", count_meters(self._database, after)) as advance, _threads() as threads:
            while chunk := list(islice(meters, meters_at_once)):
                people = [[*meters] for _, meters in groupby(chunk, itemgetter(0))]
                for of_one, documents in zip(people, threads.map(self._bring_up_to_date, people), strict=True):
                    written += documents
                    advance(len(of_one))
                checkpoint.save(chunk[-1])
        return written

    def _bring_up_to_date(self, meters: Sequence[MeterKey]) -> int:
        """The meters of one person: all at once where they are copied for the first time, else one after another."""
        copied = self._copied(meters) if self._is_first else None
        return sum(map(self._brought_up_to_date, meters)) if copied is None else copied

    def _copied(self, meters: Sequence[MeterKey]) -> int | None:
        self._run.check()
        copied = self._first_copies.copy(meters[0][0], [energy_type for _, energy_type in meters])
        self._is_first = copied is not None
        if copied is not None:
            self._deletions.reconciled(lambda _: Reconciled(copied))
        return copied

    def _brought_up_to_date(self, meter: MeterKey) -> int:
        written = 0
        for part in ranges(self._database, meter, self._at_once):
            self._run.check()
            done = self._brought_together(meter, part)
            written += done.written
            self._is_first |= done.source_version == FIRST_VERSION
        again_when_unavailable(partial(self._calculation.refresh, *meter))
        return written

    def _brought_together(self, meter: MeterKey, part: Selection) -> Reconciled:
        reconcile = partial(self._twins.reconcile, meter, part, self._repair)
        try:
            return self._deletions.reconciled(lambda deletes: again_when_unavailable(partial(reconcile, deletes)))
        except SyncStoppedError as error:
            self._control.save_stop(SyncStop(now(), str(error)))
            raise RefusedError(str(error)) from error

    def _end(self, started: SyncState) -> None:
        """This was the full difference that the way to ``dual_write`` ends with."""
        ended = sync_state(self._database)
        if (ended.mode, ended.since) != (started.mode, started.since):
            raise RefusedError(MODE_CHANGED)
        if ended.catching_up is not None:
            self._control.caught_up(ended)

    def _refresh_what_is_left(self, started: int) -> None:
        """Meters without readings, and those whose event got lost before this run."""
        for meter in self._lagging.every(started):
            self._run.check()
            self._calculation.refresh(*meter.key)


@contextmanager
def _threads() -> Iterator[ThreadPoolExecutor]:
    """They wait for the server by turns: a person takes seven commands, one after another."""
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="backfill")
    try:
        yield threads
    finally:
        threads.shutdown(cancel_futures=True)


def again_when_unavailable(work: Callable[[], T]) -> T:
    """A failover takes seconds; the calls themselves wait that long, so a few more of them are enough."""
    for _ in range(ATTEMPTS - 1):
        with suppress(UnavailableError):
            return work()
    return work()
