"""Importing a CSV file of readings: one transaction, one change per meter (CALCULATION.md 8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, groupby
from operator import attrgetter
from typing import Literal
from uuid import uuid4
from zoneinfo import ZoneInfo

from chalicelib.domain.csv.numbers import DecimalSign
from chalicelib.domain.csv.rows import CsvOptions, CsvRow, ParsedCsv, RowError, parse_csv
from chalicelib.domain.errors import (
    CsvError,
    DuplicateReadingError,
    FieldError,
    InvalidReadingError,
    UnavailableError,
)
from chalicelib.domain.events import EnergyReadingsBulkImported, ImportedMeter, MeterChange
from chalicelib.domain.plausibility.limits import check_register
from chalicelib.domain.ports import (
    Clock,
    EventPublisher,
    NewReading,
    SettingsRepository,
    Transactions,
    WriteTransaction,
)
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.services.recording.energy_crud import change_of

ImportMode = Literal["all", "partial"]
ATTEMPTS = 3
BY_TYPE, BY_LINE = attrgetter("type"), attrgetter("line")


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file: counts of rows, and the meters it changed."""

    import_id: str
    success: int
    skipped: int
    errors: tuple[FieldError, ...]
    ignored_columns: tuple[str, ...]
    meters: tuple[MeterChange, ...]


