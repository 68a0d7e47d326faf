"""What ``mode`` and ``sync`` ask for, wait for and print."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.backends.sync_mode import ModeChange, Side, SyncMode, SyncState
from chalicelib.domain.errors import SyncModeError
from chalicelib.domain.meters.walks import Verification, Walk
from chalicelib.services.migration.sync.sync_job import WITH_WORKERS, SyncReport
from chalicelib.services.migration.sync.sync_modes import ModeReport
from infra import __main__ as command_line
from infra.operations.sync import catching_up, comparing, mode, sync
from infra.targets import workers
from tests.unit.infra.exit_code import exit_code

REPORT = SyncReport("synced", changes=2, inserted=1)
LINE = "synced: 2 changes seen; 1 inserted, 0 replaced, 0 deleted; lag 0.0 s"


class Operations:
    """The operations of whatever target is named, and what they are asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.drains = [0.0]
        self.state = SyncState(SyncMode.DUAL_WRITE, 5, Side.OLD)
        self.modes = self.sync = self.consistency = self
        self.fan_out = "fan-out"
        self.compares = True
        self.compared = Verification(SyncMode.DUAL_WRITE, 3)
        self.report = REPORT

    def show(self) -> ModeReport:
        seconds = self.drains[0] if len(self.drains) == 1 else self.drains.pop(0)
        return ModeReport(self.state, seconds, [ModeChange(SyncMode.DUAL_WRITE, 5, "wh[y]", "olga")])

    def set(
        self, wanted: SyncMode, reason: str, by: str, count_differences: Callable[[], int] | None = None
    ) -> SyncState:
        if self.compares and count_differences and (differing := count_differences()):
            raise SyncModeError(f"verify finds differences ({differing})")
        self.asked.append(("set", wanted, reason, by))
        return self.state

    def recover(self, wanted: SyncMode | None, reason: str, by: str) -> None:
        self.asked.append(("recover", wanted, reason, by))

    def run(self, seconds: float, show: Any, *, full: bool) -> SyncReport:
        assert seconds > 86_400, "a person ends it, not a clock"
        self.asked.append(("run", full))
        show(self.report)
        return self.report

    def answer(self) -> None:
        self.asked.append("answer")

    def count_meters(self) -> int:
        return 3


@pytest.fixture
def operations(monkeypatch: pytest.MonkeyPatch) -> Operations:
    operations = Operations()
    for module in (mode, sync):
        monkeypatch.setattr(module, "connected", lambda _: nullcontext(operations))

    def walked(
        service: object, walk: Walk, ranges: int, show: Callable[[Verification], None], *, restart: bool = False
    ) -> Verification:
        operations.asked.append((service, walk, ranges, *(["from the start"] if restart else [])))
        show(operations.compared)
        return operations.compared

    monkeypatch.setattr(workers, "with_workers", lambda _: nullcontext(operations))
    for module in (comparing, sync):
        monkeypatch.setattr(module, "walked", walked)
    monkeypatch.setattr(mode, "person", lambda: "olga")
    monkeypatch.setattr(catching_up, "time", SimpleNamespace(sleep=lambda s: operations.asked.append(("sleep", s))))
    return operations


def run(*arguments: str) -> int | str | None:
    return exit_code(command_line.run, *arguments, "--stage", "nowhere")


