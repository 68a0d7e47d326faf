"""Everything that the page shows of one user, as reads for both backends; and what can be compared in which mode.

Without the form of each reading: it shows a row of the table, and asking for it would take an id, which no record of
a comparison may hold.
"""

from collections.abc import Iterator, Set

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import Side, SyncState
from chalicelib.domain.errors import ComparisonError
from chalicelib.domain.ports.reading import ReadingQueries
from chalicelib.domain.ports.values import PageRequest, ReadingFilter
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.services.components.component_reads import (
    READS,
    ComponentRead,
    ShowDashboard,
    ShowMonths,
    ShowNewForm,
    ShowTable,
    ShowTimeline,
)

# They show stored readings; the others are calculated by the old backend, and stored by the new one.
ROWS = {Component.ENERGY_TABLE, Component.ENERGY_FORMS}
WHOLE = 1_000_000  # more readings than anybody has


def comparable(sync: SyncState) -> Set[Component]:
    """The components that both backends have answers of their own for: in ``new_only`` they read the same readings.

    An answer compared with itself would be equal and prove nothing.

    Raises:
        ComparisonError: the new side is not written, or one side not complete yet.
    """
    if Side.NEW not in sync.writes:
        raise ComparisonError("the mode is old_only: the new backend shows nothing yet; first: mode set dual_write")
    if sync.catching_up is not None:
        reason = f"both backends read the {sync.catching_up} readings until the sides are equal"
        raise ComparisonError(f"the sides still catch up after the change of mode: {reason}; first: sync")
    return READS.keys() - ROWS if sync.reads(Backend.OLD) is sync.reads(Backend.NEW) else READS.keys()


def reads_of_user(queries: ReadingQueries, user_id: str) -> Iterator[ComponentRead]:
    """The dashboard, both ends of the table and the whole of it, for each meter its timeline and its years."""
    yield ShowDashboard()
    yield ShowTable()
    yield ShowTable(descending=True)
    yield ShowTable(limit=WHOLE)
    for energy_type in EnergyType:
        yield ShowTimeline(type=energy_type)
        for year in years_of_meter(queries, user_id, energy_type):
            yield ShowMonths(type=energy_type, year=year)


def everything_of_user(queries: ReadingQueries, user_id: str) -> Iterator[ComponentRead]:
    """All views of a user, and of each meter the form for a new reading."""
    yield from reads_of_user(queries, user_id)
    yield from (ShowNewForm(type=energy_type) for energy_type in EnergyType)


def years_of_meter(queries: ReadingQueries, user_id: str, energy_type: EnergyType) -> range:
    """The years of its readings on either side, and one before and behind, which are calculated on the spot."""
    ends = [PageRequest(ReadingFilter(energy_type), descending, limit=1) for descending in (False, True)]
    found = [reading for backend in Backend for end in ends for reading in queries.page(user_id, end, backend)]
    years = [to_datetime(reading.instant).year for reading in found]
    return range(min(years) - 1, max(years) + 2) if years else range(0)
