"""Both sides of the fake store, what keeps them equal, and what another application does to the old one alone."""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from chalicelib.domain.backends.sync_mode import Side, SyncMode, other_side
from chalicelib.domain.errors import MassDeletionError, SyncModeError
from chalicelib.domain.meters.walks import Finding, Unreadable, UnreadableDocument
from chalicelib.domain.migration.sync.change_feed import Changes, Moment, Position
from chalicelib.domain.migration.sync.mode_changes import ReadingKey
from chalicelib.domain.migration.sync.reconciliation import UNNAMED, Reconciled, RepairRun, Selection
from chalicelib.domain.migration.sync.repairs import KeptDocument, KeptRun, Undone
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.ports.values import StoredReading
from chalicelib.domain.readings import EnergyType, MeterKey
from infra.simulation.memory.state import Readings
from infra.simulation.memory.store import FakeMeters, FakeStore
from infra.simulation.memory.walks import FakeMetersOfAll


class FakeSides(FakeMetersOfAll):
    """Twins and changes; ``write`` and ``delete`` are what another application does."""

    def __init__(self, store: FakeStore, clock: Clock) -> None:
        super().__init__(store)
        self._clock = clock
        self._damaged: set[str] = set()
        self._log: list[tuple[str, int]] = []
        self._forgotten = 0
        self._digests: dict[tuple[Side, MeterKey], tuple[int, Hashable]] = {}
        self.repaired = FakeRepairedReadings(store, self, clock)

    def damage(self, reading_id: str) -> None:
        """Another application writes an amount that is no number."""
        self._damaged.add(reading_id)
        self._log.append((reading_id, self._clock()))

    def write(self, user_id: str, reading: StoredReading) -> None:
        self._damaged.discard(reading.id)
        self._take(Side.OLD, user_id, reading.id)
        self._store.stored.energies[user_id, reading.type, reading.instant] = reading
        self._log.append((reading.id, self._clock()))

    def delete(self, reading_id: str) -> None:
        (user_id, _), _ = self._side(Side.OLD)[reading_id]
        self._take(Side.OLD, user_id, reading_id)
        self._log.append((reading_id, self._clock()))

    def forget(self) -> None:
        """Lose every position that anybody has seen."""
        self._forgotten = len(self._log) + 1
        self._log.append(("nobody", self._clock()))

    def owners(self, ids: Sequence[ReadingKey]) -> Mapping[MeterKey, Sequence[ReadingKey]]:
        found: dict[MeterKey, set[ReadingKey]] = {}
        for side in Side if ids else ():
            for key, (meter, _) in self._side(side).items():
                if key in ids:
                    found.setdefault(meter, set()).add(key)
        return {meter: tuple(keys) for meter, keys in found.items()}

    def count_readings(self, side: Side) -> int:
        return len(self._store.stored.sides[side])

    def prepare(self, side: Side) -> None: ...

    def plan(self, meter: MeterKey, run: RepairRun) -> Reconciled:
        return self._difference(meter, Selection(), run).written(0)

    def reconcile(
        self, meter: MeterKey, selection: Selection, run: RepairRun = UNNAMED, deletes: int = 0
    ) -> Reconciled:
        self._store.ping()
        found = self._difference(meter, selection, run)
        if len(found.gone) > deletes:
            raise MassDeletionError(len(found.gone), deletes)
        stay = tuple(key for key in self._damaged if key in _by_id(self._store.stored.readings, meter))
        if not found.instants:
            return Reconciled(kept=stay)
        written = other_side(self._source(run))
        for reading in (*found.gone, *found.before):
            self._take(written, meter[0], reading.id)
        for reading in (*found.new, *found.changed):
            self._store.stored.sides[written][*meter, reading.instant] = reading
        self.repaired.keep(run, meter, written, [*found.gone, *found.before])
        version = self.mark(meter, found.instants)
        return replace(found.written(version), kept=stay)

    def mark(self, meter: MeterKey, instants: Sequence[int]) -> int:
        meters = FakeMeters(self._store.stored, meter[0])
        return meters.mark_changed(meter[1], min(instants), max(instants), self._clock())

    def _source(self, run: RepairRun) -> Side:
        return run.source or self._store.stored.sync.authoritative

    def _difference(self, meter: MeterKey, selection: Selection, run: RepairRun) -> "_Difference":
        """What must be written on the side that is not believed; nothing where one rests."""
        if self._store.stored.sync.mode is not SyncMode.DUAL_WRITE:
            return _Difference()
        source = self._source(run)
        wanted, present = (_by_id(self._store.stored.sides[side], meter) for side in (source, other_side(source)))
        ids = [key for key in {**wanted, **present} if not selection.ids or key in selection.ids]
        twins = [(wanted[key], present[key]) for key in ids if key in wanted and key in present]
        return _Difference(
            [wanted[key] for key in ids if key not in present],
            [after for after, before in twins if _said(after) != _said(before)],
            [before for after, before in twins if _said(after) != _said(before)],
            [present[key] for key in ids if key not in wanted],
        )

    def _take(self, side: Side, user_id: str, reading_id: str) -> None:
        readings = self._store.stored.sides[side]
        found = readings.find(user_id, reading_id)
        if found is not None:
            del readings[user_id, found.type, found.instant]

    def digests(self, side: Side, users: Collection[str]) -> Mapping[MeterKey, Hashable]:
        self._store.ping()
        mine = ((user_id, kind) for user_id in users for kind in EnergyType)
        return {meter: self._digest(side, meter) for meter in mine if self._store.stored.sides[side].of(meter)}

    def _digest(self, side: Side, meter: MeterKey) -> Hashable:
        """Made once for as long as nothing changes."""
        readings = self._store.stored.sides[side]
        stamp, digest = self._digests.get((side, meter), (-1, None))
        if stamp != readings.stamp(meter):
            digest = frozenset(map(_said, readings.of(meter).values()))
            self._digests[side, meter] = (readings.stamp(meter), digest)
        return digest

    def differences(self, meter: MeterKey) -> list[Finding]:
        self._store.ping()
        old, new = (_by_id(self._store.stored.sides[side], meter) for side in Side)
        differing = [
            key for key in {**old, **new} if key not in old or key not in new or _said(old[key]) != _said(new[key])
        ]
        return [Finding(*meter, "source_energy_readings", key, "differs") for key in differing]

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