@pytest.mark.parametrize(("terminal", "slept"), [(True, [1.0, 1.0, 0.25]), (False, [2.25])])
def test_a_person_sees_each_second_of_a_drain(
    terminal: bool, slept: list[float], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    left, shown = 2.25, list[str]()
    seconds: list[float] = []

    def sleep(passed: float) -> None:
        nonlocal left
        left -= passed
        seconds.append(passed)

    said = SimpleNamespace(
        is_terminal=terminal,
        status=lambda _: nullcontext(SimpleNamespace(update=shown.append)),
        print=lambda text: shown.append(f"line: {text}"),
    )
    monkeypatch.setattr(catching_up, "progress_console", said)
    catching_up.count_down(lambda: left, sleep)
    assert seconds == slept
    lines = [f"waiting {each} s for writes of the mode before" for each in (3, 2, 1)]
    assert shown == (lines if terminal else [f"line: {lines[0]}"])


SET = ("set", SyncMode.DUAL_WRITE, "we begin", "olga")


@pytest.mark.parametrize(
    ("wait", "catches_up", "asked"),
    [
        ((), True, [SET]),
        (("--wait",), True, [SET, ("sleep", 10.0), ("sleep", 2.5), ("run", False)]),
        (("--wait",), False, [SET, ("sleep", 10.0), ("sleep", 2.5)]),
    ],
)
def test_a_change_of_the_mode_waits_where_it_is_asked_to(
    operations: Operations,
    wait: tuple[str, ...],
    catches_up: bool,
    asked: list[Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    operations.drains = [12.5, 2.5, 0.0]
    if not catches_up:
        operations.state = SyncState(SyncMode.DUAL_WRITE, 5)
    assert run("mode", "set", "dual_write", "--reason", "we begin", *wait) == 0
    printed = capsys.readouterr()
    assert operations.asked == asked
    assert printed.out.startswith("mode   dual_write: writes go to both")
    assert "wh[y]" in printed.out
    said = [f"waiting {seconds} s for writes of the mode before" for seconds in (13, 3)]
    assert printed.err.splitlines()[1:] == [*(said if wait else []), *([LINE] if ("run", False) in asked else [])]


COMPARED = ("fan-out", Walk.VERIFY, 16, "from the start")


SAID_UNUSED = "nothing had to be compared: --fan-out had no effect"


@pytest.mark.parametrize("compares", [True, False])
def test_workers_compare_everything_before_the_new_side_goes_on_alone_or_it_is_said_that_they_need_not(
    operations: Operations, compares: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    operations.compares = compares
    assert run("mode", "set", "new_only", "--fan-out", "16", "--reason", "we end", "--json") == 0
    assert operations.asked == [*([COMPARED] if compares else []), ("set", SyncMode.NEW_ONLY, "we end", "olga")]
    assert (SAID_UNUSED in capsys.readouterr().err) is not compares
    assert run("mode", "set", "new_only", "--reason", "we end") == 0
    assert SAID_UNUSED not in capsys.readouterr().err


def test_what_workers_find_counts(operations: Operations, capsys: pytest.CaptureFixture[str]) -> None:
    operations.compared = Verification(SyncMode.DUAL_WRITE, 3, differences=2)
    with pytest.raises(SyncModeError, match=r"differences \(2\)"):
        command_line.run(["mode", "set", "new_only", "--fan-out", "16", "--reason", "we end", "--stage", "nowhere"])
    assert operations.asked == [COMPARED]
    [bar] = [line.split() for line in capsys.readouterr().err.splitlines() if "meters" in line]
    assert (bar[0], bar[2]) == ("verify", "3/3")


def test_who_ends_the_comparison_by_ctrl_c_changes_no_mode(
    operations: Operations, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(comparing, "walked", interrupted)
    assert run("mode", "set", "new_only", "--fan-out", "16", "--reason", "we end") == 1
    assert operations.asked == []


@pytest.mark.parametrize("wanted", ["dual_write", "old_only"])
def test_on_the_way_to_both_sides_and_back_to_the_old_one_there_is_nothing_to_compare(
    operations: Operations, wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("mode", "set", wanted, "--fan-out", "16", "--reason", "back") == 2
    assert f"nothing is compared on the way to {wanted}: leave out --fan-out" in capsys.readouterr().err
    assert operations.asked == []


@pytest.mark.parametrize(("wanted", "mode"), [((), None), (("new_only",), SyncMode.NEW_ONLY)])
def test_a_lost_mode_is_written_again(
    operations: Operations, wanted: tuple[str, ...], mode: SyncMode | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("mode", "recover", *wanted, "--reason", "lost", "--json") == 0
    assert json.loads(capsys.readouterr().out) == operations.show().as_document()
    assert operations.asked == [("recover", mode, "lost", "olga")]


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_the_mode_is_shown(operations: Operations, form: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("mode", "show", *form) == 0
    printed = capsys.readouterr().out
    assert (json.loads(printed)["mode"] if form else printed.split()[1]) == ("dual_write" if form else "dual_write:")


@pytest.mark.parametrize("full", [(), ("--full",)])
@pytest.mark.parametrize("catches_up", [True, False])
def test_the_sync_job_runs_after_the_drain_of_a_side_that_catches_up(
    operations: Operations, catches_up: bool, full: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    operations.drains = [2.5, 2.5, 0.0]
    if not catches_up:
        operations.state = SyncState(SyncMode.DUAL_WRITE, 5)
    assert run("sync", *full) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{LINE}\n"
    assert printed.err.splitlines()[-1] == LINE
    waited = [("sleep", 2.5)] if catches_up else []
    assert operations.asked == [*waited, ("run", bool(full))]
    assert run("sync", *full, "--json") == 0
    assert json.loads(capsys.readouterr().out) == REPORT.as_document()


def test_workers_compare_all_meters_and_the_caller_follows_what_has_changed_meanwhile(
    operations: Operations, capsys: pytest.CaptureFixture[str]
) -> None:
    operations.drains = [2.5, 2.5, 0.0]
    assert run("sync", "--full", "--fan-out", "16") == 0
    assert operations.asked == [("sleep", 2.5), "answer", ("fan-out", Walk.SYNC, 16), ("run", False)]
    [bar] = [line.split() for line in capsys.readouterr().err.splitlines() if "meters" in line]
    assert (bar[0], bar[2]) == ("sync", "3/3")
    assert run("sync", "--fan-out", "16") == 2
    assert "--fan-out divides all meters: say --full" in capsys.readouterr().err


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_what_workers_are_at_is_not_done(
    operations: Operations, form: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """A script that goes on behind it would take sides for equal that are not yet."""
    operations.report = SyncReport("unfinished", notice=WITH_WORKERS)
    assert run("sync", *form) == 1
    assert WITH_WORKERS in capsys.readouterr().out
