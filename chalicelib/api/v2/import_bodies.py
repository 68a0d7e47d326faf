"""Queries and bodies of version 2's imports: options, report, the list of imports, and the report of an undo."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints

from chalicelib.api.bodies import DIGITS, TRUTH, Amount, Body, Moment
from chalicelib.api.errors import REASON_LENGTH, shortened
from chalicelib.api.upload import JSON, UNNAMED, UploadedFile
from chalicelib.domain.errors import RowWarning
from chalicelib.domain.events.contracts import MeterChange
from chalicelib.domain.files.csv.options import CsvOptions, DateOrder
from chalicelib.domain.files.csv.parsed import CsvFormat, CsvRow, RowError
from chalicelib.domain.files.imports.options import ImportMode, ImportOptions, OnConflict
from chalicelib.domain.files.imports.plan import field_error
from chalicelib.domain.meters.configuration import MeterConfiguration
from chalicelib.domain.meters.import_record import FileForm, ImportRecord, ImportState, KeptReading
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.services.recording.import_undo import UndoReport
from chalicelib.services.recording.import_write import ImportReport

SHOWN = 100
PAGE = 50
CONFIRM = "true: store what is asked back too; nothing else answers it"
ON_CONFLICT = "what to do about a row whose instant has another amount already"
PREVIEW = "true: say what would happen and write nothing"
Column = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class ImportQuery(Body):
    """How to read a file and what may be written; what is not given about a CSV file is found from the file."""

    mode: ImportMode = "all"
    confirm: Annotated[bool, Field(description=CONFIRM), TRUTH] = False
    preview: Annotated[bool, Field(description=PREVIEW), TRUTH] = False
    on_conflict: Annotated[OnConflict, Field(description=ON_CONFLICT)] = "error"
    delimiter: Literal[",", ";", "\t"] | None = None
    decimal: Literal[".", ","] | None = None
    date_order: DateOrder | None = None
    type: EnergyType | None = None
    date_column: Column | None = None
    type_column: Column | None = None
    amount_column: Column | None = None

    def options(self, file: UploadedFile) -> ImportOptions:
        """What the service takes."""
        how = self.model_dump(include={"mode", "confirm", "preview", "on_conflict"})
        return ImportOptions(**how, csv=self.csv(), file_name=file.name, form=form_of(file))

    def csv(self) -> CsvOptions:
        """How a CSV file is written."""
        given = {"delimiter", "decimal", "date_order", "type", "date_column", "type_column", "amount_column"}
        return CsvOptions(**self.model_dump(include=given))


def form_of(file: UploadedFile) -> FileForm:
    """What an uploaded file is; a form may not say it, then its name does."""
    named = file.media_type == UNNAMED and (file.name or "").lower().endswith(".json")
    return "json" if file.media_type == JSON or named else "csv"


class RowErrorBody(Body):
    """One row that was not imported, and why; ``line`` null: something that is no row."""

    line: int | None
    where: str
    reason: str

    @classmethod
    def of(cls, error: RowError) -> Self:
        """Make it from the service's error."""
        shown = field_error(error)
        return cls(line=error.line or None, where=shown.where, reason=shortened(shown.reason, REASON_LENGTH))


class RowWarningBody(Body):
    """What is asked back about a row, or about the file where ``line`` is null."""

    line: int | None
    code: str
    reason: str

    @classmethod
    def of(cls, warning: RowWarning) -> Self:
        """Make it from the service's warning."""
        return cls(line=warning.line, code=warning.code, reason=shortened(warning.reason, REASON_LENGTH))


class FileRowBody(Body):
    """A row as it was understood."""

    line: int
    type: EnergyType
    date: Moment
    amount: Amount

    @classmethod
    def of(cls, row: CsvRow) -> Self:
        """Make it from the service's row."""
        return cls(line=row.line, type=row.type, date=to_datetime(row.instant), amount=row.amount)


class FormatBody(Body):
    """How a CSV file was understood; ``columns`` says what is read from which column, the first 100 others follow."""

    encoding: str | None
    delimiter: str | None
    decimal: str | None
    date_order: DateOrder | None
    header_line: int | None
    columns: dict[str, str]
    ignored_columns: list[str]
    ignored_column_count: int

    @staticmethod
    def members(found: CsvFormat | None) -> dict[str, Any]:
        """Make it from the service's format; None: no CSV file."""
        alone = ("encoding", "delimiter", "decimal", "date_order", "header_line")
        ignored = [] if found is None else found.ignored_columns
        return {
            **{name: getattr(found, name, None) for name in alone},
            "columns": {} if found is None else dict(found.columns),
            "ignored_columns": list(ignored[:SHOWN]),
            "ignored_column_count": len(ignored),
        }


class ConfiguredExchangeBody(Body):
    """A meter exchange as a file brings it."""

    date: Moment
    final_old: Amount
    initial_new: Amount


