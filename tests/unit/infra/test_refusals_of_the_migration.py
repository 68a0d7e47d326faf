"""What the migration's commands refuse, word for word: what is wrong, and what to do."""

import pytest

from chalicelib.domain.backends.sync_mode import Side, SyncMode
from chalicelib.domain.meters.walks import Verification
from chalicelib.domain.migration.sync.repairs import PlannedWrites, RepairPlan
from chalicelib.domain.readings import EnergyType
from infra import __main__ as command_line
from infra.errors import OperatorError
from infra.operations.verify import repair
from tests.unit.infra.exit_code import exit_code

BECAUSE, STAGE = ("--reason", "x"), ("--stage", "nowhere")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("gate", "show"), "name one component, or say --all"),
        (("compare", "run"), "say whom: --user USER, or --all, or --all --sample 20"),
        (
            ("mode", "set", "dual_write", "--fan-out", "2", *BECAUSE),
            "nothing is compared on the way to dual_write: leave out --fan-out",
        ),
        (
            ("mode", "set", "old_only", "--fan-out", "2", *BECAUSE),
            "nothing is compared on the way to old_only: leave out --fan-out",
        ),
        (("sync", "--fan-out", "2"), "--fan-out divides all meters: say --full"),
        (("verify", "--last", "--fan-out", "2"), "--last compares nothing: leave out --fan-out"),
        (("verify", "--last", "--user", "u"), "--last compares nothing: leave out --user"),
        (("verify", "--last", "--restart"), "--last compares nothing: leave out --restart"),
        (("verify", "--user", "u", "--fan-out", "2"), "--fan-out divides all meters: leave out --user"),
        (
            ("flags", "set", "dashboard", "--test-user", "ann", "--test-user", "M\udcfcller", *BECAUSE),
            "--test-user: 'M\\udcfcller' is not UTF-8; where it comes from has another encoding",
        ),
        (("flags", "set", "dashboard", "--on", "--off", *BECAUSE), "--on and --off: say one of them"),
        (
            ("flags", "set", "dashboard", "--exact", *BECAUSE),
            "--exact is a way to write a percentage: say --percent too",
        ),
    ],
)
def test_wrong_usage_is_said_with_what_is_right(
    command: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    assert exit_code(command_line.run, *command, *STAGE) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.splitlines()[-1]) == ("", f"Error: {said}")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            ("rollout", "start", "dashboard", "--hours", "9", *BECAUSE),
            "--hours '9': write an hour, a hyphen and a later hour, such as 9-17",
        ),
        (
            ("retire", "brownout", "add", "--from", "now", "--for", "9", *BECAUSE),
            "--for '9': write a number and a unit, such as 15m or 2h (units s, m, h, d)",
        ),
        (
            ("retire", "optout", "remove", "ann", *BECAUSE),
            "'ann' is no caller: copy the 32 hex digits that python -m infra retire callers prints",
        ),
        (
            ("retire", "announce", "--sunset", "2100-01-01", "--rehearsal", *BECAUSE),
            "--rehearsal gives no notice, and people may call stage nowhere: leave it out, or name a "
            "laptop stack (--name)",
        ),
    ],
)
def test_what_is_refused_is_said_with_what_to_write(
    command: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(command_line.run, *command, *STAGE) == 1
    printed = capsys.readouterr()
    assert (printed.out, printed.err.splitlines()[-1]) == ("", said)


@pytest.mark.parametrize(
    ("allowed", "said"),
    [
        (3, "40 documents would be deleted, not 3; nothing was changed"),
        (
            None,
            "40 of the 90 documents of source_energy_readings would be deleted; nothing was changed. If they are right "
            "and energies is damaged: python -m infra repair --from new --apply; if they should go: python -m infra "
            "repair --from old --apply --allow-deletes 40",
        ),
    ],
)
def test_many_deletions_are_refused_with_both_ways_on(allowed: int | None, said: str) -> None:
    writes = (PlannedWrites(Side.NEW, EnergyType.POWER, deleted=40),)
    seen = Verification(SyncMode.DUAL_WRITE, 3, differences=40)
    plan = RepairPlan(Side.OLD, seen, writes, {Side.OLD: 50, Side.NEW: 90}, 1)
    with pytest.raises(OperatorError) as refused:
        repair._check_deletes(plan, repair._Request(Side.OLD, allowed, "", None, yes=True))
    assert str(refused.value) == said
