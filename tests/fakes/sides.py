"""Both sides of the fake store: the old one is the new one plus what another application did to it alone."""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from chalicelib.bootstrap import Ports
from chalicelib.domain.ports import Clock, DisplayDocument, StoredReading
from chalicelib.domain.readings import EnergyType
from chalicelib.domain.sync.modes import Side, SyncMode, SyncState
from chalicelib.domain.sync.reconciliation import (
    Changes,
    Finding,
    MeterKey,
    ModeChange,
    Moment,
    Position,
    ReadingKey,
    Reconciled,
    Remains,
    Selection,
    SyncProgress,
    Unreadable,
    UnreadableDocument,
    Verified,
    Walk,
    WalkProgress,
)
from tests.fakes.comparisons import FakeComparisonLog
from tests.fakes.flags import FakeFlagHistory, FakeKnownUsers
from tests.fakes.lagging import FakeLaggingMeters
from tests.fakes.publisher import FakePublisher
from tests.fakes.store import FakeDisplay, FakeMeters, FakeQueries, FakeSettings, FakeStore, ReadingsById
from tests.fakes.usage import FakeUsageLog


class FakeSyncControl:
    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self._changes: list[ModeChange] = []
        self._sync = SyncProgress()
        self._walks: dict[Walk, WalkProgress] = {}
        self._verified: Verified | None = None

    def state(self) -> SyncState:
        return self._store.sync()

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

    def walk_progress(self, walk: Walk) -> WalkProgress | None:
        return self._walks.get(walk)

    def save_walk_progress(self, walk: Walk, progress: WalkProgress | None) -> None:
        self._walks.pop(walk, None)
        if progress is not None:
            self._walks[walk] = progress

    def verified(self) -> Verified | None:
        self._store.ping()
        return self._verified

    def save_verified(self, verified: Verified) -> None:
        self._verified = verified


