"""How the commands of the migration end, which scripts rely on: whatever is left to do is no success."""

import json
from contextlib import nullcontext
from io import StringIO
from types import SimpleNamespace

import pytest
from rich.console import Console

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import Side, SyncMode
from chalicelib.domain.meters.walks import Verification
from chalicelib.domain.migration.records.comparison_log import ComparisonResult, Outcome, Request
from chalicelib.domain.migration.records.measurements import ComponentTimes, Sample
from chalicelib.domain.migration.sync.reconciliation import SyncStop
from chalicelib.domain.migration.sync.repairs import PlannedWrites, RepairPlan
from chalicelib.domain.readings import EnergyType
from infra import __main__ as command_line
from infra.operations import rebuild
from infra.operations.compare import commands as compare
from infra.operations.migrate import commands as migrations_command
from infra.operations.verify import repair, verify
from infra.targets import workers

TABLE = Component.ENERGY_TABLE
FORMS = pytest.mark.parametrize("form", [(), ("--json",)])


def run(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as exited:
        command_line.run([*arguments, "--stage", "nowhere"])
    return exited.value.code


def seen(meters: int = 0, lagging: int = 0, differences: int = 0) -> Verification:
    return Verification(SyncMode.DUAL_WRITE, meters, lagging, differences)


def put_comparer(monkeypatch: pytest.MonkeyPatch, reads: int) -> None:
    equal = [ComparisonResult(Request(TABLE, "alice", {}), Outcome.EQUAL)] * reads
    comparer = SimpleNamespace(of_everybody=lambda _: iter(equal))
    monkeypatch.setattr(compare, "_comparing", lambda *_, **__: nullcontext(comparer))


@pytest.mark.parametrize("whom", [(), ("--user", "alice", "--all"), ("--user", "alice", "--sample", "2")])
def test_a_comparison_wants_one_user_or_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], whom: tuple[str, ...]
) -> None:
    put_comparer(monkeypatch, 1)
    assert run("compare", "run", *whom) == 2
    assert "say whom: --user USER, or --all, or --all --sample 20" in capsys.readouterr().err


def test_a_long_comparison_says_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for reads, told in ((99, []), (100, ["100"]), (250, ["100", "200"])):
        put_comparer(monkeypatch, reads)
        assert run("compare", "run", "--all") == 0
        said = [line for line in capsys.readouterr().err.splitlines() if "reads" in line]
        assert said == [f"{number} reads compared" for number in told]


@FORMS
@pytest.mark.parametrize(
    ("found", "stop", "code"),
    [(seen(3), None, 0), (seen(3, 1), None, 0), (seen(3, 0, 1), None, 1), (seen(3), SyncStop(5, "why"), 1)],
)
def test_a_verify_fails_where_something_differs_or_the_sync_job_is_stopped(
    monkeypatch: pytest.MonkeyPatch, found: Verification, stop: SyncStop | None, code: int, form: tuple[str, ...]
) -> None:
    consistency = SimpleNamespace(count_meters=lambda: 3, verify=lambda *_, **__: found)
    modes = SimpleNamespace(show=lambda: SimpleNamespace(stop=stop))
    operations = SimpleNamespace(consistency=consistency, modes=modes)
    monkeypatch.setattr(verify, "connected", lambda _: nullcontext(operations))
    assert run("verify", *form) == code


@FORMS
@pytest.mark.parametrize(
    ("found", "stop", "code"),
    [(seen(3), None, 0), (seen(3, 0, 1), None, 1), (seen(3), SyncStop(5, "why"), 1)],
)
def test_a_verify_by_workers_ends_like_one_without(
    monkeypatch: pytest.MonkeyPatch, found: Verification, stop: SyncStop | None, code: int, form: tuple[str, ...]
) -> None:
    consistency = SimpleNamespace(count_meters=lambda: 3, with_unreadable=lambda seen: seen)
    modes = SimpleNamespace(show=lambda: SimpleNamespace(stop=stop))
    operations = SimpleNamespace(consistency=consistency, modes=modes, fan_out=None)
    monkeypatch.setattr(workers, "with_workers", lambda _: nullcontext(operations))
    monkeypatch.setattr(verify, "walked", lambda *_, **__: found)
    assert run("verify", "--fan-out", "2", *form) == code


