"""Imports of version 2: how to read a file, and what became of it."""

from typing import Any, Literal, Self

from chalicelib.api.bodies import Body
from chalicelib.domain.errors import FieldError
from chalicelib.domain.events import MeterChange
from chalicelib.services.recording.csv_import import ImportMode, ImportReport

SHOWN_ROW_ERRORS = 100


class ImportQuery(Body):
    """How to read a CSV file; what is not given is found from the file."""

    mode: ImportMode = "all"
    delimiter: Literal[",", ";", "\t"] | None = None
    decimal: Literal[".", ","] | None = None

    def options(self) -> dict[str, Any]:
        """The keyword arguments of ``CsvImportService.bulk_create``."""
        return self.model_dump(include=set(ImportQuery.model_fields))


class RowErrorBody(Body):
    """One row that was not imported, and why."""

    where: str
    reason: str

    @classmethod
    def of(cls, error: FieldError) -> Self:
        """From the service's error."""
        return cls(where=error.where, reason=error.reason)


class ImportReportBody(Body):
    """What became of a file."""

    import_id: str
    success: int
    skipped: int
    error: int
    errors: list[RowErrorBody]
    ignored_columns: list[str]
    meters: list[MeterChange]

    @classmethod
    def of(cls, report: ImportReport) -> Self:
        """From the service's report; the first 100 row errors are shown."""
        return cls(
            import_id=report.import_id,
            success=report.success,
            skipped=report.skipped,
            error=len(report.errors),
            errors=[RowErrorBody.of(error) for error in report.errors[:SHOWN_ROW_ERRORS]],
            ignored_columns=list(report.ignored_columns),
            meters=list(report.meters),
        )
