"""The usage log, in ``backend_usage_logs``: which backend answered what; written without waiting, deleted by TTL."""

from collections.abc import Sequence
from contextvars import Context

from pymongo import ASCENDING, WriteConcern
from typing_extensions import override

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.usage import Answered, BackendUsage, UsageLog
from chalicelib.domain.readings import to_datetime, to_ms
from chalicelib.repositories.database import READ_SECONDS, Collections, Document, MongoDatabase, time_limit
from chalicelib.repositories.scoped import ScopedCollection

# For finding a server: one that is away has made the caller wait already.
PATIENCE_SECONDS = 0.2


class MongoUsageLog(UsageLog):
    """``UsageLog`` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._logs = database[Collections.USAGE].with_options(write_concern=WriteConcern(w=0))

    @override
    def insert(self, usage: BackendUsage, pseudonym: str, at: int) -> None:
        """Unacknowledged (``w=0``): nobody waits for it, and a row that gets lost is missed by nobody.

        With a time of its own: the answer that took a request's whole time is the one that must be seen.
        """
        Context().run(self._insert, usage.user_id, document_of(usage, pseudonym, at))

    @override
    def between(self, user_id: str, component: Component, first: int, last: int, limit: int) -> Sequence[Answered]:
        """Use the index on the user's id, or that on component and moment."""
        span = {"$gte": to_datetime(first), "$lte": to_datetime(last)}
        with time_limit(READ_SECONDS):
            found = ScopedCollection(self._logs, user_id).find({"component": component.value, "at": span})
            return [_answered(row) for row in found.sort("at", ASCENDING).limit(limit)]

    def _insert(self, user_id: str, row: Document) -> None:
        with time_limit(PATIENCE_SECONDS):
            ScopedCollection(self._logs, user_id).insert_one(row)


def _answered(row: Document) -> Answered:
    return Answered(
        at=to_ms(row["at"]),
        backend=Backend(row["backend"]),
        reason=row.get("reason"),
        document_version=row.get("documentVersion"),
        success=row["success"],
        elapsed_ms=float(row["elapsedMs"]),
        trace_id=row.get("traceId"),  # rows by the release before have none
    )


def document_of(usage: BackendUsage, pseudonym: str, at: int) -> Document:
    """The row of an answer.

    The session filter adds the user's id: the comparer asks again as that user, which no pseudonym allows. It stays in
    the database, which holds the user's readings under the same id; reports, log lines and metrics say ``user``.
    """
    return {
        "at": to_datetime(at),
        "component": usage.component.value,
        "backend": usage.decision.backend.value,
        "user": pseudonym,
        "elapsedMs": usage.elapsed_ms,
        "success": usage.success,
        "error": usage.error,
        "reason": str(usage.decision.reason),
        "documentVersion": usage.decision.document_version,
        "parameters": usage.parameters,
        "traceId": usage.trace_id,
    }