class FakeRepairedReadings:
    """What the fake sides have lost on the new one; it all comes back as long as nobody has put something there."""

    def __init__(self, store: FakeStore, sides: FakeSides, clock: Clock) -> None:
        self._store = store
        self._sides = sides
        self._clock = clock
        self._kept: dict[int, tuple[str, int, KeptDocument, StoredReading]] = {}
        self._undone: set[int] = set()

    def keep(self, run: RepairRun, meter: MeterKey, side: Side, readings: Sequence[StoredReading]) -> None:
        for reading in readings:
            key = len(self._kept)
            self._kept[key] = (run.id, self._clock(), KeptDocument(key, meter, side, reading.id), reading)

    def runs(self) -> list[KeptRun]:
        found: dict[str, KeptRun] = {}
        for key, (run, at, _, _) in self._kept.items():
            known = found.get(run, KeptRun(run, at, 0, 0))
            found[run] = replace(known, documents=known.documents + 1, undone=known.undone + (key in self._undone))
        return list(found.values())

    def kept(self, run: str) -> Iterator[list[KeptDocument]]:
        items = [item for key, (of, _, item, _) in self._kept.items() if of == run and key not in self._undone]
        for meter in sorted({item.meter for item in items}):
            yield [item for item in reversed(items) if item.meter == meter]

    def bring_back(self, documents: Sequence[KeptDocument], run: RepairRun) -> Undone:
        if Side.NEW not in self._store.stored.sync.writes:
            raise SyncModeError("the new side rests")
        done = Undone()
        for document in documents:
            reading = self._kept[document.key][3]
            place, side = (*document.meter, reading.instant), self._store.stored.sides[document.side]
            if place in side:
                done = done.plus(Undone(left=((document, "its instant is taken"),)))
                continue
            side[place] = replace(reading, revision=reading.revision + 1)
            self._undone.add(document.key)
            self._sides.mark(document.meter, [reading.instant])
            done = done.plus(Undone(1, meters=frozenset({document.meter})))
        return done


@dataclass(frozen=True)
class _Difference:
    """What is to be written on one side: ``changed`` in place of ``before``."""

    new: Sequence[StoredReading] = ()
    changed: Sequence[StoredReading] = ()
    before: Sequence[StoredReading] = ()
    gone: Sequence[StoredReading] = ()

    @property
    def instants(self) -> list[int]:
        return [reading.instant for each in (self.new, self.changed, self.before, self.gone) for reading in each]

    def written(self, version: int) -> Reconciled:
        counts = len(self.new), len(self.changed), len(self.gone)
        span = (min(self.instants), max(self.instants)) if self.instants else (0, 0)
        return Reconciled(*counts, version, *span)


def _by_id(side: Readings, meter: MeterKey) -> dict[str, StoredReading]:
    return {reading.id: reading for reading in side.of(meter).values()}


def _said(reading: StoredReading) -> tuple[str, int, Decimal]:
    """What twins share."""
    return reading.id, reading.instant, reading.amount


def reading(reading_id: str, energy_type: EnergyType, instant: int, amount: int) -> StoredReading:
    """A reading as another application writes one."""
    return StoredReading(reading_id, energy_type, instant, Decimal(amount), "manual", 1, instant, instant)
