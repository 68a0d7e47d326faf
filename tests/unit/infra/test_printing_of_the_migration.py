"""What the commands of the migration print, word for word."""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import ModeChange, Side, SyncMode, SyncState
from chalicelib.domain.meters.walks import Unreadable, UnreadableDocument, Verification
from chalicelib.domain.migration.records.comparison_log import (
    ComparisonReport,
    DifferenceGroup,
    IgnoreRule,
    Outcome,
    Replay,
    Sighting,
)
from chalicelib.domain.migration.records.differences import DifferenceKind
from chalicelib.domain.migration.records.measurements import ComponentTimes, Sample
from chalicelib.domain.migration.sync.reconciliation import SyncStop
from chalicelib.domain.migration.sync.repairs import KeptDocument, KeptRun, PlannedWrites, RepairPlan, Undone
from chalicelib.domain.readings import EnergyType
from chalicelib.services.migration.sync.sync_job import SyncReport
from chalicelib.services.migration.sync.sync_modes import ModeReport
from infra import __main__ as command_line
from infra.operations import printing
from infra.operations.compare import printing as compare_printing
from infra.operations.compare.times import print_times, times_document
from infra.operations.sync import printing as sync_printing
from infra.operations.verify import plan_printing, repair, runs, undo
from infra.operations.verify.printing import print_verification

AT = 1_700_000_000_000  # 2023-11-14T22:13:20Z
POWER, GAS = EnergyType.POWER, EnergyType.GAS
SEEN = Verification(SyncMode.DUAL_WRITE, 7, 2, 2)


def test_the_mode_says_what_it_means_how_long_it_drains_and_who_changed_it(printed: Callable[[], list[str]]) -> None:
    changes = [ModeChange(SyncMode.OLD_ONLY, AT - 1000 * number, f"step {number}", "olga") for number in range(6)]
    changes.append(ModeChange(SyncMode.DUAL_WRITE, AT, "as planned"))
    stop = SyncStop(AT, "too many deletions [here]")
    sync_printing.print_mode(ModeReport(SyncState(SyncMode.DUAL_WRITE, AT, Side.OLD), 12.4, changes, stop))
    assert printed() == [
        "mode dual_write: writes go to both, whichever backend takes them",
        "since 2023-11-14T22:13:20Z",
        "drain 12 s to go",
        "sides energies is authoritative until the other one has caught up: python -m infra sync",
        "sync job stopped at 2023-11-14T22:13:20Z: too many deletions [here]",
        "when mode by why",
        "2023-11-14T22:13:18Z old_only olga step 2",
        "2023-11-14T22:13:17Z old_only olga step 3",
        "2023-11-14T22:13:16Z old_only olga step 4",
        "2023-11-14T22:13:15Z old_only olga step 5",
        "2023-11-14T22:13:20Z dual_write - as planned",
    ]


@pytest.mark.parametrize(
    ("mode", "meaning", "right"),
    [
        (SyncMode.OLD_ONLY, "reads and writes go to energies alone", "energies"),
        (SyncMode.NEW_ONLY, "reads and writes go to source_energy_readings alone", "source_energy_readings"),
    ],
)
def test_a_mode_from_the_beginning_has_no_date_and_no_drain(
    printed: Callable[[], list[str]], mode: SyncMode, meaning: str, right: str
) -> None:
    sync_printing.print_mode(ModeReport(SyncState(mode), 0.0, ()))
    assert printed() == [f"mode {mode}: {meaning}", "since ever", "drain done", f"sides {right} is authoritative"]


def test_a_long_reason_is_folded_and_never_cut_off(printed: Callable[[], list[str]]) -> None:
    by, why = "b" * 300, "w" * 700
    sync_printing.print_mode(
        ModeReport(SyncState(SyncMode.OLD_ONLY), 0.0, [ModeChange(SyncMode.OLD_ONLY, AT, why, by)])
    )
    cells = "".join(printed())
    assert (cells.count("b") - cells.count("by"), cells.count("w")) >= (300, 700)


