"""Changes of the sync mode and the progress of the jobs that keep both sides equal, in ``control``."""

from dataclasses import asdict

from pydantic.alias_generators import to_camel
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError, OperationFailure
from typing_extensions import override

from chalicelib.domain.backends.sync_mode import ModeChange, Side, SyncState
from chalicelib.domain.errors import LostModeError, SyncModeError
from chalicelib.domain.migration.sync.mode_changes import KEPT_CHANGES
from chalicelib.domain.migration.sync.reconciliation import (
    ANOTHER_DIFFERENCE,
    SyncControl,
    SyncProgress,
    SyncStop,
    Verified,
)
from chalicelib.domain.migration.sync.recovery import Remains
from chalicelib.domain.readings import to_datetime
from chalicelib.repositories.control import (
    FINISH,
    MODE_CHANGES,
    READ,
    RECOVER,
    RESTORE,
    SYNC_JOB,
    SYNC_MODE,
    changes_of,
    control_of,
    state_of_document,
    sync_document,
)
from chalicelib.repositories.database import READ_SECONDS, Document, time_limit
from chalicelib.repositories.documents import COLLECTION
from chalicelib.repositories.sync_documents import SYNC_STOP, VERIFIED, progress_of, remains_of, stop_of, verified_of
from chalicelib.repositories.walk_control import MongoWalkControl

LIFETIME = "transactionLifetimeLimitSeconds"
NOWHERE: Document = {"_id": SYNC_MODE, "$nor": [{"_id": SYNC_MODE}]}  # only an insert can follow


