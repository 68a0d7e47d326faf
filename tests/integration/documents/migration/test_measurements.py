"""Measurements of pages: their rows field by field, and how many of them are read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.measurements import MeasurementKind, PageMeasurement, Sample
from chalicelib.repositories.measurements import MongoPageMeasurements
from infra.local.waiting import wait_until

T, AT = 1_700_000_000_001, datetime(2023, 11, 14, 22, 13, 20, 1_000, UTC)
CHARTS, NEW = Component.MONTHLY_CHARTS, Backend.NEW
KIND = MeasurementKind.RENDER
ROW: dict[str, Any] = {
    "at": AT,
    "user": "p",
    "component": "monthly_charts",
    "backend": "new",
    "kind": "render",
    "elapsedMs": 1.5,
    "error": "an error",
}


@pytest.fixture
def pages(migrated: Database[Any]) -> MongoPageMeasurements:
    return MongoPageMeasurements(migrated)


def test_each_is_such_a_row(pages: MongoPageMeasurements, migrated: Database[Any]) -> None:
    measured = [PageMeasurement(CHARTS, NEW, KIND, elapsed, "an error") for elapsed in (1.5, 2.5)]
    pages.insert(measured, "p", T)
    assert wait_until(lambda: migrated["page_measurements"].count_documents({}) == 2, 10)
    assert [*migrated["page_measurements"].find({}, {"_id": 0})] == [ROW, ROW | {"elapsedMs": 2.5}]


@pytest.mark.parametrize("name", ["page_measurements", "backend_usage_logs"])
def test_the_latest_are_read_and_whether_there_are_more(
    pages: MongoPageMeasurements, migrated: Database[Any], name: str
) -> None:
    others = [ROW | {"component": "energy_table"}, ROW | {"backend": "old"}, ROW | {"at": AT - timedelta(seconds=1)}]
    rows = [ROW | {"at": AT + timedelta(seconds=n), "elapsedMs": n + 0.5} for n in range(3)]
    migrated[name].insert_many([*others, *rows])

    def read(since: int, limit: int) -> Sample:
        if name == "backend_usage_logs":
            return pages.served(CHARTS, NEW, since, limit)
        return pages.measured(CHARTS, NEW, KIND, since, limit)

    assert read(T, 3) == Sample([(T + 2_000, 2.5), (T + 1_000, 1.5), (T, 0.5)], cut=False)
    assert read(T, 2) == Sample([(T + 2_000, 2.5), (T + 1_000, 1.5)], cut=True)
    assert read(T + 1, 3) == Sample([(T + 2_000, 2.5), (T + 1_000, 1.5)], cut=False)


def test_measurements_of_another_kind_are_left_out(pages: MongoPageMeasurements, migrated: Database[Any]) -> None:
    migrated["page_measurements"].insert_one(ROW | {"kind": "another"})
    assert pages.measured(CHARTS, NEW, KIND, T, 3) == Sample([], cut=False)