class ConfiguredMeterBody(Body):
    """What a meter is like afterwards; of its exchanges the first 100 are shown."""

    type: EnergyType
    modulus: Amount | None
    runs_backwards: bool
    exchanges: list[ConfiguredExchangeBody]

    @classmethod
    def of(cls, kind: EnergyType, configuration: MeterConfiguration) -> Self:
        """Make it from the service's value."""
        exchanges = [
            ConfiguredExchangeBody(
                date=to_datetime(point.instant), final_old=point.final_old, initial_new=point.initial_new
            )
            for point in configuration.points[:SHOWN]
        ]
        return cls(
            type=kind,
            modulus=configuration.modulus,
            runs_backwards=configuration.runs_backwards,
            exchanges=exchanges,
        )


class ImportReportBody(FormatBody):
    """What became of a file, or would become of it (``preview``); of errors and warnings the first 100 are shown.

    ``importId`` is null where nothing was written. ``configurations``: the meters whose register or exchanges the file
    changes; ``zone``: the file's, where it becomes the user's. ``rows``: the first 20 as understood, of a preview.
    """

    import_id: str | None
    preview: bool
    success: int
    skipped: int
    replaced: int
    error: int
    errors: list[RowErrorBody]
    warning: int
    warnings: list[RowWarningBody]
    meters: list[MeterChange]
    configurations: list[ConfiguredMeterBody]
    zone: str | None
    rows: list[FileRowBody]

    @classmethod
    def of(cls, report: ImportReport, *, preview: bool = False) -> Self:
        """Make it from the service's report."""
        return cls(
            import_id=report.import_id,
            preview=preview,
            success=report.success,
            skipped=report.skipped,
            replaced=report.replaced,
            error=len(report.errors),
            errors=[RowErrorBody.of(error) for error in report.errors[:SHOWN]],
            warning=len(report.warnings),
            warnings=[RowWarningBody.of(warning) for warning in report.warnings[:SHOWN]],
            meters=list(report.meters),
            configurations=[ConfiguredMeterBody.of(*each) for each in report.configurations.items()],
            zone=None if report.zone is None else report.zone.key,
            rows=[FileRowBody.of(row) for row in report.rows],
            **FormatBody.members(report.format),
        )


class ImportListQuery(Body):
    """Which imports to list, the latest first."""

    limit: Annotated[int, Field(ge=1, le=PAGE), DIGITS] = PAGE
    cursor: Annotated[str | None, Field(min_length=1, max_length=200)] = None


class ImportRecordBody(Body):
    """One import. ``first`` and ``last``: the dates of what it wrote."""

    id: str
    at: Moment
    file_name: str | None
    form: FileForm
    state: ImportState
    undone_at: Moment | None
    success: int
    replaced: int
    skipped: int
    error: int
    types: list[EnergyType]
    first: Moment
    last: Moment

    @classmethod
    def of(cls, record: ImportRecord) -> Self:
        """Make it from the service's record."""
        return cls(
            id=record.id,
            at=to_datetime(record.at),
            file_name=record.file_name,
            form=record.form,
            state=record.state,
            undone_at=None if record.undone is None else to_datetime(record.undone.at),
            success=record.success,
            replaced=record.replaced,
            skipped=record.skipped,
            error=record.errors,
            types=[meter.type for meter in record.meters],
            first=to_datetime(min(meter.first for meter in record.meters)),
            last=to_datetime(max(meter.last for meter in record.meters)),
        )


class ImportListBody(Body):
    """One page of imports; ``nextCursor`` is null on the last one."""

    imports: list[ImportRecordBody]
    next_cursor: str | None


class KeptReadingBody(Body):
    """A reading that was changed after the import, and stays."""

    id: str
    type: EnergyType
    date: Moment
    amount: Annotated[Decimal, Field()]

    @classmethod
    def of(cls, kept: KeptReading) -> Self:
        """Make it from the service's value."""
        return cls(id=kept.id, type=kept.type, date=to_datetime(kept.instant), amount=kept.amount)


class UndoReportBody(Body):
    """How an import was undone; of readings that stay the first 100 are shown.

    ``configurationsKept``: meters whose register or exchanges were changed after the import.
    """

    import_id: str
    state: ImportState
    removed: int
    restored: int
    kept_count: int
    kept: list[KeptReadingBody]
    configurations_kept: list[EnergyType]
    meters: list[MeterChange]

    @classmethod
    def of(cls, report: UndoReport) -> Self:
        """Make it from the service's report."""
        undone = report.outcome
        return cls(
            import_id=report.record.id,
            state=report.record.state,
            removed=undone.removed,
            restored=undone.restored,
            kept_count=undone.kept_count,
            kept=[KeptReadingBody.of(each) for each in undone.kept],
            configurations_kept=list(undone.configurations_kept),
            meters=list(report.meters),
        )
