"""Each part of the status in words, with everything that may be known of it and with as little as there may be."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chalicelib.domain.migration.status.blocks import (
    AlarmsBlock,
    Answers,
    Block,
    DisplayBlock,
    DrillBlock,
    ErasuresBlock,
    FingerprintSeen,
    FlagsBlock,
    LastChangeBlock,
    MigrationsBlock,
    NotPublishedBlock,
    RetirementBlock,
    RingingAlarm,
    RolloutBlock,
    ShareBlock,
    Stage,
    SyncBlock,
    VerifyBlock,
)
from infra.errors import OperatorError
from infra.operations.status import printing
from infra.operations.status.printing import print_recorded, print_release

AT = 1_700_000_000_000  # 2023-11-14T22:13:20Z
LATER = AT + 60_000
RINGS = RingingAlarm("stack-Data[Differ]", "critical", AT, None)
DRILL = DrillBlock(
    command="",
    at=AT,
    component="energy_forms",
    is_this_code=True,
    writes=500,
    lost_writes=2,
    last_new_answer_seconds=14.25,
    passed=False,
)
SHARE = ShareBlock(command="", people=200, new=100, percent=50.0, set=12.5)
WORDS: list[tuple[Callable[[Any], str], Block, str]] = [
    (printing._alarms, AlarmsBlock(command=""), "none rings"),
    (
        printing._alarms,
        AlarmsBlock(command="", ringing=[RINGS]),
        r"[red]1 rings: stack-Data[Differ] (critical) since 2023-11-14 22:13[/]",
    ),
    (
        printing._alarms,
        AlarmsBlock(command="", ringing=[RINGS, replace(RINGS, name="b", severity="warning", since=LATER)]),
        "[red]2 ring: stack-Data[Differ] (critical) since 2023-11-14 22:13, b (warning) since 2023-11-14 22:14[/]",
    ),
    (
        printing._sync,
        SyncBlock(command="", mode="old_only", authoritative="old"),
        "old_only since ever; the old side is right",
    ),
    (
        printing._sync,
        SyncBlock(
            command="",
            mode="dual_write",
            since=AT,
            authoritative="new",
            catching_up="old",
            drain_seconds=12.4,
            stopped="too [many]",
        ),
        r"dual_write since 2023-11-14 22:13; the new side is right; the other side catches up; drain: 12 s to go; "
        r"[red]the sync job is stopped: too \[many][/]",
    ),
    (printing.verify_line, VerifyBlock(command=""), "never"),
    (printing.verify_line, VerifyBlock(command="", at=AT), "2023-11-14 22:13: 0 meters, 0 differences"),
    (
        printing.verify_line,
        VerifyBlock(command="", at=AT, up_to=LATER, meters=1, lagging=2, differences=1, first_seen=AT, last_seen=LATER),
        "2023-11-14 22:13, has seen all up to 2023-11-14 22:14: 1 meter, 1 difference, 2 lagging; seen first "
        "2023-11-14 22:13, last 2023-11-14 22:14",
    ),
    (
        printing.verify_line,
        VerifyBlock(command="", at=AT, meters=2, differences=0, first_seen=AT),
        "2023-11-14 22:13: 2 meters, 0 differences",
    ),
    (
        printing._flags,
        FlagsBlock(command="", version="v1", global_enabled=False),
        "document v1, the global gate is closed",
    ),
    (
        printing._flags,
        FlagsBlock(command="", version="v1", global_enabled=True, overruled="the [mode]"),
        r"document v1, the global gate is open; the \[mode]",
    ),
    (
        printing._display,
        DisplayBlock(command="", lagging=3, oldest_seconds=61.4, failing=2, outdated=1),
        "3 lagging, the oldest 61 s; 2 failing; 1 of older rules",
    ),
    (printing._not_published, NotPublishedBlock(command="", count=0), "0"),
    (printing._not_published, NotPublishedBlock(command="", count=3, since=AT), "3 since 2023-11-14 22:13"),
    (printing._migrations, MigrationsBlock(command="", open=()), "all applied"),
    (printing._migrations, MigrationsBlock(command="", open=("001", "002")), "open: 001, 002"),
    (printing.drill_line, DrillBlock(command=""), "none is recorded"),
    (
        printing.drill_line,
        DRILL,
        "2023-11-14 22:13, energy_forms, on this code: 2 of 500 writes lost, last new answer after 14.25 s; "
        "[red]not passed[/]",
    ),
    (
        printing.drill_line,
        replace(DRILL, is_this_code=False, lost_writes=0, passed=True),
        "2023-11-14 22:13, energy_forms, on another code: 0 of 500 writes lost, last new answer after 14.25 s; passed",
    ),
    (
        printing.drill_line,
        replace(DRILL, is_this_code=None, lost_writes=0, passed=True),
        "2023-11-14 22:13, energy_forms, on a code that cannot be compared: 0 of 500 writes lost, last new answer "
        "after 14.25 s; passed",
    ),
    (printing._erasures, ErasuresBlock(command="", waiting=0), "0 waiting"),
    (
        printing._erasures,
        ErasuresBlock(command="", waiting=2, oldest_seconds=61.4),
        "2 waiting, the oldest for 61 s",
    ),
    (printing._retirement, RetirementBlock(command="", phase="silent"), "nothing is announced"),
    (
        printing._retirement,
        RetirementBlock(command="", phase="deprecated", sunset=AT),
        "deprecated; sunset 2023-11-14 22:13",
    ),
    (
        printing._retirement,
        RetirementBlock(command="", phase="brown_out", sunset=LATER, brown_out=AT, withheld="the [page] calls"),
        r"brown out; brown-out 2023-11-14 22:13; sunset 2023-11-14 22:14; [red]the last brown-out was withheld: "
        r"the \[page] calls[/]",
    ),
    (
        printing._share,
        ShareBlock(command="", people=0, set=12.5),
        "nobody has asked since the flags changed last; 12.5 % are set",
    ),
    (printing._share, SHARE, "100 of 200 people got the new backend (50 %), 12.5 % are set"),
    (
        printing._share,
        replace(SHARE, percent=None, mismatch="higher"),
        "100 of 200 people got the new backend, 12.5 % are set; [red]chance does not explain that[/]",
    ),
    (printing._last_change, LastChangeBlock(command=""), "never"),
    (
        printing._last_change,
        LastChangeBlock(command="", at=AT, by="ol[g]a", action="set", reason="as [planned]"),
        r"2023-11-14 22:13 set by ol\[g]a: as \[planned]",
    ),
    (printing._rollout, RolloutBlock(command=""), "none"),
    (
        printing._rollout,
        RolloutBlock(command="", state="stopped", step="10 %", reason="it [is] time"),
        r"[red]stopped at 10 %: it \[is] time[/]",
    ),
    (
        printing._rollout,
        RolloutBlock(command="", state="paused", reason="why"),
        "paused at the flag as it was: why",
    ),
    (
        printing._rollout,
        RolloutBlock(command="", state="running", step="10 %"),
        "running at 10 %, nothing comes after it",
    ),
    (
        printing._rollout,
        RolloutBlock(command="", state="running", step="10 %", next="50 %", seconds_left=61, waits="a [meter]"),
        r"running at 10 %, 1 min 1 s left, then 50 %; waits: a \[meter]",
    ),
    (
        printing._rollout,
        RolloutBlock(command="", state="running", step="10 %", next="50 %", seconds_left=0),
        "running at 10 %, its time is over, then 50 %",
    ),
]


@pytest.mark.parametrize(("say", "block", "words"), WORDS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_part_in_words(say: Callable[[Any], str], block: Block, words: str) -> None:
    assert say(block).replace(r"\[Differ]", "[Differ]") == words


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (None, "no answers"),
        (Answers(0, 0, None, None, None, None), "no answers"),
        (Answers(1, 1, 100.0, 5.04, 12.56, None), "1 answer, 1 failed (100 %); 5 / 12.6 / - ms (p50 / p95 / p99)"),
        (Answers(9, 0, 0.0, 5.0, 6.0, 7.25), "9 answers, 0 failed (0 %); 5 / 6 / 7.2 ms (p50 / p95 / p99)"),
    ],
)
def test_answers_of_a_backend_in_words(found: Answers | None, words: str) -> None:
    assert printing._answers(found) == words


SEEN = FingerprintSeen("f1", "value", "months", 3, 1, AT, AT, None, None, None)


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (SEEN, "; [red]open[/]"),
        (replace(SEEN, gone=AT), "; gone since 2023-11-14 22:13"),
        (replace(SEEN, ignored_by="ol[g]a", ignored_until=AT), "; [red]open[/]"),
        (
            replace(SEEN, ignored_by="ol[g]a", ignored_until=LATER),
            r"; ignored by ol\[g]a until 2023-11-14 22:14",
        ),
    ],
)
def test_a_difference_is_open_ignored_or_gone(seen: FingerprintSeen, words: str) -> None:
    assert printing._answered(seen, AT) == words


FLAG = {"stage": Stage.OFF, "percent": None, "exact": False, "test_users": None, "blocked_users": None}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "off"),
        ({"percent": "0"}, "off"),
        ({"percent": "20"}, "off (20 % are kept for when it is on)"),
        ({"stage": Stage.PARTIAL, "percent": "10", "exact": True}, "partial 10 %, by a list of people"),
        (
            {"stage": Stage.EVERYBODY, "percent": "100", "test_users": 1, "blocked_users": 2},
            "everybody 100 %, 1 test user, 2 blocked users",
        ),
    ],
)
def test_how_far_a_component_is_in_words(changes: dict[str, Any], words: str) -> None:
    assert printing._stage(cast(Any, SimpleNamespace(**FLAG | changes))) == words


def test_another_release_is_said_and_the_same_or_an_unknown_one_is_not(printed: Callable[[], list[str]]) -> None:
    for deployed in ("here", ""):
        print_release(deployed, "here")
    assert printed() == []
    print_release("there", "here")
    assert printed() == ["the functions are of another release than these commands: make up, or deploy"]


def test_what_was_recorded_is_printed_or_says_why_it_cannot_be(
    printed: Callable[[], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    print_recorded(DRILL, printing.drill_line, as_json=False)
    assert printed()[0].endswith("last new answer after 14.25 s; not passed")
    print_recorded(DRILL, printing.drill_line, as_json=True)
    assert '"lostWrites": 2' in capsys.readouterr().out
    with pytest.raises(OperatorError, match="it is away"):
        print_recorded(replace(DRILL, problem="it is away"), printing.drill_line, as_json=False)
