"""The components' answers as models, for their OpenAPI document.

``chalicelib.services.components.component_reads`` makes the answers; a test holds them to these models.
"""

from pydantic import Field, RootModel

from chalicelib.api.bodies import Amount, Body, Moment
from chalicelib.domain.calculation.histogram import Histogram
from chalicelib.domain.calculation.monthly import MonthlyEntry
from chalicelib.domain.calculation.summary_cards import SummaryCards
from chalicelib.domain.readings import EnergyType


class MeterSummary(Body):
    """The summary cards of one meter, from one version of it."""

    type: EnergyType
    source_version: int
    summary: SummaryCards


class Dashboard(Body):
    """The cards of each meter."""

    meters: list[MeterSummary] = Field(min_length=2, max_length=2)


class TableRow(Body):
    """A reading; its ``revision`` is its ETag."""

    id: str
    type: EnergyType
    date: Moment
    amount: Amount
    revision: str


class EnergyTable(Body):
    """One page of readings; ``nextCursor`` is null on the last, ``zone`` is where the user's days begin."""

    readings: list[TableRow]
    next_cursor: str | None
    zone: str


class TimelineSlider(Histogram):
    """How many readings lie in each part of the timeline."""

    type: EnergyType
    source_version: int
    zone: str


class MonthlyCharts(Body):
    """The twelve months of a year."""

    type: EnergyType
    source_version: int
    zone: str
    year: int
    months: list[MonthlyEntry] = Field(min_length=12, max_length=12)


class MonthEnd(Body):
    """The register at the end of a month, in the shape of an old reading."""

    id: str = Field(alias="_id")
    user_id: str
    type: EnergyType
    date: Moment
    amount: Amount
    created_at: Moment
    updated_at: Moment


class MonthEnds(RootModel[list[MonthEnd]]):
    """The months in which the register is known."""


class NewForm(Body):
    """What the form for a new reading shows: the meter's last reading, and where its user's days begin."""

    type: EnergyType
    zone: str
    last: TableRow | None


class RecordedForm(TableRow):
    """A reading that was just written, with the source version that its meter reached."""

    source_version: int
