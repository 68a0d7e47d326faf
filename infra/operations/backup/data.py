"""The content of a backup, and how a restore puts it back. ``file`` has the format of the file.

The sync mode comes last: from a restore's first step to its last one the mode is ``restoring``, which no program can
read as a mode, so that nobody reads or writes a half restored database. An interrupted restore goes on when the same
command is given again.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from bson.codec_options import CodecOptions, DatetimeConversion
from bson.int64 import Int64
from bson.timestamp import Timestamp
from pymongo import WriteConcern
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import BulkWriteError, OperationFailure

from chalicelib.domain.meters.walks import Walk
from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT, to_datetime
from chalicelib.repositories.control import (
    BACKFILL,
    CENSUS,
    FAN_OUT,
    RESTORE,
    RESTORING,
    SYNC_JOB,
    SYNC_MODE,
    database_time,
)
from chalicelib.repositories.database import BYTES, DUPLICATE_KEY, Collections
from chalicelib.repositories.sync_documents import VERIFIED
from chalicelib.repositories.undecodable import sendable
from infra.errors import OperatorError
from infra.operations.backup.file import Contents, Writer, counted, documents
from migrations import runner
from migrations.errors import MigrationError
from migrations.ledger import COLLECTION as LEDGER
from migrations.lock import LOCK, Lock

MIGRATIONS = LEDGER
CARRIED = (  # in the order in which they are restored: a meter comes after its readings, the mode at the very end
    Collections.ENERGIES,
    Collections.READINGS,
    Collections.QUARANTINE,
    Collections.REPAIRED,
    Collections.SETTINGS,
    Collections.IMPORTS,
    Collections.METERS,
    Collections.FLAG_CHANGES,
    Collections.ROLLOUTS,
    Collections.ERASURES,
    MIGRATIONS,
    Collections.CONTROL,
)
LEFT_OUT = {
    Collections.DISPLAY: "is calculated from the readings, and again after a restore",
    Collections.SERIES: "is packed from the readings at the next refresh",
    Collections.USAGE: "observes the rollout of one deployment, for some days",
    Collections.USAGE_HOURS: "is added up from what observes the rollout of one deployment",
    Collections.USAGE_PEOPLE: "is added up from what observes the rollout of one deployment",
    Collections.COMPARISONS: "observes the rollout of one deployment, for some days",
    Collections.GATE: "is counted of the answers of one deployment's code",
    Collections.AGREEMENTS: "is counted of the answers of one deployment's code",
    Collections.FEEDBACK: "observes the rollout of one deployment, for some months",
    Collections.PAGES: "observes the rollout of one deployment, for some days",
    Collections.V1_CALLERS: "observes who calls one deployment",
    Collections.DISCARDED: "is about the functions of one deployment",
}
OBSERVED = (
    Collections.USAGE,
    Collections.USAGE_HOURS,
    Collections.USAGE_PEOPLE,
    Collections.COMPARISONS,
    Collections.GATE,
    Collections.AGREEMENTS,
    Collections.FEEDBACK,
    Collections.PAGES,
    Collections.V1_CALLERS,
    Collections.DISCARDED,
)
# How far the jobs of the other database had come: in the restored one they begin again, and verify has to be run.
POSITIONS = (
    SYNC_JOB,
    BACKFILL,
    CENSUS,
    VERIFIED,
    *(walk.value for walk in Walk),
)
OF_RANGES = re.compile(f"^{FAN_OUT}")
AT_ONCE = 500
PAUSED = "it comes from a backup, and somebody may have ended it since: look at flags history and the flag first"
SNAPSHOT_TOO_OLD, SNAPSHOT_UNAVAILABLE = 239, 246
WINDOW = "minSnapshotHistoryWindowInSeconds"
EXACT: CodecOptions[dict[str, Any]] = CodecOptions(
    datetime_conversion=DatetimeConversion.DATETIME_MS, unicode_decode_error_handler=BYTES
)
Document = dict[str, Any]
Say = Callable[[str], None]


def take(database: Database[Any], new_file: Callable[[Document], Writer], say: Say) -> Mapping[str, int]:
    """Write everything that is carried, at one moment; returns how many documents of each collection.

    Raises:
        OperatorError: a restore is under way, or the database does not keep its history as long as this takes.
    """
    exact = database.with_options(codec_options=EXACT)
    try:
        with database.client.start_session(snapshot=True) as session:
            writer = new_file(_header(exact, session))
            for name in CARRIED:
                for document in exact[name].find(session=session, batch_size=AT_ONCE):
                    writer.add(name, document)
                say(f"{name}: {writer.counts[name]:,}")
    except OperationFailure as error:
        raise _explained(error) from error
    writer.end()
    return writer.counts


def _header(database: Database[Any], session: ClientSession) -> Document:
    """What the backup is of."""
    moment = _moment(database, session)
    mode = (database[Collections.CONTROL].find_one({"_id": SYNC_MODE}, session=session) or {}).get("mode")
    if mode == RESTORING:
        raise OperatorError(f"{database.name} is being restored, or a restore was interrupted: finish it first")
    return {
        "database": database.name,
        "takenAt": datetime.now(UTC),
        "clusterTime": moment,
        "mode": mode,
        "collections": list(CARRIED),
        "leftOut": dict(LEFT_OUT),
    }


def _moment(database: Database[Any], session: ClientSession) -> Timestamp:
    """The cluster time of all reads of the session: the first one of a collection that is there settles it."""
    for name in CARRIED:
        cursor = database.command({"find": name, "limit": 1, "singleBatch": True}, session=session)["cursor"]
        if "atClusterTime" in cursor:
            moment: Timestamp = cursor["atClusterTime"]
            return moment
    raise OperatorError(
        f"{database.name} has none of the collections: is that the database? There is nothing to back up"
    )


def _explained(error: OperationFailure) -> Exception:
    if error.code == SNAPSHOT_TOO_OLD:
        return OperatorError(
            f"the backup took longer than the database keeps its history ({WINDOW}, 300 s unless somebody changed it); "
            f"nothing was written. Raise it and begin again: "
            f"db.adminCommand({{setParameter: 1, {WINDOW}: 3600}})"
        )
    if error.code == SNAPSHOT_UNAVAILABLE:
        return OperatorError(f"collections or indexes were changed meanwhile; run the backup again: {error}")
    return error


def occupied(database: Database[Any]) -> dict[str, int]:
    """How many documents a database has where a restore needs none, per collection.

    A fresh database's first mode and the positions of jobs count for nothing, nor what observes the rollout.
    """
    untouched = {
        "$or": [{"_id": {"$in": [*POSITIONS, OF_RANGES]}}, {"_id": SYNC_MODE, "since": datetime.fromtimestamp(0, UTC)}]
    }
    wanted: dict[str, Document] = {name: {} for name in Collections if name not in OBSERVED}
    wanted[Collections.CONTROL] = {"$nor": [untouched, {"_id": RESTORE}, {"_id": SYNC_MODE, "mode": RESTORING}]}
    found = {name: database[name].count_documents(condition) for name, condition in wanted.items()}
    return {name: count for name, count in found.items() if count}


def restore(database: Database[Any], path: Path, contents: Contents, by: str, say: Say) -> Document | None:
    """Put everything back, the sync mode last; returns its document, None where the backup has none.

    Raises:
        OperatorError: the database has data, another restore was interrupted there, or somebody wrote meanwhile.
    """
    try:
        if database[Collections.CONTROL].find_one({"_id": RESTORE}) is None:
            _refuse_occupied(database)
            runner.up(database)  # indexes come from migrations
        with Lock(database[MIGRATIONS]) as lock:
            return _Restore(database, lock, _begun(database, path, contents, by)).run(path, contents, say)
    except MigrationError as error:
        raise OperatorError(f"{database.name}: {error}") from error


@dataclass(frozen=True, slots=True)
class _Restore:
    """One restore, or what is left of an interrupted one. ``at``: when it was begun first, UTC milliseconds."""

    database: Database[Any]
    lock: Lock
    at: int

    def run(self, path: Path, contents: Contents, say: Say) -> Document | None:
        last: dict[str, list[Document]] = {MIGRATIONS: [], Collections.CONTROL: []}
        done = 0
        for name, batch in _batches(documents(path)):
            self.lock.check()
            if name in last:
                last[name] += batch
            else:
                self._insert(name, [restored(name, document, self.at) for document in batch])
            done += len(batch)
            say(f"{done:,} of {sum(contents.counts.values()):,} documents, now {name}")
        self._check_counts(contents)
        return self._finish(last[MIGRATIONS], last[Collections.CONTROL])

    def _insert(self, name: str, batch: list[Document]) -> None:
        """What an interrupted run has inserted already is there: the same document, by its ``_id``."""
        collection = self.database[name].with_options(write_concern=WriteConcern("majority"))
        try:
            collection.insert_many([*map(sendable, batch)], ordered=False)
        except BulkWriteError as error:
            if {failure.get("code") for failure in (error.details or {}).get("writeErrors", [])} != {DUPLICATE_KEY}:
                raise

    def _check_counts(self, contents: Contents) -> None:
        for name in CARRIED:
            if name in (MIGRATIONS, Collections.CONTROL):
                continue
            there, wanted = self.database[name].count_documents({}), contents.counts.get(name, 0)
            forgets = name == Collections.REPAIRED  # by itself, after 30 days
            if not (there <= wanted if forgets else there == wanted):
                raise OperatorError(
                    f"{name} has {there:,} documents, and the backup {wanted:,}: somebody else writes to "
                    f"{self.database.name}. Nobody reads it yet: drop it, stop who writes, and restore again"
                )

    def _finish(self, ledger: list[Document], control: list[Document]) -> Document | None:
        """Do it in one transaction: what the other database's control and migrations were, and the restore is over."""
        passed = (*POSITIONS, RESTORE)
        kept = [each for each in control if each["_id"] not in passed and not OF_RANGES.match(str(each["_id"]))]
        records, places = self.database[MIGRATIONS], self.database[Collections.CONTROL]

        def work(session: ClientSession) -> None:
            records.delete_many({"_id": {"$ne": LOCK}}, session=session)
            places.delete_many({}, session=session)
            for collection, found in ((records, [item for item in ledger if item["_id"] != LOCK]), (places, kept)):
                if found:
                    collection.insert_many(found, session=session)

        _in_transaction(self.database, work)
        return next((document for document in kept if document["_id"] == SYNC_MODE), None)


