"""What the flags' commands say to people, and their exit codes."""

from io import StringIO

import pytest
from rich.console import Console

from chalicelib.domain.backends.sides import SyncMode
from chalicelib.domain.readings import moment
from infra.operations.flags.commands import succeeded
from infra.operations.flags.printing import changes_table, flags_table, print_gate, print_listing
from infra.operations.printing import minute
from tests.unit.flags.rollout import ORDER, Rollout, back

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
    made = rollout.flags.changes.kill(ORDER)
    listing = rollout.flags.overview.listing()
    print_gate(listing.flags, made.overruled)
    print_listing(listing)
    printed = capsys.readouterr().out
    assert printed.count(f"{OVERRULED}; first: python -m infra mode set dual_write --wait") == 2
    assert "gets the old backend" not in printed


def test_where_the_flags_decide_the_gate_that_is_off_is_said(
    rollout: Rollout, capsys: pytest.CaptureFixture[str]
) -> None:
    rollout.flags.changes.kill(ORDER)
    print_listing(rollout.flags.overview.listing())
    assert "the global gate is off: everybody gets the old backend" in capsys.readouterr().out


def test_a_way_back_that_leads_nowhere_fails_and_a_change_ahead_of_the_mode_does_not(rollout: Rollout) -> None:
    assert succeeded(back(rollout, 40), None)
    rollout.mode(SyncMode.NEW_ONLY)
    assert succeeded(rollout.set(30), None)
    assert not succeeded(back(rollout, 10), None)
    assert not succeeded(rollout.flags.changes.kill(ORDER), True)


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
