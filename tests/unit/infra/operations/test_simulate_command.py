"""``simulate`` on the command line: what it refuses, what it prints, how it exits."""

import json

import pytest
from click.testing import CliRunner

from infra.operations import simulate as command
from infra.simulation.figures import Figures

KEYS = ["lostWrites", "wrongShown", "bugsNotFound", "falseRollbacks", "daysToEverybody", "virtualYears"]


@pytest.fixture(autouse=True)
def _made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A seed of 13 loses a write."""

    def lived(seeds: range, *_: object) -> list[Figures]:
        return [Figures(seed, 8, 200, writes=2_000, lost=int(seed == 13)) for seed in seeds]

    monkeypatch.setattr(command, "simulate_all", lived)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--faults", "rain,bug,snow"], "there is no fault 'rain', 'snow'; known are all, none, deployments"),
        (["--faults", ""], "there is no fault ''"),
        (["--policy", "hope"], "'hope' is not one of"),
        (["--weeks", "0"], "0 is not in the range"),
        (["--seeds", "x"], "'x' is not a valid integer"),
    ],
)
def test_bad_arguments_are_refused_by_name(given: list[str], said: str) -> None:
    result = CliRunner().invoke(command.simulate, given)
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())


def test_figures_for_programs_have_sorted_keys() -> None:
    result = CliRunner().invoke(command.simulate, ["--seed", "7", "--json"])
    assert result.exit_code == 0
    [figures] = json.loads(result.stdout)["seeds"]
    assert list(figures) == sorted(figures)
    assert set(KEYS) <= figures.keys()


def test_one_seed_that_does_not_hold_is_an_exit_code_of_1() -> None:
    result = CliRunner().invoke(command.simulate, ["--seed", "12", "--seeds", "2"])
    assert result.exit_code == 1
    assert "2 seeds, 61.32 virtual years" in result.stdout
    assert "1 lost writes (in 1 seeds)" in result.stdout
    headings = " ".join(result.stdout.splitlines()[0].split())
    assert headings == "seed writes reads lost wrong exposed not found back false 100 % (d) holds"
    assert result.stderr.splitlines() == ["seed 12: holds", "seed 13: does not hold"]
    rows = [line.split() for line in result.stdout.splitlines() if line.strip()[:2] in ("12", "13")]
    assert rows == [
        ["12", "2000", "0", "0", "0", "0", "0", "0", "0", "never", "yes"],
        ["13", "2000", "0", "1", "0", "0", "0", "0", "0", "never", "no"],
    ]
