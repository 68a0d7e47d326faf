"""The record of rollouts, on the fake and on MongoDB."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import Ports
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.evidence import AllowedHours
from chalicelib.domain.migration.rollouts.plan import Plan, steps_of
from chalicelib.domain.migration.rollouts.rollout import Approval, Direction, Entry, Intent, Rollout, Seen, State
from chalicelib.repositories.rollouts import MongoRollouts
from tests.integration.repositories.sent_commands import sent_commands

MOMENT = 1_700_000_000_000
PLAIN = Rollout(
    component=Component.ENERGY_TABLE, plan=Plan(), state=State.RUNNING, by="olga", reason="why", since=MOMENT
)
WHOLE = replace(
    PLAIN,
    plan=Plan(steps_of("test:1s,12.5:2h,100:7d"), 1, AllowedHours("Europe/Berlin", 9, 17, (0, 4)), True),
    step=1,
    intent=Intent(Direction.BACK, None, MOMENT + 1, "otto", "broken", State.ABORTED),
    approval=Approval(Decimal("12.5"), MOMENT + 2, "otto", "I have looked"),
    log=(Entry(MOMENT + 3, "start", "用户", "why"), Entry(MOMENT + 4, "pause", "olga", "wait")),
    seen=Seen(MOMENT + 5, "it waits", "look"),
)


def test_a_rollout_is_kept_whole(ports: Ports) -> None:
    assert ports.rollouts.find(Component.ENERGY_TABLE) is None
    for version, rollout in enumerate((PLAIN, WHOLE, replace(WHOLE, intent=None, plan=Plan()))):
        assert ports.rollouts.save(replace(rollout, version=version))
        assert ports.rollouts.find(Component.ENERGY_TABLE) == replace(rollout, version=version + 1)
    assert ports.rollouts.find(Component.DASHBOARD) is None


def test_of_two_who_have_read_the_same_one_is_kept(ports: Ports) -> None:
    assert ports.rollouts.save(PLAIN)
    assert not ports.rollouts.save(replace(PLAIN, by="otto"))
    read = ports.rollouts.find(Component.ENERGY_TABLE)
    assert read is not None
    assert ports.rollouts.save(replace(read, reason="the first"))
    assert not ports.rollouts.save(replace(read, reason="the second"))
    kept = ports.rollouts.find(Component.ENERGY_TABLE)
    assert kept is not None
    assert (kept.by, kept.reason, kept.version) == ("olga", "the first", 2)


def test_what_was_seen_is_no_other_version_and_nothing_where_there_is_another(ports: Ports) -> None:
    ports.rollouts.save(PLAIN)
    read, seen = replace(PLAIN, version=1), Seen(MOMENT, "it waits", "look")
    ports.rollouts.see(read, seen)
    assert ports.rollouts.find(Component.ENERGY_TABLE) == replace(read, seen=seen)
    ports.rollouts.save(read)
    ports.rollouts.see(read, seen)
    assert ports.rollouts.find(Component.ENERGY_TABLE) == replace(read, version=2)
    ports.rollouts.see(replace(PLAIN, component=Component.DASHBOARD), seen)
    assert ports.rollouts.find(Component.DASHBOARD) is None


def test_those_that_have_ended_are_not_carried(ports: Ports) -> None:
    for component, state in zip(Component, State, strict=False):
        ports.rollouts.save(replace(PLAIN, component=component, state=state))
    assert {rollout.state for rollout in ports.rollouts.all()} == set(State)
    assert {rollout.state for rollout in ports.rollouts.carried()} == {State.RUNNING, State.PAUSED, State.STOPPED}


@pytest.mark.parametrize("ports", ["mongo"], indirect=True)
def test_its_document_is_what_other_releases_read(ports: Ports, migrated: Database[Any]) -> None:
    def at(ms: int) -> datetime:
        return datetime(2023, 11, 14, 22, 13, 20, ms * 1000, tzinfo=UTC)

    nothing: dict[str, Any] = {"by": "olga", "reason": "why", "since": at(0), "state": "running"}
    assert ports.rollouts.save(WHOLE)
    steps = [
        {"percent": Decimal(0), "holdMs": 1_000},
        {"percent": Decimal("12.5"), "holdMs": 7_200_000},
        {"percent": Decimal(100), "holdMs": 604_800_000},
    ]
    hours = {"zone": "Europe/Berlin", "first": 9, "last": 17, "days": [0, 4]}
    back = {"direction": "back", "percent": None, "by": "otto", "reason": "broken", "ends": "aborted", "tries": 1}
    assert migrated["rollouts"].find_one() == {
        "_id": "energy_table",
        **nothing,
        "plan": {"steps": steps, "approvals": 1, "hours": hours, "exact": True},
        "step": 1,
        "intent": {**back, "at": at(1)},
        "approval": {"percent": Decimal("12.5"), "at": at(2), "by": "otto", "reason": "I have looked", "named": False},
        "log": [
            {"at": at(3), "what": "start", "by": "用户", "reason": "why"},
            {"at": at(4), "what": "pause", "by": "olga", "reason": "wait"},
        ],
        "seen": {"at": at(5), "text": "it waits", "command": "look"},
        "version": 1,
    }


def test_a_rollout_is_acknowledged_by_a_majority(migrated: Database[Any], mongodb_uri: str) -> None:
    with sent_commands(mongodb_uri, migrated.name) as (database, sent):
        rollouts = MongoRollouts(database)
        assert rollouts.save(PLAIN)
        assert rollouts.save(replace(PLAIN, version=1))
        rollouts.see(replace(PLAIN, version=2), Seen(MOMENT, "it waits", "look"))
    writes = [command for command in sent if {"insert", "update"} & command.keys()]
    assert [command.get("writeConcern") for command in writes] == [{"w": "majority"}] * 3
