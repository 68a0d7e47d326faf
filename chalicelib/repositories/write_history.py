"""Which meters were written since an instant: a change stream of the whole database, read from that time on.

A reading's event names its document. Its meter is named by what the same transaction wrote beside it, or by the
document as it is now on either side. Where neither says whose it was, nobody knows what has to be compared again.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bson import Timestamp
from pymongo.change_stream import ChangeStream
from pymongo.errors import OperationFailure
from typing_extensions import override

from chalicelib.domain.meters.invariants import id_of
from chalicelib.domain.readings import EnergyType, MeterKey
from chalicelib.domain.sync.history import WriteHistory, Written
from chalicelib.repositories.change_feed import LOST, WRITES, seconds_of
from chalicelib.repositories.database import Collections, Document, MongoDatabase, time_limit
from chalicelib.repositories.documents import COLLECTION, meter_of
from chalicelib.repositories.fence import FENCES
from chalicelib.repositories.operation_times import behind, instant_of_operation

METERS_AT_ONCE = 100
EVENTS_AT_ONCE = 2_000
AWAIT_MS = 50  # for one more event, where none is there
READINGS = frozenset(collection.value for collection in COLLECTION.values())
OF_METERS = frozenset({Collections.METERS.value, Collections.DISPLAY.value, Collections.SERIES.value})
WATCHED = [*sorted(READINGS | OF_METERS), Collections.SETTINGS.value]
OWNER = ("userId", "type")
GONE = "it does not go back so far"
PIPELINE: list[Document] = [
    {
        "$match": {
            "$or": [
                {"ns.coll": {"$in": WATCHED}},
                {"to.coll": {"$in": WATCHED}},
                {"ns.coll": Collections.CONTROL.value, "documentKey._id": FENCES["_id"]},
                {"operationType": {"$in": ["dropDatabase", "invalidate"]}},
            ]
        }
    },
    {
        "$project": {
            **dict.fromkeys(("operationType", "ns", "documentKey", "clusterTime", "lsid", "txnNumber"), 1),
            **{f"fullDocument.{name}": 1 for name in OWNER},
            **{f"updateDescription.updatedFields.{name}": 1 for name in OWNER},
            "updateDescription.removedFields": 1,
        }
    },
]


class MongoWriteHistory(WriteHistory):
    """``WriteHistory`` on MongoDB."""

    def __init__(self, database: MongoDatabase, timeout_seconds: float) -> None:
        self._database = database
        self._timeout = timeout_seconds

    @override
    def reaches(self, since: int) -> bool:
        """By a look at the first event."""
        try:
            with time_limit(self._timeout), self._stream(since) as stream:
                stream.try_next()
        except OperationFailure as error:
            if error.code in LOST:
                return False
            raise
        return True

    @override
    def written(self, since: int) -> Iterator[Written]:
        """Read up to the operation time at which it began, so that it ends however many write meanwhile."""
        until = self._operation_time()
        try:
            with time_limit(self._timeout):
                stream = self._stream(since)
            with stream:
                yield from self._parts(stream, since, until)
        except OperationFailure as error:
            if error.code not in LOST:
                raise
            yield Written(frozenset(), since, problem=GONE)

    def _parts(self, stream: ChangeStream[Document], since: int, until: Timestamp) -> Iterator[Written]:
        part = _Part()
        for event in self._events(stream, until):
            if part.is_full and not part.is_of_last(event):
                yield (written := self._ended(part, complete=False))
                if written.problem:
                    return
                part = _Part()
            part.add(event)
        yield self._ended(part, complete=True, up_to=max(since, instant_of_operation(until)))

    def _events(self, stream: ChangeStream[Document], until: Timestamp) -> Iterator[Document]:
        """Those that had happened by then. That none came for a while is the end only where that is known."""
        while True:
            with time_limit(self._timeout):
                event = stream.try_next()
            if event is None:
                token = stream.resume_token
                if token is not None and seconds_of(token["_data"]) >= until.time:
                    return
            elif event["clusterTime"] > until:
                return
            else:
                yield event

    def _ended(self, part: "_Part", *, complete: bool, up_to: int | None = None) -> Written:
        part.close()
        at = part.at if up_to is None else up_to
        meters, problem = set(part.meters), part.problem
        if problem is None:
            owners = self._owners(part.ids | part.alone)
            meters.update(meter for found in owners.values() for meter in found)
            if part.alone - owners.keys():
                problem = "a reading went, and nothing says whose it was"
        return Written(frozenset(meters), at, complete, problem)

    def _owners(self, ids: Collection[Any]) -> dict[Any, set[MeterKey]]:
        """The meters of readings as they are now, on either side."""
        found: dict[Any, set[MeterKey]] = {}
        wanted = {"_id": {"$in": list(ids)}}
        for collection in COLLECTION.values() if ids else ():
            with time_limit(self._timeout):
                for document in self._database[collection].find(wanted, dict.fromkeys(OWNER, 1)):
                    if meter := meter_of(document):
                        found.setdefault(document["_id"], set()).add(meter)
        return found

    def _operation_time(self) -> Timestamp:
        with time_limit(self._timeout), self._database.client.start_session() as session:
            self._database.command("ping", session=session)
            assert session.operation_time is not None, "a replica set says it with every answer"  # noqa: S101
            return session.operation_time

    def _stream(self, since: int) -> ChangeStream[Document]:
        return self._database.watch(
            PIPELINE,
            start_at_operation_time=behind(since),
            max_await_time_ms=AWAIT_MS,
            batch_size=EVENTS_AT_ONCE,
        )


@dataclass
class _Part:
    """Some events: the meters that they name, and readings by their ids.

    ``alone``: those whose meter nothing beside them names, so that their documents must say it.
    """

    meters: set[MeterKey] = field(default_factory=set)
    ids: set[Any] = field(default_factory=set)
    alone: set[Any] = field(default_factory=set)
    at: int = 0
    problem: str | None = None
    _count: int = 0
    _together: list[Document] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether that is enough to compare at once."""
        return len(self.meters) >= METERS_AT_ONCE or self._count >= EVENTS_AT_ONCE

    def is_of_last(self, event: Document) -> bool:
        """Whether an event is of the transaction that the last one was of."""
        return bool(self._together) and _transaction(event) == _transaction(self._together[-1]) is not None

    def add(self, event: Document) -> None:
        """The next event, in order: those of one transaction come together."""
        if not self.is_of_last(event):
            self.close()
        self._together.append(event)
        self._count += 1
        self.at = instant_of_operation(event["clusterTime"])

    def close(self) -> None:
        """Understand what was written together."""
        named = {meter for event in self._together for meter in _named(event)}
        is_erasure = any(_collection(event) == Collections.CONTROL for event in self._together)
        self.meters |= named
        for event in self._together:
            if problem := _problem(event, is_known=bool(named) or is_erasure):
                self.problem = problem
            elif _collection(event) in READINGS:
                (self.ids if named or is_erasure else self.alone).add(event["documentKey"]["_id"])
        self._together = []


