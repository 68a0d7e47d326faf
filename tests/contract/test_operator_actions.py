"""The record of operators' actions, on the fake and on MongoDB."""

from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import Ports, now
from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.operating import Action, Discarded, Done
from chalicelib.repositories.operator_actions import MongoOperatorActions

MONGO = pytest.mark.parametrize("ports", ["mongo"], indirect=True)


def done(number: int) -> Done:
    return Done(Action.REDRIVE, "$olga", f"$reason {number}", f"letter-{number}")


def test_what_was_done_is_kept_as_it_was_and_with_the_time_the_newest_first(ports: Ports) -> None:
    before = now()
    for number in range(5):
        ports.operator_actions.keep(done(number))
    ports.operator_actions.keep(Done(Action.SWEEP, "olga", "why"))
    newest = ports.operator_actions.newest(3)
    assert [(item.action, item.subject) for item in newest] == [
        (Action.SWEEP, None),
        (Action.REDRIVE, "letter-4"),
        (Action.REDRIVE, "letter-3"),
    ]
    assert (newest[1].by, newest[1].reason) == ("$olga", "$reason 4")
    assert all(item.at is not None and abs(item.at - before) < 60_000 for item in newest)


def test_nothing_was_done_yet(ports: Ports) -> None:
    assert list(ports.operator_actions.newest(10)) == []


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_nothing_is_done_without_a_reason(reason: str) -> None:
    with pytest.raises(InvalidInputError, match="reason: say why"):
        Done(Action.VERIFY, "olga", reason)


@MONGO
def test_the_newest_hundreds_stay_and_what_is_no_record_does_not_count(ports: Ports, migrated: Database[Any]) -> None:
    place = {"_id": "operator_actions"}
    old = [{"action": "redrive", "by": "x", "reason": "y", "subject": None, "at": None}, 7, {"action": "dance"}]
    migrated["control"].insert_one(place | {"actions": old * 500})
    ports.operator_actions.keep(done(1))
    kept = (migrated["control"].find_one(place) or {})["actions"]
    assert len(kept) == 500
    assert [item.subject for item in ports.operator_actions.newest(500)] == ["letter-1"]
    migrated["control"].replace_one(place, {"actions": "none"})
    assert list(ports.operator_actions.newest(5)) == []
    ports.operator_actions.keep(done(2))
    assert [item.subject for item in ports.operator_actions.newest(5)] == ["letter-2"]


@MONGO
def test_a_discarded_letter_is_kept_once_however_often_it_is_recorded(ports: Ports, migrated: Database[Any]) -> None:
    said = {"function": "f", "eventType": "e", "condition": "c", "error": "x"}
    for reason in ("first", "again"):
        MongoOperatorActions(migrated).keep_discarded(Discarded("1", said, "a text", "olga", reason))
    [kept] = migrated["discarded_events"].find()
    assert kept.pop("discardedAt")
    assert kept == {"_id": "1", "reason": "again", "discardedBy": "olga", "message": "a text", **said}
