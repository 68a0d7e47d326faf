"""Recording readings: one at a time or as a CSV file, each write together with its meter's source version.

Not here: calculating views (``calculation``) and how a request looks (``chalicelib.api``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Literal
from uuid import uuid4

from chalicelib.domain.csv_import import CsvRow, ParsedCsv, parse_csv
from chalicelib.domain.errors import CsvError, DuplicateReadingError, FieldError, UnavailableError
from chalicelib.domain.events import EnergyReadingCreated, EnergyReadingsBulkImported, MeterChange
from chalicelib.domain.plausibility import check_neighbours, check_reading
from chalicelib.domain.ports import (
    Clock,
    EventPublisher,
    NewReading,
    SettingsRepository,
    StoredReading,
    Transactions,
    WriteTransaction,
)
from chalicelib.domain.readings import EnergyType, Reading, parse_instant, to_datetime

ImportMode = Literal["all", "partial"]
IMPORT_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class ReadingDraft:
    """A reading as somebody typed it in: the date still a text."""

    type: EnergyType
    date: str
    amount: Decimal
    confirm: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """A stored reading and the source version that its meter reached with it."""

    reading: StoredReading
    source_version: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file: counts of rows, and the meters it changed."""

    import_id: str
    success: int
    skipped: int
    errors: tuple[FieldError, ...]
    ignored_columns: tuple[str, ...]
    meters: tuple[MeterChange, ...]


class EnergyCrudService:
    """Writes readings and tells the rest of the system about it."""

    def __init__(
        self,
        transactions: Transactions,
        settings: SettingsRepository,
        publisher: EventPublisher,
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._settings = settings
        self._publisher = publisher
        self._clock = clock

    def create(self, user_id: str, draft: ReadingDraft) -> Recorded:
        """Store one reading (CALCULATION.md 9).

        Raises:
            InvalidReadingError: amount, date or type breaks a rule.
            ImplausibleReadingError: the register would run backwards and ``confirm`` is not set.
            DuplicateReadingError: the same instant again.
            UnavailableError: the database did not answer in time; nothing was written.
        """
        now = self._clock()
        zone = self._settings.find(user_id).zone
        instant = parse_instant(draft.date, zone)
        check_reading(Reading(instant, draft.amount), now)
        reading = NewReading(draft.type, instant, draft.amount, "manual")
        recorded = self._transactions.run(
            user_id, lambda transaction: _record(transaction, reading, draft.confirm, now)
        )
        self._publisher.publish([_created(user_id, recorded, now)])
        return recorded

    def bulk_create(
        self,
        user_id: str,
        content: bytes,
        *,
        mode: ImportMode = "all",
        delimiter: str | None = None,
        decimal: str | None = None,
    ) -> ImportReport:
        """Store the readings of a CSV file (CALCULATION.md 8); already stored instants are skipped.

        Raises:
            CsvError: the file cannot be read, or in mode ``all`` any row is invalid; nothing was written.
            UnavailableError: the database did not answer in time; nothing was written.
        """
        now = self._clock()
        zone = self._settings.find(user_id).zone
        parsed = parse_csv(content, zone, delimiter=delimiter, decimal=decimal, now=now)
        if parsed.errors and mode == "all":
            raise CsvError(f"{len(parsed.errors)} invalid rows, nothing was imported", _field_errors(parsed))
        import_id = str(uuid4())
        meters, stored = self._store(user_id, parsed.rows, import_id, now)
        if meters:
            self._publisher.publish([_imported(user_id, import_id, stored, meters, now)])
        skipped = len(parsed.rows) - stored + len(parsed.duplicates)
        return ImportReport(import_id, stored, skipped, _field_errors(parsed), tuple(parsed.ignored_columns), meters)

    def _store(
        self, user_id: str, rows: Sequence[CsvRow], import_id: str, now: int
    ) -> tuple[tuple[MeterChange, ...], int]:
        """Run the import's transaction, again when somebody else has just stored one of its instants."""
        if not rows:
            return (), 0
        for _ in range(IMPORT_ATTEMPTS):
            try:
                return self._transactions.run(
                    user_id, lambda transaction: _import_rows(transaction, rows, import_id, now)
                )
            except DuplicateReadingError:
                continue
        raise UnavailableError("other writes keep storing the same instants; nothing was imported, try again")


def _record(transaction: WriteTransaction, reading: NewReading, confirm: bool, now: int) -> Recorded:
    stored = transaction.readings.add(reading, now)  # first: the same instant again is a duplicate, whatever it says
    if not confirm:
        previous, following = transaction.readings.neighbours(reading.type, reading.instant)
        exchanges = transaction.meters.configuration(reading.type).exchanges
        check_neighbours(Reading(reading.instant, reading.amount), previous, following, exchanges)
    version = transaction.meters.mark_changed(reading.type, reading.instant, reading.instant, now)
    return Recorded(stored, version)


def _import_rows(
    transaction: WriteTransaction, rows: Sequence[CsvRow], import_id: str, now: int
) -> tuple[tuple[MeterChange, ...], int]:
    changes = []
    stored = 0
    by_type = attrgetter("type")
    for energy_type, group in groupby(sorted(rows, key=by_type), key=by_type):
        new = _unknown(transaction, energy_type, list(group), import_id)
        if new:
            changes.append(_store_readings(transaction, energy_type, new, now))
            stored += len(new)
    return tuple(changes), stored


def _unknown(
    transaction: WriteTransaction, energy_type: EnergyType, rows: Sequence[CsvRow], import_id: str
) -> list[NewReading]:
    instants = [row.instant for row in rows]
    known = transaction.readings.instants_between(energy_type, min(instants), max(instants))
    return [
        NewReading(energy_type, row.instant, row.amount, "csv", import_id) for row in rows if row.instant not in known
    ]


def _store_readings(
    transaction: WriteTransaction, energy_type: EnergyType, readings: Sequence[NewReading], now: int
) -> MeterChange:
    first = min(reading.instant for reading in readings)
    last = max(reading.instant for reading in readings)
    transaction.readings.add_many(readings, now)
    version = transaction.meters.mark_changed(energy_type, first, last, now)
    return _change(energy_type, version, first, last)


def _change(energy_type: EnergyType, version: int, first: int, last: int) -> MeterChange:
    return MeterChange(type=energy_type, source_version=version, first=to_datetime(first), last=to_datetime(last))


def _created(user_id: str, recorded: Recorded, now: int) -> EnergyReadingCreated:
    reading = recorded.reading
    return EnergyReadingCreated(
        occurred_at=to_datetime(now),
        user_id=user_id,
        reading_id=reading.id,
        meter=_change(reading.type, recorded.source_version, reading.instant, reading.instant),
    )


def _imported(
    user_id: str, import_id: str, count: int, meters: tuple[MeterChange, ...], now: int
) -> EnergyReadingsBulkImported:
    return EnergyReadingsBulkImported(
        occurred_at=to_datetime(now), user_id=user_id, import_id=import_id, count=count, meters=meters
    )


def _field_errors(parsed: ParsedCsv) -> tuple[FieldError, ...]:
    return tuple(
        FieldError(f"row {error.line}: {error.column}" if error.column else f"row {error.line}", error.reason)
        for error in parsed.errors
    )
