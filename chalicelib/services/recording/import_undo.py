"""Listing imports, and taking one back: what it wrote and nobody has changed since goes, in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain

from chalicelib.domain.events.contracts import EnergyReadingsImportUndone, MeterChange
from chalicelib.domain.meters.configuration import Exchange, MeterConfiguration
from chalicelib.domain.meters.import_record import ImportedReadings, ImportRecord, KeptReading, Replaced, Undone
from chalicelib.domain.ports.outside import Clock, EventPublisher
from chalicelib.domain.ports.reading import ImportList, SettingsRepository
from chalicelib.domain.ports.values import Change, StoredReading
from chalicelib.domain.ports.writing import Transactions, WriteTransaction
from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT, to_datetime
from chalicelib.services.recording.csv_import import imported_meter
from chalicelib.services.recording.energy_crud import change_of
from chalicelib.services.recording.import_write import with_amount

NAMED = 100


@dataclass(frozen=True, slots=True)
class UndoReport:
    """An import that was undone, and the meters that changed with it."""

    record: ImportRecord
    outcome: Undone
    meters: tuple[MeterChange, ...] = ()


class ImportHistoryService:
    """Lists what a user has imported and undoes it."""

    def __init__(
        self,
        transactions: Transactions,
        imports: ImportList,
        settings: SettingsRepository,
        publisher: EventPublisher,
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._imports = imports
        self._settings = settings
        self._publisher = publisher
        self._clock = clock

    def page(self, user_id: str, limit: int, after: tuple[int, str] | None = None) -> list[ImportRecord]:
        """Imports, the latest first. Raises UnavailableError."""
        return self._imports.page(user_id, limit, after)

    def undo(self, user_id: str, import_id: str) -> UndoReport:
        """Take an import back; undone again, it takes what it left before, where that is now what the import wrote.

        Readings that it created are removed, replaced ones get their former amount, a configuration becomes what it
        was; what somebody has changed since stays and is named, and so does a reading whose former amount the register
        cannot show any more. The zone stays.

        Raises:
            NotFoundError: there is no such import of this user.
            UnavailableError: the database did not answer in time.
        """
        now = self._clock()
        zone = self._settings.find(user_id).zone  # behind the commit nothing may fail: what is undone has its event
        report = self._transactions.run(user_id, lambda transaction: _undo(transaction, import_id, now))
        if report.meters:
            event = EnergyReadingsImportUndone(
                occurred_at=to_datetime(now),
                user_id=user_id,
                import_id=import_id,
                meters=tuple(imported_meter(meter, zone) for meter in report.meters),
            )
            self._publisher.publish([event])
        return report


def _undo(transaction: WriteTransaction, import_id: str, now: int) -> UndoReport:
    record = transaction.imports.get(import_id)
    before = record.undone
    if before is not None and before.is_complete:
        return UndoReport(record, before)
    undoings = [_Undoing.of(transaction, meter, record.at) for meter in record.meters]
    changes = tuple(undoing.run(transaction, now) for undoing in undoings if undoing.changes_anything)
    outcome = _outcome(undoings, before, now)
    if before is not None and not changes:
        return UndoReport(record, before)
    record = replace(record, undone=outcome)
    transaction.imports.close(record)
    return UndoReport(record, outcome, changes)


@dataclass(frozen=True, slots=True)
class _Undoing:
    """What is taken back of one meter, and what was changed since."""

    imported: ImportedReadings
    removed: Sequence[StoredReading]
    restored: Sequence[tuple[StoredReading, Replaced]]
    kept: Sequence[StoredReading]
    configures: bool

    @classmethod
    def of(cls, transaction: WriteTransaction, imported: ImportedReadings, at: int) -> "_Undoing":
        created = transaction.readings.within(imported.created) if imported.created else []
        removed = [reading for reading in created if _is_as_written(reading, imported, at) and reading.created_at == at]
        replaced = {each.id: each for each in imported.replaced}
        found = transaction.readings.by_ids([*replaced])
        unchanged = [
            (reading, replaced[reading.id])
            for reading in found
            if _is_as_written(reading, imported, replaced[reading.id].update)
        ]
        configuration = transaction.meters.configuration(imported.type)
        configures = _configures(transaction, imported, configuration, [*removed, *(each for each, _ in unchanged)])
        if configures and imported.configured:
            configuration = imported.configured.former
        restored = [each for each in unchanged if _can_show(configuration, each[1].former)]
        untouched = {reading.id for reading in chain(removed, (reading for reading, _ in restored))}
        kept = [
            reading
            for reading in chain(created, found)
            if reading.id not in untouched and not _is_as_before(reading, replaced.get(reading.id))
        ]
        return cls(imported, removed, restored, kept, configures)

    @property
    def changes_anything(self) -> bool:
        return bool(self.removed or self.restored or self.configures)

    def run(self, transaction: WriteTransaction, now: int) -> MeterChange:
        kind, first, last = self.imported.type, self.imported.first, self.imported.last
        dirty = (FIRST_INSTANT, LAST_INSTANT) if self.configures else (first, last)
        version = transaction.meters.mark_changed(kind, *dirty, now)
        if self.configures and self.imported.configured:
            present = transaction.meters.configuration(kind)
            transaction.meters.configure(kind, _brought_back(self.imported.configured.former, present))
        if self.removed:
            transaction.readings.remove_many(self.removed, now)
        if self.restored:
            changes = [
                Change(stored, with_amount(stored, each.former, each.former_update)) for stored, each in self.restored
            ]
            transaction.readings.replace_many(changes, now)
        return change_of(kind, version, first, last)


def _configures(
    transaction: WriteTransaction,
    imported: ImportedReadings,
    present: MeterConfiguration,
    untouched: Sequence[StoredReading],
) -> bool:
    """Whether the former configuration comes back: nobody has changed it, and its register can show what stays."""
    if imported.configured is None or not _says_the_same(present, imported.configured.given):
        return False
    former = imported.configured.former
    if _can_show(former, transaction.readings.highest(imported.type)):
        return True
    gone = {reading.instant for reading in untouched}
    stored = transaction.readings.stored_between(imported.type, FIRST_INSTANT, LAST_INSTANT)
    staying = [reading.amount for reading in stored if reading.instant not in gone]
    return all(_can_show(former, amount) for amount in (*staying, *(each.former for each in imported.replaced)))


def _says_the_same(one: MeterConfiguration, other: MeterConfiguration) -> bool:
    """Whether two configurations give the same figures, however often their exchanges were written."""
    return _said(one) == _said(other)


def _said(configuration: MeterConfiguration) -> MeterConfiguration:
    return replace(configuration, exchanges=tuple(replace(each, revision=0) for each in configuration.exchanges))


def _brought_back(former: MeterConfiguration, present: MeterConfiguration) -> MeterConfiguration:
    """The former configuration. A revision is an ETag: an exchange that changes again never has one of before."""
    known = {each.id: each for each in present.exchanges}
    exchanges = (_after(each, known.get(each.id, each)) for each in former.exchanges)
    return replace(former, exchanges=tuple(exchanges))


def _after(former: Exchange, present: Exchange) -> Exchange:
    return present if present.exchange == former.exchange else replace(former, revision=present.revision + 1)


def _can_show(configuration: MeterConfiguration, amount: Decimal) -> bool:
    return configuration.modulus is None or amount < configuration.modulus


def _is_as_written(reading: StoredReading, imported: ImportedReadings, update: int) -> bool:
    return reading.updated_at == update and imported.wrote(reading.type, reading.instant, reading.amount)


def _is_as_before(reading: StoredReading, replaced: Replaced | None) -> bool:
    """Whether it was restored already."""
    return replaced is not None and (reading.amount, reading.updated_at) == (replaced.former, replaced.former_update)


def _outcome(undoings: Iterable[_Undoing], before: Undone | None, now: int) -> Undone:
    """``before``: what was undone the first time, where something was left then."""
    done = list(undoings)
    kept = [KeptReading(each.id, each.type, each.instant, each.amount) for undoing in done for each in undoing.kept]
    return Undone(
        at=before.at if before else now,
        removed=sum(len(undoing.removed) for undoing in done) + (before.removed if before else 0),
        restored=sum(len(undoing.restored) for undoing in done) + (before.restored if before else 0),
        kept_count=len(kept),
        kept=tuple(kept[:NAMED]),
        configurations_kept=tuple(
            undoing.imported.type for undoing in done if undoing.imported.configured and not undoing.configures
        ),
    )