def test_the_mode_for_programs() -> None:
    changes = [ModeChange(SyncMode.DUAL_WRITE, AT, "as planned", "olga")]
    state = SyncState(SyncMode.DUAL_WRITE, AT, Side.NEW)
    assert ModeReport(state, 12.44, changes, SyncStop(AT, "why")).as_document() == {
        "mode": "dual_write",
        "since": "2023-11-14T22:13:20Z",
        "authoritative": "new",
        "catchingUp": "new",
        "drainSeconds": 12.4,
        "stopped": "why",
        "changes": [
            {"mode": "dual_write", "at": "2023-11-14T22:13:20Z", "reason": "as planned", "by": "olga"},
        ],
    }
    assert ModeReport(SyncState(SyncMode.OLD_ONLY), 0.0, ()).as_document() == {
        "mode": "old_only",
        "since": None,
        "authoritative": "old",
        "catchingUp": None,
        "drainSeconds": 0.0,
        "stopped": None,
        "changes": [],
    }


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_runs_that_can_be_undone_are_listed(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    printed: Callable[[], list[str]],
    form: tuple[str, ...],
) -> None:
    kept = SimpleNamespace(runs=lambda: [KeptRun("sync-1", AT, 1_200, 1_000)])
    monkeypatch.setattr(runs, "connected", lambda _: nullcontext(SimpleNamespace(undo=kept)))
    command_line.main(["repair", "runs", "--uri", "mongodb://127.0.0.1:1/", *form], standalone_mode=False)
    if form:
        run = {"run": "sync-1", "at": "2023-11-14T22:13:20Z", "documents": 1_200, "undone": 1_000}
        assert json.loads(capsys.readouterr().out) == [run]
    else:
        assert printed() == ["run at documents brought back", "sync-1 2023-11-14T22:13:20Z 1,200 1,000"]


TIMES = [
    ComponentTimes(
        Component.DASHBOARD,
        backend,
        fetch=Sample([(AT - each, 10.0 * each) for each in range(1, 21)], cut=backend is Backend.NEW),
        render=Sample([]),
        interaction=Sample([(AT, 1_234.56)] if backend is Backend.OLD else []),
        errors=Sample([(AT, 0.0)] * 5 if backend is Backend.NEW else []),
        served=Sample([]),
    )
    for backend in Backend
]
NONE = {"p50": None, "p95": None, "count": 0, "cut": False}


def test_times_of_pages_stand_beside_each_other(printed: Callable[[], list[str]]) -> None:
    print_times(TIMES, 24)
    assert printed() == [
        "component milliseconds old: p50 p95 count new: p50 p95 count",
        "dashboard fetch 100.0 190.0 20 100.0 190.0 20+",
        "dashboard interaction 1,234.6 1,234.6 1 0",
        "dashboard errors 0.00% 0 20.00% 5",
        "+: the latest of them; there are earlier ones, which count for nothing here",
    ]
    print_times([], 24)
    assert printed() == ["no page has measured anything in the last 24 hours: that proves nothing"]


def test_times_of_pages_for_programs() -> None:
    found = times_document(TIMES)["dashboard"]
    fetch = {"p50": 100.0, "p95": 190.0, "count": 20}
    assert found["old"] == {
        "fetch": {**fetch, "cut": False},
        "render": NONE,
        "interaction": {"p50": 1_234.56, "p95": 1_234.56, "count": 1, "cut": False},
        "server": NONE,
        "errors": {"count": 0, "cut": False, "rate": 0.0},
    }
    assert found["new"]["fetch"] == {**fetch, "cut": True}
    assert found["new"]["errors"] == {"count": 5, "cut": False, "rate": 0.2}


def test_a_stop_is_told_with_its_moment_and_none_is_not(printed: Callable[[], list[str]]) -> None:
    sync_printing.print_stop(None)
    sync_printing.print_stop(SyncStop(AT, "too many [here]"))
    assert printed() == ["the sync job is stopped since 2023-11-14T22:13:20Z: too many [here]"]


@pytest.mark.parametrize(
    ("report", "line"),
    [
        (SyncReport("synced", changes=1), "synced: 1 change seen; 0 inserted, 0 replaced, 0 deleted; lag 0.0 s"),
        (
            SyncReport("unfinished", True, 3, 2, 4, 5, 0, 6.25, notice="the position was lost", run="sync-1"),
            "unfinished: 3 meters compared, 2 changes seen; 4 inserted, 5 replaced, 0 deleted (back with: python -m "
            "infra repair undo sync-1); lag 6.2 s; the position was lost",
        ),
        (
            SyncReport("synced", deleted=1, run="sync-2"),
            "synced: 0 changes seen; 0 inserted, 0 replaced, 1 deleted (back with: python -m infra repair undo "
            "sync-2); lag 0.0 s",
        ),
    ],
)
def test_a_run_of_the_sync_job_is_one_line(report: SyncReport, line: str) -> None:
    assert sync_printing.sync_line(report) == line


