"""The sync mode and how far long jobs have come, in memory."""

from dataclasses import replace

from chalicelib.domain.backends.sync_mode import ModeChange, SyncState
from chalicelib.domain.errors import SyncModeError
from chalicelib.domain.migration.sync.reconciliation import ANOTHER_DIFFERENCE, SyncProgress, SyncStop, Verified
from chalicelib.domain.migration.sync.recovery import Remains
from infra.simulation.memory.store import FakeStore
from infra.simulation.memory.walks import FakeWalkControl


class FakeSyncControl(FakeWalkControl):
    def __init__(self, store: FakeStore) -> None:
        super().__init__(store)
        self._changes: list[ModeChange] = []
        self._sync = SyncProgress()
        self._verified: Verified | None = None
        self._stop: SyncStop | None = None

    def transaction_seconds(self) -> int | None:
        return None

    def change(self, before: SyncState, after: SyncState, reason: str, by: str | None) -> SyncState | None:
        if self._store.lost or self._store.stored.sync != before:
            return None
        return self._put(after, reason, by)

    def changes(self) -> list[ModeChange]:
        return list(self._changes)

    def remains(self) -> Remains | None:
        return self._store.lost

    def recover(self, remains: Remains, after: SyncState, reason: str, by: str | None) -> SyncState | None:
        return self._put(after, reason, by) if self._store.lost == remains else None

    def stop(self) -> SyncStop | None:
        return self._stop

    def save_stop(self, stop: SyncStop) -> None:
        self._stop = self._stop or stop

    def answer_stop(self, answer: str, at: int) -> None:
        self._stop = None

    def caught_up(self, state: SyncState) -> bool:
        if self._store.stored.sync != state:
            return False
        self._store.stored.sync = replace(state, catching_up=None)
        self._changes = [
            replace(change, catching_up=None) if change.at == state.since else change for change in self._changes
        ]
        return True

    def _put(self, after: SyncState, reason: str, by: str | None) -> SyncState:
        since = self._store.stored.clock()
        stored = replace(after, since=since, read_at=since)
        self._store.stored.sync, self._store.lost = stored, None
        self._changes.append(ModeChange(after.mode, since, reason, by, after.catching_up))
        return stored

    def sync_progress(self) -> SyncProgress:
        return self._sync

    def save_sync_progress(self, progress: SyncProgress) -> None:
        self._sync = progress

    def count_difference(self, by: str, written: int, deleted: int) -> tuple[int, int]:
        before = self._sync.difference
        if before is None or before.by != by:
            raise SyncModeError(ANOTHER_DIFFERENCE)
        after = replace(before, written=before.written + written, deleted=before.deleted + deleted)
        self._sync = replace(self._sync, difference=after)
        return after.written, after.deleted

    def verified(self) -> Verified | None:
        self._store.ping()
        return self._verified

    def save_verified(self, verified: Verified) -> None:
        self._verified = verified
