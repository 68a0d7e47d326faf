"""The progress of walks over all meters, in ``control``."""

from pymongo import WriteConcern
from typing_extensions import override

from chalicelib.domain.backends.sync_mode import SyncState
from chalicelib.domain.meters.walks import Walk, WalkControl, WalkProgress
from chalicelib.repositories.control import control_of, sync_state
from chalicelib.repositories.database import READ_SECONDS, Document, MongoDatabase, time_limit
from chalicelib.repositories.walk_documents import seen_document, walk_of


class MongoWalkControl(WalkControl):
    """``WalkControl`` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database
        self._control = control_of(database).with_options(write_concern=WriteConcern("majority"))

    @override
    def state(self) -> SyncState:
        with time_limit(READ_SECONDS):
            return sync_state(self._database)

    @override
    def operation_time(self) -> int:
        """What the server says to a session beside its answer."""
        with time_limit(READ_SECONDS), self._database.client.start_session() as session:
            self._database.command("ping", session=session)
            assert session.operation_time is not None, "a replica set says it with every answer"  # noqa: S101
            return session.operation_time.time * 1000

    @override
    def walk_progress(self, walk: Walk) -> WalkProgress | None:
        found = self._read(walk.value)
        return None if found is None else walk_of(found)

    @override
    def save_walk_progress(self, walk: Walk, progress: WalkProgress | None) -> None:
        if progress is None:
            with time_limit(READ_SECONDS):
                self._control.delete_one({"_id": walk.value})
            return
        self._save(
            {
                "_id": walk.value,
                "started": progress.started,
                "since": progress.since,
                "after": list(progress.after),
                "code": progress.code,
                **seen_document(progress.seen),
            }
        )

    def _read(self, key: str) -> Document | None:
        with time_limit(READ_SECONDS):
            return control_of(self._database).find_one({"_id": key})

    def _save(self, document: Document) -> None:
        with time_limit(READ_SECONDS):
            self._control.replace_one({"_id": document["_id"]}, document, upsert=True)
