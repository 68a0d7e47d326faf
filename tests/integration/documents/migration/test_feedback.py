"""Feedback: its row field by field, and rows that this release cannot read."""

from datetime import UTC, datetime
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import Outcome, Request
from chalicelib.domain.migration.records.decision import Reason
from chalicelib.domain.migration.records.feedback import Feedback, GivenFeedback
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.feedback import MongoFeedbackLog

KEY = ObjectId("0123456789abcdef01234567")
AT, T = datetime(2023, 11, 14, 22, 13, 20, 1_000, UTC), 1_700_000_000_001
COMPARED_AT = datetime(2023, 11, 14, 22, 13, 20, 2_000, UTC)
GIVEN = Feedback(
    Component.ENERGY_TABLE, {"limit": 3}, Backend.NEW, Reason.TEST_USER, {EnergyType.POWER: 7, EnergyType.GAS: 0}, "t"
)
ROW: dict[str, Any] = {
    "_id": KEY,
    "userId": "anna",
    "at": AT,
    "user": "pseudonym",
    "component": "energy_table",
    "parameters": {"limit": 3},
    "backend": "new",
    "reason": "test_user",
    "meters": [{"type": "power", "sourceVersion": 7}, {"type": "gas", "sourceVersion": 0}],
    "open": True,
    "attempts": 0,
    "outcome": None,
    "fingerprints": [],
    "comparedAt": None,
    "traceId": "t",
}


@pytest.fixture
def log(migrated: Database[Any]) -> MongoFeedbackLog:
    return MongoFeedbackLog(migrated)


def test_it_is_stored_as_this_row(log: MongoFeedbackLog, migrated: Database[Any]) -> None:
    key = log.add("anna", GIVEN, "pseudonym", T)
    assert migrated["feedback"].find_one() == ROW | {"_id": ObjectId(key)}
    nothing_read = Feedback(Component.CSV_IMPORT, None, Backend.OLD, Reason.GLOBAL_OFF, {})
    key = log.add("anna", nothing_read, "pseudonym", T)
    assert migrated["feedback"].find_one({"_id": ObjectId(key)}) == ROW | {
        "_id": ObjectId(key),
        "component": "csv_import",
        "parameters": None,
        "backend": "old",
        "reason": "global_off",
        "meters": [],
        "open": False,
        "traceId": None,
    }


def test_a_row_is_read_field_by_field(log: MongoFeedbackLog, migrated: Database[Any]) -> None:
    came = {"open": False, "attempts": 2, "outcome": "different", "fingerprints": ["f"], "comparedAt": COMPARED_AT}
    migrated["feedback"].insert_one(ROW | came)
    assert log.request(str(KEY)) == Request(
        Component.ENERGY_TABLE, "anna", {"limit": 3}, feedback=str(KEY), trace_id="t"
    )
    [given] = log.report(T, 9).latest
    assert given == GivenFeedback(str(KEY), T, "pseudonym", GIVEN, False, 2, Outcome.DIFFERENT, ("f",), T + 1)
    assert log.report(T + 1, 9).latest == []
    assert log.report(T, 9, Component.MONTHLY_CHARTS).latest == []
    assert log.report(T, 9, Component.ENERGY_TABLE).counts == {Component.ENERGY_TABLE: {"different": 1}}


@pytest.mark.parametrize(
    "damage",
    [
        {"userId": 5},
        {"user": None},
        {"component": "another"},
        {"backend": "third"},
        {"reason": "another"},
        {"outcome": "another"},
    ],
)
def test_what_this_release_cannot_read_is_passed_over(
    log: MongoFeedbackLog, migrated: Database[Any], damage: dict[str, Any]
) -> None:
    migrated["feedback"].insert_many([ROW, ROW | {"_id": ObjectId(), **damage}])
    assert [given.id for given in log.report(T, 9).latest] == [str(KEY)]
    assert log.report(T, 9).counts == {Component.ENERGY_TABLE: {"open": 1}}
    assert [request.feedback for request in log.open([*Component], 9)] == [str(KEY)]


@pytest.mark.parametrize("outcome", [None, *Outcome])
def test_every_outcome_that_there_is_can_be_read(
    log: MongoFeedbackLog, migrated: Database[Any], outcome: Outcome | None
) -> None:
    migrated["feedback"].insert_one(ROW | {"outcome": outcome and outcome.value})
    assert [given.outcome for given in log.report(T, 9).latest] == [outcome]
    assert len(log.open([Component.ENERGY_TABLE], 9)) == 1


def test_one_that_asks_for_nothing_readable_is_not_asked(log: MongoFeedbackLog, migrated: Database[Any]) -> None:
    migrated["feedback"].insert_one(ROW | {"parameters": "everything"})
    assert log.open([*Component], 9) == []
    assert log.request(str(KEY)) is None
    assert len(log.report(T, 9).latest) == 1


def test_one_by_the_release_before_names_no_trace(log: MongoFeedbackLog, migrated: Database[Any]) -> None:
    migrated["feedback"].insert_one({name: value for name, value in ROW.items() if name != "traceId"})
    assert [request.trace_id for request in log.open([*Component], 9)] == [None]
    assert [given.feedback.trace_id for given in log.report(T, 9).latest] == [None]


def test_attempts_are_counted_up_to_the_fifth_which_closes_it(log: MongoFeedbackLog, migrated: Database[Any]) -> None:
    migrated["feedback"].insert_one(ROW | {"attempts": 3, "fingerprints": ["f"]})
    tried = {"outcome": "failed", "comparedAt": COMPARED_AT}
    assert log.attempt(str(KEY), T + 1)
    assert migrated["feedback"].find_one() == ROW | tried | {"attempts": 4}
    assert log.attempt(str(KEY), T + 1)
    assert migrated["feedback"].find_one() == ROW | tried | {"attempts": 5, "open": False}
    assert not log.attempt(str(KEY), T + 1)


@pytest.mark.parametrize(
    ("outcome", "stays_open"),
    [("equal", False), ("different", False), ("ignored", False), ("lag", True), ("other_calculation", True)],
)
def test_what_came_of_it_is_kept(
    log: MongoFeedbackLog, migrated: Database[Any], outcome: str, stays_open: bool
) -> None:
    migrated["feedback"].insert_many([ROW, ROW | {"_id": "another"}])
    log.settle(str(KEY), Outcome(outcome), ("f", "g"), T + 1)
    came = {"outcome": outcome, "fingerprints": ["f", "g"], "comparedAt": COMPARED_AT, "open": stays_open}
    assert migrated["feedback"].find_one({"_id": KEY}) == ROW | came
    assert migrated["feedback"].find_one({"_id": "another"}) == ROW | {"_id": "another"}
