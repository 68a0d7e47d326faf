"""The plan of a new rollout: what is said of it, and else the plan before."""

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.migration.gate.evidence import AllowedHours
from chalicelib.domain.migration.rollouts.plan import Plan, steps_of
from infra import __main__ as command_line
from infra.operations.rollout import commands
from infra.targets.flags import Flags
from tests.unit.infra.exit_code import exit_code

BEFORE = Plan(steps_of("1:7d,100:7d"), 1, AllowedHours("Europe/Berlin", 9, 17, tuple(range(5))), True)


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans of rollouts that are begun; the one before had a slow plan of its own."""
    plans: list[Plan] = []
    found = SimpleNamespace(
        planned=lambda _: BEFORE, start=lambda _component, plan, _by, _reason: plans.append(plan), one=lambda _: None
    )
    operations: Any = SimpleNamespace(rollouts=found)
    monkeypatch.setattr(commands, "flags_of", lambda _: nullcontext(Flags(operations, "olga", None)))
    monkeypatch.setattr(commands, "_show", lambda *_, **__: None)
    return plans


def start(*said: str) -> int | str | None:
    return exit_code(
        command_line.run, "rollout", "start", "energy_table", *said, "--reason", "why", "--stage", "nowhere"
    )


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        (("--approvals", "0"), {"approvals": 0}),
        (("--steps", "1:1d"), {"steps": steps_of("1:1d")}),
        (("--by-hash",), {"exact": False}),
        (("--hours", "0-24"), {"hours": AllowedHours("Europe/Berlin", 0, 24)}),
    ],
)
def test_what_a_new_plan_leaves_out_is_as_in_the_one_before(
    begun: list[Plan], said: tuple[str, ...], changed: dict[str, Any]
) -> None:
    """Who gives up approvals does not go to 100 % in a week, at night, without having said so."""
    assert start(*said) == 0
    assert begun == [replace(BEFORE, **changed)]


@pytest.mark.parametrize(
    ("said", "code", "why"),
    [
        (("--zone", "UTC"), 2, "--zone says whose hours: say --hours or --weekdays too"),
        (("--steps", ""), 1, "'' is no step"),
    ],
)
def test_what_would_be_ignored_is_refused(
    begun: list[Plan], said: tuple[str, ...], code: int, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start(*said) == code
    assert why in capsys.readouterr().err
    assert begun == []
