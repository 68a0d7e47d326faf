"""The record of changes of flags and the known users, over the fake store."""

from collections.abc import Iterator, Sequence

from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.migration.records.flag_history import ChangeState, FlagChange, RecordedDocument
from infra.simulation.memory.store import FakeStore


class FakeFlagHistory:
    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self._changes: dict[str, FlagChange] = {}
        self._contents: dict[str, bytes] = {}
        self.down = False

    def save(self, change: FlagChange, content: bytes) -> None:
        self._store.ping()
        if self.down:
            raise UnavailableError("the record cannot be written")
        self._changes[change.id] = change
        self._contents[change.id] = content

    def changes(self, flag: str | None, limit: int) -> Sequence[FlagChange]:
        self._store.ping()
        found = [change for change in self._changes.values() if flag is None or flag in change.after]
        return sorted(found, key=lambda change: change.at, reverse=True)[:limit]

    def last_deployed(self) -> RecordedDocument | None:
        deployed = [item for item in self.changes(None, len(self._changes)) if item.state is ChangeState.DEPLOYED]
        return RecordedDocument(deployed[0], self._contents[deployed[0].id]) if deployed else None

    def begun_until(self, at: int, limit: int) -> Sequence[RecordedDocument]:
        found = [change for change in self.changes(None, len(self._changes)) if change.at <= at]
        return [RecordedDocument(change, self._contents[change.id]) for change in found[:limit]]

    def deployed_after(self, at: int) -> FlagChange | None:
        later = [item for item in self.changes(None, len(self._changes)) if item.at > at]
        return next((item for item in reversed(later) if item.state is ChangeState.DEPLOYED), None)


class FakeKnownUsers:
    def __init__(self, store: FakeStore) -> None:
        self._store = store

    def known_users(self) -> Iterator[str]:
        self._store.ping()
        return iter(sorted({user_id for user_id, _ in self._store.stored.meters}))
