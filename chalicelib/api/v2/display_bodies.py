"""The query and the bodies of version 2's views."""

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.api.bodies import CONSISTENT, DIGITS, TRUTH, Body, DateText, Moment
from chalicelib.domain.calculation.histogram import Histogram
from chalicelib.domain.calculation.monthly import MonthlyEntry
from chalicelib.domain.calculation.summary_cards import SummaryCards
from chalicelib.domain.errors import FieldError, InvalidInputError
from chalicelib.domain.readings import FIRST_YEAR, LAST_YEAR, EnergyType

Year = Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR), DIGITS]
Buckets = Annotated[int, Field(ge=1, le=1000), DIGITS]


class DisplayQuery(Body):
    """Which view to show. ``year``: monthly, required there. ``from``, ``to``, ``buckets``: histogram."""

    type: EnergyType
    data_type: Literal["monthly", "histogram", "summary"]
    year: Year | None = None
    first: Annotated[DateText | None, Field(alias="from")] = None
    last: Annotated[DateText | None, Field(alias="to")] = None
    buckets: Buckets | None = None
    consistent: Annotated[bool, Field(description=CONSISTENT), TRUTH] = False

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


class MonthlyData(Body):
    """The twelve months of a year."""

    year: int
    months: list[MonthlyEntry] = Field(min_length=12, max_length=12)


class MonthlyDisplay(Body):
    """The months of one year of one meter."""

    type: EnergyType
    data_type: Literal["monthly"]
    year: int
    data: MonthlyData
    meta: DisplayMeta


class HistogramDisplay(Body):
    """How many readings lie in each part of the timeline."""

    type: EnergyType
    data_type: Literal["histogram"]
    year: None
    data: Histogram
    meta: DisplayMeta


class SummaryDisplay(Body):
    """The summary cards for the user's local day."""

    type: EnergyType
    data_type: Literal["summary"]
    year: None
    data: SummaryCards
    meta: DisplayMeta
