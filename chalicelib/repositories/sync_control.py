"""What the jobs that keep both sides equal leave in ``control``: changes of the mode, and how far they have come."""

from dataclasses import asdict
from typing import Any

from pymongo import WriteConcern
from pymongo.errors import DuplicateKeyError, OperationFailure

from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.domain.sync.modes import SyncMode, SyncState
from chalicelib.domain.sync.reconciliation import (
    Finding,
    FullDifference,
    ModeChange,
    SyncProgress,
    SyncStop,
    Verification,
    Verified,
    Walk,
    WalkProgress,
)
from chalicelib.repositories.control import sync_document, sync_state
from chalicelib.repositories.database import READ_SECONDS, Collections, Document, MongoDatabase, instant_of, time_limit

MODE_CHANGES = "sync_mode_changes"
SYNC_JOB = "sync_job"
SYNC_STOP = "sync_stop"
VERIFIED = "verified"
LIFETIME = "transactionLifetimeLimitSeconds"
KEPT_CHANGES = 100


class MongoSyncControl:
    """Implements ``SyncControl``."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database
        self._control = database[Collections.CONTROL].with_options(write_concern=WriteConcern("majority"))

    def state(self) -> SyncState:
        """The sync mode now."""
        with time_limit(READ_SECONDS):
            return sync_state(self._database)

    def transaction_seconds(self) -> int | None:
        """The server's limit; not every user may ask for it."""
        admin = self._database.client.admin
        with time_limit(READ_SECONDS):
            try:
                return int(admin.command({"getParameter": 1, LIFETIME: 1})[LIFETIME])
            except OperationFailure as error:
                if error.timeout:
                    raise
                return None

    def change(self, before: SyncState, after: SyncState, reason: str) -> bool:
        """Replace the state that was read, and nothing else; then note why."""
        assert after.since is not None, "a state that is written has a beginning"  # noqa: S101
        document = sync_document(after.mode, after.since, after.catching_up, after.full_drain_seconds)
        with time_limit(READ_SECONDS):
            if not self._swap(before, document):
                return False
            entry = {"mode": after.mode.value, "at": document["since"], "reason": reason}
            newest = {"$each": [entry], "$slice": -KEPT_CHANGES}
            self._control.update_one({"_id": MODE_CHANGES}, {"$push": {"changes": newest}}, upsert=True)
            return True

    def changes(self) -> list[ModeChange]:
        """The changes of the mode, the latest last."""
        found = self._read(MODE_CHANGES) or {"changes": []}
        return [
            ModeChange(SyncMode(item["mode"]), instant_of(item["at"]) or 0, item["reason"]) for item in found["changes"]
        ]

    def stop(self) -> SyncStop | None:
        """Why the sync job stopped, where nobody has answered."""
        found = (self._read(SYNC_STOP) or {}).get("open")
        return None if found is None else SyncStop(instant_of(found["at"]) or 0, found["reason"])

    def save_stop(self, stop: SyncStop) -> None:
        """The first reason stays."""
        document = {"at": to_datetime(stop.at), "reason": stop.reason}
        with time_limit(READ_SECONDS):
            self._control.update_one(
                {"_id": SYNC_STOP}, [{"$set": {"open": {"$ifNull": ["$open", {"$literal": document}]}}}], upsert=True
            )

    def answer_stop(self, answer: str, at: int) -> None:
        """The stop goes to those that were answered."""
        stop = self.stop()
        if stop is None:
            return
        entry = {"at": to_datetime(stop.at), "reason": stop.reason, "answer": answer, "answeredAt": to_datetime(at)}
        newest = {"$each": [entry], "$slice": -KEPT_CHANGES}
        with time_limit(READ_SECONDS):
            self._control.update_one({"_id": SYNC_STOP}, {"$set": {"open": None}, "$push": {"answered": newest}})

    def caught_up(self, state: SyncState) -> bool:
        """Both sides are equal: nobody has to be believed any more. False: the mode has moved on."""
        with time_limit(READ_SECONDS):
            return bool(self._control.update_one(_exactly(state), {"$set": {"catchingUp": None}}).matched_count)

    def sync_progress(self) -> SyncProgress:
        """Where the sync job stands."""
        found = self._read(SYNC_JOB)
        if found is None:
            return SyncProgress()
        return SyncProgress(found["position"], _difference(found["difference"]))

    def save_sync_progress(self, progress: SyncProgress) -> None:
        """Remember where the sync job stands."""
        difference = progress.difference
        document = None
        if difference is not None:
            document = asdict(difference) | {"after": difference.after and list(difference.after)}
        self._save({"_id": SYNC_JOB, "position": progress.position, "difference": document})

    def walk_progress(self, walk: Walk) -> WalkProgress | None:
        """Where an interrupted walk stands."""
        found = self._read(walk.value)
        if found is None:
            return None
        return WalkProgress(found["started"], found["since"], _meter(found["after"]), _verification(found))

    def save_walk_progress(self, walk: Walk, progress: WalkProgress | None) -> None:
        """Remember where a walk stands; None: it is finished."""
        if progress is None:
            with time_limit(READ_SECONDS):
                self._control.delete_one({"_id": walk.value})
            return
        seen = progress.seen
        self._save(
            {
                "_id": walk.value,
                "started": progress.started,
                "since": progress.since,
                "after": list(progress.after),
                "mode": seen.mode.value,
                "meters": seen.meters,
                "lagging": seen.lagging,
                "differences": seen.differences,
                "findings": [finding.as_document() for finding in seen.findings],
                "kinds": [[*kind, count] for kind, count in seen.kinds],
            }
        )

    def verified(self) -> Verified | None:
        """What the last comparison of all meters found."""
        found = self._read(VERIFIED)
        return None if found is None else Verified(**{name: found[name] for name in Verified.__slots__})

    def save_verified(self, verified: Verified) -> None:
        """Remember what a comparison of all meters found."""
        self._save({"_id": VERIFIED, **asdict(verified)})

    def _swap(self, before: SyncState, document: Document) -> bool:
        """Compare and set; a database without a mode gets its first."""
        if before.since is not None:
            return bool(self._control.replace_one(_exactly(before), document).matched_count)
        try:
            self._control.insert_one(document)
        except DuplicateKeyError:
            return False
        return True

    def _read(self, key: str) -> Document | None:
        with time_limit(READ_SECONDS):
            return self._control.find_one({"_id": key})

    def _save(self, document: Document) -> None:
        with time_limit(READ_SECONDS):
            self._control.replace_one({"_id": document["_id"]}, document, upsert=True)


def _exactly(state: SyncState) -> Document:
    """A filter for one stored state; None matches documents without the field too."""
    assert state.since is not None, "a state that is stored has a beginning"  # noqa: S101
    document = sync_document(state.mode, state.since, state.catching_up)
    return {field: document[field] for field in ("_id", "mode", "since", "catchingUp")}


def _difference(document: Document | None) -> FullDifference | None:
    if document is None:
        return None
    counts = (document.get("written", 0), document.get("deleted", 0))
    return FullDifference(document["since"], _meter(document["after"]), *counts)


def _verification(document: Document) -> Verification:
    findings = tuple(Finding(**{**item, "type": EnergyType(item["type"])}) for item in document["findings"])
    counts = {name: document[name] for name in ("meters", "lagging", "differences")}
    kinds = tuple(((name, EnergyType(of), kind), count) for name, of, kind, count in document.get("kinds", ()))
    return Verification(SyncMode(document["mode"]), findings=findings, kinds=kinds, **counts)


def _meter(value: Any) -> Any:
    return value and (value[0], EnergyType(value[1]))
