"""``simulate`` on the command line: what it refuses, what it prints, how it exits."""

import json

import pytest
from click.testing import CliRunner

from infra.operations import simulate as command
from infra.simulation.faults import Fault
from infra.simulation.figures import Figures
from infra.simulation.policies import AS_WRITTEN
from infra.simulation.run import Exercise

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
    document = json.loads(result.stdout)
    assert (document.keys(), document["summary"]["seeds"]) == ({"seeds", "summary"}, 1)
    [figures] = document["seeds"]
    assert list(figures) == sorted(figures)
    assert set(KEYS) <= figures.keys()


def test_one_seed_that_does_not_hold_is_an_exit_code_of_1() -> None:
    result = CliRunner().invoke(command.simulate, ["--seed", "12", "--seeds", "2"])
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == (
        "2 seeds, 61.32 virtual years, 4,000 writes, 0 reads: 1 lost writes (in 1 seeds), 0 wrong figures shown, 0 "
        "bugs not found, 0 false rollbacks"
    )
    headings = " ".join(result.stdout.splitlines()[0].split())
    assert headings == "seed writes reads lost wrong exposed not found back false 100 % (d) holds"
    assert result.stderr.splitlines() == ["seed 12: holds", "seed 13: does not hold"]
    rows = [line.split() for line in result.stdout.splitlines() if line.strip()[:2] in ("12", "13")]
    assert rows == [
        ["12", "2000", "0", "0", "0", "0", "0", "0", "0", "never", "yes"],
        ["13", "2000", "0", "1", "0", "0", "0", "0", "0", "never", "no"],
    ]


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ([], (range(1, 2), Exercise(8, 200, frozenset(Fault), "guarded"), 1)),
        (
            [
                "--weeks=3",
                "--users=9",
                "--seed=4",
                "--seeds=2",
                "--processes=5",
                "--faults=none",
                f"--policy={AS_WRITTEN}",
            ],
            (range(4, 6), Exercise(3, 9, frozenset(), AS_WRITTEN), 5),
        ),
    ],
)
def test_what_is_simulated_is_what_was_asked_for(
    given: list[str], asked: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[object, ...]] = []

    def lived(*what: object) -> list[Figures]:
        seen.append(what)
        return [Figures(1, 8, 200)]

    monkeypatch.setattr(command, "simulate_all", lived)
    assert CliRunner().invoke(command.simulate, given).exit_code == 0
    assert seen == [asked]