def test_what_no_reader_can_use_is_named_with_its_good_copy(printed: Callable[[], list[str]]) -> None:
    damaged = (
        UnreadableDocument("energies", "id-1", "alice", "amount is [text]", "id-2"),
        UnreadableDocument("energies", "id-3", "", "date is missing"),
    )
    print_verification(Verification(SyncMode.DUAL_WRITE, unreadable=Unreadable(3, damaged)))
    assert printed()[1:] == [
        "energies id-1 (user alice): amount is [text]; good copy: id-2",
        "energies id-3 (no user): date is missing; there is no good copy",
        "3 unreadable documents, the first 2 are named; correct them where they are, then: python -m infra sync; or "
        "look at what the good copies would mend: python -m infra repair --from new",
    ]
    print_verification(Verification(SyncMode.DUAL_WRITE, unreadable=Unreadable(1, damaged[1:])))
    assert printed()[-1] == (
        "1 unreadable document, the first 1 are named; correct them where they are, then: python -m infra sync"
    )


def group(**more: Any) -> DifferenceGroup:
    sighting = Sighting(AT, "user-pseudonym-that-is-long", "months[1]", "number:abcdefghijklmnopqrstuvwxyz", "none")
    fields = (Component.DASHBOARD, DifferenceKind.VALUE, "months[*]", 3, 1, AT, AT + 60_000, [sighting])
    return DifferenceGroup("f1", *fields, **more)


OUTCOMES = {Component.DASHBOARD: {Outcome.EQUAL: 5, Outcome.DIFFERENT: 3}, Component.ENERGY_TABLE: {Outcome.EQUAL: 1}}
REPLAY = Replay("f1", "olga", AT, {Outcome.EQUAL: 4}, 0)
FAR = 4_000_000_000_000  # 2096


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({}, "open"),
        ({"gone": REPLAY}, "gone: not shown by the replay of 2023-11-14T22:13:20Z"),
        (
            {"rule": IgnoreRule("f1", "olga", "known [x]", FAR)},
            "ignored until 2096-10-02T07:06:40Z, olga: known [x]",
        ),
        (
            {"rule": IgnoreRule("f1", "olga", "known", AT)},
            "open; was ignored until 2023-11-14T22:13:20Z, olga: known",
        ),
    ],
)
def test_a_difference_of_the_backends_is_told_with_where_how_often_and_an_example(
    printed: Callable[[], list[str]], more: dict[str, Any], state: str
) -> None:
    compare_printing.print_report(ComparisonReport(OUTCOMES, [group(**more)]), 24)
    names = "equal different ignored lagging by other rules failed"
    table, rest = printed()[:3], []
    assert table[0] == f"component {names}"
    assert [row.split()[:3] for row in table[1:]] == [["dashboard", "5", "3"], ["energy_table", "1", "0"]]
    compare_printing.print_report(ComparisonReport({}, [group(**more)]), 24)
    rest = printed()
    assert rest == [
        "what differed, by fingerprint, with examples:",
        f"f1 dashboard, value at months[*]; 3 answers to 1 user, last seen 2023-11-14 22:14 UTC; {state}",
        "2023-11-14 22:13 user user-pseudonym-that- months[1]: old number abcdefghijklmnopqrst, new none",
        "nothing was compared in the last 24 hours: that proves nothing",
    ]


def test_a_report_of_the_comparison_for_programs() -> None:
    rule = IgnoreRule("f1", "olga", "known", AT)
    document = compare_printing.report_document(ComparisonReport(OUTCOMES, [group(rule=rule, gone=REPLAY)], [REPLAY]))
    zero = {outcome.value: 0 for outcome in Outcome}
    moment = "2023-11-14T22:13:20Z"
    assert document == {
        "outcomes": {"dashboard": zero | {"equal": 5, "different": 3}, "energy_table": zero | {"equal": 1}},
        "differences": [
            {
                "fingerprint": "f1",
                "component": "dashboard",
                "kind": "value",
                "place": "months[*]",
                "answers": 3,
                "users": 1,
                "first": moment,
                "last": "2023-11-14T22:14:20Z",
                "open": False,
                "ignored": {"owner": "olga", "reason": "known", "until": moment, "expired": True},
                "gone": moment,
                "examples": [
                    {
                        "at": moment,
                        "user": "user-pseudonym-that-is-long",
                        "place": "months[1]",
                        "old": "number:abcdefghijklmnopqrstuvwxyz",
                        "new": "none",
                    }
                ],
            }
        ],
        "replays": [
            {
                "fingerprint": "f1",
                "operator": "olga",
                "at": moment,
                "outcomes": zero | {"equal": 4},
                "showing": 0,
                "lost": 0,
                "unasked": 0,
                "gone": True,
            }
        ],
    }
    [plain] = compare_printing.report_document(ComparisonReport({}, [group()]))["differences"]
    assert (plain["open"], plain["ignored"], plain["gone"]) == (True, None, None)


