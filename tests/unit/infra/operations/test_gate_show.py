"""What the command ``gate show`` prints, and how it ends."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.verdict import Breach, Condition, ConditionName, GateVerdict
from chalicelib.domain.migration.sync.reconciliation import Verified
from chalicelib.services.migration.gate.service import GateService
from infra import __main__ as command_line
from infra.operations.gate import commands
from infra.operations.gate.printing import print_verdict
from tests.unit.services.migration.status.system import System

TABLE = "energy_table"


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    """The system that the command looks at, whatever its target."""
    system = System()

    @contextmanager
    def gate_of(_target: object) -> Iterator[GateService]:
        yield system.gate()

    monkeypatch.setattr(commands, "gate_of", gate_of)
    monkeypatch.setenv("COLUMNS", "250")
    return system


def run(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as exited:
        command_line.run(["gate", "show", *arguments, "--stage", "nowhere"])
    return exited.value.code


def test_it_fails_where_the_gate_is_shut(system: System) -> None:
    assert run(TABLE) == run("--all") == 0
    system.letters = 3
    assert run(TABLE) == run("--all") == run("--all", "--json") == 1


def test_programs_get_what_the_route_gives(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    run(TABLE, "--json")
    assert json.loads(capsys.readouterr().out) == system.gate().verdict(Component(TABLE)).as_document()
    run("--all", "--json")
    assert [each["component"] for each in json.loads(capsys.readouterr().out)] == [*Component]


def test_each_condition_stands_on_a_line_with_its_command_and_what_follows(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    system.rollout.control.save_verified(Verified(system.rollout.now(), None, 9, 0, 2, code="code"))
    system.letters = OSError("no queue")
    run(TABLE)
    head, *lines = [line for line in capsys.readouterr().out.strip().split("\n") if line[0] != "{"]
    assert head.startswith("energy_table at ")
    assert head.endswith("shut")
    said = dict(zip(ConditionName, lines, strict=True))
    assert said[ConditionName.VERIFIED].startswith("  verified      does not hold: the last verify found 2 differences")
    assert said[ConditionName.VERIFIED].endswith("a rollout sends everybody back  python -m infra repair")
    assert said[ConditionName.DEAD_LETTERS].startswith("  dead_letters  not known: ")
    assert said[ConditionName.DEAD_LETTERS].endswith("  python -m infra dlq ls")
    assert said[ConditionName.EVIDENCE].startswith("  evidence      holds: everybody's views are equal")


def test_a_condition_says_its_figure_its_limit_and_of_how_many(capsys: pytest.CaptureFixture[str]) -> None:
    evidence = Condition(ConditionName.EVIDENCE, False, "few [yet]", "look", breach=Breach.KILL)
    conditions = (replace(evidence, figure="7 in a row", limit="9", n=1_000), evidence, replace(evidence, holds=None))
    print_verdict(GateVerdict(Component(TABLE), 1_700_000_000_000, "", conditions))
    assert capsys.readouterr().out.splitlines() == [
        "energy_table at 2023-11-14 22:13 UTC, code unknown: shut",
        "  evidence      does not hold: few [yet] (7 in a row, limit 9, n 1,000); a rollout sends everybody back  look",
        "  evidence      does not hold: few [yet]; a rollout sends everybody back  look",
        "  evidence      not known: few [yet]; a rollout sends everybody back  look",
    ]


def test_what_holds_is_green_and_says_no_command(coloured: Callable[[], list[str]]) -> None:
    here = Component(TABLE)
    holds = Condition(ConditionName.VERIFIED, True, "seen", "wait")
    print_verdict(GateVerdict(here, 1_700_000_000_000, "c1", (holds,)))
    shut = replace(holds, holds=False, breach=Breach.STEP_BACK)
    print_verdict(GateVerdict(here, 1_700_000_000_000, "c1", (shut, replace(shut, holds=None, breach=None))))
    head = "<bold>energy_table</> at 2023-11-14 22:13 UTC, code c1:"
    assert coloured() == [
        f"{head} <green>open</>",
        "verified <green>holds</>: seen",
        f"{head} <red>shut</>",
        "verified <red>does not hold</>: seen; a rollout goes one step back <dim>wait</>",
        "verified <yellow>not known</>: seen <dim>wait</>",
    ]


@pytest.mark.parametrize("arguments", [[], [TABLE, "--all"], ["nothing"]])
def test_one_component_or_all(system: System, arguments: list[str]) -> None:
    assert run(*arguments) == 2