class CsvImportService:
    """Stores the readings of a file and tells the rest of the system about it."""

    def __init__(
        self, transactions: Transactions, settings: SettingsRepository, publisher: EventPublisher, clock: Clock
    ) -> None:
        self._transactions = transactions
        self._settings = settings
        self._publisher = publisher
        self._clock = clock

    def bulk_create(
        self,
        user_id: str,
        content: bytes,
        *,
        mode: ImportMode = "all",
        delimiter: str | None = None,
        decimal: DecimalSign | None = None,
    ) -> ImportReport:
        """Store the readings of a CSV file; already stored instants are skipped.

        Raises:
            CsvError: the file cannot be read, or in mode ``all`` any row is invalid; nothing was written.
            UnavailableError: the database did not answer in time.
        """
        now = self._clock()
        zone = self._settings.find(user_id).zone
        parsed = parse_csv(content, zone, CsvOptions(delimiter, decimal), now=now)
        twins = _drop_twins(parsed.rows)
        import_id = str(uuid4())
        stored = self._store(user_id, parsed, import_id, mode, now)
        if stored.meters:
            self._publisher.publish([_imported(user_id, import_id, stored.count, stored.meters, zone, now)])
        skipped = len(parsed.rows) - len(stored.refused) - stored.count + twins
        errors = _field_errors([*parsed.errors, *stored.refused])
        return ImportReport(
            import_id, stored.count, skipped, errors, tuple(parsed.format.ignored_columns), stored.meters
        )

    def _store(self, user_id: str, parsed: ParsedCsv, import_id: str, mode: ImportMode, now: int) -> "_Stored":
        """Run the import's transaction, again when somebody else has just stored one of its instants."""
        if not parsed.rows:
            _check_rows(parsed.errors, mode)
            return _Stored()
        attempts = count()

        def work(transaction: WriteTransaction) -> _Stored:
            rows, refused = _divided(transaction, parsed.rows)
            _check_rows([*parsed.errors, *refused], mode)
            return _import_rows(transaction, rows, refused, import_id, now, again=next(attempts) > 0)

        for _ in range(ATTEMPTS):
            try:
                return self._transactions.run(user_id, work)
            except DuplicateReadingError:
                continue
            except _NothingNewError as nothing:
                return nothing.stored
        raise UnavailableError("other writes keep storing the same instants; nothing was imported, try again")


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the transaction did: the meters it changed, how many readings are new, which rows it could not take."""

    meters: tuple[MeterChange, ...] = ()
    count: int = 0
    refused: tuple[RowError, ...] = ()


class _NothingNewError(Exception):
    """Takes the transaction back: the meters that it has taken stay as they were."""

    def __init__(self, stored: _Stored) -> None:
        super().__init__()
        self.stored = stored


def _drop_twins(rows: list[CsvRow]) -> int:
    """Drop the rows whose type and instant an earlier row has, and count them."""
    firsts = {(row.type, row.instant): row for row in reversed(rows)}
    kept = [row for row in rows if firsts[row.type, row.instant] is row]
    dropped = len(rows) - len(kept)
    rows[:] = kept
    return dropped


def _check_rows(errors: Sequence[RowError], mode: ImportMode) -> None:
    if errors and mode == "all":
        raise CsvError(f"{len(errors)} invalid rows, nothing was imported", _field_errors(errors))


def _divided(transaction: WriteTransaction, rows: Sequence[CsvRow]) -> tuple[list[CsvRow], tuple[RowError, ...]]:
    """The rows that the registers can show, and what is wrong with the others."""
    moduli = {kind: transaction.meters.configuration(kind).modulus for kind in {row.type for row in rows}}
    if not any(moduli.values()):
        return list(rows), ()
    fitting, refused = list[CsvRow](), list[RowError]()
    for row in rows:
        try:
            check_register(moduli[row.type], amount=row.amount)
            fitting.append(row)
        except InvalidReadingError as error:
            refused.append(RowError(row.line, "amount", str(error)))
    return fitting, tuple(refused)


def _import_rows(
    transaction: WriteTransaction,
    rows: Sequence[CsvRow],
    refused: tuple[RowError, ...],
    import_id: str,
    now: int,
    *,
    again: bool,
) -> _Stored:
    """Where a writer came in between, all meters are taken before any is read ``again``.

    A file takes long to read and write: it would meet the next write, and the one after, without end.
    """
    meters = {kind: list(group) for kind, group in groupby(sorted(rows, key=BY_TYPE), key=BY_TYPE)}
    changes = {kind: _marked(transaction, kind, group, now) for kind, group in meters.items()} if again else {}
    stored = 0
    for kind, group in meters.items():
        if new := _unknown(transaction, kind, group, import_id):
            changes[kind] = _marked(transaction, kind, new, now)
            transaction.readings.add_many(new, now)
            stored += len(new)
    if not stored:
        raise _NothingNewError(_Stored(refused=refused))
    return _Stored(tuple(changes.values()), stored, refused)


def _unknown(
    transaction: WriteTransaction, energy_type: EnergyType, rows: Sequence[CsvRow], import_id: str
) -> list[NewReading]:
    instants = [row.instant for row in rows]
    known = transaction.readings.instants_between(energy_type, min(instants), max(instants))
    return [
        NewReading(energy_type, row.instant, row.amount, "csv", import_id) for row in rows if row.instant not in known
    ]


def _marked(
    transaction: WriteTransaction, energy_type: EnergyType, readings: Sequence[CsvRow | NewReading], now: int
) -> MeterChange:
    first = min(reading.instant for reading in readings)
    last = max(reading.instant for reading in readings)
    version = transaction.meters.mark_changed(energy_type, first, last, now)
    return change_of(energy_type, version, first, last)


def _imported(
    user_id: str, import_id: str, count: int, meters: tuple[MeterChange, ...], zone: ZoneInfo, now: int
) -> EnergyReadingsBulkImported:
    return EnergyReadingsBulkImported(
        occurred_at=to_datetime(now),
        user_id=user_id,
        import_id=import_id,
        count=count,
        meters=tuple(_imported_meter(meter, zone) for meter in meters),
    )


def _imported_meter(meter: MeterChange, zone: ZoneInfo) -> ImportedMeter:
    years = range(meter.first.astimezone(zone).year, meter.last.astimezone(zone).year + 1)
    return ImportedMeter(**meter.model_dump(), affected_years=tuple(years))


def _field_errors(errors: Sequence[RowError]) -> tuple[FieldError, ...]:
    """In the order of the file."""
    return tuple(
        FieldError(f"row {error.line}: {error.column}" if error.column else f"row {error.line}", error.reason)
        for error in sorted(errors, key=BY_LINE)
    )