def test_outcomes_are_one_line() -> None:
    line = compare_printing.counted(Counter({Outcome.EQUAL: 2, Outcome.DIFFERENT: 1}))
    assert line.startswith("3 reads compared: 2 equal, 1 different, 0 ")


WRITES = (PlannedWrites(Side.NEW, POWER, 1_200, 3, 0), PlannedWrites(Side.NEW, GAS, 0, 0, 4))


PLAN = RepairPlan(Side.OLD, SEEN, WRITES, {Side.OLD: 2_000, Side.NEW: 1_000}, 7)


def test_a_plan_to_repair_says_which_side_is_believed_and_what_would_be_written(
    printed: Callable[[], list[str]],
) -> None:
    plan_printing.print_plan(PLAN, 0)
    assert printed()[-5:] == [
        "from energies",
        "collection type inserted changed deleted",
        "source_energy_readings power 1,200 3 0",
        "source_energy_readings gas 0 0 4",
        "7 meters would be calculated again",
    ]
    assert plan_printing.question(PLAN) == (
        "energies is believed: 1200 documents of the other side will be inserted, 3 changed, 4 deleted, and 7 meters "
        "calculated again"
    )
    document = plan_printing.plan_document(PLAN)
    summary = json.loads(json.dumps(printing.verification_summary(SEEN)))
    assert json.loads(json.dumps(document)) == {
        "source": "old",
        "plan": [row.as_document() for row in WRITES],
        "deletes": 4,
        "needsNumber": False,
        "found": summary,
        "left": summary,
    }


def test_an_undo_says_what_came_back_what_was_left_and_why(printed: Callable[[], list[str]]) -> None:
    left = [(KeptDocument(number, ("alice", POWER), Side.OLD, f"id-{number}"), "was changed") for number in range(3)]
    undo._print_undone(Undone(1, tuple(left), frozenset({("alice", POWER)})), 2)
    assert printed() == [
        "energies id-0 (user alice): was changed",
        "energies id-1 (user alice): was changed",
        "... and 1 more; all of them: --json",
        "1 document brought back, 3 left; 1 meter calculated again. Where the sides differ now, say which one is "
        "right: python -m infra repair --from old|new",
    ]
    assert undo._left_document(*left[0]) == {
        "collection": "energies",
        "document": "id-0",
        "userId": "alice",
        "type": "power",
        "reason": "was changed",
    }


def requested(source: Side | None = None, user: str | None = None) -> repair._Request:
    return repair._Request(source, None, "", user, yes=False)


def test_after_a_plan_the_command_that_does_it_is_told() -> None:
    empty = RepairPlan(Side.OLD, Verification(SyncMode.DUAL_WRITE), (), {Side.OLD: 0, Side.NEW: 0})
    assert plan_printing.next_step(empty, "") == plan_printing.outcome(empty, SEEN, "repair-1") == "nothing to mend"
    assert (
        plan_printing.next_step(PLAN, requested().command)
        == "nothing was changed; mend it with: python -m infra repair --apply"
    )
    many = replace(PLAN, writes=(PlannedWrites(Side.NEW, GAS, 0, 0, 400),))
    assert plan_printing.next_step(many, requested(Side.OLD, "alice").command) == (
        "nothing was changed; mend it with: python -m infra repair --from old --user alice --apply --allow-deletes 400"
    )


@pytest.mark.parametrize(
    ("differences", "run", "line"),
    [
        (0, None, "mended"),
        (2, None, "mended; 2 differences remain"),
        (0, "repair-1", "mended; what it deleted or overwrote comes back with: python -m infra repair undo repair-1"),
    ],
)
def test_after_a_repair_what_remains_and_the_way_back_are_told(differences: int, run: str | None, line: str) -> None:
    assert plan_printing.outcome(PLAN, Verification(SyncMode.DUAL_WRITE, differences=differences), run) == line


def test_of_one_side_alone_it_is_said_that_the_sides_were_not_compared(printed: Callable[[], list[str]]) -> None:
    print_verification(Verification(SyncMode.NEW_ONLY, 1))
    assert printed() == [
        "1 meter, 0 differences",
        "the mode is new_only: one side rests, so the sides were not compared",
    ]
