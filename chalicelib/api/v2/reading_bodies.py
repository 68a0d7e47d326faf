"""Bodies of readings in version 2: what a caller sends and gets."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field

from chalicelib.api.bodies import DIGITS, LAST_DATE, Amount, Body, Confirm, DateText, Moment
from chalicelib.domain.ports.values import StoredReading
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft, Recorded

MAX_PAGE = 500


class ReadingBody(Body):
    """A reading to record: when, and what the register showed."""

    type: EnergyType
    date: DateText
    amount: Amount
    confirm: Confirm = False

    def draft(self) -> ReadingDraft:
        """What the service takes."""
        return ReadingDraft(self.type, self.date, self.amount, self.confirm)


class CorrectionBody(Body):
    """What to change of a reading; what is left out stays."""

    date: DateText | None = None
    amount: Amount | None = None
    confirm: Confirm = False

    def correction(self, revision: int | None = None, content: str | None = None) -> ReadingCorrection:
        """What the service takes; ``revision``, or the page's digest of the content, is what the caller has seen."""
        return ReadingCorrection(self.date, self.amount, self.confirm, revision, content)


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
        """Make it from what is stored."""
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
        """Make it from what the service stored."""
        return cls.of(recorded.reading, source_version=recorded.source_version)


class ReadingListQuery(Body):
    """Which readings to list: all or one type, within dates, sorted by date; ``cursor`` is the page before's."""

    type: EnergyType | None = None
    first: Annotated[DateText | None, Field(alias="from")] = None
    last: Annotated[DateText | None, Field(alias="to", description=LAST_DATE)] = None
    sort: Literal["date", "-date"] = "date"
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE), DIGITS] = 50
    cursor: str | None = Field(None, max_length=200)


class ReadingListBody(Body):
    """One page of readings; ``nextCursor`` is null on the last."""

    readings: list[StoredReadingBody]
    next_cursor: str | None
