"""Importing a file of readings: one transaction, one change per meter (CALCULATION.md 8)."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from zoneinfo import ZoneInfo

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.errors import DuplicateReadingError, ImportRowsError, UnavailableError
from chalicelib.domain.events.contracts import EnergyReadingsBulkImported, ImportedMeter, MeterChange
from chalicelib.domain.files.imports.files import ReadFile, read_file
from chalicelib.domain.files.imports.known import KnownMeter
from chalicelib.domain.files.imports.options import DEFAULTS, ImportOptions
from chalicelib.domain.files.imports.plan import plan_import
from chalicelib.domain.meters.import_record import ImportRecord
from chalicelib.domain.ports.outside import Clock, EventPublisher
from chalicelib.domain.ports.reading import ReadingQueries, SettingsRepository
from chalicelib.domain.ports.values import MeterSnapshot, MeterState, UserSettings
from chalicelib.domain.ports.writing import Transactions, WriteTransaction
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.services.recording.import_write import (
    ImportReport,
    Moment,
    NothingNewError,
    Written,
    write_file,
    zone_of,
)

ATTEMPTS = 3
SHOWN_ROWS = 20


class CsvImportService:
    """Stores the readings of a file and publishes the event of the import."""

    def __init__(
        self,
        transactions: Transactions,
        settings: SettingsRepository,
        queries: ReadingQueries,
        publisher: EventPublisher,
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._settings = settings
        self._queries = queries
        self._publisher = publisher
        self._clock = clock

    def bulk_create(self, user_id: str, content: bytes, options: ImportOptions = DEFAULTS) -> ImportReport:
        """Store the readings of a file, or say what would be stored.

        Raises:
            CsvError: the file cannot be read as a whole.
            ImportRowsError: in mode ``all`` a row is invalid; nothing was written.
            ImportQuestionError: something is asked back that ``confirm`` did not answer; nothing was written.
            UnavailableError: the database did not answer in time.
        """
        now = self._clock()
        zone = self._settings.find(user_id).zone
        with _uncollected():
            file = read_file(content, zone, options, now)
            if options.preview:
                return self._preview(user_id, file, options, zone)
            written = self._write(user_id, file, options, zone, now)
        if written.record is not None:
            self._publisher.publish([_imported(user_id, written.record, written.changes, written.zone or zone)])
        return written.report(file)

    def _preview(self, user_id: str, file: ReadFile, options: ImportOptions, zone: ZoneInfo) -> ImportReport:
        """From a read of each meter, on the side that a write would read; nothing is written, no row is refused."""
        backend = Backend.OLD if self._queries.sync().authoritative is Side.OLD else Backend.NEW
        types = EnergyType if file.zone else file.types
        there = {kind: self._queries.snapshot(user_id, kind, backend) for kind in types}
        known = [self._known(user_id, file, kind, there[kind]) for kind in file.types]
        plan = plan_import(file, known, options.on_conflict, zone)
        try:
            meters = plan.accepted(options)
        except ImportRowsError:
            meters = plan.meters
        has_meters = any(snapshot.state != MeterState() for snapshot in there.values())
        taken = zone_of(file, UserSettings(zone), has_meters=has_meters)
        return replace(Written(plan, meters, zone=taken).report(file), rows=tuple(file.rows[:SHOWN_ROWS]))

    def _known(self, user_id: str, file: ReadFile, kind: EnergyType, snapshot: MeterSnapshot) -> KnownMeter:
        """What a write would find; damaged documents are looked for only where the meter has no reading."""
        readings = snapshot.readings
        stored = {*readings.instants}
        free = [row.instant for row in file.rows if row.type is kind and row.instant not in stored]
        damaged = frozenset(self._queries.damaged_among(user_id, kind, free))
        return KnownMeter(kind, snapshot.configuration, readings, lambda: readings.highest, damaged)

    def _write(self, user_id: str, file: ReadFile, options: ImportOptions, zone: ZoneInfo, now: int) -> Written:
        """Run the import's transaction, again when somebody else has just stored one of its instants."""
        attempts = count()

        def work(transaction: WriteTransaction) -> Written:
            return write_file(transaction, file, options, Moment(zone, now), again=next(attempts) > 0)

        for _ in range(ATTEMPTS):
            try:
                return self._transactions.run(user_id, work)
            except DuplicateReadingError:
                continue
            except NothingNewError as nothing:
                return nothing.written
        raise UnavailableError("other writes keep storing the same instants; nothing was imported, try again")


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the search for circles of garbage: an import makes none, and its rows would be searched over and over.

    That was a third of its time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _imported(
    user_id: str, record: ImportRecord, meters: tuple[MeterChange, ...], zone: ZoneInfo
) -> EnergyReadingsBulkImported:
    return EnergyReadingsBulkImported(
        occurred_at=to_datetime(record.at),
        user_id=user_id,
        import_id=record.id,
        count=max(1, record.success + record.replaced),
        meters=tuple(imported_meter(meter, zone) for meter in meters),
    )


def imported_meter(meter: MeterChange, zone: ZoneInfo) -> ImportedMeter:
    """What the events of imports say of a meter."""
    years = range(meter.first.astimezone(zone).year, meter.last.astimezone(zone).year + 1)
    return ImportedMeter(**meter.model_dump(), affected_years=tuple(years))
