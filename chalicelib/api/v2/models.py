"""The bodies and query strings of version 2: what the caller sends and what the caller gets."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool
from pydantic.alias_generators import to_camel

from chalicelib.domain.events import MeterChange
from chalicelib.domain.readings import FIRST_YEAR, LAST_YEAR, EnergyType, to_datetime
from chalicelib.services.display import View
from chalicelib.services.energy_crud import ImportMode, ImportReport, ReadingDraft, Recorded


def _number(value: Any) -> Any:
    """A JSON number: no text that looks like one, no truth value."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("send a JSON number")
    return value


def _whole_number(value: str) -> int:
    """Digits of a query string and nothing else."""
    if not (value.isascii() and value.isdecimal()):
        raise ValueError("send a whole number")
    return int(value[:9])


Amount = Annotated[Decimal, BeforeValidator(_number)]
WholeNumber = Annotated[int, BeforeValidator(_whole_number)]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    def shown(self) -> dict[str, Any]:
        """The members as the caller sees them."""
        return self.model_dump(by_alias=True)


class ReadingBody(_Body):
    """A reading to record: a date (local midnight) or a date-time with offset, and the register's amount."""

    type: EnergyType
    date: str = Field(min_length=1, max_length=40)
    amount: Amount
    confirm: StrictBool = False

    def draft(self) -> ReadingDraft:
        """What the service takes."""
        return ReadingDraft(self.type, self.date, self.amount, self.confirm)


class RecordedBody(_Body):
    """A stored reading, with the source version that its meter reached."""

    id: str
    type: EnergyType
    date: datetime
    amount: Decimal
    source: str
    revision: int
    created_at: datetime
    updated_at: datetime
    source_version: int

    @classmethod
    def of(cls, recorded: Recorded) -> Self:
        """From what the service stored."""
        reading = recorded.reading
        return cls(
            id=reading.id,
            type=reading.type,
            date=to_datetime(reading.instant),
            amount=reading.amount,
            source=reading.source,
            revision=reading.revision,
            created_at=to_datetime(reading.created_at),
            updated_at=to_datetime(reading.updated_at),
            source_version=recorded.source_version,
        )


class ImportQuery(_Body):
    """How to read a CSV file; what is not given is found from the file."""

    mode: ImportMode = "all"
    delimiter: Literal[",", ";", "\t"] | None = None
    decimal: Literal[".", ","] | None = None

    def options(self) -> dict[str, Any]:
        """The keyword arguments of ``EnergyCrudService.bulk_create``."""
        return self.model_dump()


class RowErrorBody(_Body):
    """One row that was not imported, and why."""

    where: str
    reason: str


class ImportReportBody(_Body):
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
            errors=[RowErrorBody(where=error.where, reason=error.reason) for error in report.errors[:100]],
            ignored_columns=list(report.ignored_columns),
            meters=list(report.meters),
        )


class DisplayQuery(_Body):
    """Which view to show."""

    type: EnergyType
    data_type: Literal["monthly"]
    year: Annotated[WholeNumber, Field(ge=FIRST_YEAR, le=LAST_YEAR)]


class DisplayMeta(_Body):
    """How a view relates to its meter: stale while a write is not in it yet."""

    source_version: int
    display_version: int
    stale: bool
    calculated_at: datetime | None


class DisplayBody(_Body):
    """One view."""

    type: EnergyType
    data_type: str
    year: int
    data: Mapping[str, Any]
    meta: DisplayMeta

    @classmethod
    def of(cls, query: DisplayQuery, view: View) -> "DisplayBody":
        """From the service's view, without copying its data."""
        meta = DisplayMeta(
            source_version=view.source_version,
            display_version=view.display_version,
            stale=view.stale,
            calculated_at=None if view.calculated_at is None else to_datetime(view.calculated_at),
        )
        return cls.model_construct(
            type=query.type, data_type=query.data_type, year=query.year, data=view.data, meta=meta
        )