def restored(name: str, document: Document, at: int) -> Document:
    """The document that a restore writes.

    The other database may have gone on after the backup, and people may hold ETags of it. So versions go on from the
    moment of the restore (``at``, UTC milliseconds), which no count of writes reaches. A meter is dirty from end to
    end: its display is calculated again. A rollout that was under way rises no more by itself: what somebody has
    decided about it since then is not in the backup.
    """
    if name == Collections.ROLLOUTS and document.get("state") == "running":
        return document | {"state": "paused", "reason": PAUSED, "seen": None}
    if name == Collections.READINGS and isinstance(document.get("revision"), int):
        return document | {"revision": Int64(max(document["revision"] + 1, at))}
    if name != Collections.METERS or not isinstance(document.get("sourceVersion"), int):
        return document
    meter = {field: value for field, value in document.items() if field not in ("series", "sweep", "packing")}
    return meter | {
        "sourceVersion": Int64(max(document["sourceVersion"] + 1, at)),
        "displayVersion": 0,
        "dirtyFrom": to_datetime(FIRST_INSTANT),
        "dirtyTo": to_datetime(LAST_INSTANT),
        "dirtySince": to_datetime(at),
    }


def _begun(database: Database[Any], path: Path, contents: Contents, by: str) -> int:
    """Close the database for everybody else, unless an interrupted restore of this file has; returns since when."""
    control = database[Collections.CONTROL]
    found = control.find_one({"_id": RESTORE})
    if found is not None:
        if found["sha256"] != contents.digest:
            raise OperatorError(
                f"a restore of another file was interrupted in {database.name}: {found['file']}, by {found['by']}. "
                f"Give that command again, or drop the database {database.name} and begin with this file"
            )
        return int(found["at"])
    at = database_time(database)
    mark = {"_id": RESTORE, "sha256": contents.digest, "file": path.name, "by": by, "at": Int64(at)}
    mode = {"_id": SYNC_MODE, "mode": RESTORING, "since": to_datetime(at)}
    before = control.find_one({"_id": SYNC_MODE})

    def work(session: ClientSession) -> None:
        control.insert_one(mark, session=session)
        control.replace_one({"_id": SYNC_MODE}, mode, upsert=True, session=session)

    _in_transaction(database, work)
    try:
        _refuse_occupied(database)  # somebody may have written a moment before
    except OperatorError:
        _reopen(database, before)
        raise
    return at


def _reopen(database: Database[Any], mode: Document | None) -> None:
    control = database[Collections.CONTROL]

    def work(session: ClientSession) -> None:
        control.delete_many({"_id": {"$in": [RESTORE, SYNC_MODE]}}, session=session)
        if mode is not None:
            control.insert_one(mode, session=session)

    _in_transaction(database, work)


def _refuse_occupied(database: Database[Any]) -> None:
    if found := occupied(database):
        raise OperatorError(
            f"{database.name} is not empty: {counted(found)}. Nothing was changed. A backup is restored into an empty "
            "database: name another (MONGODB_DATABASE=...), or drop this one first"
        )


def _in_transaction(database: Database[Any], work: Callable[[ClientSession], None]) -> None:
    with database.client.start_session() as session:
        session.with_transaction(work, write_concern=WriteConcern("majority"))


def _batches(found: Iterable[tuple[str, Document]]) -> Iterator[tuple[str, list[Document]]]:
    """Documents of one collection, some hundred at once."""
    rest = iter(found)
    while some := list(islice(rest, AT_ONCE)):
        for name in dict.fromkeys(name for name, _ in some):
            yield name, [document for other, document in some if other == name]
