"""What the flags' commands say to people, and their exit codes."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.migration.records.decision import Decision, Reason
from chalicelib.domain.readings import moment
from chalicelib.flags.changes.inspect import Explanation
from infra.operations.flags import printing as flag_printing
from infra.operations.flags.commands import succeeded
from infra.operations.flags.printing import changes_table, flags_table, print_gate, print_listing
from infra.operations.printing import minute
from tests.unit.flags.rollout import REQUEST, TABLE, Rollout, back

OVERRULED = "the mode is new_only: everybody gets the new backend whatever the flags say"


@pytest.fixture
def rollout() -> Rollout:
    """The table at 50 percent."""
    rollout = Rollout()
    rollout.open()
    rollout.set(50)
    return rollout


def test_where_the_mode_sends_everybody_to_the_new_backend_nothing_says_that_they_get_the_old_one(
    rollout: Rollout, capsys: pytest.CaptureFixture[str]
) -> None:
    rollout.mode(SyncMode.NEW_ONLY)
    made = rollout.flags.changes.kill(REQUEST)
    listing = rollout.flags.overview.listing()
    print_gate(listing.flags, made.overruled)
    print_listing(listing)
    printed = capsys.readouterr().out
    said = f"{OVERRULED}; first: python -m infra mode set dual_write --wait"
    assert [line for line in printed.splitlines() if OVERRULED in line] == [said] * 2
    assert "gets the old backend" not in printed


def test_where_the_flags_decide_the_gate_that_is_off_is_said(
    rollout: Rollout, capsys: pytest.CaptureFixture[str]
) -> None:
    rollout.flags.changes.kill(REQUEST)
    print_listing(rollout.flags.overview.listing())
    assert "the global gate is off: everybody gets the old backend" in capsys.readouterr().out


def test_a_way_back_that_leads_nowhere_fails_and_a_change_ahead_of_the_mode_does_not(rollout: Rollout) -> None:
    assert succeeded(back(rollout, 40), None)
    rollout.mode(SyncMode.NEW_ONLY)
    assert succeeded(rollout.set(30), None)
    assert not succeeded(back(rollout, 10), None)
    assert not succeeded(rollout.flags.changes.kill(REQUEST), True)


def test_a_change_that_the_deployed_api_does_not_decide_by_fails(rollout: Rollout) -> None:
    made = rollout.set(60)
    assert [succeeded(made, answered) for answered in (True, False, None)] == [True, False, True]


def test_a_change_is_told_in_one_line(rollout: Rollout) -> None:
    made = rollout.set(100)
    console = Console(width=100, file=StringIO(), record=True)
    console.print(changes_table([made.change]))
    _, row = console.export_text().splitlines()
    told = [minute(made.change.at), "set", "energy_table", "on, 50 % → on, 100 %", "olga: as planned"]
    assert [part.strip() for part in row.split("  ") if part.strip()] == told
    listed = Console(width=140, file=StringIO(), record=True)
    listed.print(changes_table([made.change], times=True))
    assert f"olga: as planned (in effect after {(made.change.in_effect_ms or 0) / 1000:.1f} s)" in listed.export_text()


def test_a_change_of_people_is_told_by_how_many_there_are(rollout: Rollout) -> None:
    made = rollout.set(test_users=("ann", "bob"), block=("eve",))
    console = Console(width=120, file=StringIO(), record=True)
    console.print(changes_table([made.change]))
    assert "on, 50 % → on, 50 %, 2 test users, 1 blocked" in console.export_text()


@pytest.mark.parametrize(("people", "told"), [("abc", "a, b, c"), ("abcde", "a, b, c and 2 more")])
def test_three_people_of_a_flag_are_named_and_the_rest_is_counted(rollout: Rollout, people: str, told: str) -> None:
    rollout.set(test_users=tuple(people))
    console = Console(width=200, file=StringIO(), record=True)
    console.print(flags_table(rollout.flags.overview.listing()))
    [row] = [line for line in console.export_text().splitlines() if "energy_table" in line]
    assert told in [cell.strip() for cell in row.split("│")]


def test_no_name_and_no_instant_is_broken_in_a_narrow_terminal(rollout: Rollout) -> None:
    rollout.set(test_users=("somebody@example.org", "somebody.else@example.org"), block=("another-one@example.org",))
    console = Console(width=80, file=StringIO(), record=True)
    console.print(flags_table(rollout.flags.overview.listing()))
    printed = console.export_text()
    assert "since (UTC)" in printed
    [row] = [line for line in printed.splitlines() if "energy_table" in line]
    assert f" {moment(rollout.table().updated_at)[:16].replace('T', ' ')} " in row


def test_a_plan_of_a_flag_names_who_enters_and_who_leaves(printed: Callable[[], list[str]]) -> None:
    rollout = Rollout()
    rollout.known("alice", "bob")
    overview = rollout.flags.overview
    flag_printing.print_plan(overview.plan(TABLE, Decimal(0), Decimal(50), exact=False))
    flag_printing.print_plan(overview.plan(TABLE, Decimal(100), Decimal(50), exact=False))
    flag_printing.print_plan(overview.plan(TABLE, Decimal(50), Decimal(50), exact=False))
    assert printed() == [
        "user bucket",
        "alice 346 enters",
        f"{TABLE}, 0 % to 50 %: 0 of 2 known users are in, 1 will be; 1 enter, 0 leave",
        "to do it: python -m infra flags set energy_table --percent 50 --reason WHY",
        "user bucket",
        "bob 96167 leaves",
        f"{TABLE}, 100 % to 50 %: 2 of 2 known users are in, 1 will be; 0 enter, 1 leave",
        "to do it: python -m infra flags rollback energy_table --to 50 --reason WHY",
        "user bucket",
        f"{TABLE}, 50 % to 50 %: 1 of 2 known users are in, 1 will be; 0 enter, 0 leave",
        "to do it: python -m infra flags set energy_table --percent 50 --reason WHY",
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


@pytest.mark.parametrize(
    ("answered", "problem", "said"),
    [
        (True, "overtaken [by olga]", "<red>overtaken [by olga]</>"),
        (True, None, "the deployed API decides by it"),
        (False, None, f"<red>{flag_printing.NOT_ANSWERED}</>"),
    ],
)
def test_what_keeps_a_change_from_its_effect_is_red(
    rollout: Rollout, coloured: Callable[[], list[str]], answered: bool, problem: str | None, said: str
) -> None:
    flag_printing.print_change(rollout.set(60), answered, problem)
    assert coloured()[-1] == said


def test_what_is_on_is_green_and_what_cannot_be_read_is_red(
    rollout: Rollout, coloured: Callable[[], list[str]]
) -> None:
    listing = rollout.flags.overview.listing()
    malformed = replace(listing.document, malformed={"dashboard_new_backend": "no [number]"})
    deployed = replace(listing.deployed, under_way=7)
    print_listing(replace(listing, document=malformed, deployed=deployed, blocked_by="the mode is old_only"))
    first, *lines = coloured()
    assert first == "<red>dashboard_new_backend cannot be read, so it decides 'old': no [number]</>"
    assert {line for line in lines if "energy_table" in line and "<green>on</>" in line}
    assert {line for line in lines if "dashboard_new_backend" in line and "<red>malformed</>" in line}
    assert lines[-2:] == [
        "<yellow>deployment 7 is under way</>",
        "<yellow>nothing may rise yet: the mode is old_only</>",
    ]


def test_who_enters_is_green_and_who_leaves_is_red(coloured: Callable[[], list[str]]) -> None:
    rollout = Rollout()
    rollout.known("alice", "bob")
    overview = rollout.flags.overview
    for start, end, way in ((0, 50, "<green>enters</>"), (100, 50, "<red>leaves</>")):
        flag_printing.print_plan(overview.plan(TABLE, Decimal(start), Decimal(end), exact=False))
        assert [line for line in coloured() if way in line]