@FORMS
@pytest.mark.parametrize(("found", "code"), [(seen(3), 0), (seen(3, 0, 1), 1)])
@pytest.mark.parametrize("command", ["rebuild", "sweep"])
def test_a_walk_by_workers_ends_like_one_without(
    monkeypatch: pytest.MonkeyPatch, command: str, found: Verification, code: int, form: tuple[str, ...]
) -> None:
    sweeper = SimpleNamespace(outdated=lambda: 7, failing=lambda: (0, []))
    consistency = SimpleNamespace(count_meters=lambda: 3)
    operations = SimpleNamespace(consistency=consistency, sweeper=sweeper, fan_out=None)
    monkeypatch.setattr(workers, "with_workers", lambda _: nullcontext(operations))
    monkeypatch.setattr(rebuild, "walked", lambda *_, **__: found)
    assert run(command, "--fan-out", "2", *form) == code


def planned(differences: int = 0, deleted: int = 0) -> RepairPlan:
    writes = (PlannedWrites(Side.NEW, EnergyType.POWER, deleted=deleted),)
    return RepairPlan(Side.OLD, seen(3, 0, differences), writes, {Side.OLD: 9_000, Side.NEW: 9_000}, 1)


def put_repair(monkeypatch: pytest.MonkeyPatch, plan: RepairPlan, stop: SyncStop | None, left: Verification) -> None:
    consistency = SimpleNamespace(
        count_meters=lambda: 3,
        plan=lambda *_: plan,
        check_answered=lambda *_: None,
        new_run=lambda: SimpleNamespace(id="repair-1"),
        repair=lambda *_: (plan.found, left),
    )
    modes, undo = SimpleNamespace(show=lambda: SimpleNamespace(stop=stop)), SimpleNamespace(runs=lambda: [])
    operations = SimpleNamespace(consistency=consistency, modes=modes, undo=undo)
    monkeypatch.setattr(repair, "connected", lambda _: nullcontext(operations))


@FORMS
@pytest.mark.parametrize(
    ("plan", "stop", "code"),
    [
        (planned(), None, 0),
        (planned(1), None, 1),
        (planned(0, 1), None, 1),
        (planned(), SyncStop(5, "why"), 1),
    ],
)
def test_a_plan_of_a_repair_fails_where_there_is_something_to_mend(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    plan: RepairPlan,
    stop: SyncStop | None,
    code: int,
    form: tuple[str, ...],
) -> None:
    put_repair(monkeypatch, plan, stop, seen())
    assert run("repair", *form) == code
    said = capsys.readouterr().out
    if form:
        assert (json.loads(said)["applied"], json.loads(said)["stopped"]) == (False, stop and stop.reason)
    else:
        mend = "nothing was changed; mend it with: python -m infra repair --apply"
        assert said.splitlines()[-1] == ("nothing to mend" if plan.is_empty else mend)


@FORMS
@pytest.mark.parametrize(("left", "code"), [(seen(3), 0), (seen(3, 0, 1), 1)])
def test_a_repair_fails_where_something_still_differs(
    monkeypatch: pytest.MonkeyPatch, left: Verification, code: int, form: tuple[str, ...]
) -> None:
    put_repair(monkeypatch, planned(1), None, left)
    assert run("repair", "--apply", "--yes", *form) == code


@FORMS
@pytest.mark.parametrize(("measured", "code"), [((), 1), (((5, 1.5),), 0)])
def test_times_of_pages_fail_where_nothing_was_measured(
    monkeypatch: pytest.MonkeyPatch, measured: tuple[tuple[int, float], ...], code: int, form: tuple[str, ...]
) -> None:
    none = Sample([])
    found = [ComponentTimes(TABLE, backend, Sample(measured), none, none, none, none) for backend in Backend]
    monkeypatch.setattr(compare, "database_of", lambda _: nullcontext())
    monkeypatch.setattr(compare, "shell_page_times", lambda _: SimpleNamespace(report=lambda _: found))
    assert run("compare", "times", *form) == code


def test_a_failure_of_a_migration_is_red_and_said_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = StringIO()
    monkeypatch.setattr(migrations_command, "progress_console", Console(file=printed, force_terminal=True))
    with pytest.raises(SystemExit):
        migrations_command.run(["status", "--stage", "nowhere", "--name", "[both]"])
    assert "\x1b[31m" in printed.getvalue()
