"""The calculation that a meter shows, as the server reads it: whatever the mark holds."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.domain.meters.invariants import calculation_of
from chalicelib.repositories.calculation_marks import SHOWN_BY, behind, not_newer, outdated

DATE = datetime(2023, 1, 1, tzinfo=UTC)
LIMIT = 4_503_599_627_370_496


def meter(display: int, **series: Any) -> dict[str, Any]:
    said = {"series": series} if series else {}
    return {"_id": "anna|gas", "userId": "anna", "type": "gas", "sourceVersion": 9, "displayVersion": display, **said}


@pytest.mark.parametrize(
    ("found", "calculation"),
    [
        (meter(0), 0),
        (meter(0, version=0, calculation=2), 0),
        (meter(3), 1),
        (meter(3, version=3), 1),
        (meter(3, version=3, calculation=2), 2),
        (meter(3, version=3, calculation=0), 0),
        (meter(3, version=2, calculation=2), 1),
        (meter(3, version=3, calculation=-1), 1),
        (meter(3, version=3, calculation="2"), 1),
        (meter(3, version=3, calculation=2.5), 1),
        (meter(3, version=3, calculation=LIMIT), 1),
        (meter(3, version=3, calculation=LIMIT - 1), LIMIT - 1),
    ],
)
def test_what_a_meter_is_shown_by(migrated: Database[Any], found: dict[str, Any], calculation: int) -> None:
    migrated["meters"].insert_one(found)
    [read] = migrated["meters"].aggregate([{"$project": {"shown": SHOWN_BY}}])
    assert read["shown"] == calculation
    assert calculation_of(found) == calculation


def matches(database: Database[Any], wanted: dict[str, Any], found: dict[str, Any]) -> bool:
    database["meters"].replace_one({"_id": found["_id"]}, found, upsert=True)
    return database["meters"].count_documents(wanted) == 1


@pytest.mark.parametrize(
    ("found", "part", "whole"),
    [
        (meter(0), True, True),
        (meter(4, version=4, calculation=2), True, True),
        (meter(5, version=5, calculation=2), False, False),
        (meter(6, version=6, calculation=2), False, False),
        (meter(4, version=4, calculation=1), False, True),
        (meter(5, version=5, calculation=1), False, True),
        (meter(6, version=6, calculation=1), False, False),
        (meter(4, version=4, calculation=3), False, False),
        (meter(4), False, True),
    ],
)
def test_what_an_update_may_be_published_to(
    migrated: Database[Any], found: dict[str, Any], part: bool, whole: bool
) -> None:
    assert matches(migrated, behind(5, 2, whole=False), found) is part
    assert matches(migrated, behind(5, 2, whole=True), found) is whole


@pytest.mark.parametrize(
    ("found", "is_outdated", "is_not_newer"),
    [
        (meter(0), False, True),
        (meter(9), True, True),
        (meter(9, version=9, calculation=1), True, True),
        (meter(9, version=9, calculation=2), False, True),
        (meter(9, version=9, calculation=3), False, False),
        (meter(9, version=9, calculation=1) | {"dirtySince": DATE}, False, True),
    ],
)
def test_what_is_outdated_and_what_is_not_newer(
    migrated: Database[Any], found: dict[str, Any], is_outdated: bool, is_not_newer: bool
) -> None:
    assert matches(migrated, outdated(2), found) is is_outdated
    assert matches(migrated, not_newer(2), found) is is_not_newer
