"""The bodies and query strings of version 1. Frozen: nothing here follows version 2."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, RootModel, StrictBool, StringConstraints

from chalicelib.api.bodies import DIGITS, TRUTH, Amount, Body, DateText, Moment
from chalicelib.api.errors import REASON_LENGTH, shortened
from chalicelib.api.upload import UploadedFile
from chalicelib.domain.errors import FieldError
from chalicelib.domain.files.csv.options import CsvOptions, DateOrder
from chalicelib.domain.files.imports.options import ImportMode, ImportOptions, OnConflict
from chalicelib.domain.files.imports.plan import field_error, warning_as_error
from chalicelib.domain.ports.values import StoredReading
from chalicelib.domain.readings import FIRST_YEAR, LAST_YEAR, EnergyType, to_datetime
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft
from chalicelib.services.recording.import_write import ImportReport

SHOWN_ROW_ERRORS = 100
MAX_BUCKETS = 1000
Column = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class EnergyBody(Body):
    """A reading as ``energies`` has it."""

    id: Annotated[str, Field(alias="_id")]
    user_id: str
    type: EnergyType
    date: Moment
    amount: Amount
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, user_id: str, reading: StoredReading) -> Self:
        """Make it from what is stored for a user."""
        return cls(
            id=reading.id,
            user_id=user_id,
            type=reading.type,
            date=to_datetime(reading.instant),
            amount=reading.amount,
            created_at=to_datetime(reading.created_at),
            updated_at=to_datetime(reading.updated_at),
        )


class EnergiesBody(RootModel[list[EnergyBody]]):
    """All readings, by date."""


class DeletedBody(Body):
    """That a reading is gone."""

    success: Literal[True]


class NewEnergyBody(Body):
    """A reading to record."""

    type: EnergyType
    date: DateText
    amount: Amount
    confirm: StrictBool = False

    def draft(self) -> ReadingDraft:
        """What the service takes."""
        return ReadingDraft(self.type, self.date, self.amount, self.confirm)


class ChangedEnergyBody(Body):
    """What to change of a reading. A whole reading may be sent back: what cannot be changed has no effect."""

    type: EnergyType | None = None
    date: DateText | None = None
    amount: Amount | None = None
    confirm: StrictBool = False
    id: Annotated[Any, Field(alias="_id")] = None
    user_id: Any = None
    created_at: Any = None
    updated_at: Any = None

    def correction(self) -> ReadingCorrection:
        """What the service takes; version 1 knows no revisions, the last one to write wins."""
        return ReadingCorrection(self.date, self.amount, self.confirm)


class EnergyListQuery(Body):
    """Which readings to list: all, or those of one type."""

    type: EnergyType | None = None


class ImportQuery(Body):
    """How to read a CSV file; what is not given is found from the file."""

    mode: ImportMode = "all"
    delimiter: Literal[",", ";", "\t"] | None = None
    decimal: Literal[".", ","] | None = None
    confirm: Annotated[bool, TRUTH] = False
    on_conflict: OnConflict = "error"
    date_order: DateOrder | None = None
    type: EnergyType | None = None
    date_column: Column | None = None
    type_column: Column | None = None
    amount_column: Column | None = None

    def options(self, file: UploadedFile) -> ImportOptions:
        """What the service takes."""
        how = self.model_dump(include={"mode", "confirm", "on_conflict"})
        return ImportOptions(**how, csv=CsvOptions(**self.model_dump(exclude={*how})), file_name=file.name)


class RowErrorBody(Body):
    """One row that was not imported, and why."""

    where: str
    reason: str

    @classmethod
    def of(cls, error: FieldError) -> Self:
        """Make it from the service's error."""
        return cls(where=error.where, reason=shortened(error.reason, REASON_LENGTH))


class ImportResultBody(Body):
    """What became of the rows of a file; the first 100 errors are shown, all are counted."""

    success: int
    skipped: int
    error: int
    errors: list[RowErrorBody]

    @classmethod
    def of(cls, report: ImportReport, options: ImportOptions) -> Self:
        """Make it from the service's report; rows that were left out because nobody confirmed them are errors here."""
        doubted = () if options.confirm else map(warning_as_error, report.warnings)
        errors = [*map(field_error, report.errors), *doubted]
        shown = [RowErrorBody.of(error) for error in errors[:SHOWN_ROW_ERRORS]]
        return cls(success=report.success, skipped=report.skipped, error=len(errors), errors=shown)


class MonthlyQuery(Body):
    """Which months to show."""

    type: EnergyType
    year: Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR), DIGITS]


class HistogramQuery(Body):
    """Which timeline to show: from the first to the last reading where no range is given."""

    type: EnergyType
    first: Annotated[DateText | None, Field(alias="from")] = None
    last: Annotated[DateText | None, Field(alias="to")] = None
    buckets: Annotated[int, Field(ge=1, le=MAX_BUCKETS), DIGITS] | None = None


class SummaryQuery(Body):
    """Whose cards to show."""

    type: EnergyType


# The members of a summary, in their order; cards that came later are version 2's.
SUMMARY = (
    "day",
    "monthSoFar",
    "lastMonth",
    "sameMonthLastYear",
    "changePercent",
    "yearSoFar",
    "averagePerDay",
    "projection",
    "lastReading",
)
