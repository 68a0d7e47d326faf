"""The record of changes of flags: its documents field by field."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.domain.migration.records.flag_history import ChangeState, FlagChange, RecordedDocument
from chalicelib.repositories.flag_changes import MongoFlagHistory

T, AT = 1_700_000_000_001, datetime(2023, 11, 14, 22, 13, 20, 1_000, UTC)
CHANGE = FlagChange(
    "c1",
    T,
    "olga",
    "set",
    "a reason",
    {"b": None, "a": {"enabled": True}},
    {"b": {"enabled": False}, "a": {"enabled": True, "percentage": 5}},
    "v1",
    "v2",
    {"verified": True},
    ChangeState.DEPLOYED,
    7,
    8,
    9,
    "a problem",
    "t",
)
DOCUMENT: dict[str, Any] = {
    "_id": "c1",
    "at": AT,
    "by": "olga",
    "action": "set",
    "reason": "a reason",
    "flags": ["a", "b"],
    "before": {"b": None, "a": {"enabled": True}},
    "after": {"b": {"enabled": False}, "a": {"enabled": True, "percentage": 5}},
    "fromVersion": "v1",
    "toVersion": "v2",
    "evidence": {"verified": True},
    "state": "deployed",
    "configVersion": 7,
    "deployment": 8,
    "inEffectMs": 9,
    "problem": "a problem",
    "traceId": "t",
    "document": b"flags",
}


@pytest.fixture
def history(migrated: Database[Any]) -> MongoFlagHistory:
    return MongoFlagHistory(migrated)


def test_a_change_is_this_document_which_its_progress_replaces(
    history: MongoFlagHistory, migrated: Database[Any]
) -> None:
    started = FlagChange("c1", T, "otto", "get", "x", {}, {}, "v1", "v2")
    history.save(started, b"others")
    assert [*migrated["flag_changes"].find()] == [
        DOCUMENT
        | {"by": "otto", "action": "get", "reason": "x", "flags": [], "before": {}, "after": {}, "evidence": {}}
        | {"state": "started", "configVersion": None, "deployment": None, "inEffectMs": None, "problem": None}
        | {"traceId": None, "document": b"others"}
    ]
    history.save(CHANGE, b"flags")
    assert [*migrated["flag_changes"].find()] == [DOCUMENT]


def test_a_document_is_read_field_by_field(history: MongoFlagHistory, migrated: Database[Any]) -> None:
    migrated["flag_changes"].insert_one(DOCUMENT)
    recorded = RecordedDocument(CHANGE, b"flags")
    assert history.changes(None, 9) == history.changes("a", 9) == [CHANGE]
    assert history.changes("c", 9) == []
    assert history.last_deployed() == recorded
    assert (history.begun_until(T, 9), history.begun_until(T - 1, 9)) == ([recorded], [])
    assert (history.deployed_after(T - 1), history.deployed_after(T)) == (CHANGE, None)


def test_one_by_an_earlier_release_names_no_trace_and_has_no_document(
    history: MongoFlagHistory, migrated: Database[Any]
) -> None:
    early = {name: value for name, value in DOCUMENT.items() if name not in ("traceId", "document")}
    migrated["flag_changes"].insert_one(early)
    found = history.last_deployed()
    assert found is not None
    assert (found.content, found.change.trace_id) == (None, None)


def test_which_of_several_is_found(history: MongoFlagHistory, migrated: Database[Any]) -> None:
    states = ["deployed", "failed", "deployed", "started", "deployed", "failed"]
    migrated["flag_changes"].insert_many(
        DOCUMENT | {"_id": str(number), "at": AT + timedelta(seconds=number), "state": state}
        for number, state in enumerate(states)
    )
    last, after = history.last_deployed(), history.deployed_after(T)
    assert last is not None
    assert after is not None
    assert (last.change.id, after.id) == ("4", "2")
    assert [change.id for change in history.changes("b", 2)] == ["5", "4"]
    assert [each.change.id for each in history.begun_until(T + 3_000, 2)] == ["3", "2"]
