"""The queries of the components' routes, and the read that each means.

What it sends is version 2's; what it gets is made in ``component_reads``.
"""

from abc import abstractmethod
from typing import Annotated, Literal

from pydantic import Field

from chalicelib.api.bodies import CONSISTENT, TRUTH, Body, DateText
from chalicelib.api.cursor import position_of
from chalicelib.api.endpoint import Call
from chalicelib.api.timeline import range_of
from chalicelib.api.v2.display_bodies import Buckets, Year
from chalicelib.api.v2.import_bodies import ImportListQuery, ImportQuery
from chalicelib.api.v2.reading_bodies import ReadingListQuery
from chalicelib.domain.calculation.histogram import DEFAULT_BUCKETS
from chalicelib.domain.readings import EnergyType
from chalicelib.services.components.component_reads import (
    ComponentRead,
    ShowDashboard,
    ShowMonths,
    ShowNewForm,
    ShowTable,
    ShowTimeline,
)


class ComponentQuery(Body):
    """What every component takes: operators may insist on the old backend."""

    force_old: Annotated[bool, TRUTH] = False


class ReadQuery(ComponentQuery):
    """What a component takes that shows something."""

    @abstractmethod
    def read(self, call: Call) -> ComponentRead:
        """The read that it means to the caller. Raises InvalidInputError, UnavailableError."""


class ViewQuery(ReadQuery):
    """What every component takes that shows a stored view."""

    consistent: Annotated[bool, Field(description=CONSISTENT), TRUTH] = False


class DashboardQuery(ViewQuery):
    """How to show the cards."""

    def read(self, call: Call) -> ShowDashboard:  # noqa: ARG002
        """The cards of each meter."""
        return ShowDashboard(consistent=self.consistent)


class TableQuery(ReadingListQuery, ReadQuery):
    """Which readings to show."""

    def read(self, call: Call) -> ShowTable:
        """A page of the list."""
        first, last = range_of(call, self.first, self.last, whole_days=True)
        after = None if self.cursor is None else position_of(self.cursor)
        descending = self.sort == "-date"
        return ShowTable(type=self.type, first=first, last=last, descending=descending, limit=self.limit, after=after)


class TimelineQuery(ViewQuery):
    """Which timeline to show: from the first to the last reading where no range is given."""

    type: EnergyType
    first: Annotated[DateText | None, Field(alias="from")] = None
    last: Annotated[DateText | None, Field(alias="to")] = None
    buckets: Buckets = DEFAULT_BUCKETS

    def read(self, call: Call) -> ShowTimeline:
        """The parts of a range."""
        first, last = range_of(call, self.first, self.last)
        return ShowTimeline(type=self.type, first=first, last=last, buckets=self.buckets, consistent=self.consistent)


class MonthsQuery(ViewQuery):
    """Which months to show; as ``energies`` they are the array of readings that the old pages draw from."""

    type: EnergyType
    year: Year
    shape: Literal["months", "energies"] = "months"

    def read(self, call: Call) -> ShowMonths:  # noqa: ARG002
        """The months, whatever shape they get."""
        return ShowMonths(type=self.type, year=self.year, consistent=self.consistent)


class NewFormQuery(ReadQuery):
    """The meter of the form."""

    type: EnergyType

    def read(self, call: Call) -> ShowNewForm:  # noqa: ARG002
        """The meter's last reading."""
        return ShowNewForm(type=self.type)


class FileQuery(ImportQuery, ComponentQuery):
    """How to read a file, and what may be written."""


class FileListQuery(ImportListQuery, ComponentQuery):
    """Which imports to list."""
