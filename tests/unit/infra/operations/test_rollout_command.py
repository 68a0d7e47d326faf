"""The rollouts' commands: input is checked before anything is reached; what they print and how they end."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.migration.gate.evidence import AllowedHours
from chalicelib.domain.migration.records.flag_history import FlagChange
from chalicelib.domain.migration.rollouts.plan import Plan, steps_of
from chalicelib.domain.migration.rollouts.rollout import Approval, Direction, Entry, Intent, Seen, State
from chalicelib.domain.migration.rollouts.rollout import Rollout as StoredRollout
from chalicelib.flags.changes.as_json import change_document
from chalicelib.services.migration.rollouts.as_json import rollout_document
from infra import __main__ as command_line
from infra.operations.printing import duration
from infra.operations.rollout import commands, printing
from infra.operations.rollout.printing import print_changed, print_rollout, print_rollouts
from infra.targets.flags import Flags
from tests.fakes.gate import BROKEN, SHUT
from tests.unit.flags.rollout import Rollout
from tests.unit.infra.exit_code import exit_code

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
    return exit_code(command_line.run, "rollout", *arguments, "--stage", "nowhere")


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
        (("start", TABLE, "--steps", "", *BECAUSE), "'' is no step"),
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
    said = "there is no rollout; begin one: python -m infra rollout start COMPONENT --reason WHY\n"
    assert capsys.readouterr().out == said


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
    print_rollouts([RUNNING, STOPPED, replace(RUNNING, step=1)], AT + 3_600_000)
    assert printed() == [
        "component state at next in why it waits",
        "energy_table running 10 % 100 % over a meter lags",
        "dashboard stopped nothing yet 50 % - the backends differ",
        "energy_table running 100 % - 23 h a meter lags",
    ]


def test_what_runs_is_green_what_has_stopped_red_and_what_is_paused_yellow(
    coloured: Callable[[], list[str]],
) -> None:
    for rollout, said in (
        (RUNNING, "<green>running</> by olga: as [planned]"),
        (STOPPED, "<red>stopped</>: the backends differ"),
        (replace(RUNNING, state=State.PAUSED), "<yellow>paused</> by olga: as [planned]"),
        (replace(RUNNING, state=State.ABORTED), "aborted by olga: as [planned]"),
    ):
        print_rollout(rollout, AT)
        assert f"state {said}" in coloured()


def test_hours_of_every_day_name_no_days(printed: Callable[[], list[str]]) -> None:
    print_rollout(replace(STOPPED, plan=Plan(steps_of("50:1d"), 0, replace(WEEKDAYS, days=tuple(range(7))))), AT)
    assert "plan 50:1d; from 9 to 17 o'clock Europe/Berlin" in printed()


CHANGE = FlagChange(
    id="1",
    at=AT,
    by="olga",
    action="set",
    reason="why",
    before={},
    after={"a_new_backend": {"enabled": True, "rolloutPercent": 50}, "b": {"enabled": False}},
    from_version="v1",
    to_version="v2",
    in_effect_ms=1_540,
    problem="overtaken [by otto]",
)


def test_a_step_says_what_was_changed_and_what_keeps_it_from_its_effect(
    printed: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    print_changed(CHANGE)
    lines = ["a_new_backend: on, 50 %", "b: off, - %", "in effect everywhere after 1.5 s", "overtaken [by otto]"]
    assert printed() == lines
    print_changed(replace(CHANGE, in_effect_ms=None, problem=None))
    assert printed() == lines[:2]
    written = StringIO()
    monkeypatch.setattr(printing, "console", Console(file=written, force_terminal=True))
    print_changed(replace(CHANGE, after={}, in_effect_ms=None))
    print_rollouts([RUNNING, STOPPED, replace(RUNNING, state=State.PAUSED)], AT)
    assert [f"\x1b[{code}m" in written.getvalue() for code in (31, 32, 33)] == [True] * 3
    assert written.getvalue().startswith("\x1b[31movertaken")


@pytest.mark.parametrize(
    ("made", "code", "lines"),
    [
        (None, 0, ["the flag was there already: the step is taken"]),
        (replace(CHANGE, problem=None, after={}), 0, ["in effect everywhere after 1.5 s"]),
        (replace(CHANGE, in_effect_ms=None, after={}), 1, ["overtaken [by otto]"]),
        (replace(CHANGE, in_effect_ms=0, problem=None, after={}), 0, ["in effect everywhere after 0.0 s"]),
    ],
)
@pytest.mark.parametrize("what", ["step", "abort"])
def test_a_step_fails_where_it_was_not_seen_in_effect(
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    made: FlagChange | None,
    code: int,
    lines: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[Any] = []

    def done(*arguments: Any, **more: Any) -> FlagChange | None:
        asked.append((*arguments, *more.items()))
        return made

    operations: Any = SimpleNamespace(rollouts=SimpleNamespace(step=done, abort=done))
    monkeypatch.setattr(commands, "flags_of", lambda _: nullcontext(Flags(operations, "olga", None)))
    monkeypatch.setattr(commands, "person", lambda: "olga")
    assert run(what, TABLE, *BECAUSE) == code
    printed = capsys.readouterr()
    assert printed.out.splitlines() == lines
    assert printed.err.splitlines()[-1] == (
        "deploying, and waiting until every function has asked AppConfig again: 15 seconds"
    )
    assert run(what, TABLE, *BECAUSE, "--json") == code
    assert json.loads(capsys.readouterr().out) == (made and json.loads(json.dumps(change_document(made))))
    hurry = [("hurry", False)] if what == "step" else []
    assert asked == [(Component.ENERGY_TABLE, "olga", "a test", 90.0, *hurry)] * 2


def test_where_the_store_is_away_the_place_of_the_flags_says_so(
    rollout: Rollout, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise UnavailableError("the store is away")

    operations: Any = SimpleNamespace(rollouts=SimpleNamespace(one=away, all=away, pause=away))
    monkeypatch.setattr(commands, "flags_of", lambda _: nullcontext(Flags(operations, "olga", None)))
    for asked in (("status",), ("status", TABLE), ("pause", TABLE, *BECAUSE)):
        with pytest.raises(UnavailableError):
            run(*asked)


def remembered(monkeypatch: pytest.MonkeyPatch, command: str) -> list[Any]:
    """What a command of the rollouts is asked for from now on."""
    asked: list[Any] = []
    does = {command: lambda *given: asked.append(given)}
    found = SimpleNamespace(**does, one=lambda _: RUNNING, planned=lambda _: Plan())
    operations: Any = SimpleNamespace(rollouts=found)
    monkeypatch.setattr(commands, "flags_of", lambda _: nullcontext(Flags(operations, "olga", None)))
    return asked


@pytest.mark.parametrize(
    ("said", "plan"),
    [
        ((), None),
        (("--steps", "10:1h"), Plan(steps_of("10:1h"))),
        (("--approvals", "0"), Plan()),
        (("--approvals", "1"), Plan(approvals=1)),
        (("--exact",), Plan(exact=True)),
        (("--weekdays",), Plan(hours=AllowedHours("Europe/Berlin", 0, 24, tuple(range(5))))),
        (("--hours", "9-17"), Plan(hours=AllowedHours("Europe/Berlin", 9, 17, tuple(range(7))))),
        (("--hours", "9-17", "--weekdays", "--zone", "UTC"), Plan(hours=replace(WEEKDAYS, zone="UTC"))),
    ],
)
def test_a_plan_is_as_it_is_said_and_else_the_one_before(
    rollout: Rollout, monkeypatch: pytest.MonkeyPatch, said: tuple[str, ...], plan: Plan | None
) -> None:
    asked = remembered(monkeypatch, "start")
    assert run("start", TABLE, *said, *BECAUSE) == 0
    assert asked == [(Component.ENERGY_TABLE, plan, "olga", "a test")]


@pytest.mark.parametrize(("said", "percent"), [((), None), (("--percent", "12.5"), Decimal("12.5"))])
def test_an_approval_is_for_the_next_step_or_for_a_percentage(
    rollout: Rollout, monkeypatch: pytest.MonkeyPatch, said: tuple[str, ...], percent: Decimal | None
) -> None:
    asked = remembered(monkeypatch, "approve")
    assert run("approve", TABLE, *said, *BECAUSE) == 0
    assert asked == [(Component.ENERGY_TABLE, percent, "olga", "a test")]
