"""What the page asks of a component and sends to it. What it gets has the shape that ``component_reads`` makes."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool

from chalicelib.api.bodies import CONSISTENT, DIGITS, TRUTH, Amount, Body, DateText
from chalicelib.domain.calculation.histogram import DEFAULT_BUCKETS
from chalicelib.domain.readings import FIRST_YEAR, LAST_YEAR, EnergyType
from chalicelib.services.recording.csv_import import ImportMode, ImportReport
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft

MAX_PAGE = 500
MAX_BUCKETS = 1000
SHOWN_ROW_ERRORS = 100


class ComponentQuery(Body):
    """What every component takes: operators may insist on the old backend."""

    force_old: Annotated[bool, TRUTH] = False


class ViewQuery(ComponentQuery):
    """What every component takes that shows a stored view."""

    consistent: Annotated[bool, Field(description=CONSISTENT), TRUTH] = False


class TableQuery(ComponentQuery):
    """Which readings to show: all or one type, within dates, sorted by date; ``cursor`` is the page before's."""

    type: EnergyType | None = None
    first: Annotated[DateText | None, Field(alias="from")] = None
    last: Annotated[DateText | None, Field(alias="to")] = None
    sort: Literal["date", "-date"] = "date"
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE), DIGITS] = 50
    cursor: str | None = Field(None, max_length=200)


class TimelineQuery(ViewQuery):
    """Which timeline to show: from the first to the last reading where no range is given."""

    type: EnergyType
    first: Annotated[DateText | None, Field(alias="from")] = None
    last: Annotated[DateText | None, Field(alias="to")] = None
    buckets: Annotated[int, Field(ge=1, le=MAX_BUCKETS), DIGITS] = DEFAULT_BUCKETS


class MonthsQuery(ViewQuery):
    """Which months to show; as ``energies`` they are the array of readings that the old pages draw from."""

    type: EnergyType
    year: Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR), DIGITS]
    shape: Literal["months", "energies"] = "months"


class FileQuery(ComponentQuery):
    """How to read a CSV file; what is not given is found from the file."""

    mode: ImportMode = "all"
    delimiter: Literal[",", ";", "\t"] | None = None
    decimal: Literal[".", ","] | None = None

    def options(self) -> Mapping[str, Any]:
        """The keyword arguments of ``bulk_create``."""
        return self.model_dump(exclude={"force_old"})


class FormBody(Body):
    """A reading to record: a date (local midnight) or a date-time with offset, and the register's amount."""

    type: EnergyType
    date: DateText
    amount: Amount
    confirm: StrictBool = False

    def draft(self) -> ReadingDraft:
        """What a backend takes."""
        return ReadingDraft(self.type, self.date, self.amount, self.confirm)


class ChangedFormBody(Body):
    """What to change of a reading; what is left out stays."""

    date: DateText | None = None
    amount: Amount | None = None
    confirm: StrictBool = False

    def correction(self, content: str | None) -> ReadingCorrection:
        """What a backend takes."""
        return ReadingCorrection(self.date, self.amount, self.confirm, content=content)


def imported(report: ImportReport) -> dict[str, Any]:
    """What became of a file; the first 100 errors are shown, all are counted."""
    return {
        "success": report.success,
        "skipped": report.skipped,
        "error": len(report.errors),
        "errors": [{"where": error.where, "reason": error.reason} for error in report.errors[:SHOWN_ROW_ERRORS]],
        "ignoredColumns": list(report.ignored_columns),
        "meters": [meter.model_dump(by_alias=True) for meter in report.meters],
    }
