"""What ``verify``, ``repair`` and its subcommands ask for and print, and what they refuse."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.backends.sync_mode import Side, SyncMode
from chalicelib.domain.meters.walks import Finding, Unreadable, UnreadableDocument, Verification, Walk
from chalicelib.domain.migration.sync.reconciliation import SyncStop
from chalicelib.domain.migration.sync.repairs import KeptDocument, KeptRun, PlannedWrites, RepairPlan, Undone
from chalicelib.domain.readings import EnergyType
from infra import __main__ as command_line
from infra.operations.verify import repair, runs, undo, verify
from infra.operations.verify.printing import print_verification
from infra.targets import workers

POWER = EnergyType.POWER
FINDINGS = tuple(Finding("al[i]ce", POWER, "energies", f"id-{n}", "is missing", "missing") for n in range(3))
FOUND = Verification(SyncMode.DUAL_WRITE, 3, 0, 3, FINDINGS)
MENDED = Verification(SyncMode.DUAL_WRITE, 3)
UNREADABLE = Unreadable(1, (UnreadableDocument("energies", "id-9", "", "date is missing"),))
STOP = SyncStop(1_700_000_000_000, "too many [deletions]")


class Operations:
    """The operations of whatever target is named: what they are asked, and what they find."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.found, self.left = FOUND, MENDED
        self.deleted = 4
        self.stop: SyncStop | None = None
        self.kept: list[KeptRun] = []
        self.undone = Undone(2, (), frozenset({("alice", POWER)}))
        self.consistency = self.modes = self.undo = self
        self.fan_out = "fan-out"

    def count_meters(self) -> int:
        return 3

    def show(self) -> Any:
        return SimpleNamespace(stop=self.stop)

    def verify(self, user: str | None, progress: Any, *, restart: bool, found: Any) -> Verification:
        self.asked.append((user, restart))
        found(self.found.findings)
        return self.found

    def plan(self, user: str | None, progress: Any, source: Side | None, found: Any) -> RepairPlan:
        self.asked.append(("plan", user, source))
        found(self.found.findings)
        writes = (PlannedWrites(Side.NEW, POWER, 1, 2, self.deleted),)
        return RepairPlan(source or Side.OLD, self.found, writes, {Side.OLD: 9_000, Side.NEW: 9_000}, 1)

    def check_answered(self, user: str | None, source: Side | None) -> None:
        self.asked.append(("check", user, source))

    def new_run(self) -> Any:
        return SimpleNamespace(id="repair-1")

    def repair(self, user: Any, progress: Any, source: Any, deletes: int, run: Any, reason: str) -> Any:
        self.asked.append(("repair", user, source, deletes, run.id, reason))
        return self.found, self.left

    def runs(self) -> list[KeptRun]:
        return self.kept

    def undo_run(self, run: str) -> Undone:
        self.asked.append(("undo", run))
        return self.undone

    def with_unreadable(self, seen: Verification) -> Verification:
        return replace(seen, unreadable=UNREADABLE)


@pytest.fixture
def operations(monkeypatch: pytest.MonkeyPatch) -> Operations:
    operations = Operations()
    for module in (repair, verify):
        monkeypatch.setattr(module, "connected", lambda _: nullcontext(operations))
    undoing = SimpleNamespace(undo=SimpleNamespace(undo=operations.undo_run))
    monkeypatch.setattr(undo, "connected", lambda _: nullcontext(undoing))
    monkeypatch.setattr(repair, "person", lambda: "olga")
    monkeypatch.setenv("COLUMNS", "120")
    return operations


