"""The rollouts' commands: input is checked before anything is reached; what they print and how they end."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.evidence import AllowedHours
from chalicelib.domain.migration.rollouts.plan import Plan, steps_of
from chalicelib.domain.migration.rollouts.rollout import Approval, Direction, Entry, Intent, Seen, State
from chalicelib.domain.migration.rollouts.rollout import Rollout as StoredRollout
from chalicelib.services.migration.rollouts.as_json import rollout_document
from infra import __main__ as command_line
from infra.operations.printing import duration
from infra.operations.rollout import commands
from infra.operations.rollout.printing import print_rollout, print_rollouts
from infra.targets.flags import Flags
from tests.fakes.gate import BROKEN, SHUT
from tests.unit.flags.rollout import Rollout

AT = 1_700_000_000_000  # 2023-11-14T22:13:20Z
WEEKDAYS = AllowedHours("Europe/Berlin", 9, 17, tuple(range(5)))
RUNNING = StoredRollout(
    component=Component.ENERGY_TABLE,
    plan=Plan(steps_of("10:1h,100:1d"), 1, WEEKDAYS, True),
    state=State.RUNNING,
    by="olga",
    reason="as [planned]",
    since=AT,
    step=0,
    approval=Approval(Decimal(100), AT, "otto", "agreed"),
    log=(Entry(AT - 60_000, "start", "olga", "as [planned]"), Entry(AT, "step 10 %", "olga", "next")),
    seen=Seen(AT, "a meter lags", "python -m infra sweep --list"),
)
STOPPED = StoredRollout(
    component=Component.DASHBOARD,
    plan=Plan(steps_of("50:1d")),
    state=State.STOPPED,
    by="olga",
    reason="the backends differ",
    since=AT,
)
BECAUSE = ("--reason", "a test")
TABLE = "energy_table"
STEPS = ("--steps", "10:1h,100:1d")


def run(*arguments: str) -> int | str | None:
    try:
        command_line.run(["rollout", *arguments, "--stage", "nowhere"])
    except SystemExit as exited:
        return exited.code
    return 0


@pytest.fixture
def rollout(monkeypatch: pytest.MonkeyPatch) -> Rollout:
    """Flags in the place of the stage's, the gate before them open."""
    rollout = Rollout()
    rollout.open()
    monkeypatch.setattr(commands, "flags_of", lambda _: nullcontext(Flags(rollout.flags, "olga", None)))
    monkeypatch.setattr(commands, "now", rollout.now)
    monkeypatch.setattr(commands, "person", lambda: "olga")
    return rollout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("start", "energy_tabel", *BECAUSE), "there is no flag 'energy_tabel'"),
        (("start", "global", *BECAUSE), "not a component"),
        (("start", TABLE, "--steps", "10", *BECAUSE), "'10' is no step"),
        (("start", TABLE, "--steps", "50:1d,10:1d", *BECAUSE), "each step is higher"),
        (("start", TABLE, "--hours", "nine", *BECAUSE), "such as 9-17"),
        (("start", TABLE, "--hours", "17-9", *BECAUSE), "from an hour to a later one"),
        (("start", TABLE, "--hours", "9-17", "--zone", "Nowhere", *BECAUSE), "'Nowhere' is no zone"),
        (("approve", TABLE, "--percent", "101", *BECAUSE), "'101' is not a number"),
        (("pause", "nothing", *BECAUSE), "there is no flag 'nothing'"),
        (("step", "nothing", *BECAUSE), "there is no flag 'nothing'"),
    ],
)
def test_input_is_checked_before_anything_is_reached(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 1
    printed = capsys.readouterr()
    assert (printed.out, said in printed.err) == ("", True)
    assert "deploying" not in printed.err


def test_a_rollout_is_started_looked_at_and_hurried(rollout: Rollout, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("start", TABLE, *STEPS, "--hours", "9-17", "--weekdays", *BECAUSE) == 0
    shown = capsys.readouterr().out
    for text in ("running", "a test", "10 %", "the schedule looks within a minute", "10:1h,100:1d", "from 9 to 17"):
        assert text in shown
    assert run("step", TABLE, *BECAUSE) == 0
    shown = capsys.readouterr().out
    assert "energy_table_new_backend: on, 10 %" in shown
    assert "in effect everywhere after" in shown
    rollout.gate.conditions = SHUT
    rollout.appconfig.pass_time(60)
    rollout.flags.carrier.run(40)
    assert run("status") == 0
    shown = capsys.readouterr().out
    assert ("59 min" in shown, "the way back was not rehearsed" in shown) == (True, True)
    assert run("step", TABLE, *BECAUSE) == 1
    assert "not rehearsed; first: python -m infra drill rollback" in capsys.readouterr().err
    assert run("step", TABLE, "--hurry", *BECAUSE) == 0
    assert rollout.table().rollout_percent == 100


def test_one_that_has_stopped_is_said_with_its_reason_and_by_the_exit_code(
    rollout: Rollout, capsys: pytest.CaptureFixture[str]
) -> None:
    run("start", TABLE, *STEPS, *BECAUSE)
    rollout.flags.carrier.run(40)
    rollout.gate.of[Component.ENERGY_TABLE] = BROKEN
    rollout.flags.carrier.run(40)
    capsys.readouterr()
    assert run("status", TABLE) == 1
    shown = capsys.readouterr().out
    assert "stopped: the backends differ" in " ".join(shown.split()), "nobody has stopped it"
    assert run("status", "--json") == 1
    [found] = json.loads(capsys.readouterr().out)
    assert (found["state"], found["reason"]) == ("stopped", "the backends differ")


def test_a_rollout_is_paused_resumed_approved_and_aborted(rollout: Rollout, capsys: pytest.CaptureFixture[str]) -> None:
    def done(*arguments: str) -> Any:
        assert run(*arguments, *BECAUSE, "--json") == 0
        return json.loads(capsys.readouterr().out)

    assert done("start", TABLE, *STEPS, "--approvals", "1")["plan"]["approvals"] == 1
    assert run("approve", TABLE, *BECAUSE) == 1
    assert "a second person" in capsys.readouterr().err
    assert done("pause", TABLE)["state"] == "paused"
    assert done("resume", TABLE)["state"] == "running"
    assert done("abort", TABLE)["action"] == "rollback"
    assert run("abort", TABLE, *BECAUSE) == 1
    assert "is aborted" in capsys.readouterr().err
    assert run("status", "dashboard") == 1
    assert "rollout start dashboard" in capsys.readouterr().err


def test_without_any_rollout_the_way_to_one_is_said(rollout: Rollout, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status") == 0
    assert "rollout start COMPONENT" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (7_260, "2 h 1 min"), (180_061, "2 d 2 h")]
)
def test_a_time_is_said_in_its_two_largest_units(seconds: int, said: str) -> None:
    assert duration(seconds) == said


def test_a_rollout_with_all_that_is_known_of_it(printed: Callable[[], list[str]]) -> None:
    print_rollout(RUNNING, AT + 60_000)
    assert printed() == [
        "rollout energy_table",
        "state running by olga: as [planned]",
        "at 10 % since 2023-11-14 22:13",
        "next 100 %, hold time: 59 min",
        "waits a meter lags",
        "first python -m infra sweep --list",
        "approved 100 % by otto",
        "plan 10:1h,100:1d; a second person must agree; from 9 to 17 o'clock Europe/Berlin on days 0, 1, 2, 3, 4; "
        "as lists of people",
        "when (UTC) what who and why",
        "2023-11-14 22:13 step 10 % olga: next",
        "2023-11-14 22:12 start olga: as [planned]",
    ]


def test_programs_get_all_that_is_known_of_a_rollout() -> None:
    back = Intent(Direction.BACK, None, AT, "olga", "a breach")
    rise = replace(back, direction=Direction.RISE, percent=Decimal("12.5"))
    found = rollout_document(replace(RUNNING, intent=back), AT + 60_000)
    at = "2023-11-14T22:13:20Z"
    said = {"at": at, "by": "olga", "reason": "a breach"}
    steps = [
        {"name": "10 %", "percent": 10.0, "holdSeconds": 3_600},
        {"name": "100 %", "percent": 100.0, "holdSeconds": 86_400},
    ]
    hours = {"zone": "Europe/Berlin", "first": 9, "last": 17, "days": [0, 1, 2, 3, 4]}
    assert found == {
        "component": "energy_table",
        "state": "running",
        "by": "olga",
        "reason": "as [planned]",
        "since": at,
        "step": steps[0],
        "next": steps[1],
        "secondsLeft": 3_540,
        "intent": {**said, "direction": "back", "percent": None},
        "approval": {"at": at, "by": "otto", "reason": "agreed", "percent": 100.0, "named": False},
        "plan": {"steps": steps, "approvals": 1, "hours": hours, "exact": True},
        "seen": {"at": at, "text": "a meter lags", "command": "python -m infra sweep --list"},
        "log": [
            {"at": "2023-11-14T22:12:20Z", "by": "olga", "reason": "as [planned]", "what": "start"},
            {"at": at, "by": "olga", "reason": "next", "what": "step 10 %"},
        ],
        "command": "python -m infra rollout status energy_table",
    }
    assert rollout_document(replace(RUNNING, intent=rise), AT)["intent"] == {
        **said,
        "direction": "rise",
        "percent": 12.5,
    }
    over = rollout_document(replace(RUNNING, intent=None, approval=None, seen=None), AT + 7_200_000)
    assert (over["secondsLeft"], over["intent"], over["approval"], over["seen"]) == (0, None, None, None)
    none = rollout_document(STOPPED, AT)
    assert (none["step"], none["secondsLeft"], none["plan"]["hours"]) == (None, None, None)
    assert none["next"] == {"name": "50 %", "percent": 50.0, "holdSeconds": 86_400}
    assert rollout_document(replace(STOPPED, state=State.ABORTED), AT)["next"] is None


def test_a_rollout_that_has_stopped_names_nobody_and_waits_for_nothing(printed: Callable[[], list[str]]) -> None:
    print_rollout(STOPPED, AT)
    assert printed() == [
        "rollout dashboard",
        "state stopped: the backends differ",
        "at nothing yet since 2023-11-14 22:13",
        "next 50 %, hold time: -",
        "plan 50:1d",
        "when (UTC) what who and why",
    ]


def test_rollouts_are_a_line_each(printed: Callable[[], list[str]]) -> None:
    print_rollouts([RUNNING, STOPPED], AT + 3_600_000)
    assert printed() == [
        "component state at next in why it waits",
        "energy_table running 10 % 100 % over a meter lags",
        "dashboard stopped nothing yet 50 % - the backends differ",
    ]


def test_hours_of_every_day_name_no_days(printed: Callable[[], list[str]]) -> None:
    print_rollout(replace(STOPPED, plan=Plan(steps_of("50:1d"), 0, replace(WEEKDAYS, days=tuple(range(7))))), AT)
    assert "plan 50:1d; from 9 to 17 o'clock Europe/Berlin" in printed()
