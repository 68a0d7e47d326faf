"""The bodies and query strings of version 2: what the caller sends and what the caller gets."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from chalicelib.api.bodies import Amount, Body, DateText, Moment
from chalicelib.domain.errors import FieldError, InvalidInputError
from chalicelib.domain.events import MeterChange
from chalicelib.domain.ports import Exchange, MeterConfiguration, StoredReading, UserSettings
from chalicelib.domain.readings import FIRST_YEAR, LAST_YEAR, EnergyType, to_datetime
from chalicelib.services.configuration import ExchangeDraft
from chalicelib.services.csv_import import ImportMode, ImportReport
from chalicelib.services.display import View
from chalicelib.services.energy_crud import ReadingCorrection, ReadingDraft, Recorded

SHOWN_ROW_ERRORS = 100
MAX_BUCKETS = 1000
MAX_PAGE = 500


class ReadingBody(Body):
    """A reading to record: a date (local midnight) or a date-time with offset, and the register's amount."""

    type: EnergyType
    date: DateText
    amount: Amount
    confirm: bool = False

    def draft(self) -> ReadingDraft:
        """What the service takes."""
        return ReadingDraft(self.type, self.date, self.amount, self.confirm)


class CorrectionBody(Body):
    """What to change of a reading; what is left out stays."""

    date: DateText | None = None
    amount: Amount | None = None
    confirm: bool = False

    def correction(self, revision: int | None) -> ReadingCorrection:
        """What the service takes."""
        return ReadingCorrection(self.date, self.amount, self.confirm, revision)


class StoredReadingBody(Body):
    """A stored reading; its ``revision`` is its ETag."""

    id: str
    type: EnergyType
    date: Moment
    amount: Amount
    source: str
    revision: int
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, reading: StoredReading, **more: Any) -> Self:
        """From what is stored."""
        return cls(
            id=reading.id,
            type=reading.type,
            date=to_datetime(reading.instant),
            amount=reading.amount,
            source=reading.source,
            revision=reading.revision,
            created_at=to_datetime(reading.created_at),
            updated_at=to_datetime(reading.updated_at),
            **more,
        )


class RecordedBody(StoredReadingBody):
    """A reading that was just written, with the source version that its meter reached."""

    source_version: int

    @classmethod
    def after(cls, recorded: Recorded) -> Self:
        """From what the service stored."""
        return cls.of(recorded.reading, source_version=recorded.source_version)


class ReadingListQuery(Body):
    """Which readings to list: all or one type, within dates, sorted by date; ``cursor`` is the page before's."""

    type: EnergyType | None = None
    first: Annotated[DateText | None, Field(alias="from")] = None
    last: Annotated[DateText | None, Field(alias="to")] = None
    sort: Literal["date", "-date"] = "date"
    limit: int = Field(50, ge=1, le=MAX_PAGE)
    cursor: str | None = Field(None, max_length=200)


class ReadingListBody(Body):
    """One page of readings; ``nextCursor`` is null on the last."""

    readings: list[StoredReadingBody]
    next_cursor: str | None


class ImportQuery(Body):
    """How to read a CSV file; what is not given is found from the file."""

    mode: ImportMode = "all"
    delimiter: Literal[",", ";", "\t"] | None = None
    decimal: Literal[".", ","] | None = None

    def options(self) -> dict[str, Any]:
        """The keyword arguments of ``CsvImportService.bulk_create``."""
        return self.model_dump()


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


class DisplayQuery(Body):
    """Which view to show. ``year``: monthly, required there. ``from``, ``to``, ``buckets``: histogram."""

    type: EnergyType
    data_type: Literal["monthly", "histogram", "summary"]
    year: int | None = Field(None, ge=FIRST_YEAR, le=LAST_YEAR)
    first: Annotated[DateText | None, Field(alias="from")] = None
    last: Annotated[DateText | None, Field(alias="to")] = None
    buckets: int | None = Field(None, ge=1, le=MAX_BUCKETS)

    def required_year(self) -> int:
        """The year of a monthly view. Raises InvalidInputError."""
        if self.year is None:
            reason = "a monthly view needs year=, such as year=2024"
            raise InvalidInputError(reason, (FieldError("year", reason),))
        return self.year


class DisplayMeta(Body):
    """How a view relates to its meter: stale while a write is not in it yet."""

    source_version: int
    display_version: int
    stale: bool
    calculated_at: Moment | None


class DisplayBody(Body):
    """One view."""

    type: EnergyType
    data_type: str
    year: int | None
    data: Mapping[str, Any]
    meta: DisplayMeta

    @classmethod
    def of(cls, query: DisplayQuery, view: View) -> "DisplayBody":
        """From the service's view, without copying its data."""
        meta = DisplayMeta(
            source_version=view.state.source_version,
            display_version=view.state.display_version,
            stale=view.state.stale,
            calculated_at=None if view.calculated_at is None else to_datetime(view.calculated_at),
        )
        year = query.year if query.data_type == "monthly" else None
        return cls.model_construct(type=query.type, data_type=query.data_type, year=year, data=view.data, meta=meta)


class ExchangeBody(Body):
    """A meter exchange to record: when, the old register's last and the new one's first count."""

    type: EnergyType
    date: DateText
    final_old: Amount
    initial_new: Amount = Decimal(0)

    def draft(self) -> ExchangeDraft:
        """What the service takes."""
        return ExchangeDraft(self.type, self.date, self.final_old, self.initial_new)


class StoredExchangeBody(Body):
    """A recorded exchange."""

    id: str
    type: EnergyType
    date: Moment
    final_old: Amount
    initial_new: Amount

    @classmethod
    def of(cls, exchange: Exchange) -> Self:
        """From what is stored."""
        points = exchange.exchange
        return cls(
            id=exchange.id,
            type=exchange.type,
            date=to_datetime(points.instant),
            final_old=points.final_old,
            initial_new=points.initial_new,
        )


class RecordedExchangeBody(Body):
    """An exchange that was just recorded, and what it did to its meter."""

    exchange: StoredExchangeBody
    meter: MeterChange


class ExchangeListQuery(Body):
    """Of which meter to list the exchanges."""

    type: EnergyType


class ExchangeListBody(Body):
    """The exchanges of one meter, by date."""

    exchanges: list[StoredExchangeBody]

    @classmethod
    def of(cls, configuration: MeterConfiguration) -> Self:
        """From a meter's configuration."""
        return cls(exchanges=[StoredExchangeBody.of(exchange) for exchange in configuration.exchanges])


class ModuliBody(Body):
    """At which count each register starts again, such as 100000; null where it is not known."""

    power: Amount | None = Field(None, gt=0, le=10**12)
    gas: Amount | None = Field(None, gt=0, le=10**12)


class SettingsBody(Body):
    """A user's zone, the days a reading may lie from a month end, and the registers' moduli."""

    zone: str = Field(max_length=64)
    tolerance_days: int = Field(3, ge=0, le=14)
    moduli: ModuliBody = ModuliBody()

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            return ZoneInfo(zone).key
        except (OSError, ValueError) as error:
            raise ValueError("not an IANA zone such as Europe/Berlin") from error

    def settings(self) -> UserSettings:
        """What the service takes."""
        return UserSettings(ZoneInfo(self.zone), self.tolerance_days)


class ChangedBody(Body):
    """The meters that a change touched."""

    meters: list[MeterChange]
