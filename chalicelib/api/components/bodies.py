"""What the page asks of a component. What it sends is version 2's; what it gets is made in ``component_reads``."""

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.api.bodies import CONSISTENT, TRUTH, Body, DateText
from chalicelib.api.v2.display_bodies import Buckets, Year
from chalicelib.api.v2.import_bodies import ImportListQuery, ImportQuery
from chalicelib.api.v2.reading_bodies import ReadingListQuery
from chalicelib.domain.calculation.histogram import DEFAULT_BUCKETS
from chalicelib.domain.readings import EnergyType


class ComponentQuery(Body):
    """What every component takes: operators may insist on the old backend."""

    force_old: Annotated[bool, TRUTH] = False


class ViewQuery(ComponentQuery):
    """What every component takes that shows a stored view."""

    consistent: Annotated[bool, Field(description=CONSISTENT), TRUTH] = False


class TableQuery(ReadingListQuery, ComponentQuery):
    """Which readings to show."""


class TimelineQuery(ViewQuery):
    """Which timeline to show: from the first to the last reading where no range is given."""

    type: EnergyType
    first: Annotated[DateText | None, Field(alias="from")] = None
    last: Annotated[DateText | None, Field(alias="to")] = None
    buckets: Buckets = DEFAULT_BUCKETS


class MonthsQuery(ViewQuery):
    """Which months to show; as ``energies`` they are the array of readings that the old pages draw from."""

    type: EnergyType
    year: Year
    shape: Literal["months", "energies"] = "months"


class NewFormQuery(ComponentQuery):
    """For which meter the form is."""

    type: EnergyType


class FileQuery(ImportQuery, ComponentQuery):
    """How to read a file, and what may be written."""


class FileListQuery(ImportListQuery, ComponentQuery):
    """Which imports to list."""
