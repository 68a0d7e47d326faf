"""The changes of the old readings, by any writer: a change stream that is read piece by piece.

A position is a resume token with a digest of it and of the collection. The server takes the token of another stream,
and one that lies ahead of its own time, as it takes one of ours: what had happened before it would never be seen.
"""

from hashlib import sha256
from typing import Any

from pymongo.change_stream import ChangeStream
from pymongo.errors import OperationFailure
from typing_extensions import override

from chalicelib.domain.errors import SyncStoppedError
from chalicelib.domain.migration.sync.change_feed import ChangeFeed, Changes, Moment, Position
from chalicelib.domain.migration.sync.repairs import ANSWERS, REPAIR
from chalicelib.repositories.database import Collections, Document, MongoDatabase, time_limit

# How long the server waits for one more change before it says that there is none.
AWAIT_MS = 1_000
# ChangeStreamFatalError and ChangeStreamHistoryLost, InvalidResumeToken; CappedPositionLost where the oplog overtakes a
# reader; FailedToParse, TypeMismatch, Overflow and what the parser of tokens says of one that another version wrote.
LOST = frozenset({9, 14, 15, 136, 260, 280, 286, 40647, 40648, 40649, 50795, 50796, 50811, 50855})
WRITES = frozenset({"insert", "update", "replace", "delete"})
PIPELINE = [{"$project": {"operationType": True, "documentKey": True, "clusterTime": True}}]


class MongoChangeFeed(ChangeFeed):
    """``ChangeFeed`` on MongoDB."""

    def __init__(self, database: MongoDatabase, timeout_seconds: float) -> None:
        self._energies = database[Collections.ENERGIES]
        self._timeout = timeout_seconds

    @override
    def position(self) -> Position:
        """The token of the present moment."""
        with time_limit(self._timeout), self._energies.watch(max_await_time_ms=1) as stream:
            return self._position(stream)

    @override
    def moment(self) -> Moment:
        """The server's operation time."""
        client = self._energies.database.client
        with time_limit(self._timeout), client.start_session() as session:
            self._energies.database.command("ping", session=session)
            return session.operation_time

    @override
    def read(self, position: Position, limit: int, until: Moment) -> Changes | None:
        """Read at most ``limit`` changes; the server looks for the position each time, which takes it milliseconds."""
        if not self._is_ours(position, until):
            return None
        with time_limit(self._timeout):
            try:
                return self._read(position, limit, until)
            except OperationFailure as error:
                if error.code in LOST:
                    return None
                raise

    def _read(self, position: Position, limit: int, until: Moment) -> Changes:
        found: list[Document] = []
        complete = False
        with self._energies.watch(
            PIPELINE, resume_after={"_data": position["_data"]}, max_await_time_ms=AWAIT_MS, batch_size=limit
        ) as stream:
            while not complete and len(found) < limit:
                change = stream.try_next()
                complete = change is None or change["clusterTime"] > until
                found += [] if change is None else [_checked(change)]
            ids = [change["documentKey"]["_id"] for change in found]
            at = found[-1]["clusterTime"].time * 1000 if found else None
            return Changes(ids, self._position(stream), at, complete)

    def _position(self, stream: ChangeStream[Any]) -> Position:
        token = stream.resume_token
        return None if token is None else {"_data": token["_data"], "digest": self._digest(token["_data"])}

    def _is_ours(self, position: Position, until: Moment) -> bool:
        """Whether this job has stored it, for this collection, and not in a future of another server."""
        if not isinstance(position, dict) or not isinstance(token := position.get("_data"), str):
            return False
        return position.get("digest") == self._digest(token) and _seconds(token) <= until.time

    def _digest(self, token: str) -> str:
        return sha256(f"{self._energies.full_name}|{token}".encode()).hexdigest()


def _checked(change: Document) -> Document:
    if change["operationType"] not in WRITES:
        raise SyncStoppedError(
            f"the collection {Collections.ENERGIES} met {change['operationType']!r}; nothing is carried over from it "
            f"until you have looked at it ({REPAIR}) and said which side is right: {ANSWERS}; python -m infra sync "
            f"--full begins again with {Collections.ENERGIES} where few twins would go"
        )
    return change


def _seconds(token: str) -> int:
    """The cluster time of a token: a byte that says the kind of what follows, then four of seconds."""
    return int(token[2:10], 16)
