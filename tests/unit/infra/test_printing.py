"""What the operators' commands print, word for word: people read it in a hurry, and runbooks quote it."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chalicelib.dead_letters.letter import DeadLetter
from chalicelib.domain.meters.lagging import FailingMeter, LaggingMeter
from chalicelib.domain.readings import EnergyType
from chalicelib.domain.rollout.comparison_log import (
    ComparisonReport,
    DifferenceGroup,
    IgnoreRule,
    Outcome,
    Replay,
    Sighting,
)
from chalicelib.domain.rollout.decision import Backend, Component, Decision, Reason
from chalicelib.domain.rollout.differences import DifferenceKind
from chalicelib.domain.sync.modes import ModeChange, Side, SyncMode, SyncState
from chalicelib.domain.sync.reconciliation import (
    Finding,
    SyncStop,
    Unreadable,
    UnreadableDocument,
    Verification,
)
from chalicelib.domain.sync.repairs import KeptDocument, PlannedWrites, RepairPlan, Undone
from chalicelib.flags.changes.inspect import Explanation
from chalicelib.services.refresh.sweeper import SweepReport
from chalicelib.services.sync.sync_job import SyncReport
from chalicelib.services.sync.sync_modes import ModeReport
from infra.operations import printing, rebuild, repair
from infra.operations.compare import printing as compare_printing
from infra.operations.dead_letters import commands as dlq
from infra.operations.flags import printing as flag_printing
from infra.operations.migrate import commands as migrations_line
from infra.operations.migrate import printing as output
from infra.operations.printing import console
from infra.operations.walking import Findings, all_findings
from migrations.runner import Planned, Status
from migrations.scripts import Step
from tests.unit.flags.rollout import TABLE, Rollout

AT = 1_700_000_000_000  # 2023-11-14T22:13:20Z
POWER, GAS = EnergyType.POWER, EnergyType.GAS
LOST = Finding("alice", POWER, "energies", "id-1", "is missing", "missing")
OTHER = Finding("bob", GAS, "meters", "bob|gas", "has a wrong version", "version")
SEEN = Verification(SyncMode.DUAL_WRITE).plus(Verification(SyncMode.DUAL_WRITE, 7, 2, 2, (LOST, OTHER)))


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[str]]:
    """The lines on standard output so far, without what a table is drawn with."""

    def lines() -> list[str]:
        drawn = str.maketrans(dict.fromkeys("┏━┳┓┃┡╇┩│└─┴┘", " "))
        stripped = (" ".join(line.translate(drawn).split()) for line in capsys.readouterr().out.splitlines())
        return [line for line in stripped if line]

    return lines


def test_the_mode_says_what_it_means_how_long_it_drains_and_who_changed_it(printed: Callable[[], list[str]]) -> None:
    changes = [ModeChange(SyncMode.OLD_ONLY, AT - 1000 * number, f"step {number}", "olga") for number in range(6)]
    changes.append(ModeChange(SyncMode.DUAL_WRITE, AT, "as planned"))
    stop = SyncStop(AT, "too many deletions [here]")
    printing.print_mode(ModeReport(SyncState(SyncMode.DUAL_WRITE, AT, Side.OLD), 12.4, changes, stop))
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
    printing.print_mode(ModeReport(SyncState(mode), 0.0, ()))
    assert printed() == [f"mode {mode}: {meaning}", "since ever", "drain done", f"sides {right} is authoritative"]


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


def test_a_stop_is_told_with_its_moment_and_none_is_not(printed: Callable[[], list[str]]) -> None:
    printing.print_stop(None)
    printing.print_stop(SyncStop(AT, "too many [here]"))
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
    assert printing.sync_line(report) == line


def test_findings_are_lines_then_how_many_there_are_of_each_kind(printed: Callable[[], list[str]]) -> None:
    printing.print_verification(SEEN, limit=1)
    assert printed() == [
        "energies id-1 (user alice, power): is missing",
        "... and 1 more; all of them: --json",
        "collection type kind documents",
        "energies power missing 1",
        "meters gas version 1",
        "7 meters, 2 differences; display not compared, because it lags: 2",
    ]
    printing.print_verification(Verification(SyncMode.NEW_ONLY, 1))
    assert printed() == [
        "1 meter, 0 differences",
        "the mode is new_only: one side rests, so the sides were not compared",
    ]


def test_what_no_reader_can_use_is_named_with_its_good_copy(printed: Callable[[], list[str]]) -> None:
    damaged = (
        UnreadableDocument("energies", "id-1", "alice", "amount is text", "id-2"),
        UnreadableDocument("energies", "id-3", "", "date is missing"),
    )
    printing.print_verification(Verification(SyncMode.DUAL_WRITE, unreadable=Unreadable(3, damaged)))
    assert printed()[1:] == [
        "energies id-1 (user alice): amount is text; good copy: id-2",
        "energies id-3 (no user): date is missing; there is no good copy",
        "3 unreadable documents, the first 2 are named; correct them where they are, then: python -m infra sync; or "
        "look at what the good copies would mend: python -m infra repair --from new",
    ]
    printing.print_verification(Verification(SyncMode.DUAL_WRITE, unreadable=Unreadable(1, damaged[1:])))
    assert printed()[-1] == (
        "1 unreadable document, the first 1 are named; correct them where they are, then: python -m infra sync"
    )


def test_a_comparison_for_programs() -> None:
    document = json.loads(json.dumps(printing.verification_document(replace(SEEN, up_to=1_700_000_000_000))))
    assert printing.verification_document(SEEN)["upTo"] is None
    assert document == {
        "mode": "dual_write",
        "upTo": "2023-11-14T22:13:20Z",
        "meters": 7,
        "lagging": 2,
        "differences": 2,
        "resumed": None,
        "unreadable": {"count": 0, "documents": []},
        "findings": [FOUND_LOST, FOUND_OTHER],
        "kinds": [
            {"collection": "energies", "type": "power", "kind": "missing", "count": 1},
            {"collection": "meters", "type": "gas", "kind": "version", "count": 1},
        ],
    }


FOUND_LOST = {
    "user_id": "alice",
    "type": "power",
    "collection": "energies",
    "document": "id-1",
    "problem": "is missing",
    "kind": "missing",
}
FOUND_OTHER = {
    "user_id": "bob",
    "type": "gas",
    "collection": "meters",
    "document": "bob|gas",
    "problem": "has a wrong version",
    "kind": "version",
}


@pytest.mark.parametrize("found", [(), (LOST,), (LOST, OTHER)])
def test_all_findings_are_the_end_of_one_line_of_json(
    found: tuple[Finding, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    def told(findings: Findings) -> Any:
        for finding in found:
            findings.add([finding])
        findings.print_with({"meters": 7, "findings": ["not all"]})
        printed = capsys.readouterr().out
        assert printed.count("\n") == 1
        return json.loads(printed)

    with all_findings() as findings:
        assert told(findings) == {"meters": 7, "findings": [FOUND_LOST, FOUND_OTHER][: len(found)]}


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
            {"rule": IgnoreRule("f1", "olga", "known [1]", FAR)},
            "ignored until 2096-10-02T07:06:40Z, olga: known [1]",
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
                "gone": True,
            }
        ],
    }
    [plain] = compare_printing.report_document(ComparisonReport({}, [group()]))["differences"]
    assert (plain["open"], plain["ignored"], plain["gone"]) == (True, None, None)


def test_outcomes_are_one_line() -> None:
    line = compare_printing.counted(Counter({Outcome.EQUAL: 2, Outcome.DIFFERENT: 1}))
    assert line.startswith("3 reads compared: 2 equal, 1 different, 0 ")


FAILING = FailingMeter(LaggingMeter("alice|power", 3, "ValueError"), AT, AT + 60_000)


@pytest.mark.parametrize(
    ("report", "count", "failing", "lines"),
    [
        (None, 0, [], ["0 meters cannot be refreshed"]),
        (
            SweepReport("resting"),
            0,
            [],
            [
                "the mode is old_only: nothing is shown from display documents, and nothing was refreshed",
                "0 meters cannot be refreshed",
            ],
        ),
        (
            SweepReport("swept", 5, 60.0, refreshed=4, failed=1),
            1,
            [FAILING],
            [
                "meter attempts error lags since next attempt",
                "alice|power 3 ValueError 2023-11-14T22:13:20Z 2023-11-14T22:14:20Z",
                "5 meters lagged, 4 refreshed, 0 brought up to this calculation version, 1 failed",
                "1 meter cannot be refreshed; the log says where they fail",
            ],
        ),
    ],
)
def test_a_sweep_says_what_lagged_and_what_cannot_be_refreshed(
    printed: Callable[[], list[str]],
    report: SweepReport | None,
    count: int,
    failing: list[FailingMeter],
    lines: list[str],
) -> None:
    rebuild._print_sweep(report, count, failing)
    assert printed() == lines


def test_a_sweep_for_programs() -> None:
    report = SweepReport("swept", 5, 60.0, refreshed=4, failed=1)
    assert rebuild._sweep_document(report, 1, [FAILING]) == {
        "swept": report.as_document(),
        "failing": 1,
        "meters": [FAILING.as_document()],
    }
    assert rebuild._sweep_document(None, 0, []) == {"swept": None, "failing": 0, "meters": []}


WRITES = (PlannedWrites(Side.NEW, POWER, 1_200, 3, 0), PlannedWrites(Side.NEW, GAS, 0, 0, 4))
PLAN = RepairPlan(Side.OLD, SEEN, WRITES, {Side.OLD: 2_000, Side.NEW: 1_000}, 7)


def test_a_plan_to_repair_says_which_side_is_believed_and_what_would_be_written(
    printed: Callable[[], list[str]],
) -> None:
    repair._print_plan(PLAN, 0)
    assert printed()[-5:] == [
        "from energies",
        "collection type inserted changed deleted",
        "source_energy_readings power 1,200 3 0",
        "source_energy_readings gas 0 0 4",
        "7 meters would be calculated again",
    ]
    assert repair._question(PLAN) == (
        "energies is believed: 1200 documents of the other side will be inserted, 3 changed, 4 deleted, and 7 meters "
        "calculated again"
    )
    document = repair._document(PLAN)
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
    repair._print_undone(Undone(1, tuple(left), frozenset({("alice", POWER)})), 2)
    assert printed() == [
        "energies id-0 (user alice): was changed",
        "energies id-1 (user alice): was changed",
        "... and 1 more; all of them: --json",
        "1 document brought back, 3 left; 1 meter calculated again. Where the sides differ now, say which one is "
        "right: python -m infra repair --from old|new",
    ]
    assert repair._left_document(*left[0]) == {
        "collection": "energies",
        "document": "id-0",
        "userId": "alice",
        "type": "power",
        "reason": "was changed",
    }


def test_a_plan_of_a_flag_names_who_enters_and_who_leaves(printed: Callable[[], list[str]]) -> None:
    rollout = Rollout()
    rollout.known("alice", "bob")
    overview = rollout.flags.overview
    flag_printing.print_plan(overview.plan(TABLE, Decimal(0), Decimal(50), exact=False))
    flag_printing.print_plan(overview.plan(TABLE, Decimal(100), Decimal(50), exact=False))
    assert printed() == [
        "user bucket",
        "alice 346 enters",
        f"{TABLE}, 0 % to 50 %: 0 of 2 known users are in, 1 will be; 1 enter, 0 leave",
        "to do it: python -m infra flags set energy_table --percent 50 --reason WHY",
        "user bucket",
        "bob 96167 leaves",
        f"{TABLE}, 100 % to 50 %: 2 of 2 known users are in, 1 will be; 0 enter, 1 leave",
        "to do it: python -m infra flags rollback energy_table --to 50 --reason WHY",
    ]


def test_a_decision_is_told_with_its_reason_and_its_bucket(printed: Callable[[], list[str]]) -> None:
    rollout = Rollout()
    rollout.open()
    rollout.set(50, enabled=True)
    found = rollout.flags.overview.explain("alice", Component.ENERGY_TABLE)
    flag_printing.print_explanation(found)
    assert printed() == [
        "user alice",
        "component energy_table",
        "backend new",
        f"reason percentage_in: {found.rule}",
        "bucket 346 of 0 to 99999",
        f"document {found.document_version}",
    ]
    nobody = Explanation("bob", Component.DASHBOARD, Decision(Backend.OLD, Reason.NO_MODE), "why", None)
    flag_printing.print_explanation(nobody)
    assert printed()[-2:] == ["bucket -", "document none"]


def test_the_flags_are_a_table_and_what_has_to_be_known_of_them(printed: Callable[[], list[str]]) -> None:
    rollout = Rollout()
    rollout.set(retire=True)
    flag_printing.print_listing(rollout.flags.overview.listing())
    lines = printed()
    assert lines[0] == "flag state percent test users blocked since (UTC)"
    rows = {line.split()[0]: line.split()[1:] for line in lines[1:-2]}
    assert rows["global"][:4] == ["off", "-", "-", "-"]
    assert rows["energy_table"][:5] == ["retired", "0", "%", "-", "-"]
    assert rows["dashboard"][:3] == ["off", "0", "%"]
    version = rollout.flags.overview.listing().document.version
    assert lines[-2:] == [
        f"document {version}, AppConfig's version 2",
        "the global gate is off: everybody gets the old backend",
    ]


@pytest.mark.parametrize(
    ("answered", "problem", "said"),
    [
        (None, None, []),
        (True, None, ["the deployed API decides by it"]),
        (False, None, ["the deployed API answers, and does not decide by it: flags list, then the functions' log"]),
        (True, "overtaken [by olga]", ["overtaken [by olga]"]),
    ],
)
def test_a_change_of_a_flag_says_when_it_was_in_effect_and_what_keeps_it_from_that(
    printed: Callable[[], list[str]], answered: bool | None, problem: str | None, said: list[str]
) -> None:
    rollout = Rollout()
    rollout.open()
    made = rollout.set(50)
    made = replace(made, change=replace(made.change, in_effect_ms=16_540))
    flag_printing.print_change(made, answered, problem)
    assert printed()[2:] == ["in effect everywhere after 16.5 s", *said]
    flag_printing.print_change(replace(made, recorded=False), None, None)
    assert printed()[-1] == "the database did not answer: the change is not in flags history"


def letter(body: object) -> DeadLetter:
    return DeadLetter("id-1", AT, json.dumps(body), "receipt")


def test_dead_letters_are_a_table_of_what_failed_and_why(printed: Callable[[], list[str]]) -> None:
    context = {"functionArn": "arn:aws:lambda:us-east-1:0:function:handler", "condition": "RetriesExhausted"}
    failed = {"errorType": "ValueError", "errorMessage": "no [number]\nand more"}
    whole = {"requestContext": context, "requestPayload": {"detail-type": "Created"}, "responsePayload": failed}
    console.print(dlq._table([letter(whole), letter(whole | {"requestPayload": 1, "responsePayload": 2}), letter(3)]))
    assert [line for line in printed() if line[0] not in "├"] == [
        "id what, since error",
        "id-1 Created ValueError: no [number]",
        "2023-11-14T22:13:20Z",
        "id-1 handler RetriesExhausted",
        "2023-11-14T22:13:20Z",
        "id-1 - not a record of Lambda's",
        "2023-11-14T22:13:20Z",
    ]
    assert dlq._document(letter(whole)) == {
        "id": "id-1",
        "since": "2023-11-14T22:13:20Z",
        "function": "handler",
        "eventType": "Created",
        "condition": "RetriesExhausted",
        "error": "ValueError: no [number]\nand more",
        "traceId": "",
        "event": {"detail-type": "Created"},
    }


def test_what_was_sent_again_is_counted_and_what_was_refused_is_named(
    printed: Callable[[], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    dlq._print_redriven(["id-1"], {"id-2": "no such function [here]"}, as_json=False)
    assert printed() == ["1 redriven, 1 refused", "id-2: no such function [here]"]
    dlq._print_redriven(["id-1"], {"id-2": "no such function"}, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"redriven": ["id-1"], "refused": {"id-2": "no such function"}}


def wish(source: Side | None = None, user: str | None = None) -> repair._Wish:
    return repair._Wish(source, None, "", user, yes=False)


def test_after_a_plan_the_command_that_does_it_is_told() -> None:
    empty = RepairPlan(Side.OLD, Verification(SyncMode.DUAL_WRITE), (), {Side.OLD: 0, Side.NEW: 0})
    assert repair._next_step(empty, wish()) == "nothing to mend"
    assert repair._next_step(PLAN, wish()) == "nothing was changed; mend it with: python -m infra repair --apply"
    many = replace(PLAN, writes=(PlannedWrites(Side.NEW, GAS, 0, 0, 400),))
    assert repair._next_step(many, wish(Side.OLD, "alice")) == (
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
    assert repair._outcome(PLAN, Verification(SyncMode.DUAL_WRITE, differences=differences), run) == line


def test_a_plan_of_migrations_tells_each_step_and_what_waits(printed: Callable[[], list[str]]) -> None:
    planned = [
        Planned("001_one", [Step("copy readings", 1_200), Step("make indexes", 3)], None),
        Planned("002_two", [], "the mode is old_only"),
        Planned("003_three", [], None),
    ]
    migrations_line._show_plan(planned, as_json=False)
    assert printed() == [
        "script would documents",
        "001_one copy readings 1,200",
        "make indexes 3",
        "002_two wait: the mode is old_only",
        "003_three nothing 0",
        "Nothing was changed; --execute does it.",
    ]
    migrations_line._show_plan([], as_json=False)
    assert printed() == ["nothing to do"]
    assert migrations_line._touched(planned[:1] + planned[2:]) == (
        "001_one (copy readings: 1,200; make indexes: 3), 003_three (nothing)"
    )


def test_the_state_of_migrations_is_a_table(printed: Callable[[], list[str]]) -> None:
    console.print(output.status_table([Status("001_one", "applied", "by olga"), Status("002_two", "edited", "")]))
    assert printed() == ["script state", "001_one applied by olga", "002_two edited"]


@pytest.mark.parametrize(
    ("names", "waiting", "lines", "document"),
    [
        (["001", "002"], None, ["up: 001", "up: 002"], {"scripts": ["001", "002"], "waiting": None}),
        ([], "no [mode]", ["nothing to do", "waits: no [mode]"], {"scripts": [], "waiting": "no [mode]"}),
    ],
)
def test_what_migrations_have_done_is_told_line_by_line_or_as_a_document(
    printed: Callable[[], list[str]],
    capsys: pytest.CaptureFixture[str],
    names: list[str],
    waiting: str | None,
    lines: list[str],
    document: dict[str, Any],
) -> None:
    migrations_line._show_done("up", names, False, waiting)
    assert printed() == lines
    migrations_line._show_done("up", names, True, waiting)
    assert json.loads(capsys.readouterr().out) == {"executed": True, "command": "up", **document}


def test_a_new_migration_is_told_by_its_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a [folder]"
    folder.mkdir()
    for form, path in (([], "001_add_a_place.py"), (["--json"], "002_add_another.py")):
        title = path.removesuffix(".py")[4:].replace("_", " ")
        migrations_line.cli(["create", title, "--folder", str(folder), *form], standalone_mode=False)
        said = capsys.readouterr().out
        assert (json.loads(said)["created"] if form else said.strip()) == str(folder / path)
        assert (folder / path).exists()
