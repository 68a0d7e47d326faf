"""A row of feedback that somebody has damaged, or that a later release has written, stops nobody."""

from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.domain.rollout.decision import Backend, Component, Reason
from chalicelib.domain.rollout.feedback import Feedback
from chalicelib.repositories.feedback import MongoFeedbackLog

T = 1_700_000_000_000
SEEN = Feedback(Component.DASHBOARD, {"consistent": False}, Backend.NEW, Reason.PERCENTAGE_IN, {})


@pytest.mark.parametrize(
    "damage",
    [
        {"$unset": {"parameters": 1}},
        {"$unset": {"userId": 1}},
        {"$set": {"parameters": "everything", "reason": "a later one"}},
        {"$set": {"component": "of a later release"}},
    ],
)
def test_it_is_passed_over_by_the_comparer_and_by_the_report(damage: dict[str, Any], migrated: Database[Any]) -> None:
    log = MongoFeedbackLog(migrated)
    damaged, whole = (log.add("alice", SEEN, "pseudonym", T + number) for number in range(2))
    assert migrated["feedback"].update_one({"at": {"$exists": True}}, damage).modified_count == 1
    assert [request.feedback for request in log.open([*Component], 5)] == [whole]
    report = log.report(T, 5)
    assert {given.id for given in report.latest} >= {whole}
    assert {given.id for given in report.latest} <= {whole, damaged}
