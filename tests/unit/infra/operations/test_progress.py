"""What is common to all commands: lines that are never broken or coloured by chance, progress, and long walks."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.meters.lagging import FailingMeter, LaggingMeter
from chalicelib.domain.meters.walks import Finding, Verification, Walk
from chalicelib.domain.readings import EnergyType
from chalicelib.services.refresh.sweeper import SweepReport
from infra import __main__ as command_line
from infra.operations import deploy, rebuild, stack
from infra.operations.migrate.printing import ConsoleRun
from infra.operations.printing import console, print_findings, print_progress, progress_console
from infra.operations.walking import Rate, walk_progress
from infra.targets import workers

AT = 1_700_000_000_000  # 2023-11-14T22:13:20Z
FINDING = Finding("al[i]ce", EnergyType.POWER, "meters", "al[i]ce|power", "is [wrong]", "value")
FOUND = Verification(SyncMode.DUAL_WRITE, 7, 2, 1, (FINDING,))
LISTED = "meters al[i]ce|power (user al[i]ce, power): is [wrong]"
FAILING = FailingMeter(LaggingMeter("al[i]ce|power", 3, "ValueError"), None, AT)


@pytest.mark.parametrize("place", [console, progress_console, stack.console, deploy.console])
def test_a_long_line_is_never_broken_and_nothing_is_coloured_by_chance(
    place: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    place.print("word " * 60)
    printed = capsys.readouterr()
    assert (printed.out + printed.err).splitlines() == ["word " * 60]
    assert place.render_str("7 meters at http://localhost").spans == []
    assert bool(printed.err) is (place is progress_console)


def test_findings_come_out_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    print_findings(FOUND)
    assert capsys.readouterr().out == f"{LISTED}\n"
    print_progress(FOUND)
    assert capsys.readouterr().err == "7 meters, 1 difference\n"


def test_a_walk_shows_how_far_it_is_how_fast_and_what_it_has_found(capsys: pytest.CaptureFixture[str]) -> None:
    with walk_progress("verify", 3) as show:
        show(Verification(SyncMode.DUAL_WRITE, 2, 0, 1))
        show(FOUND)
    words = capsys.readouterr().err.split()
    assert (words[0], words[2:4], words[4][-2:], words[6:]) == ("verify", ["7/7", "meters"], "/s", ["1", "difference"])
    with walk_progress("sync", 3) as show:
        show(Verification(SyncMode.DUAL_WRITE, 2))
    words = capsys.readouterr().err.split()
    assert (words[0], words[2:4], words[6:]) == ("sync", ["2/3", "meters"], ["0", "differences"])


@pytest.mark.parametrize(
    ("completed", "elapsed", "said"), [(1_500, 2.0, "750.0/s"), (9_000, 2.0, "4,500.0/s"), (5, None, "")]
)
def test_a_rate_is_per_second_since_the_beginning(completed: int, elapsed: float | None, said: str) -> None:
    task: Any = SimpleNamespace(completed=completed, elapsed=elapsed)
    assert Rate().render(task).plain == said


def test_a_script_shows_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with ConsoleRun().progress("documents", 1_200) as advance:
        advance(200)
        advance(1_000)
    words = capsys.readouterr().err.split()
    assert (words[0], words[2], words[3][-2:]) == ("documents", "1200/1200", "/s")


class Operations:
    """The operations of whatever target is named, and what they are asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.rebuild = self.sweeper = self
        self.fan_out = "fan-out"
        self.report = SweepReport("swept", 1, refreshed=1)

    def check(self, user: str | None, show: Callable[[Verification], None], *, restart: bool) -> Verification:
        self.asked.append(("check", user, restart))
        show(FOUND)
        return FOUND

    def outdated(self) -> int:
        return 1

    def failing(self) -> tuple[int, list[FailingMeter]]:
        return 1, [FAILING]

    def run_at_once(self, seconds: float) -> SweepReport:
        self.asked.append(("sweep", seconds > 86_400))
        return self.report