def run(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as exited:
        command_line.run([*arguments, "--stage", "nowhere"])
    return exited.value.code


LINES = [f"energies id-{number} (user al[i]ce, power): is missing" for number in range(3)]
PLANNED = [
    "from energies",
    "collection type inserted changed deleted",
    "source_energy_readings power 1 2 4",
    "1 meter would be calculated again",
]
SUM = "3 meters, 3 differences"
STOPPED = "the sync job is stopped since 2023-11-14T22:13:20Z: too many [deletions]"


def test_a_verify_lists_its_findings_and_says_where_the_sync_job_is_stopped(
    operations: Operations, printed: Callable[[], list[str]]
) -> None:
    operations.stop = STOP
    assert run("verify", "--limit", "2") == 1
    assert printed() == [*LINES[:2], "... and 1 more; all of them: --json", SUM, STOPPED]


@pytest.mark.parametrize(
    ("command", "bars"),
    [
        (("verify",), [["verify", "0/3"]]),
        (("repair",), [["compare", "0/3"]]),
        (("repair", "--apply", "--yes"), [["compare", "0/3"], ["repair", "0/3"]]),
    ],
)
def test_a_bar_says_what_is_under_way(
    operations: Operations, command: tuple[str, ...], bars: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    run(*command)
    lines = [line.split() for line in capsys.readouterr().err.splitlines()]
    assert [line[:2] for line in lines if "meters" in line] == bars


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        ((), (None, False)),
        (("--restart",), (None, True)),
        (("--user", "ann"), ("ann", False)),
        (("--json",), (None, True)),
    ],
)
def test_a_verify_goes_on_unless_every_finding_is_to_be_listed(
    operations: Operations, arguments: tuple[str, ...], asked: tuple[str | None, bool]
) -> None:
    assert run("verify", *arguments) == 1
    assert operations.asked == [asked]


@pytest.mark.parametrize("stop", [None, STOP])
@pytest.mark.parametrize("command", [("verify",), ("repair",)])
def test_programs_get_every_finding_and_the_stop(
    operations: Operations, command: tuple[str, ...], stop: SyncStop | None, capsys: pytest.CaptureFixture[str]
) -> None:
    operations.stop = stop
    assert run(*command, "--json", "--limit", "1") == 1
    document = json.loads(capsys.readouterr().out)
    assert [finding["document"] for finding in document["findings"]] == ["id-0", "id-1", "id-2"]
    assert document["stopped"] == (stop and stop.reason)


