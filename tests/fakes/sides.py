"""Both sides of the fake store: the old one is the new one plus what another application did to it alone."""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from chalicelib.domain.errors import MassDeletionError, SyncModeError
from chalicelib.domain.meters.walks import Finding, Unreadable, UnreadableDocument
from chalicelib.domain.ports import Clock, StoredReading
from chalicelib.domain.readings import EnergyType, MeterKey
from chalicelib.domain.sides import ModeChange, Side, SyncMode, SyncState, other_side
from chalicelib.domain.sync.change_feed import Changes, Moment, Position
from chalicelib.domain.sync.modes import ReadingKey
from chalicelib.domain.sync.reconciliation import (
    UNNAMED,
    Reconciled,
    RepairRun,
    Selection,
    SyncProgress,
    SyncStop,
    Verified,
)
from chalicelib.domain.sync.recovery import Remains
from chalicelib.domain.sync.repairs import KeptDocument, KeptRun, Undone
from tests.fakes.store import (
    FakeMeters,
    FakeStore,
)
from tests.fakes.walks import FakeMetersOfAll, FakeWalkControl


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

    def verified(self) -> Verified | None:
        self._store.ping()
        return self._verified

    def save_verified(self, verified: Verified) -> None:
        self._verified = verified


class FakeSides(FakeMetersOfAll):
    """Twins and changes; ``write`` and ``delete`` are what another application does."""

    def __init__(self, store: FakeStore, clock: Clock) -> None:
        super().__init__(store)
        self._clock = clock
        self._damaged: set[str] = set()
        self._log: list[tuple[str, int]] = []
        self._forgotten = 0
        self.repaired = FakeRepairedReadings(store, self, clock)

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

    def owners(self, ids: Sequence[ReadingKey]) -> Mapping[MeterKey, Sequence[ReadingKey]]:
        found: dict[MeterKey, set[ReadingKey]] = {}
        for side in Side:
            for key, (meter, _) in self._side(side).items():
                if key in ids:
                    found.setdefault(meter, set()).add(key)
        return {meter: tuple(keys) for meter, keys in found.items()}

    def count_readings(self, side: Side) -> int:
        return len(self._side(side))

    def prepare(self, side: Side) -> None: ...

    def plan(self, meter: MeterKey, run: RepairRun) -> Reconciled:
        return self._planned(meter, self._foreign_of(meter, Selection()), run)

    def reconcile(
        self, meter: MeterKey, selection: Selection, run: RepairRun = UNNAMED, deletes: int = 0
    ) -> Reconciled:
        self._store.ping()
        ids = self._foreign_of(meter, selection)
        planned = self._planned(meter, ids, run)
        if planned.deleted > deletes:
            raise MassDeletionError(planned.deleted, deletes)
        stay = tuple(key for key in self._damaged if self._side(Side.NEW).get(key, [None])[0] == meter)
        if not planned.written:
            return replace(planned, kept=stay)
        lost = self._lost(ids, run)
        for key in ids:
            foreign = self._foreign.pop(key)[1]
            if self._source(run) is Side.OLD:
                self._carry_over(meter, key, foreign)
        self.repaired.keep(run, meter, lost)
        version = self.mark(meter, [planned.first, planned.last])
        return replace(planned, source_version=version, kept=stay)

    def mark(self, meter: MeterKey, instants: Sequence[int]) -> int:
        meters = FakeMeters(self._store.stored, meter[0])
        return meters.mark_changed(meter[1], min(instants), max(instants), self._clock())

    def _source(self, run: RepairRun) -> Side:
        return run.source or self._store.stored.sync.authoritative

    def _foreign_of(self, meter: MeterKey, selection: Selection) -> list[str]:
        if self._store.stored.sync.mode is not SyncMode.DUAL_WRITE:
            return []
        return [key for key, (owner, _) in self._foreign.items() if owner == meter and key in (selection.ids or [key])]

    def _planned(self, meter: MeterKey, ids: Sequence[str], run: RepairRun) -> Reconciled:
        if not ids:
            return Reconciled()
        source = self._source(run)
        wanted, present = self._side(source), self._side(other_side(source))
        instants = self._instants(ids)
        return Reconciled(
            sum(key not in present for key in ids),
            sum(key in present and key in wanted for key in ids),
            sum(key not in wanted for key in ids),
            0,
            min(instants),
            max(instants),
        )

    def _lost(self, ids: Sequence[str], run: RepairRun) -> list[StoredReading]:
        """What the twins on the side that is written say."""
        present = self._side(other_side(self._source(run)))
        return [present[key][1] for key in ids if key in present]

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

    def unreadable(self, user_id: str | None = None) -> Unreadable:
        twins = self._side(Side.NEW)
        named = [
            UnreadableDocument("energies", key, "", "amount is a string, not a number", "kept" if key in twins else "")
            for key in sorted(self._damaged)
        ]
        return Unreadable(len(named), tuple(named))

    def quarantine(self, ids: Sequence[ReadingKey] | None = None) -> None:
        self._store.ping()

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


class FakeRepairedReadings:
    """What the fake sides have lost on the new one; it all comes back as long as nobody has put something there."""

    def __init__(self, store: FakeStore, sides: FakeSides, clock: Clock) -> None:
        self._store = store
        self._sides = sides
        self._clock = clock
        self._kept: dict[int, tuple[str, int, KeptDocument, StoredReading]] = {}
        self._undone: set[int] = set()

    def keep(self, run: RepairRun, meter: MeterKey, readings: Sequence[StoredReading]) -> None:
        for reading in readings:
            key = len(self._kept)
            self._kept[key] = (run.id, self._clock(), KeptDocument(key, meter, Side.NEW, reading.id), reading)

    def runs(self) -> list[KeptRun]:
        found: dict[str, KeptRun] = {}
        for key, (run, at, _, _) in self._kept.items():
            known = found.get(run, KeptRun(run, at, 0, 0))
            found[run] = replace(known, documents=known.documents + 1, undone=known.undone + (key in self._undone))
        return list(found.values())

    def kept(self, run: str) -> Iterator[list[KeptDocument]]:
        items = [item for key, (of, _, item, _) in self._kept.items() if of == run and key not in self._undone]
        for meter in sorted({item.meter for item in items}):
            yield [item for item in items if item.meter == meter]

    def bring_back(self, documents: Sequence[KeptDocument], run: RepairRun) -> Undone:
        if Side.NEW not in self._store.stored.sync.writes:
            raise SyncModeError("the new side rests")
        done = Undone()
        for document in documents:
            reading = self._kept[document.key][3]
            place = (*document.meter, reading.instant)
            if place in self._store.stored.readings:
                done = done.plus(Undone(left=((document, "its instant is taken"),)))
                continue
            self._store.stored.readings[place] = replace(reading, revision=reading.revision + 1)
            self._undone.add(document.key)
            self._sides.mark(document.meter, [reading.instant])
            done = done.plus(Undone(1, meters=frozenset({document.meter})))
        return done


def reading(reading_id: str, energy_type: EnergyType, instant: int, amount: int) -> StoredReading:
    """A reading as another application writes one."""
    return StoredReading(reading_id, energy_type, instant, Decimal(amount), "manual", 1, instant, instant)