class MongoSyncControl(MongoWalkControl, SyncControl):
    """``SyncControl`` on MongoDB."""

    @override
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

    @override
    def change(self, before: SyncState, after: SyncState, reason: str, by: str | None) -> SyncState | None:
        """Replace the state that was read, and nothing else; then note why. A database without one gets its first."""
        return self._put(NOWHERE if before.since is None else _exactly(before), after, reason, by)

    @override
    def changes(self) -> list[ModeChange]:
        with time_limit(READ_SECONDS):
            return self._history(-KEPT_CHANGES)

    @override
    def remains(self) -> Remains | None:
        """Look at the document, its history and one reading of each side; what is half restored is not opened."""
        if self._read(RESTORE):
            raise LostModeError(f"a restore is under way, or was interrupted; {FINISH}")
        try:
            self.state()
        except LostModeError as error:
            problem = str(error).removesuffix(f"; {RECOVER}")
        else:
            return None
        with time_limit(READ_SECONDS):
            stored = control_of(self._database).find_one({"_id": SYNC_MODE})
            sides = frozenset(side for side in Side if self._database[COLLECTION[side]].find_one())
            # a history whose last change cannot be read would say the mode before it
            history = self._history(-KEPT_CHANGES) if self._history(-1) else []
            return remains_of(problem, stored, history, sides)

    @override
    def recover(self, remains: Remains, after: SyncState, reason: str, by: str | None) -> SyncState | None:
        found = {"_id": SYNC_MODE, "$expr": {"$eq": ["$$ROOT", {"$literal": remains.stored}]}}
        return self._put(NOWHERE if remains.stored is None else found, after, reason, by)

    @override
    def stop(self) -> SyncStop | None:
        return stop_of(self._read(SYNC_STOP) or {})

    @override
    def save_stop(self, stop: SyncStop) -> None:
        document = {"at": to_datetime(stop.at), "reason": stop.reason}
        with time_limit(READ_SECONDS):
            self._control.update_one(
                {"_id": SYNC_STOP}, [{"$set": {"open": {"$ifNull": ["$open", {"$literal": document}]}}}], upsert=True
            )

    @override
    def answer_stop(self, answer: str, at: int) -> None:
        """Move the stop to those that were answered."""
        stop = self.stop()
        if stop is None:
            return
        entry = {"at": to_datetime(stop.at), "reason": stop.reason, "answer": answer, "answeredAt": to_datetime(at)}
        newest = {"$each": [entry], "$slice": -KEPT_CHANGES}
        with time_limit(READ_SECONDS):
            self._control.update_one({"_id": SYNC_STOP}, {"$set": {"open": None}, "$push": {"answered": newest}})

    @override
    def caught_up(self, state: SyncState) -> bool:
        exactly, done = _exactly(state), {"catchingUp": None}
        with time_limit(READ_SECONDS):
            if not self._control.update_one(exactly, {"$set": done}).matched_count:
                return False
            of_this = {"_id": MODE_CHANGES, "changes.at": exactly["since"]}
            self._control.update_one(of_this, {"$set": {"changes.$.catchingUp": None}})
            return True

    @override
    def sync_progress(self) -> SyncProgress:
        found = self._read(SYNC_JOB)
        return SyncProgress() if found is None else progress_of(found)

    @override
    def save_sync_progress(self, progress: SyncProgress) -> None:
        difference = progress.difference
        document = None
        if difference is not None:
            document = asdict(difference) | {"after": difference.after and list(difference.after)}
        self._save({"_id": SYNC_JOB, "position": progress.position, "difference": document})

    @override
    def count_difference(self, by: str, written: int, deleted: int) -> tuple[int, int]:
        more = {"difference.written": written, "difference.deleted": deleted}
        with time_limit(READ_SECONDS):
            found = self._control.find_one_and_update(
                {"_id": SYNC_JOB, "difference.by": by}, {"$inc": more}, return_document=ReturnDocument.AFTER
            )
        if found is None:
            raise SyncModeError(ANOTHER_DIFFERENCE)
        return found["difference"]["written"], found["difference"]["deleted"]

    @override
    def verified(self) -> Verified | None:
        found = self._read(VERIFIED)
        return None if found is None else verified_of(found)

    @override
    def save_verified(self, verified: Verified) -> None:
        self._save({"_id": VERIFIED, **{to_camel(name): value for name, value in asdict(verified).items()}})

    @property
    def _now(self) -> Document | str:
        """The moment of a change, by the clock of the server."""
        return "$$NOW"

    def _put(self, wanted: Document, after: SyncState, reason: str, by: str | None) -> SyncState | None:
        """Compare and set, by the clock of the server; then note why."""
        document = {**sync_document(after.mode, 0, after.catching_up, after.full_drain_seconds), "since": self._now}
        with time_limit(READ_SECONDS):
            try:
                stored = self._control.find_one_and_update(
                    wanted,
                    [{"$replaceWith": document}],
                    READ,
                    upsert=wanted is NOWHERE,
                    return_document=ReturnDocument.AFTER,
                )
            except DuplicateKeyError:
                return None
            if stored is None:
                return None
            self._note({"mode": stored["mode"], "at": stored["since"], "reason": reason, "by": by}, stored)
            return state_of_document({"readAt": stored["since"], **stored})

    def _note(self, change: Document, stored: Document) -> None:
        """Add to the history; a value in its place that is no history goes."""
        entry = {"$literal": {**change, "catchingUp": stored["catchingUp"]}}
        before = {"$cond": [{"$isArray": "$changes"}, "$changes", []]}
        newest = {"$slice": [{"$concatArrays": [before, [entry]]}, -KEPT_CHANGES]}
        self._control.update_one({"_id": MODE_CHANGES}, [{"$set": {"changes": newest}}], upsert=True)

    def _history(self, newest: int) -> list[ModeChange]:
        """The newest changes that can be read; ``newest`` counts from the end: -1 is the last."""
        found = control_of(self._database).find_one({"_id": MODE_CHANGES}, {"changes": {"$slice": newest}})
        return changes_of(found)


def _exactly(state: SyncState) -> Document:
    """A filter for one stored state; None matches documents without the field too."""
    assert state.since is not None, "a state that is stored has a beginning"  # noqa: S101
    document = sync_document(state.mode, state.since, state.catching_up)
    return {field: document[field] for field in ("_id", "mode", "since", "catchingUp")}
