"""What the flags' commands print, word for word, with texts from outside as they came."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.migration.records.decision import Decision, Reason
from chalicelib.domain.migration.records.flag_history import ChangeState, FlagChange
from chalicelib.domain.migration.records.usage import Answered
from chalicelib.domain.migration.sync.past_modes import PastMode
from chalicelib.flags.changes.past import Past, Possible
from chalicelib.flags.changes.planning import Plan, Step
from chalicelib.flags.document.flag import Flag
from infra import __main__ as command_line
from infra.operations.flags import commands, stale
from infra.operations.flags.past import print_past
from infra.operations.flags.printing import print_changes, print_listing, print_plan
from infra.operations.printing import console, folding_table, minute, pairs
from infra.targets.flags import Flags
from tests.unit.flags.rollout import TABLE as TABLE_FLAG
from tests.unit.flags.rollout import Rollout
from tests.unit.infra.exit_code import exit_code

AT = 1_700_000_000_000  # 2023-11-14T22:13:20Z
CHANGE = FlagChange(
    id="1",
    at=AT,
    by="olga",
    action="set",
    reason="as [planned]",
    before={TABLE_FLAG: None},
    after={TABLE_FLAG: {"enabled": True, "rolloutPercent": 50, "exactUserIds": ["a"], "blockedUserIds": ["b", "c"]}},
    from_version="v1",
    to_version="v2",
    state=ChangeState.DEPLOYED,
    in_effect_ms=1_540,
)
DECISION = Decision(Backend.NEW, Reason.PERCENTAGE_IN, 346, "v2")
PAST = Past(
    "al[i]ce",
    Component.ENERGY_TABLE,
    AT,
    PastMode([SyncState(SyncMode.DUAL_WRITE, AT)], AT),
    [Possible(DECISION, "bucket [x] is below", CHANGE)],
    [],
    [],
    [],
)


def run(*arguments: str) -> int | str | None:
    return exit_code(command_line.run, "flags", *arguments, "--stage", "nowhere")


@pytest.fixture
def rollout(monkeypatch: pytest.MonkeyPatch) -> Rollout:
    """The table at 50 percent, in the place of the stage's flags; terminals are wide."""
    rollout = Rollout()
    rollout.open()
    rollout.set(50)
    for module in (commands, stale):
        monkeypatch.setattr(module, "flags_of", lambda _: nullcontext(Flags(rollout.flags, "olga", None)))
    monkeypatch.setattr(stale, "now", rollout.now)
    monkeypatch.setattr(commands, "person", lambda: "otto")
    monkeypatch.setenv("COLUMNS", "200")
    return rollout


def test_a_list_names_what_is_wrong_under_way_foreign_and_in_the_way(
    rollout: Rollout, printed: Callable[[], list[str]]
) -> None:
    listing = rollout.flags.overview.listing()
    malformed = {"dashboard_new_backend": "no [number]"}
    unknown: dict[str, Any] = {"zebra [x]": {}, "ape": {}}
    print_listing(
        replace(
            listing,
            document=replace(listing.document, flags={}, malformed=malformed, unknown=unknown),
            deployed=replace(listing.deployed, under_way=7),
            blocked_by="the mode is old_only",
        )
    )
    assert printed() == [
        "dashboard_new_backend cannot be read, so it decides 'old': no [number]",
        "flag state percent test users blocked since (UTC)",
        "dashboard_new_backend malformed - - - -",
        f"document {listing.document.version}, AppConfig's version 3",
        "deployment 7 is under way",
        "no flags of this application, kept unchanged: ape, zebra [x]",
        "the global gate is off: everybody gets the old backend",
        "nothing may rise yet: the mode is old_only",
    ]


