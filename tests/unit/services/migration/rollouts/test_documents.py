"""A rollout as programs read it: every member by its name."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.evidence import AllowedHours
from chalicelib.domain.migration.rollouts.plan import Plan, Step
from chalicelib.domain.migration.rollouts.rollout import Approval, Direction, Entry, Intent, Rollout, Seen, State
from chalicelib.services.migration.rollouts.as_json import rollout_document

NOW = 1_700_000_000_000
ZONE = "Europe/Berlin"
PLAN = Plan(
    (Step(Decimal(0), 90_999), Step(Decimal("12.5"), 3_600_000), Step(Decimal(100), 0)),
    approvals=1,
    hours=AllowedHours(ZONE, 9, 17, (0, 4)),
    exact=True,
)
ROLLOUT = Rollout(
    component=Component.DASHBOARD,
    plan=PLAN,
    state=State.RUNNING,
    by="olga",
    reason="it is time",
    since=NOW - 30_000,
    step=0,
    intent=Intent(Direction.RISE, Decimal("12.5"), NOW - 2_000, "otto", "the next step"),
    approval=Approval(Decimal("12.5"), NOW - 3_000, "ida", "agreed", named=True),
    log=(Entry(NOW - 4_000, "started", "olga", "it is time"),),
    seen=Seen(NOW - 1_000, "a meter lags", "sweep --list"),
)


def test_how_far_it_is_what_comes_next_and_what_happened_are_members() -> None:
    assert json.loads(json.dumps(rollout_document(ROLLOUT, NOW))) == {
        "component": "dashboard",
        "state": "running",
        "by": "olga",
        "reason": "it is time",
        "since": "2023-11-14T22:12:50Z",
        "step": {"name": "test users", "percent": 0.0, "holdSeconds": 90},
        "next": {"name": "12.5 %", "percent": 12.5, "holdSeconds": 3600},
        "secondsLeft": 60,
        "intent": {
            "at": "2023-11-14T22:13:18Z",
            "by": "otto",
            "reason": "the next step",
            "direction": "rise",
            "percent": 12.5,
        },
        "approval": {
            "at": "2023-11-14T22:13:17Z",
            "by": "ida",
            "reason": "agreed",
            "percent": 12.5,
            "named": True,
        },
        "plan": {
            "steps": [
                {"name": "test users", "percent": 0.0, "holdSeconds": 90},
                {"name": "12.5 %", "percent": 12.5, "holdSeconds": 3600},
                {"name": "100 %", "percent": 100.0, "holdSeconds": 0},
            ],
            "approvals": 1,
            "hours": {"zone": ZONE, "first": 9, "last": 17, "days": [0, 4]},
            "exact": True,
        },
        "seen": {"at": "2023-11-14T22:13:19Z", "text": "a meter lags", "command": "sweep --list"},
        "log": [{"at": "2023-11-14T22:13:16Z", "by": "olga", "reason": "it is time", "what": "started"}],
        "command": "python -m infra rollout status dashboard",
    }


def test_what_there_is_not_is_none() -> None:
    bare = replace(ROLLOUT, plan=replace(PLAN, hours=None), step=-1, intent=None, approval=None, seen=None, log=())
    shown = rollout_document(bare, NOW)
    assert [shown[name] for name in ("step", "intent", "approval", "seen", "log")] == [None, None, None, None, []]
    assert (shown["next"]["name"], shown["plan"]["hours"]) == ("test users", None)


def test_a_way_back_to_off_has_no_percentage() -> None:
    back = replace(ROLLOUT, intent=Intent(Direction.BACK, None, NOW, "RolloutCarrier", "it broke", State.STOPPED))
    shown = rollout_document(back, NOW)["intent"]
    assert (shown["direction"], shown["percent"]) == ("back", None)


@pytest.mark.parametrize(("waited", "left"), [(60_001, 30), (90_998, 0), (90_999, 0), (95_000, 0)])
def test_the_time_that_is_left_is_in_whole_seconds_and_never_below_0(waited: int, left: int) -> None:
    assert rollout_document(ROLLOUT, ROLLOUT.since + waited)["secondsLeft"] == left


@pytest.mark.parametrize(
    ("state", "step", "following", "left"),
    [
        (State.PAUSED, 0, "12.5 %", None),
        (State.STOPPED, 0, "12.5 %", None),
        (State.ABORTED, 0, None, None),
        (State.DONE, 2, None, None),
    ],
)
def test_only_what_runs_has_time_left_and_what_was_aborted_has_no_next_step(
    state: State, step: int, following: str | None, left: int | None
) -> None:
    shown = rollout_document(replace(ROLLOUT, state=state, step=step), NOW)
    assert (shown["next"] and shown["next"]["name"], shown["secondsLeft"]) == (following, left)