def _transaction(event: Document) -> tuple[Any, Any] | None:
    return (event["lsid"]["id"], event["txnNumber"]) if "txnNumber" in event else None


def _collection(event: Document) -> str:
    return str(event.get("ns", {}).get("coll"))


def _named(event: Document) -> Sequence[MeterKey]:
    """The meters that an event names by itself: in the id of its document, or in a new document."""
    collection, key = _collection(event), event.get("documentKey", {}).get("_id")
    if collection == Collections.SETTINGS:
        return [(key, kind) for kind in EnergyType] if isinstance(key, str) else []
    said = id_of(key) if collection in OF_METERS else None
    inserted = meter_of(event.get("fullDocument") or {}) if event["operationType"] == "insert" else None
    return [meter for meter in (said and said[:2], inserted) if meter]


def _problem(event: Document, *, is_known: bool) -> str | None:
    """Why nobody knows which meter an event is of."""
    collection, kind = _collection(event), event["operationType"]
    if kind not in WRITES:
        return f"{collection} met {kind!r}"
    described = event.get("updateDescription", {})
    touched = {*described.get("updatedFields", {}), *described.get("removedFields", [])}
    moved = kind == "replace" or bool(touched.intersection(OWNER))
    if collection in READINGS and moved and not is_known:
        return f"a document of {collection} may have had another owner before"
    if collection in (Collections.DISPLAY, Collections.SERIES) and not _named(event) and not is_known:
        return f"a document of {collection} has an id that names no meter"
    return None
