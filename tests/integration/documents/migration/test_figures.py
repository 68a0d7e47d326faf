"""Figures of answers: the documents that a fold writes, rows that this release cannot read, and where a fold ends."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.figures import BackendFigures, Share
from chalicelib.repositories.figures import MongoRolloutFigures
from tests.integration.documents.conftest import Sent

TABLE = Component.ENERGY_TABLE
OLD, NEW = Backend
HOUR, T = datetime(2023, 11, 14, 22, tzinfo=UTC), 1_699_999_200_000
LATE = T + 100 * 3_600_000
ROW: dict[str, Any] = {
    "at": HOUR + timedelta(milliseconds=1),
    "component": "energy_table",
    "backend": "old",
    "user": "p",
    "userId": "anna",
    "elapsedMs": 1.5,
    "success": True,
    "reason": "test_user",
    "documentVersion": "one",
}
ON_NEW = ROW | {"backend": "new", "user": "q", "reason": "percentage_in", "elapsedMs": 0.5, "success": False}
HOURS: dict[str, Any] = {
    "_id": f"energy_table|{T}",
    "component": "energy_table",
    "at": HOUR,
    "people": 2,
    "peopleOnNew": 1,
    "old": {"failures": 0, "buckets": {"5": 1}},
    "new": {"failures": 1, "buckets": {"0": 1}},
}
PERSON: dict[str, Any] = {
    "_id": "energy_table|p",
    "component": "energy_table",
    "user": "p",
    "at": HOUR,
    "atOnNew": None,
    "documentVersion": None,
    "inside": False,
}
PERSON_ON_NEW = PERSON | {
    "_id": "energy_table|q",
    "user": "q",
    "atOnNew": HOUR,
    "documentVersion": "one",
    "inside": True,
}


@pytest.fixture
def figures(migrated: Database[Any]) -> MongoRolloutFigures:
    return MongoRolloutFigures(migrated, 20, rows_at_once=3, tail_rows=3)


def fill(database: Database[Any], *rows: dict[str, Any]) -> None:
    database["backend_usage_logs"].insert_many([{**row} for row in rows])


def position(database: Database[Any]) -> datetime | None:
    found = database["usage_hours"].find_one({"_id": "position"})
    return None if found is None else found["upTo"]


def test_a_fold_writes_these_documents(figures: MongoRolloutFigures, migrated: Database[Any]) -> None:
    fill(migrated, ROW, ON_NEW)
    before = datetime.now(UTC)
    assert figures.fold(LATE) == 2
    assert figures.fold(LATE) == 0
    assert migrated["usage_hours"].find_one({"_id": HOURS["_id"]}) == HOURS
    assert position(migrated) == ROW["at"]
    people = [*migrated["usage_people"].find(sort=[("_id", 1)])]
    assert all(abs(person.pop("foldedAt") - before) < timedelta(seconds=60) for person in people)
    assert people == [PERSON, PERSON_ON_NEW]


@pytest.mark.parametrize("folded", [True, False])
def test_what_is_asked_is_read_from_them_or_from_the_rows(
    figures: MongoRolloutFigures, migrated: Database[Any], folded: bool
) -> None:
    if folded:
        migrated["usage_hours"].insert_many([HOURS, {"_id": "position", "upTo": ROW["at"]}])
        migrated["usage_people"].insert_many([PERSON, PERSON_ON_NEW])
    else:
        fill(migrated, ROW, ON_NEW)
    found = figures.figures(TABLE, T)
    assert (found.people, found.people_on_new, found.partial, found.since) == (2, 1, False, T)
    assert found.backends[NEW] == BackendFigures(1, 1, 1.0, 1.0, 1.0)
    old = found.backends[OLD]
    assert (old.answers, old.failures) == (1, 0)
    assert {old.p50, old.p95, old.p99} == {1.1**5}
    assert figures.hourly(TABLE, T) == [found]
    assert figures.hourly(TABLE, T + 3_600_000) == []
    assert figures.share(TABLE, "one") == Share(1, 1)
    assert figures.share(TABLE, "two") == Share(0, 0)
    assert figures.figures(Component.MONTHLY_CHARTS, T).people == 0


@pytest.mark.parametrize(
    "damage",
    [
        {"component": "another"},
        {"backend": "third"},
        {"user": None},
        {"elapsedMs": "long"},
        {"success": "yes"},
        {"at": "then"},
    ],
)
def test_a_row_that_this_release_cannot_read_is_passed_over(
    figures: MongoRolloutFigures, migrated: Database[Any], damage: dict[str, Any]
) -> None:
    fill(migrated, ROW | damage, ON_NEW)
    assert figures.figures(TABLE, T).people == 1
    assert figures.fold(LATE) == 1
    assert migrated["usage_people"].count_documents({}) == 1


def test_a_fold_takes_some_rows_and_all_of_the_last_ones_instant(
    figures: MongoRolloutFigures, migrated: Database[Any]
) -> None:
    at = [ROW["at"] + timedelta(seconds=second) for second in (0, 1, 2, 2, 2, 3, 4)]
    fill(migrated, *(ROW | {"at": moment, "user": str(number)} for number, moment in enumerate(at)))
    assert figures.fold(T + 1 + 2_999) == 5
    assert position(migrated) == at[4]
    assert figures.fold(T + 1 + 2_999) == 0
    assert figures.fold(T + 1 + 3_000) == 1
    assert figures.fold(LATE) == 1
    assert [figures.fold(LATE), position(migrated)] == [0, at[6]]


def test_rows_of_the_last_minute_wait(figures: MongoRolloutFigures, migrated: Database[Any]) -> None:
    now = datetime.now(UTC)
    fill(migrated, ROW | {"at": now - timedelta(seconds=50)}, ROW | {"at": now - timedelta(seconds=70)})
    assert figures.fold(LATE * 2) == 1


@pytest.mark.parametrize(("rows", "partial"), [(3, False), (4, True)])
def test_of_a_long_tail_the_latest_rows_count_and_that_is_said(
    figures: MongoRolloutFigures, migrated: Database[Any], rows: int, partial: bool
) -> None:
    fill(migrated, *(ROW | {"at": HOUR + timedelta(seconds=n), "user": str(n)} for n in range(rows)))
    found = figures.figures(TABLE, T)
    assert (found.backends[OLD].answers, found.people, found.partial) == (3, 3, partial)
    assert figures.share(TABLE, "one").partial is partial


def test_a_tail_and_its_people_come_in_one_batch_each(seen: Database[Any], sent: Sent) -> None:
    fill(seen, *(ROW | {"user": f"p{number}"} for number in range(150)))
    seen["usage_people"].insert_many([PERSON | {"_id": f"energy_table|p{n}", "user": f"p{n}"} for n in range(150)])
    sent.commands.clear()
    assert MongoRolloutFigures(seen, 20).figures(TABLE, T).people == 150
    assert sent.of("getMore") == []
    [rows] = [command for command in sent.of("find") if command["find"] == "backend_usage_logs"]
    assert rows["limit"] == 10_001
    shown = "at component backend user elapsedMs success reason documentVersion"
    assert rows["projection"] == dict.fromkeys(shown.split(), 1)
