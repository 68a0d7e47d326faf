"""``gate simulate``: the gate is wrong no oftener than its formulas say, and the exit code says so where it is."""

import json
from collections.abc import Callable, Sequence

import pytest

from infra import __main__ as command_line
from infra.operations.gate import commands
from infra.operations.gate.simulation import RUNS, SEED, Simulated, simulate


def simulated(shares: Sequence[float], least: float = 0.0, most: float = 0.065) -> list[Simulated]:
    return [Simulated(f"case {number}", share, least, most, 0.05) for number, share in enumerate(shares)]


def run(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as exited:
        command_line.run(["gate", "simulate", *arguments])
    return exited.value.code


@pytest.mark.long
def test_the_gate_is_wrong_no_oftener_than_its_formulas_say() -> None:
    found = simulate(RUNS, SEED)
    assert [each.name for each in found if not each.holds] == []
    at_the_limit, twice, none, beginning_again, slow, alike, bug, clean = (each.share for each in found)
    assert none == bug == clean == 1
    assert twice < at_the_limit < 0.065 < beginning_again
    assert alike < 0.065 < 0.9 < slow


def test_a_seed_gives_these_figures() -> None:
    simulated = simulate(300, 1)
    bounds = [(each.least, each.most) for each in simulated]
    formula = simulated[3].formula or 0.0
    never, always = (0.0, 0.006), (1.0, 1.0)
    slow, alike, again = (0.9, 1.0), (0.0, 0.065), (formula - 0.04, formula + 0.04)
    assert bounds == [(0.034, 0.065), never, always, again, slow, alike, always, always]
    found = [(each.name, round(each.share, 6), each.formula and round(each.formula, 6)) for each in simulated]
    assert found == [
        ("1 % of all answers are wrong: let through", 0.066667, 0.049536),
        ("2 % of all answers are wrong: let through", 0.003333, 0.00238),
        ("no answer is wrong: let through after exactly 299", 1.0, 1.0),
        ("not the gate: begin again after a difference, 2 % wrong: through within 20,000", 0.593333, 0.61472),
        ("1.5 times as slow in three of four pairs: stopped within 62", 0.976667, None),
        ("slower in every second pair, faster in the others: stopped within 62", 0.013333, None),
        ("10 users, one view of one of them is wrong: found", 1.0, 1.0),
        ("10 users, no view is wrong: let through", 1.0, 1.0),
    ]


def test_equal_seeds_give_equal_figures_and_others_give_others() -> None:
    assert simulate(20, 1) == simulate(20, 1)
    assert simulate(20, 1) != simulate(20, 2)


@pytest.mark.parametrize(
    ("shares", "code"), [([0.05, 0.0], 0), ([0.05, 0.065], 0), ([0.05, 0.0651], 1), ([0.07, 0.01], 1)]
)
def test_the_exit_code_says_whether_all_is_within_its_bounds(
    shares: Sequence[float], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "simulate", lambda *_: simulated(shares))
    assert run("--json") == code
    printed = json.loads(capsys.readouterr().out)
    assert (printed["runs"], printed["seed"]) == (RUNS, SEED)
    assert [each["share"] for each in printed["simulated"]] == shares
    assert all(each["holds"] for each in printed["simulated"]) is (code == 0)


def test_too_seldom_is_wrong_too() -> None:
    assert not simulated([0.89], least=0.9, most=1.0)[0].holds


def test_people_read_what_was_seen_what_the_formula_says_and_what_is_accepted(
    monkeypatch: pytest.MonkeyPatch, printed: Callable[[], list[str]]
) -> None:
    asked: list[tuple[int, int]] = []
    found = [*simulated([0.0495, 0.2]), Simulated("without a formula", 1.0, 0.9, 1.0)]

    def simulate(runs: int, seed: int) -> list[Simulated]:
        asked.append((runs, seed))
        return found

    monkeypatch.setattr(commands, "simulate", simulate)
    assert run("--runs", "3000", "--seed", "5") == 1
    assert printed() == [
        "what, in how many runs seen formula accepted",
        "case 0 4.95 % 5.00 % 0.00 % to 6.50 % yes",
        "case 1 20.00 % 5.00 % 0.00 % to 6.50 % no",
        "without a formula 100.00 % - 90.00 % to 100.00 % yes",
        "3,000 runs each, seed 5",
    ]
    assert asked == [(3_000, 5)]


def test_no_figure_of_a_simulation_is_broken_in_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, printed: Callable[[], list[str]]
) -> None:
    monkeypatch.setattr(commands, "simulate", lambda *_: [Simulated("c" * 300, 0.05, 0.034, 0.065, 0.05)])
    monkeypatch.setenv("COLUMNS", "60")
    assert run() == 0
    rows = [line for line in printed() if line.startswith("ccc")]
    assert rows[0].endswith(" 5.00 % 5.00 % 3.40 % to 6.50 % yes")
    assert "".join(rows).count("c") == 300


def test_figures_end_below_each_other(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(commands, "simulate", lambda *_: simulated([0.05, 1.0]))
    run()
    rows = [line for line in capsys.readouterr().out.splitlines() if "case" in line]
    assert [row.split("│")[2] for row in rows] == ["   5.00 % ", " 100.00 % "]


def test_fewer_runs_than_the_bounds_are_made_for_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--runs", "100") == 2
    assert "2000" in capsys.readouterr().err
