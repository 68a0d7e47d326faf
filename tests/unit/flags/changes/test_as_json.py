"""What operators and programs read of flags, word for word: the command line and ``/ops/flags`` show the same."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.migration.records.decision import Decision, Reason
from chalicelib.domain.migration.records.usage import Answered
from chalicelib.domain.migration.sync.past_modes import PastMode
from chalicelib.domain.readings import moment
from chalicelib.flags.changes.as_json import (
    explanation_document,
    listing_document,
    made_document,
    past_document,
    plan_document,
)
from chalicelib.flags.changes.past import Past, Possible, past_instant
from chalicelib.flags.document.names import FLAGS
from chalicelib.monitoring.trace import begin_trace
from infra.simulation.memory.migration.appconfig import Deployment
from tests.unit.flags.rollout import REQUEST, TABLE, Rollout

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
GATE = {
    "name": "new_backend_enabled",
    "componentScope": None,
    "enabled": True,
    "createdAt": "2026-01-01T00:00:00Z",
    "updatedAt": "2027-01-15T08:00:00Z",
}
OFF: dict[str, Any] = {
    "name": "energy_table_new_backend",
    "componentScope": "energy_table",
    "enabled": False,
    "createdAt": "2026-01-01T00:00:00Z",
    "updatedAt": "2026-01-01T00:00:00Z",
    "rolloutPercent": 0,
    "testUserIds": [],
    "blockedUserIds": [],
    "exactUserIds": None,
    "retired": False,
}
HALF = OFF | {
    "enabled": True,
    "updatedAt": "2027-01-15T08:00:15Z",
    "rolloutPercent": 50,
    "testUserIds": ["tim"],
    "blockedUserIds": ["eve"],
    "exactUserIds": ["alice"],
}


@pytest.fixture(autouse=True)
def _one_trace() -> Iterator[None]:
    begin_trace(f"00-{TRACE}-00f067aa0ba902b7-01")
    yield
    begin_trace(None)


@pytest.fixture
def halved(rollout: Rollout) -> Rollout:
    """One of two people is written down for half of the table, one more tests it, one is blocked."""
    rollout.known("alice", "bob")
    rollout.open()
    rollout.set(50, exact=True, test_users=("tim",), block=("eve",))
    return rollout


def test_a_change_says_who_made_what_of_which_flag_and_why(halved: Rollout) -> None:
    made = made_document(halved.set(enabled=False))
    assert {name: value for name, value in made.items() if name not in ("evidence", "fromVersion", "toVersion")} == {
        "at": "2027-01-15T08:00:30Z",
        "by": "olga",
        "action": "set",
        "reason": "as planned",
        "state": "deployed",
        "before": {TABLE: HALF},
        "after": {TABLE: HALF | {"enabled": False, "updatedAt": "2027-01-15T08:00:30Z"}},
        "configVersion": 4,
        "deployment": 4,
        "inEffectMs": 15_000,
        "problem": None,
        "traceId": TRACE,
        "recorded": True,
        "overruled": None,
    }
    assert made["evidence"] == {
        "mode": "dual_write",
        "since": None,
        "drainSeconds": 0,
        "catchingUp": None,
        "verified": {"at": "2027-01-15T08:00:00Z", "meters": 0, "lagging": 0, "differences": 0},
        "users": {"known": 2, "entering": 0, "leaving": 1, "in": 0},
    }
    before, after = halved.history.changes(None, 9)[1], halved.history.changes(None, 9)[0]
    assert (made["fromVersion"], made["toVersion"]) == (before.to_version, after.to_version)


def test_a_list_says_what_is_deployed_and_what_nobody_can_read(halved: Rollout) -> None:
    content = halved.appconfig.content()
    content["dashboard_new_backend"]["surprise"] = 1
    content |= {"theirs": {"default": False}, "another": {}}
    halved.appconfig.deployed(json.dumps(content).encode())
    halved.appconfig.deployments.append(Deployment(5, 1, halved.appconfig.now, 9, profile="another"))
    halved.mode(SyncMode.NEW_ONLY, halved.now() - 100_000)
    halved.appconfig.pass_time(15)
    listing = halved.flags.overview.listing()
    shown = listing_document(listing)
    assert [flag["name"] for flag in shown["flags"]] == [name for name in FLAGS if name != "dashboard_new_backend"]
    assert shown["flags"][:2] == [GATE, HALF]
    assert {name: shown[name] for name in shown if name not in ("flags", "version", "inUse", "malformed")} == {
        "configVersion": 4,
        "deployment": 5,
        "underWay": None,
        "blockedBy": "nobody has compared the sides since the mode is new_only; first: python -m infra verify",
        "overruled": "the mode is new_only: everybody gets the new backend whatever the flags say; "
        "first: python -m infra mode set dual_write --wait",
        "unknown": ["another", "theirs"],
    }
    assert list(shown["malformed"]) == ["dashboard_new_backend"]
    assert shown["version"] == shown["inUse"] == listing.document.version


def test_a_list_names_the_deployment_that_is_under_way(halved: Rollout) -> None:
    halved.appconfig.deployments.append(Deployment(4, 1, halved.appconfig.now, 9))
    shown = listing_document(halved.flags.overview.listing())
    assert (shown["configVersion"], shown["deployment"], shown["underWay"]) == (3, 4, 4)


def test_a_plan_says_who_enters_and_leaves(halved: Rollout) -> None:
    assert plan_document(halved.flags.overview.plan(TABLE, None, Decimal("100"), exact=False)) == {
        "flag": TABLE,
        "from": {"rolloutPercent": 50, "exact": True},
        "to": {"rolloutPercent": 100, "exact": True},
        "known": 2,
        "inBefore": 1,
        "inAfter": 2,
        "entering": [{"user": "bob", "bucket": 96_167}],
        "leaving": [],
    }
    back = plan_document(halved.flags.overview.plan(TABLE, None, Decimal(0), exact=False))
    assert (back["to"], back["entering"]) == ({"rolloutPercent": 0, "exact": False}, [])
    assert (back["leaving"], back["inAfter"]) == ([{"user": "alice", "bucket": 346}], 0)


def test_an_explanation_names_decision_rule_and_document(halved: Rollout) -> None:
    assert explanation_document(halved.flags.overview.explain("alice", Component.ENERGY_TABLE)) == {
        "user": "alice",
        "component": "energy_table",
        "backend": "new",
        "reason": "percentage_in",
        "rule": "one of the 1 users written down for 50 %",
        "bucket": 346,
        "documentVersion": halved.history.changes(TABLE, 1)[0].to_version,
    }


def test_a_change_without_a_record_says_so(halved: Rollout) -> None:
    halved.store.down = True
    made = made_document(halved.flags.changes.kill(REQUEST))
    assert (made["recorded"], made["action"], made["evidence"]) == (False, "kill", {})
    assert list(made["after"]) == ["new_backend_enabled", TABLE]


AT = 1_700_000_000_000  # 2023-11-14T22:13:20Z


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-11-01T18:30", "2024-11-01T18:30:00Z"),
        ("2024-11-01 18:30:05Z", "2024-11-01T18:30:05Z"),
        ("2024-11-01T18:30+01:00", "2024-11-01T17:30:00Z"),
        (" 2024-11-01 ", "2024-11-01T00:00:00Z"),
    ],
)
def test_an_instant_is_in_utc_where_it_names_no_zone(text: str, instant: str) -> None:
    assert moment(past_instant(text)) == instant


def test_what_is_no_instant_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="yesterday"):
        past_instant("yesterday")


def test_programs_get_all_that_the_records_say() -> None:
    decision = Decision(Backend.NEW, Reason.PERCENTAGE_IN, 7, "v1")
    answered = Answered(AT + 1, Backend.NEW, "percentage_in", "v1", success=True, elapsed_ms=3.5, trace_id="t1")
    mode = PastMode([SyncState(SyncMode.DUAL_WRITE)], since=AT)
    past = Past("alice", Component.ENERGY_TABLE, AT, mode, [Possible(decision, "rule 1")], [], ["a note"], [answered])
    at = "2023-11-14T22:13:20Z"
    answer = {"backend": "new", "reason": "percentage_in", "documentVersion": "v1"}
    assert past_document(past) == {
        "user": "alice",
        "component": "energy_table",
        "at": at,
        "backend": "new",
        "mode": "dual_write",
        "modeSince": at,
        "possible": [{**answer, "rule": "rule 1", "bucket": 7, "change": None}],
        "unknown": [],
        "notes": ["a note"],
        "answers": [
            {**answer, "at": at, "success": True, "elapsedMs": 3.5, "traceId": "t1"},
        ],
    }
    nothing = past_document(replace(past, mode=PastMode(unknown="why"), possible=[], unknown=["why"], answers=[]))
    known = ("backend", "mode", "modeSince", "possible", "unknown")
    assert [nothing[name] for name in known] == [None, None, None, [], ["why"]]
