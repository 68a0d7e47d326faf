"""``drill history`` says what it has seen, names what proves a violation, and fails where there is one."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra import __main__ as command_line
from infra.drills.history.checker import Kind, Violation
from infra.drills.history.drive import Exercise, History
from infra.drills.history.operations import Operation, Outcome
from infra.drills.history.wishes import Flip, FlipKind
from infra.operations import drill as command
from tests.unit.infra.drills.history.recorded import DATE, ONE

WRITE = Operation(
    3,
    "history-9-01",
    "PUT /x",
    1.0,
    2.0,
    Outcome.DONE,
    200,
    "new",
    effects={("power", DATE): ONE},
    versions={"power": 7},
)
READ = Operation(4, "history-9-01", "GET /table", 3.0, 4.0, Outcome.DONE, 200, "old")
LOST = Violation(Kind.LOST, "power 2023-01-15T00:00Z: GET /table shows nothing, not 1", (WRITE, READ))
DRAWN = str.maketrans("┃│", "||")
FLIP = Flip(FlipKind.GATE, 0, 0, forward=True)
Made = Callable[..., list[Exercise]]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    """Let the command make this history; returns what was asked for."""

    def make(
        *violations: Violation, operations: tuple[Operation, ...] = (WRITE, READ), flips: tuple[Flip, ...] = (FLIP,)
    ) -> list[Exercise]:
        asked: list[Exercise] = []

        def drive(_: Any, exercise: Exercise, say: Callable[[str], None]) -> History:
            asked.append(exercise)
            return History(exercise, operations, [(flip, "gate on") for flip in flips], 2, violations, 12.3)

        monkeypatch.setattr(command, "drive", drive)
        monkeypatch.setattr(command, "own_deployed_ground", nullcontext)
        monkeypatch.setattr(command, "in_process_ground", lambda _: nullcontext())
        return asked

    return make


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[Any, str, str]:
    with pytest.raises(SystemExit) as exited:
        command_line.run(["drill", "history", *arguments])
    said = capsys.readouterr()
    return exited.value.code, said.out, said.err


def test_where_nothing_is_wrong_it_passes_and_prints_the_seed(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    (asked,) = [made()]
    code, out, err = run(capsys, "--flips", "5", "--people", "3", "--seconds", "7", "--seed", "9")
    assert (code, asked) == (0, [Exercise(9, 3, 5, 0, 7.0)])
    assert "--seed 9" in err
    assert "1 new, 1 old" in out
    assert "1 global gate" in out
    drawn = [[*map(str.strip, line.translate(DRAWN).split("|"))][1:-1] for line in out.splitlines()]
    [head, row] = [cells for cells in drawn if len(cells) == 6]
    assert head == ["operations", "acknowledged writes", "flips", "flips refused", "violations", "seconds"]
    assert row == ["2", "1", "1", "2", "0", "12"]


def test_without_a_seed_one_is_chosen_and_printed(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    asked = made()
    _, _, err = run(capsys, "--in-process")
    assert f"--seed {asked[0].seed} " in err


def test_a_violation_fails_and_is_named_with_the_operations_that_prove_it(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    made(LOST)
    code, out, _ = run(capsys)
    assert code == 1
    assert "an acknowledged write is lost: power 2023-01-15T00:00Z: GET /table shows nothing, not 1" in out
    assert '"number": 3' in out
    assert '"number": 4' in out


def test_of_many_violations_the_first_are_printed_and_the_rest_is_counted(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    made(*[LOST] * (command.VIOLATIONS_SHOWN + 2))
    _, out, _ = run(capsys)
    assert out.count("an acknowledged write is lost") == command.VIOLATIONS_SHOWN
    assert "and 2 more" in out


def test_programs_get_everything(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    made(*[LOST] * 30)
    code, out, _ = run(capsys, "--json", "--seed", "9")
    document = json.loads(out)
    assert code == 1
    assert len(document["violations"]) == 30
    assert document["violations"][0]["operations"][0]["versions"] == {"power": 7}
    figures = {name: document[name] for name in ("seed", "operations", "acknowledgedWrites", "flips", "refusedFlips")}
    assert figures == {
        "seed": 9,
        "operations": 2,
        "acknowledgedWrites": 1,
        "flips": {"global gate": 1},
        "refusedFlips": 2,
    }


def test_every_operation_is_written_down_where_that_is_asked_for(
    made: Made, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    made()
    run(capsys, "--record", str(tmp_path / "operations"))
    lines = (tmp_path / "operations").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [WRITE.as_document(), READ.as_document()]
    assert json.loads(lines[0])["backend"] == "new"


@pytest.mark.parametrize(
    ("operations", "flips", "missing"),
    [
        ((WRITE,), (FLIP,), "answers of both backends"),
        ((READ, replace(WRITE, outcome=Outcome.UNKNOWN)), (FLIP,), "acknowledged writes"),
        ((READ, WRITE), (), "flips"),
    ],
)
def test_a_history_in_which_nothing_could_be_wrong_proves_nothing(
    made: Made,
    capsys: pytest.CaptureFixture[str],
    operations: tuple[Operation, ...],
    flips: tuple[Flip, ...],
    missing: str,
) -> None:
    made(operations=operations, flips=flips)
    code, out, _ = run(capsys)
    assert code == 1
    assert f"it proves nothing without {missing}:" in out


@pytest.mark.parametrize("seconds", ["0", "0.9", "-1", "nan", "inf"])
def test_a_history_lives_for_a_second_at_least_and_not_for_ever(
    capsys: pytest.CaptureFixture[str], made: Made, seconds: str
) -> None:
    asked = made()
    code, _, err = run(capsys, "--seconds", seconds)
    assert (code, asked) == (2, [])
    assert f"{seconds} cannot be: it takes a number, at least 1, such as 60" in " ".join(err.split())
