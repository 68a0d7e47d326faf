"""The unit of work of an import: what is stored around its rows, what is written of it, and what is kept to undo it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import NamedTuple
from uuid import uuid4
from zoneinfo import ZoneInfo

from chalicelib.domain.errors import RowWarning
from chalicelib.domain.events.contracts import MeterChange
from chalicelib.domain.files.csv.parsed import CsvFormat, CsvRow, RowError
from chalicelib.domain.files.imports.files import ReadFile
from chalicelib.domain.files.imports.known import KnownMeter
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.files.imports.other_zone import FARTHEST_MS
from chalicelib.domain.files.imports.plan import ImportPlan, MeterPlan, plan_import
from chalicelib.domain.meters.configuration import MeterConfiguration
from chalicelib.domain.meters.import_record import IdRange, ImportedReadings, ImportRecord, Replaced
from chalicelib.domain.plausibility.usual import USUAL_BASE_MS
from chalicelib.domain.ports.values import Change, NewReading, StoredReading, UserSettings
from chalicelib.domain.ports.writing import WriteTransaction
from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT, EnergyType, Reading
from chalicelib.domain.readings.compact import CompactReadings
from chalicelib.monitoring.trace import trace_id
from chalicelib.services.recording.energy_crud import change_of


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file, or would become of it: counts of rows, how it was understood, the meters it changed.

    ``import_id`` is None where nothing was written. ``configurations``: what the meters are like afterwards whose
    register or exchanges the file changes; ``zone``: the file's, where it becomes the user's. ``rows``: the first ones
    as understood, of a preview.
    """

    success: int
    skipped: int
    replaced: int
    errors: tuple[RowError, ...]
    warnings: tuple[RowWarning, ...]
    format: CsvFormat | None
    import_id: str | None = None
    meters: tuple[MeterChange, ...] = ()
    configurations: Mapping[EnergyType, MeterConfiguration] = field(default_factory=dict)
    zone: ZoneInfo | None = None
    rows: tuple[CsvRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """What a transaction did: the plan, what was accepted of it, the record of it, and the meters it changed.

    ``zone``: the one that the user took from the file.
    """

    plan: ImportPlan
    meters: tuple[MeterPlan, ...]
    record: ImportRecord | None = None
    changes: tuple[MeterChange, ...] = ()
    zone: ZoneInfo | None = None

    def report(self, file: ReadFile) -> ImportReport:
        """Make the report for the sender of the file."""
        return ImportReport(
            success=sum(len(meter.new) for meter in self.meters),
            skipped=sum(len(meter.skipped) for meter in self.plan.meters),
            replaced=sum(len(meter.replaced) for meter in self.meters),
            errors=self.plan.errors,
            warnings=self.plan.warnings,
            format=file.format,
            import_id=self.record.id if self.record else None,
            meters=self.changes,
            configurations={meter.type: meter.configured.given for meter in self.meters if meter.configured},
            zone=self.zone,
        )


class NothingNewError(Exception):
    """Takes the transaction back: the meters that it has taken stay as they were."""

    def __init__(self, written: Written) -> None:
        super().__init__()
        self.written = written


class Moment(NamedTuple):
    """The zone and the time of an import."""

    zone: ZoneInfo
    now: int


def write_file(
    transaction: WriteTransaction, file: ReadFile, options: ImportOptions, moment: Moment, *, again: bool
) -> Written:
    """Write what a file brings.

    Where a writer came in between, all meters are taken before any is read ``again``: a file takes long to read and
    write, and would meet the next write, and the one after, without end.

    Raises:
        ImportRowsError, ImportQuestionError: as ``ImportPlan.accepted``.
        NothingNewError: it brings nothing; the transaction is taken back.
    """
    zone = zone_of(file, transaction.settings.get(), has_meters=bool(transaction.meters.types()))
    changes = _taken(transaction, file, moment.now) if again else {}
    known = [_known(transaction, kind, [row for row in file.rows if row.type is kind]) for kind in file.types]
    plan = plan_import(file, known, options.on_conflict, moment.zone)
    meters = plan.accepted(options)
    changed = [meter for meter in meters if meter.written or meter.configured]
    if not changed:
        raise NothingNewError(Written(plan, meters))
    if zone is not None:
        changes |= _zone_taken(transaction, zone, moment.now)
    import_id, imported = str(uuid4()), list[ImportedReadings]()
    for meter in changed:
        first, last = _range(meter, moment.now)
        changes[meter.type] = _marked(transaction, meter, first, last, moment.now)
        imported.append(_stored(transaction, meter, import_id, (first, last), moment.now))
    record = _record(import_id, tuple(imported), Written(plan, meters).report(file), options, moment.now)
    transaction.imports.add(record)
    return Written(plan, meters, record, tuple(changes.values()), zone)


def zone_of(file: ReadFile, settings: UserSettings, *, has_meters: bool) -> ZoneInfo | None:
    """The zone that an account takes from a file: one without a meter, whose owner has chosen no zone."""
    default = UserSettings()
    return None if has_meters or settings != default or file.zone == default.zone else file.zone


def _taken(transaction: WriteTransaction, file: ReadFile, now: int) -> dict[EnergyType, MeterChange]:
    changes = {}
    for kind in file.types:
        instants = [row.instant for row in file.rows if row.type is kind] or [now]
        first, last = min(instants), max(instants)
        changes[kind] = change_of(kind, transaction.meters.mark_changed(kind, first, last, now), first, last)
    return changes


def _known(transaction: WriteTransaction, energy_type: EnergyType, rows: Sequence[CsvRow]) -> KnownMeter:
    """What is stored of a meter, as far as its rows can meet it."""
    readings, configuration = transaction.readings, transaction.meters.configuration(energy_type)
    highest = partial(readings.highest, energy_type)
    if not rows:
        return KnownMeter(energy_type, configuration, CompactReadings.of([]), highest)
    first, last = min(row.instant for row in rows), max(row.instant for row in rows)
    stored = readings.stored_between(energy_type, first, last)
    taken = readings.instants_between(energy_type, first, last)
    around = CompactReadings.joined(
        [*_before(transaction, energy_type, first), stored, *_behind(transaction, energy_type, last)]
    )
    return KnownMeter(energy_type, configuration, around, highest, frozenset(taken.difference(stored.instants)))


def _before(transaction: WriteTransaction, energy_type: EnergyType, first: int) -> Iterator[CompactReadings]:
    """The year before, or what comes before that."""
    year = transaction.readings.between(energy_type, first - USUAL_BASE_MS, first - 1)
    yield year
    if not year.instants:
        yield from _alone(transaction.readings.neighbours(energy_type, first)[0])


def _behind(transaction: WriteTransaction, energy_type: EnergyType, last: int) -> Iterator[CompactReadings]:
    """As far as a file may be shifted, or what comes after that."""
    hours = transaction.readings.between(energy_type, last + 1, last + FARTHEST_MS)
    yield hours
    if not hours.instants:
        yield from _alone(transaction.readings.neighbours(energy_type, last)[1])


def _alone(reading: Reading | None) -> Iterator[CompactReadings]:
    if reading is not None:
        yield CompactReadings.of([reading])


def _zone_taken(transaction: WriteTransaction, zone: ZoneInfo, now: int) -> dict[EnergyType, MeterChange]:
    """Every meter is touched, as by a change of settings."""
    transaction.settings.save(UserSettings(zone), now)
    versions = {kind: transaction.meters.mark_changed(kind, FIRST_INSTANT, LAST_INSTANT, now) for kind in EnergyType}
    return {kind: change_of(kind, version, now, now) for kind, version in versions.items()}


def _range(meter: MeterPlan, now: int) -> tuple[int, int]:
    """From the first instant that changes to the last."""
    instants = [row.instant for row in meter.written]
    if meter.configured:
        changed = {*meter.configured.former.points} ^ {*meter.configured.given.points}
        instants += [point.instant for point in changed]
    return min(instants, default=now), max(instants, default=now)


def _marked(transaction: WriteTransaction, meter: MeterPlan, first: int, last: int, now: int) -> MeterChange:
    """A new configuration changes every figure."""
    dirty = (FIRST_INSTANT, LAST_INSTANT) if meter.configured else (first, last)
    return change_of(meter.type, transaction.meters.mark_changed(meter.type, *dirty, now), first, last)


def _stored(
    transaction: WriteTransaction, meter: MeterPlan, import_id: str, bounds: tuple[int, int], now: int
) -> ImportedReadings:
    if meter.configured:
        transaction.meters.configure(meter.type, meter.configured.given)
    created = _created(transaction, meter, import_id, now)
    replaced = _replaced(transaction, meter, now)
    written = {row.instant: row.amount for row in meter.written}
    return ImportedReadings(meter.type, *bounds, created, replaced, meter.configured, written)


def _created(transaction: WriteTransaction, meter: MeterPlan, import_id: str, now: int) -> IdRange | None:
    new = [NewReading(meter.type, row.instant, row.amount, "csv", import_id) for row in meter.new]
    return transaction.readings.add_many(new, now) if new else None


def _replaced(transaction: WriteTransaction, meter: MeterPlan, now: int) -> tuple[Replaced, ...]:
    amounts = {row.instant: row.amount for row in meter.replaced}
    if not amounts:
        return ()
    stored = transaction.readings.at(meter.type, [*amounts])
    changes = [Change(each, with_amount(each, amounts[each.instant], max(now, each.updated_at + 1))) for each in stored]
    transaction.readings.replace_many(changes, now)
    return tuple(Replaced(after.id, before.amount, before.updated_at, after.updated_at) for before, after in changes)


def with_amount(reading: StoredReading, amount: Decimal, updated_at: int) -> StoredReading:
    """A stored reading after it was given another amount."""
    return replace(reading, amount=amount, revision=reading.revision + 1, updated_at=updated_at)


def _record(
    import_id: str, meters: tuple[ImportedReadings, ...], report: ImportReport, options: ImportOptions, now: int
) -> ImportRecord:
    return ImportRecord(
        id=import_id,
        at=now,
        form=options.form,
        file_name=options.file_name,
        success=report.success,
        replaced=report.replaced,
        skipped=report.skipped,
        errors=len(report.errors),
        meters=meters,
        trace_id=trace_id(),
    )