@pytest.fixture
def operations(monkeypatch: pytest.MonkeyPatch) -> Operations:
    operations = Operations()

    def calculate(user: str | None, show: Callable[[Verification], None], *, restart: bool) -> Verification:
        operations.asked.append(("rebuild", user, restart))
        show(FOUND)
        return FOUND

    def walked(service: str, walk: Walk, ranges: int, show: Any, *, restart: bool = False) -> Verification:
        operations.asked.append((service, walk, ranges, restart))
        show(FOUND)
        return FOUND

    place = SimpleNamespace(
        rebuild=SimpleNamespace(check=operations.check, rebuild=calculate), sweeper=operations, fan_out="fan-out"
    )
    monkeypatch.setattr(rebuild, "connected", lambda _: nullcontext(place))
    monkeypatch.setattr(workers, "with_workers", lambda _: nullcontext(place))
    monkeypatch.setattr(rebuild, "walked", walked)
    monkeypatch.setenv("COLUMNS", "120")
    return operations


def run(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as exited:
        command_line.run([*arguments, "--stage", "nowhere"])
    return exited.value.code


LEFT = "1 meter left that an older calculation version shows; the sweeper goes on"
REBUILT = "7 meters calculated again, 1 cannot be"
COMPARED = "7 meters, 1 difference; display not compared, because it lags: 2"


@pytest.mark.parametrize(
    ("arguments", "asked", "lines", "progress"),
    [
        ((), ("rebuild", None, False), [LISTED, REBUILT], REBUILT),
        (("--restart", "--user", "ann"), ("rebuild", "ann", True), [LISTED, REBUILT], REBUILT),
        (("--check",), ("check", None, False), [LISTED, COMPARED, LEFT], "7 meters, 1 difference"),
        (("--fan-out", "16"), ("fan-out", Walk.REBUILD, 16, False), [LISTED, REBUILT], REBUILT),
        (
            ("--fan-out", "16", "--check", "--restart"),
            ("fan-out", Walk.CHECK, 16, True),
            [LISTED, COMPARED, LEFT],
            "7 meters, 1 difference",
        ),
    ],
)
def test_a_rebuild_names_what_it_finds(
    operations: Operations,
    arguments: tuple[str, ...],
    asked: tuple[Any, ...],
    lines: list[str],
    progress: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("rebuild", *arguments) == 1
    printed = capsys.readouterr()
    assert (printed.out.splitlines(), printed.err.splitlines()[1:]) == (lines, [progress])
    assert run("rebuild", *arguments, "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["outdated"], len(document["findings"]), document["meters"]) == (1, 1, 7)
    assert operations.asked == [asked] * 2


FAILS = ["meter attempts error lags since next attempt", "al[i]ce|power 3 ValueError - 2023-11-14T22:13:20Z"]
CANNOT = "1 meter cannot be refreshed; the log says where they fail"
SWEPT = "1 meter lagged, 1 refreshed, 0 brought up to this calculation version, 0 failed"


@pytest.mark.parametrize(
    ("arguments", "asked", "lines"),
    [
        ((), [("sweep", True)], [*FAILS, SWEPT, CANNOT, LEFT]),
        (("--list",), [], [*FAILS, CANNOT, LEFT]),
        (("--fan-out", "16"), [("fan-out", Walk.SWEEP, 16, False)], [LISTED, *FAILS, CANNOT, LEFT]),
    ],
)
def test_a_sweep_names_what_cannot_be_refreshed(
    operations: Operations,
    arguments: tuple[str, ...],
    asked: list[Any],
    lines: list[str],
    printed: Callable[[], list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("sweep", *arguments) == 1
    assert printed() == lines
    assert operations.asked == asked
    assert run("sweep", *arguments, "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["failing"], document["meters"], document["outdated"]) == (1, [FAILING.as_document()], 1)
    by_workers, report = document["byWorkers"], document["swept"]
    assert (by_workers and by_workers["meters"]) == (7 if "--fan-out" in arguments else None)
    assert report == (None if arguments else operations.report.as_document())


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("sweep", "--list", "--fan-out", "16"), "--list refreshes nothing: leave out --fan-out"),
        (("rebuild", "--user", "ann", "--fan-out", "16"), "--fan-out divides all meters: leave out --user"),
    ],
)
def test_what_workers_cannot_do_is_refused(
    operations: Operations, command: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*command) == 2
    assert said in capsys.readouterr().err
    assert operations.asked == []
