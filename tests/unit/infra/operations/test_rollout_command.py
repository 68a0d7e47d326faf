"""The rollouts' commands: input is checked before anything is reached; what they print and how they end."""

import json
from contextlib import nullcontext
from typing import Any

import pytest

from chalicelib.domain.backends.component import Component
from infra import __main__ as command_line
from infra.operations.printing import duration
from infra.operations.rollout import commands
from infra.targets.flags import Flags
from tests.fakes.gate import BROKEN, SHUT
from tests.unit.flags.rollout import Rollout

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
