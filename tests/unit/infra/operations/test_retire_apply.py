"""What keeps ``retire apply`` from the end, word for word."""

from collections.abc import Callable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.migration.retirement.blockers import Blocker, Part
from infra import __main__ as command_line
from infra.errors import OperatorError
from infra.operations.retire import ending
from infra.operations.retire.arguments import caller_of, instant_of, span_of
from infra.removal.references import Reference
from tests.unit.infra.exit_code import exit_code

FORCED = Blocker(Part.CALLERS, "curl calls", "python -m infra retire callers")
NEVER = Blocker(Part.COMPONENTS, "the table is at 50 %", "python -m infra status")
SAID = {
    FORCED: "curl calls; first: python -m infra retire callers",
    NEVER: "the table is at 50 %; first: python -m infra status",
}


@pytest.mark.parametrize(
    ("text", "span"),
    [("90s", 90_000), ("15m", 900_000), ("2h", 7_200_000), ("1d", 86_400_000), ("999999s", 999_999_000)],
)
def test_a_span_is_a_number_and_a_unit(text: str, span: int) -> None:
    assert span_of(text) == span


@pytest.mark.parametrize("text", ["", "1", "m", "1000000s", "-1s", "1.5h", "1w", "1d ", "x1d"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(OperatorError, match="write a number and a unit"):
        span_of(text)


def test_an_instant_is_to_the_second_and_of_utc_without_a_zone() -> None:
    assert instant_of(" 2023-11-14T22:13:20.999 ") == instant_of("2023-11-14T23:13:20+01:00") == 1_700_000_000_000


@pytest.mark.parametrize(("text", "fits"), [("0123456789abcdef" * 2, True), ("0" * 31, False), ("0" * 33, False)])
def test_a_caller_is_32_hex_digits(text: str, fits: bool) -> None:
    with nullcontext() if fits else pytest.raises(OperatorError, match="is no caller"):
        assert caller_of(text) == text


@pytest.mark.parametrize(
    ("found", "force", "left", "way"),
    [
        ((FORCED,), False, (FORCED,), "; or say --force, and why"),
        ((FORCED, FORCED), False, (FORCED, FORCED), "; or say --force, and why"),
        ((FORCED, NEVER), False, (FORCED, NEVER), ""),
        ((FORCED, NEVER), True, (NEVER,), ""),
        ((NEVER,), True, (NEVER,), ""),
    ],
)
def test_each_blocker_is_a_line_with_what_comes_first(
    found: tuple[Blocker, ...], force: bool, left: tuple[Blocker, ...], way: str
) -> None:
    with pytest.raises(OperatorError) as refused:
        ending._check_clean(found, force=force)
    assert str(refused.value).split("\n") == [*(SAID[each] for each in left), f"nothing was changed{way}"]


def test_what_may_be_overridden_is_by_force() -> None:
    ending._check_clean([], force=False)
    ending._check_clean([FORCED], force=True)


class Operations:
    """The operations of a target in ``dual_write``, whose comparison takes long."""

    def __init__(self) -> None:
        self.modes = self.consistency = self
        self.compared = False
        self.mode = SyncMode.DUAL_WRITE

    def show(self) -> Any:
        return SimpleNamespace(state=self)

    def count_differences(self) -> int:
        self.compared = True
        return 0

    def set(self, wanted: SyncMode, reason: str, by: str, count_differences: Callable[[], int] | None) -> None:
        assert (count_differences or self.count_differences)() == 0
        self.mode = wanted


@pytest.mark.parametrize("taken_back", [True, False])
def test_who_takes_people_back_during_the_comparison_keeps_the_old_backend(
    monkeypatch: pytest.MonkeyPatch, taken_back: bool
) -> None:
    """In ``new_only`` flags decide nothing: all whom a kill has just sent back would be on the new backend again."""
    operations = Operations()
    monkeypatch.setattr(ending, "database_of", lambda _: nullcontext(None))
    monkeypatch.setattr(ending, "shell_operations", lambda *_: operations)
    monkeypatch.setattr(ending, "print_mode", lambda _: None)
    monkeypatch.setattr(ending, "blockers", lambda *_: [NEVER] if taken_back and operations.compared else [])
    code = exit_code(command_line.run, "retire", "apply", "--reason", "the end", "--stage", "nowhere")
    assert (code, operations.mode) == ((1, SyncMode.DUAL_WRITE) if taken_back else (0, SyncMode.NEW_ONLY))


def test_where_the_mode_is_new_only_already_workers_have_nothing_to_compare_which_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    operations = Operations()
    operations.mode = SyncMode.NEW_ONLY
    monkeypatch.setattr(ending, "database_of", lambda _: nullcontext(None))
    monkeypatch.setattr(ending, "shell_operations", lambda *_: operations)
    monkeypatch.setattr(ending, "print_mode", lambda _: None)
    command = ("retire", "apply", "--reason", "the end", "--stage", "nowhere")
    assert exit_code(command_line.run, *command, "--fan-out", "16") == 0
    assert "nothing had to be compared: --fan-out had no effect" in capsys.readouterr().err
    assert exit_code(command_line.run, *command) == 0
    assert "--fan-out" not in capsys.readouterr().err


@pytest.mark.parametrize(("lines", "shown"), [(1, 1), (5, 5), (6, 5)])
def test_the_first_five_references_are_named(lines: int, shown: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "references_of", lambda _: [Reference("app.py", 1 + each) for each in range(lines)])
    [blocker] = ending._references()
    many = "1 line that" if lines == 1 else f"{lines} lines that"
    named = ", ".join(f"app.py:{1 + each}" for each in range(shown))
    said = f"{many} the removal leaves name a flag: {named}"
    assert blocker == Blocker(Part.REFERENCES, said, "python -m infra retire plan")
    assert blocker.may_be_forced


def test_of_a_removal_that_cannot_be_planned_the_first_line_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def unfit(_: object) -> None:
        raise OperatorError("manifest.toml does not fit:\nnowhere: it is not there")

    monkeypatch.setattr(ending, "references_of", unfit)
    said = "nobody can say which references to flags the removal takes away: manifest.toml does not fit:"
    assert [*ending._references()] == [Blocker(Part.REFERENCES, said, "python -m infra retire plan", unknown=True)]
