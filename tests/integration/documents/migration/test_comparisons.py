"""The comparison log: its rows and rules field by field, and how much of it is read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import (
    ComparisonResult,
    DifferenceGroup,
    Example,
    Examples,
    IgnoreRule,
    Outcome,
    Replay,
    Request,
    Sighting,
)
from chalicelib.domain.migration.records.differences import Difference, DifferenceKind
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.repositories.comparisons import MongoComparisonLog

KEY, USAGE = ObjectId("0123456789abcdef01234567"), "0123456789abcdef01234568"
AT, T = datetime(2023, 11, 14, 22, 13, 20, 1_000, UTC), 1_700_000_000_001
HIDDEN = Pseudonyms(b"a key")
TABLE = Component.ENERGY_TABLE
DIFFERENCE = Difference(DifferenceKind.VALUE, ("months", 1), 1.5, 2)
RESULT = ComparisonResult(
    Request(TABLE, "anna", {"limit": 3}, trace_id="t"),
    Outcome.DIFFERENT,
    (DIFFERENCE, DIFFERENCE),
    (3, 0),
    1.5,
    0.5,
    "an error",
    (1, 2),
    code="a1",
)
ROW: dict[str, Any] = {
    "at": AT,
    "component": "energy_table",
    "usage": None,
    "feedback": None,
    "parameters": {"limit": 3},
    "traceId": "t",
    "outcome": "different",
    "versions": [3, 0],
    "calculations": [1, 2],
    "oldMs": 1.5,
    "newMs": 0.5,
    "error": "an error",
    "code": "a1",
    "count": 2,
}
USED = {"_id": KEY, "component": "energy_table", "userId": "anna", "at": AT, "parameters": {"limit": 3}, "traceId": "t"}
AUDIT = {"at": AT, "replayOf": "f", "operator": "olga", "outcomes": {"equal": 2, "lag": 1}, "showing": 4} | {
    "lost": 5,
    "unasked": 6,
}
REPLAY = Replay("f", "olga", T, {Outcome.EQUAL: 2, Outcome.LAG: 1}, 4, 5, 6)

ALL = {"showing": 0, "lost": 0, "unasked": 0}  # they were asked again, and none shows it


@pytest.fixture
def log(migrated: Database[Any]) -> MongoComparisonLog:
    return MongoComparisonLog(migrated)


def test_a_comparison_is_this_row(log: MongoComparisonLog, migrated: Database[Any]) -> None:
    log.add(RESULT, HIDDEN, T)
    row = migrated["backend_comparisons"].find_one({}, {"_id": 0}) or {}
    [difference] = row.pop("differences")
    assert row == ROW | {"user": HIDDEN.of("user", "anna")}
    assert {name: difference[name] for name in ("kind", "place", "exactPlace")} == {
        "kind": "value",
        "place": "months[]",
        "exactPlace": "months[1]",
    }
    assert difference["fingerprint"] == DIFFERENCE.fingerprint(TABLE)
    assert len({difference["control"], difference["candidate"]}) == 2
    assert len(difference) == 6


@pytest.mark.parametrize("noted", ["usage", "feedback"])
def test_one_of_a_read_that_is_noted_names_the_note_instead_of_what_was_asked(
    log: MongoComparisonLog, migrated: Database[Any], noted: str
) -> None:
    request = Request(TABLE, "anna", {"limit": 3}, **{noted: USAGE})
    log.add(ComparisonResult(request, Outcome.EQUAL), HIDDEN, T)
    row = migrated["backend_comparisons"].find_one() or {}
    said = {name: row[name] for name in ("usage", "feedback", "parameters", "traceId")}
    nothing = {"usage": None, "feedback": None, "parameters": None, "traceId": None}
    assert said == nothing | {noted: ObjectId(USAGE)}


def test_a_noted_read_is_read_field_by_field(log: MongoComparisonLog, migrated: Database[Any]) -> None:
    migrated["backend_usage_logs"].insert_one(USED)
    read = Request(TABLE, "anna", {"limit": 3}, str(KEY), trace_id="t")
    assert log.request(str(KEY)) == read
    assert log.requests(TABLE, T - 1, 9) == [read]
    assert log.requests(TABLE, T, 9) == []
    migrated["backend_usage_logs"].update_one({}, {"$unset": {"traceId": 1}})
    assert [each.trace_id for each in log.requests(TABLE, T - 1, 9)] == [None]
    migrated["backend_usage_logs"].update_one({}, {"$set": {"parameters": None}})
    assert log.requests(TABLE, T - 1, 9) == []


def test_the_position_and_the_rules_are_these_documents(log: MongoComparisonLog, migrated: Database[Any]) -> None:
    log.set_looked_at(T)
    log.save_rule(IgnoreRule("f", "olga", "known", T))
    log.save_rule(IgnoreRule("g", "otto", "late", T))
    assert migrated["control"].find_one({"_id": "comparison"}) == {"_id": "comparison", "lookedAt": AT}
    assert migrated["control"].find_one({"_id": "comparison_rules"}) == {
        "_id": "comparison_rules",
        "rules": {
            "f": {"owner": "olga", "reason": "known", "until": AT},
            "g": {"owner": "otto", "reason": "late", "until": AT},
        },
    }


def test_a_position_and_a_rule_that_lie_there_are_read(log: MongoComparisonLog, migrated: Database[Any]) -> None:
    rules = {"f": {"owner": "olga", "reason": "known", "until": AT}}
    migrated["control"].insert_many(
        [{"_id": "comparison", "lookedAt": AT}, {"_id": "comparison_rules", "rules": rules}]
    )
    assert log.looked_at() == T
    assert log.rules() == {"f": IgnoreRule("f", "olga", "known", T)}


def test_who_asked_again_is_this_row_and_read_from_it(log: MongoComparisonLog, migrated: Database[Any]) -> None:
    log.audit(REPLAY)
    assert migrated["backend_comparisons"].find_one({}, {"_id": 0}) == AUDIT
    assert log.report(T).replays == [REPLAY]
    assert log.report(T + 1).replays == []


def test_a_replay_of_the_release_before_counted_nothing_that_it_did_not_ask(
    log: MongoComparisonLog, migrated: Database[Any]
) -> None:
    migrated["backend_comparisons"].insert_one({name: AUDIT[name] for name in AUDIT if name not in ("lost", "unasked")})
    assert log.report(T).replays == [replace(REPLAY, lost=0, unasked=0)]


def test_a_report_names_the_latest_two_hundred_that_asked_again(
    log: MongoComparisonLog, migrated: Database[Any]
) -> None:
    migrated["backend_comparisons"].insert_many(
        AUDIT | {"at": AT + timedelta(seconds=number), "operator": str(number)} for number in range(201)
    )
    named = [replay.operator for replay in log.report(T).replays]
    assert (len(named), named[0], named[-1]) == (200, "200", "1")


@pytest.mark.parametrize("without", [[], ["feedback"]])
def test_an_example_is_read_from_its_row(log: MongoComparisonLog, migrated: Database[Any], without: list[str]) -> None:
    row = ROW | {"user": "p", "usage": KEY, "feedback": ObjectId(USAGE), "differences": [{"fingerprint": "f"}]}
    migrated["backend_comparisons"].insert_one({name: row[name] for name in row if name not in without})
    feedback = None if without else USAGE
    assert log.examples("f", 9) == Examples([Example(TABLE, "p", str(KEY), {"limit": 3}, feedback)], 1)
    assert log.examples("g", 9) == Examples([], 0)


def test_what_differs_is_grouped_from_the_rows(log: MongoComparisonLog, migrated: Database[Any]) -> None:
    seen = {"fingerprint": "f", "kind": "value", "place": "months[]", "exactPlace": "months[1]"}
    seen |= {"control": "c", "candidate": "d"}
    row = ROW | {"user": "p", "differences": [seen]}
    migrated["backend_comparisons"].insert_many(
        [row | {"at": AT + timedelta(seconds=n), "user": f"p{n % 2}"} for n in range(4)]
        + [row | {"at": AT, "differences": [seen | {"fingerprint": "g"}]}]
        + [row | {"at": AT, "outcome": "equal", "differences": []}]
        + [row | {"at": AT, "component": "monthly_charts", "outcome": "lag", "differences": []}]
        + [AUDIT | {"at": AT + timedelta(seconds=9), "outcomes": {"equal": 2}, **ALL}]
    )
    rule = IgnoreRule("g", "olga", "known", T)
    log.save_rule(rule)
    report = log.report(T)
    assert report.outcomes == {
        TABLE: {Outcome.DIFFERENT: 5, Outcome.EQUAL: 1},
        Component.MONTHLY_CHARTS: {Outcome.LAG: 1},
    }
    first, second = report.groups
    assert first == DifferenceGroup(
        "f",
        TABLE,
        DifferenceKind.VALUE,
        "months[]",
        4,
        2,
        T,
        T + 3_000,
        [Sighting(T + 1_000 * n, f"p{n % 2}", "months[1]", "c", "d") for n in (3, 2, 1)],
        gone=Replay("f", "olga", T + 9_000, {Outcome.EQUAL: 2}, 0),
    )
    assert (second.fingerprint, second.answers, second.users, second.rule, second.gone) == ("g", 1, 1, rule, None)
    assert log.groups(T) == report.groups
    assert [group.fingerprint for group in log.groups(T + 1)] == ["f"]
    assert log.report(T, Component.MONTHLY_CHARTS).groups == []


@pytest.mark.parametrize(
    ("again", "is_gone"),
    [
        ({"at": 0}, False),
        ({"at": 1}, True),
        ({"at": 1, "showing": 1}, False),
        ({"at": 1, "lost": 1}, False),
        ({"at": 1, "unasked": 1}, False),
    ],
)
def test_what_nobody_sees_again_is_gone(
    log: MongoComparisonLog, migrated: Database[Any], again: dict[str, Any], is_gone: bool
) -> None:
    seen = {"fingerprint": "f", "kind": "missing", "place": "a", "exactPlace": "a", "control": "c", "candidate": "d"}
    at = AT + timedelta(milliseconds=again["at"])
    audit = AUDIT | {"outcomes": {"equal": 2}, **ALL} | again | {"at": at}
    migrated["backend_comparisons"].insert_many([ROW | {"user": "p", "differences": [seen]}, audit])
    [group] = log.groups(T)
    assert (group.gone is not None) is is_gone