class FakeSides:
    """Twins and changes; ``write`` and ``delete`` are what another application does."""

    def __init__(self, store: FakeStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._damaged: set[str] = set()
        self._log: list[tuple[str, int]] = []
        self._forgotten = 0

    @property
    def _foreign(self) -> dict[str, tuple[MeterKey, StoredReading | None]]:
        return self._store.stored.foreign

    def damage(self, reading_id: str) -> None:
        """Another application writes an amount that is no number."""
        self._damaged.add(reading_id)
        self._log.append((reading_id, self._clock()))

    def write(self, user_id: str, reading: StoredReading) -> None:
        self._damaged.discard(reading.id)
        self._foreign[reading.id] = ((user_id, reading.type), reading)
        self._log.append((reading.id, self._clock()))

    def delete(self, reading_id: str) -> None:
        meter, _ = self._side(Side.OLD)[reading_id]
        self._foreign[reading_id] = (meter, None)
        self._log.append((reading_id, self._clock()))

    def forget(self) -> None:
        """Lose every position that anybody has seen."""
        self._forgotten = len(self._log) + 1
        self._log.append(("nobody", self._clock()))

    def meters(self, after: MeterKey | None = None) -> Iterator[MeterKey]:
        owners = {meter for side in Side for meter, _ in self._side(side).values()}
        shown = {key[:2] for key in self._store.stored.display}
        return iter(sorted(meter for meter in owners | shown if after is None or meter > after))

    def owners(self, ids: Sequence[ReadingKey]) -> Mapping[MeterKey, Sequence[ReadingKey]]:
        found: dict[MeterKey, set[ReadingKey]] = {}
        for side in Side:
            for key, (meter, _) in self._side(side).items():
                if key in ids:
                    found.setdefault(meter, set()).add(key)
        return {meter: tuple(keys) for meter, keys in found.items()}

    def reconcile(self, meter: MeterKey, selection: Selection) -> Reconciled:
        self._store.ping()
        sync = self._store.stored.sync
        ids = [key for key, (owner, _) in self._foreign.items() if owner == meter and key in (selection.ids or [key])]
        kept = tuple(key for key in self._damaged if self._side(Side.NEW).get(key, [None])[0] == meter)
        if sync.mode is not SyncMode.DUAL_WRITE or not ids:
            return Reconciled(kept=kept)
        findings, instants = self.differences(meter), self._instants(ids)
        for key in ids:
            foreign = self._foreign.pop(key)[1]
            if sync.authoritative is Side.OLD:
                self._carry_over(meter, key, foreign)
        first, last = min(instants), max(instants)
        version = FakeMeters(self._store.stored, meter[0]).mark_changed(meter[1], first, last, self._clock())
        return Reconciled(len(findings), 0, 0, version, first, last, kept)

    def digests(self, side: Side, users: Collection[str]) -> Mapping[MeterKey, Hashable]:
        self._store.ping()
        found: dict[MeterKey, frozenset[Hashable]] = {}
        for key, (meter, reading) in self._side(side).items():
            if meter[0] in users:
                found[meter] = found.get(meter, frozenset()) | {(key, reading.instant, reading.amount)}
        return found

    def differences(self, meter: MeterKey) -> list[Finding]:
        self._store.ping()
        old, new = (self._side(side) for side in Side)
        return [
            Finding(*meter, "source_energy_readings", key, "differs")
            for key in {**old, **new}
            if meter in (old.get(key, [None])[0], new.get(key, [None])[0]) and old.get(key) != new.get(key)
        ]

    def displayed(self, meter: MeterKey) -> list[DisplayDocument]:
        return [document for key, document in self._store.stored.display.items() if key[:2] == meter]

    def unreadable(self, user_id: str | None = None) -> Unreadable:
        twins = self._side(Side.NEW)
        named = [
            UnreadableDocument("energies", key, "", "amount is a string, not a number", "kept" if key in twins else "")
            for key in sorted(self._damaged)
        ]
        return Unreadable(len(named), tuple(named))

    def quarantine(self, ids: Sequence[ReadingKey] | None = None) -> None:
        self._store.ping()

    def damages(self, meter: MeterKey) -> list[Finding]:
        self._store.ping()
        return []

    def position(self) -> Position:
        return len(self._log)

    def moment(self) -> Moment:
        return len(self._log)

    def read(self, position: Position, limit: int, until: Moment) -> Changes | None:
        self._store.ping()
        if not isinstance(position, int) or not self._forgotten <= position <= len(self._log):
            return None
        seen = self._log[position : position + limit]
        at = seen[-1][1] if seen else None
        return Changes([key for key, _ in seen], position + len(seen), at, position + len(seen) >= until)

    def _carry_over(self, meter: MeterKey, key: str, foreign: StoredReading | None) -> None:
        user_id, energy_type = meter
        readings = self._store.stored.readings
        for known in [known for known, reading in readings.items() if reading.id == key]:
            del readings[known]
        if foreign is not None:
            readings[user_id, energy_type, foreign.instant] = foreign

    def _instants(self, ids: Sequence[str]) -> list[int]:
        return [self._side(side)[key][1].instant for side in Side for key in ids if key in self._side(side)]

    def _side(self, side: Side) -> ReadingsById:
        return self._store.side(side)


def reading(reading_id: str, energy_type: EnergyType, instant: int, amount: int) -> StoredReading:
    """A reading as another application writes one."""
    return StoredReading(reading_id, energy_type, instant, Decimal(amount), "manual", 1, instant, instant)


def fake_ports(store: FakeStore, publisher: FakePublisher, sides: FakeSides) -> Ports:
    """All ports on one fake store."""
    usage = FakeUsageLog(store)
    return Ports(
        transactions=store,
        settings=FakeSettings(store),
        queries=FakeQueries(store),
        display=FakeDisplay(store),
        lagging=FakeLaggingMeters(store),
        publisher=publisher,
        sync_control=FakeSyncControl(store),
        twins=sides,
        changes=sides,
        usage=usage,
        comparisons=FakeComparisonLog(usage),
        flag_history=FakeFlagHistory(store),
        known_users=FakeKnownUsers(store),
        ping=store.ping,
    )
