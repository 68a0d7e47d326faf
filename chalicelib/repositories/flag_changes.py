"""The record of changes of flags. It belongs to operators, not to users, so the session filter does not apply."""

from collections.abc import Sequence

from pymongo import ASCENDING, DESCENDING, WriteConcern
from typing_extensions import override

from chalicelib.domain.migration.records.flag_history import ChangeState, FlagChange, FlagHistory, RecordedDocument
from chalicelib.domain.readings import to_datetime, to_ms
from chalicelib.repositories.database import READ_SECONDS, Collections, Document, MongoDatabase, time_limit

CONTENT = "document"


class MongoFlagHistory(FlagHistory):
    """``FlagHistory`` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._changes = database[Collections.FLAG_CHANGES].with_options(write_concern=WriteConcern("majority"))

    @override
    def save(self, change: FlagChange, content: bytes) -> None:
        """One document per change; the flag document in it, so that ``flags restore`` needs nothing else."""
        document = _document(change) | {CONTENT: content}
        with time_limit(READ_SECONDS):
            self._changes.replace_one({"_id": change.id}, document, upsert=True)

    @override
    def changes(self, flag: str | None, limit: int) -> Sequence[FlagChange]:
        """Use an index on the moment, or on flag and moment."""
        wanted = {} if flag is None else {"flags": flag}
        with time_limit(READ_SECONDS):
            found = self._changes.find(wanted, {CONTENT: 0}).sort("at", DESCENDING).limit(limit)
            return [_change(document) for document in found]

    @override
    def last_deployed(self) -> RecordedDocument | None:
        """Use the index on the moment; those that failed are few."""
        with time_limit(READ_SECONDS):
            found = self._changes.find_one({"state": ChangeState.DEPLOYED.value}, sort=[("at", DESCENDING)])
        return None if found is None else _recorded(found)

    @override
    def begun_until(self, at: int, limit: int) -> Sequence[RecordedDocument]:
        """Use the index on the moment."""
        with time_limit(READ_SECONDS):
            found = self._changes.find({"at": {"$lte": to_datetime(at)}}).sort("at", DESCENDING).limit(limit)
            return [_recorded(document) for document in found]

    @override
    def deployed_after(self, at: int) -> FlagChange | None:
        """Use the index on the moment; those that failed are few."""
        wanted = {"at": {"$gt": to_datetime(at)}, "state": ChangeState.DEPLOYED.value}
        with time_limit(READ_SECONDS):
            found = self._changes.find_one(wanted, {CONTENT: 0}, sort=[("at", ASCENDING)])
        return None if found is None else _change(found)


def _document(change: FlagChange) -> Document:
    return {
        "_id": change.id,
        "at": to_datetime(change.at),
        "by": change.by,
        "action": change.action,
        "reason": change.reason,
        "flags": sorted(change.after),
        "before": change.before,
        "after": change.after,
        "fromVersion": change.from_version,
        "toVersion": change.to_version,
        "evidence": change.evidence,
        "state": change.state.value,
        "configVersion": change.config_version,
        "deployment": change.deployment,
        "inEffectMs": change.in_effect_ms,
        "problem": change.problem,
        "traceId": change.trace_id,
    }


def _recorded(document: Document) -> RecordedDocument:
    return RecordedDocument(_change(document), document.get(CONTENT))


def _change(document: Document) -> FlagChange:
    return FlagChange(
        id=document["_id"],
        at=to_ms(document["at"]),
        by=document["by"],
        action=document["action"],
        reason=document["reason"],
        before=document["before"],
        after=document["after"],
        from_version=document["fromVersion"],
        to_version=document["toVersion"],
        evidence=document["evidence"],
        state=ChangeState(document["state"]),
        config_version=document["configVersion"],
        deployment=document["deployment"],
        in_effect_ms=document["inEffectMs"],
        problem=document["problem"],
        trace_id=document.get("traceId"),  # changes by the release before have none
    )
