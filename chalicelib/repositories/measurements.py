"""Measurements of pages, in ``page_measurements``: written without waiting, deleted by a TTL index.

Outside the session filter, because nothing here needs the user's id: rows say by a pseudonym whose page measured.
"""

from collections.abc import Sequence

from pymongo import DESCENDING, WriteConcern
from pymongo.collection import Collection
from typing_extensions import override

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.measurements import MeasurementKind, PageMeasurement, PageMeasurements, Sample
from chalicelib.domain.readings import to_datetime, to_ms
from chalicelib.repositories.comparisons import REPORT_SECONDS
from chalicelib.repositories.database import Collections, Document, MongoDatabase, time_limit
from chalicelib.repositories.usage import PATIENCE_SECONDS


class MongoPageMeasurements(PageMeasurements):
    """``PageMeasurements`` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._pages = database[Collections.PAGES]
        self._unacknowledged = self._pages.with_options(write_concern=WriteConcern(w=0))
        self._usage = database[Collections.USAGE]

    @override
    def insert(self, measurements: Sequence[PageMeasurement], pseudonym: str, at: int) -> None:
        """One command, unacknowledged; the driver would wait for an ordered one."""
        with time_limit(PATIENCE_SECONDS):
            self._unacknowledged.insert_many([_row(each, pseudonym, at) for each in measurements], ordered=False)

    @override
    def measured(self, component: Component, backend: Backend, kind: MeasurementKind, since: int, limit: int) -> Sample:
        wanted = {"component": component.value, "backend": backend.value, "kind": kind.value}
        return _sample(self._pages, wanted, since, limit)

    @override
    def served(self, component: Component, backend: Backend, since: int, limit: int) -> Sample:
        return _sample(self._usage, {"component": component.value, "backend": backend.value}, since, limit)


def _row(measurement: PageMeasurement, pseudonym: str, at: int) -> Document:
    return {
        "at": to_datetime(at),
        "user": pseudonym,
        "component": measurement.component.value,
        "backend": measurement.backend.value,
        "kind": measurement.kind.value,
        "elapsedMs": measurement.elapsed_ms,
        "error": measurement.error,
    }


def _sample(collection: Collection[Document], wanted: Document, since: int, limit: int) -> Sample:
    """The latest of these, and whether there is one more."""
    recent = wanted | {"at": {"$gte": to_datetime(since)}}
    shown = {"_id": False, "at": True, "elapsedMs": True}  # as the index holds them: no document is fetched
    with time_limit(REPORT_SECONDS):
        rows = list(collection.find(recent, shown, sort=[("at", DESCENDING)], limit=limit + 1))
    return Sample([(to_ms(row["at"]), row["elapsedMs"]) for row in rows[:limit]], cut=len(rows) > limit)