def test_changes_are_listed_with_their_course_and_their_state(
    printed: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    failed = replace(CHANGE, state=ChangeState.FAILED, in_effect_ms=None, before={}, after={})
    retired = replace(CHANGE, before=CHANGE.after, after={TABLE_FLAG: {"enabled": False, "retired": True}})
    print_changes([CHANGE, failed, retired])
    assert printed() == [
        "when (UTC) what flag from what to what who and why",
        "2023-11-14 22:13 set energy_table - → on, 50 %, 1 by id, 2 blocked olga: as [planned] (in effect after 1.5 s)",
        f"2023-11-14 22:13 set ({ChangeState.FAILED}) - - → - olga: as [planned]",
        "2023-11-14 22:13 set energy_table on, 50 %, 1 by id, 2 blocked → retired olga: as [planned] "
        "(in effect after 1.5 s)",
    ]


def test_columns_of_changes_stand_two_places_apart(capsys: pytest.CaptureFixture[str]) -> None:
    on, off = ({TABLE_FLAG: {"enabled": enabled}} for enabled in (True, False))
    print_changes([replace(CHANGE, before=off, after=on, reason="why", in_effect_ms=None)])
    assert capsys.readouterr().out.splitlines() == [
        "when (UTC)        what  flag          from what to what  who and why",
        "2023-11-14 22:13  set   energy_table  off → on           olga: why  ",
    ]


def test_only_who_and_why_goes_on_in_the_next_line_of_a_narrow_terminal(
    printed: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    print_changes([replace(CHANGE, reason="w" * 300)])
    lines = printed()
    assert lines[1].startswith("2023-11-14 22:13 set energy_table - → on, 50 %, 1 by id, 2 blocked olga:")
    assert "".join(lines[1:]).count("w") == 300


def test_a_plan_of_very_many_names_a_thousand_in_each_direction(printed: Callable[[], list[str]]) -> None:
    first, last = (Flag(TABLE_FLAG, 0, 0, enabled=True, rollout_percent=Decimal(each)) for each in (10, 20))
    steps = [tuple(Step(f"{way}{n}", n, before=way == "b", after=way == "a") for n in range(1_001)) for way in "ab"]
    print_plan(Plan(first, replace(last, exact_user_ids=("a",)), 9_000, 3_000, *steps))
    lines = printed()
    assert len(lines) == 1 + 2_000 + 3
    assert lines[-3:] == [
        "and 2 more, whom --json names",
        f"{TABLE_FLAG}, 10 % to 20 % (1 by id): 3000 of 9000 known users are in, 3000 will be; 1001 enter, 1001 leave",
        "to do it: python -m infra flags set energy_table --percent 20 --exact --reason WHY",
    ]


def test_the_past_is_said_with_what_decided_and_what_was_answered(
    printed: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    answers = [
        Answered(AT, Backend.NEW, "percentage_in", "v2", False, 12.6, "t[x]"),
        Answered(AT + 1_000, Backend.OLD, None, None, True, 3.4, None),
    ]
    print_past(replace(PAST, answers=answers, notes=["the record [x] is short"]))
    assert printed() == [
        "user al[i]ce",
        "component energy_table",
        "at 2023-11-14T22:13:20Z",
        "backend new",
        "mode dual_write, since 2023-11-14T22:13:20Z",
        "by new, percentage_in: bucket [x] is below; document v2, set by olga at 2023-11-14T22:13:20Z",
        "the record [x] is short",
        "answered (UTC) backend reason document ms trace",
        "2023-11-14T22:13:20Z new (failed) percentage_in v2 13 t[x]",
        "2023-11-14T22:13:21Z old - - 3 -",
    ]


def test_a_past_that_the_records_do_not_tell_says_what_may_have_been(
    printed: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    other = Possible(Decision(Backend.OLD, Reason.OLD_ONLY), "the mode")
    unsure = replace(PAST, possible=[*PAST.possible, other], unknown=["who [knows]"], mode=PastMode())
    print_past(unsure)
    lines = printed()
    assert lines[3:5] == ["backend the records do not say it", "mode not recorded"]
    assert [line.split()[0] for line in lines[5:7]] == ["perhaps", "perhaps"]
    assert lines[6:] == ["perhaps old, old_only: the mode", "nobody can say: who [knows]"]
    print_past(replace(PAST, mode=PastMode([SyncState()])))
    assert "mode old_only, from the beginning" in printed()


def test_what_nobody_can_say_is_yellow(coloured: Callable[[], list[str]]) -> None:
    nobody = "<yellow>nobody can say: who [knows]</>"
    print_past(replace(PAST, possible=[], unknown=["who [knows]"], notes=["a note"]))
    assert coloured()[3:] == [
        "backend <yellow>the records do not say it</>",
        "mode dual_write, since 2023-11-14T22:13:20Z",
        nobody,
        "a note",
    ]
    print_past(PAST)
    assert "backend <bold>new</>" in coloured()


def test_nothing_to_change_is_said(rollout: Rollout, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("set", "energy_table", "--percent", "50", "--reason", "x") == 0
    said = capsys.readouterr().out.strip()
    assert run("set", "energy_table", "--percent", "50", "--reason", "x", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {"state": "unchanged", "problem": None, "said": said}
    assert "energy_table" in said


def test_where_nothing_is_lost_nothing_is_restored(rollout: Rollout, capsys: pytest.CaptureFixture[str]) -> None:
    version = rollout.flags.overview.listing().document.version
    assert run("restore", "--reason", "x") == 0
    assert capsys.readouterr().out == f"the recorded document {version} is deployed: nothing to restore\n"


def test_a_change_is_said_to_be_deployed_then_shown(rollout: Rollout, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("set", "energy_table", "--percent", "60", "--reason", "on we [go]") == 0
    printed = capsys.readouterr()
    assert printed.err.splitlines()[-1] == (
        "deploying, and waiting until every function has asked AppConfig again: 15 seconds"
    )
    lines = printed.out.splitlines()
    assert " ".join(lines[1].split())[17:] == "set energy_table on, 50 % → on, 60 % otto: on we [go]"
    assert lines[2].startswith("in effect everywhere after ")
    assert len(lines) == 3
    assert run("kill", "--reason", "stop", "--json") == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (document["answeredByApi"], document["problem"], document["action"], document["by"]) == (
        None,
        None,
        "kill",
        "otto",
    )
    assert run("set", "energy_table", "--percent", "70", "--reason", "on") == 0
    assert capsys.readouterr().out.endswith("the global gate is off: everybody gets the old backend\n")


def test_stale_flags_say_since_when_and_what_blocks_their_removal(
    rollout: Rollout, printed: Callable[[], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    made = rollout.set(100).change
    rollout.appconfig.pass_time(30 * 86_400)
    assert run("stale") == 1
    lines = printed()
    assert lines[0] == "flag at 100 % since (UTC) for"
    assert lines[1].startswith(f"energy_table {minute(made.at)} 30 d")
    assert lines[2] == "what blocks their removal: python -m infra retire check"
    assert run("stale", "--json") == 1
    [found] = json.loads(capsys.readouterr().out)
    assert found.keys() == {"flag", "since", "days"}
    assert (found["flag"], found["days"]) == ("energy_table", 30)
    assert found["since"][:16].replace("T", " ") == minute(made.at)
    assert run("stale", "--days", "31") == 0
    assert printed() == ["no flag has been at 100 % for 31 days"]
    assert run("stale", "--days", "31", "--json") == 0
    assert capsys.readouterr().out == "[]\n"


@pytest.mark.parametrize(("early", "code"), [(0, 1), (1, 0)])
def test_a_flag_is_stale_to_the_millisecond_after_its_days(
    rollout: Rollout, monkeypatch: pytest.MonkeyPatch, early: int, code: int
) -> None:
    rollout.set(100)
    [since] = stale._stale(rollout.flags.overview, rollout.now() + 1_000_000).values()
    monkeypatch.setattr(stale, "now", lambda: since + 14 * 86_400_000 - early)
    assert run("stale") == code


@pytest.mark.parametrize("table", [lambda: folding_table("name", "value"), pairs])
def test_a_table_goes_on_in_the_next_line(
    table: Callable[[], Any], printed: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    made = table()
    made.add_row("key", "v" * 300)
    console.print(made)
    assert "".join(printed()).replace("value", "").count("v") == 300


def test_names_stand_two_places_before_their_values(capsys: pytest.CaptureFixture[str]) -> None:
    rows = pairs()
    rows.add_row("mode", "x")
    rows.add_row("since", "y")
    console.print(rows)
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == ["mode   x", "since  y"]