@pytest.mark.parametrize("stop", [None, STOP])
def test_what_workers_have_found_is_printed_in_the_same_way(
    operations: Operations,
    stop: SyncStop | None,
    monkeypatch: pytest.MonkeyPatch,
    printed: Callable[[], list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[Any] = []

    def walked(service: object, walk: Walk, ranges: int, show: object, *, restart: bool) -> Verification:
        asked.append((service, walk, ranges, restart))
        return FOUND

    operations.stop = stop
    monkeypatch.setattr(workers, "with_workers", lambda _: nullcontext(operations))
    monkeypatch.setattr(verify, "walked", walked)
    assert run("verify", "--fan-out", "16", "--restart", "--limit", "0") == 1
    unreadable = [
        "energies id-9 (no user): date is missing; there is no good copy",
        "1 unreadable document, the first 1 are named; correct them where they are, then: python -m infra sync",
    ]
    assert printed() == ["... and 3 more; all of them: --json", SUM, *unreadable, *([STOPPED] if stop else [])]
    assert run("verify", "--fan-out", "2", "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert (len(document["findings"]), document["stopped"]) == (3, stop and stop.reason)
    assert document["unreadable"]["count"] == 1
    assert asked == [("fan-out", Walk.VERIFY, 16, True), ("fan-out", Walk.VERIFY, 2, False)]


@pytest.mark.parametrize(
    ("arguments", "asked", "command"),
    [
        ((), (None, None), "repair --apply"),
        (("--from", "new", "--user", "a[b]"), ("a[b]", Side.NEW), "repair --from new --user 'a[b]' --apply"),
        (("--user", "$HOME; a b"), ("$HOME; a b", None), "repair --user '$HOME; a b' --apply"),
    ],
)
def test_a_plan_is_printed_with_the_command_that_does_it(
    operations: Operations,
    arguments: tuple[str, ...],
    asked: tuple[Any, ...],
    command: str,
    printed: Callable[[], list[str]],
) -> None:
    operations.stop = STOP
    assert run("repair", *arguments) == 1
    side = "source_energy_readings" if asked[1] else "energies"
    mend = f"nothing was changed; mend it with: python -m infra {command}"
    assert printed() == [*LINES, SUM, f"from {side}", *PLANNED[1:], STOPPED, mend]
    assert operations.asked == [("plan", *asked)]


def test_what_is_mended_is_shown_before_and_what_is_left_after(
    operations: Operations, printed: Callable[[], list[str]]
) -> None:
    assert run("repair", "--apply", "--yes", "--limit", "1") == 0
    listed = [LINES[0], "... and 2 more; all of them: --json", SUM, *PLANNED]
    assert printed() == [*listed, "3 meters, 0 differences", "mended"]
    assert operations.asked == [
        ("plan", None, None),
        ("check", None, None),
        ("repair", None, None, 4, "repair-1", "no reason was given (olga)"),
    ]
    operations.kept = [KeptRun("repair-0", 1, 1, 0)]
    assert run("repair", "--apply", "--yes") == 0
    assert printed()[-1] == "mended", "this run has deleted and overwritten nothing"
    operations.left, operations.kept = FOUND, [*operations.kept, KeptRun("repair-1", 1, 1, 0)]
    assert run("repair", "--apply", "--yes", "--reason", "why", "--from", "new", "--user", "ann") == 1
    assert printed()[-1] == (
        "mended; 3 differences remain; what it deleted or overwrote comes back with: "
        "python -m infra repair undo repair-1"
    )
    assert operations.asked[-1] == ("repair", "ann", Side.NEW, 4, "repair-1", "why (olga)")


def test_programs_get_the_plan_and_what_came_of_it(operations: Operations, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("repair", "--apply", "--yes", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["applied"], document["run"], document["deletes"]) == (True, "repair-1", 4)
    assert [finding["document"] for finding in document["found"]["findings"]] == ["id-0", "id-1", "id-2"]
    assert (document["left"]["differences"], document["left"]["findings"]) == (0, [])


def test_nobody_mends_without_a_yes(operations: Operations, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("repair", "--apply") == 1
    said = "energies is believed: 1 documents of the other side will be inserted, 2 changed, 4 deleted"
    assert said in capsys.readouterr().err
    assert [each[0] for each in operations.asked] == ["plan", "check"]


def test_many_deletions_need_their_number_and_a_number_must_be_theirs(
    operations: Operations, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("repair", "--apply", "--yes", "--allow-deletes", "3") == 1
    assert "4 documents would be deleted, not 3; nothing was changed" in capsys.readouterr().err
    assert run("repair", "--apply", "--yes", "--allow-deletes", "4") == 0
    capsys.readouterr()
    operations.deleted = 40
    assert run("repair", "--apply", "--yes") == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "40 of the 9000 documents of source_energy_readings would be deleted; nothing was changed. If they are right "
        "and energies is damaged: python -m infra repair --from new --apply; if they should go: "
        "python -m infra repair --apply --allow-deletes 40"
    )
    assert run("repair", "--apply", "--yes", "--allow-deletes", "40") == 0
    assert run("repair", "--apply", "--yes", "--allow-deletes", "0") == 1


def test_an_undo_fails_where_something_is_left(operations: Operations, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("repair", "undo", "repair-1") == 0
    assert capsys.readouterr().out.startswith("2 documents brought back, 0 left; 1 meter calculated again. ")
    left = (KeptDocument(1, ("al[i]ce", POWER), Side.OLD, "id-1"), "was [changed]")
    operations.undone = Undone(1, (left,), frozenset())
    assert run("repair", "undo", "repair-1", "--limit", "1") == 1
    named, rest = capsys.readouterr().out.splitlines()
    assert (named, rest[:18]) == ("energies id-1 (user al[i]ce): was [changed]", "1 document brought")
    assert run("repair", "undo", "repair-1", "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert document.pop("left")[0]["reason"] == "was [changed]"
    assert document == {"run": "repair-1", "restored": 1, "meters": 0}
    assert operations.asked == [("undo", "repair-1")] * 3


def test_good_copies_of_the_new_side_mend_nothing_of_the_old_one(capsys: pytest.CaptureFixture[str]) -> None:
    damaged = UnreadableDocument("source_energy_readings", "id-1", "alice", "amount is text", "id-2")
    print_verification(Verification(SyncMode.DUAL_WRITE, unreadable=Unreadable(1, (damaged,))))
    assert capsys.readouterr().out.endswith("correct them where they are, then: python -m infra sync\n")


def test_the_id_of_a_run_is_never_broken(
    operations: Operations, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    operations.kept = [KeptRun("repair-20231114-221320-ab1f", 1_700_000_000_000, 1_200, 0)]
    monkeypatch.setattr(runs, "connected", lambda _: nullcontext(SimpleNamespace(undo=operations)))
    monkeypatch.setenv("COLUMNS", "60")
    assert run("repair", "runs") in (0, None)
    assert "repair-20231114-221320-ab1f" in capsys.readouterr().out
