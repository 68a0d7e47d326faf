"""Everything that the page shows of one user, as reads that both backends can be asked.

Without the form of each reading: it shows a row of the table, and asking for it would take an id, which no record of
a comparison may hold.
"""

from collections.abc import Iterator

from chalicelib.domain.ports import PageRequest, ReadingFilter, ReadingQueries
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.domain.rollout.decision import Backend
from chalicelib.services.backends.component_reads import (
    ComponentRead,
    ShowDashboard,
    ShowMonths,
    ShowTable,
    ShowTimeline,
)

WHOLE = 1_000_000  # more readings than anybody has


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


def years_of_meter(queries: ReadingQueries, user_id: str, energy_type: EnergyType) -> range:
    """The years of its readings on either side, and one before and behind, which are calculated on the spot."""
    ends = [PageRequest(ReadingFilter(energy_type), descending, limit=1) for descending in (False, True)]
    found = [reading for backend in Backend for end in ends for reading in queries.page(user_id, end, backend)]
    years = [to_datetime(reading.instant).year for reading in found]
    return range(min(years) - 1, max(years) + 2) if years else range(0)
