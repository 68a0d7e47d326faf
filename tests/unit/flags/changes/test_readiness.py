"""Why nobody may be sent to the new backend yet: each reason with what comes first, in their order."""

import pytest

from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.errors import RolloutError
from chalicelib.domain.migration.sync.reconciliation import Verified
from chalicelib.flags.changes.readiness import Readiness, overruled

SINCE = 1_700_000_000_000  # 2023-11-14T22:13:20Z
DUAL = SyncState(SyncMode.DUAL_WRITE, SINCE)
EQUAL = Verified(SINCE + 60_000, SINCE, 9, 2, 0)
VERIFY = "nobody has compared the sides since the mode is dual_write; first: python -m infra verify"


@pytest.mark.parametrize(
    ("readiness", "said"),
    [
        (Readiness(DUAL, 0, EQUAL), None),
        (Readiness(SyncState(SyncMode.NEW_ONLY, SINCE), 0, EQUAL), None),
        (
            Readiness(SyncState(SyncMode.OLD_ONLY, SINCE), 5, None),
            "the mode is old_only, the new side gets no writes; first: python -m infra mode set dual_write --wait",
        ),
        (Readiness(DUAL, 12.2, None), "writes of the mode before may still arrive: wait 13 s"),
        (Readiness(DUAL, 0.1, EQUAL), "writes of the mode before may still arrive: wait 1 s"),
        (
            Readiness(SyncState(SyncMode.DUAL_WRITE, SINCE, Side.NEW), 0, None),
            "the sides are not equal yet after the change of mode; first: python -m infra sync",
        ),
        (Readiness(DUAL, 0, None), VERIFY),
        (Readiness(DUAL, 0, Verified(SINCE + 60_000, SINCE - 1, 9, 2, 0)), VERIFY),
        (
            Readiness(DUAL, 0, Verified(SINCE + 60_000, SINCE, 9, 2, 1)),
            "the last verify found differences (1): mend them, then verify; first: python -m infra repair",
        ),
    ],
)
def test_what_comes_first_is_said_with_its_command(readiness: Readiness, said: str | None) -> None:
    assert readiness.problem() == said
    if said is None:
        readiness.check()
        return
    with pytest.raises(RolloutError) as refused:
        readiness.check()
    assert str(refused.value) == said


def test_what_passes_by_itself_names_the_command_that_shows_for_how_long() -> None:
    found = Readiness(DUAL, 12.2, None).obstacle()
    assert found is not None
    assert (found.command, found.passes) == ("python -m infra mode show", True)
    other = Readiness(DUAL, 0, None).obstacle()
    assert other is not None
    assert other.passes is False


def test_the_record_of_a_change_keeps_what_was_known() -> None:
    assert Readiness(SyncState(SyncMode.DUAL_WRITE, SINCE, Side.NEW), 12.25, EQUAL).as_document() == {
        "mode": "dual_write",
        "since": "2023-11-14T22:13:20Z",
        "drainSeconds": 12.2,
        "catchingUp": "new",
        "verified": {"at": "2023-11-14T22:14:20Z", "meters": 9, "lagging": 2, "differences": 0},
    }
    assert Readiness(SyncState(SyncMode.OLD_ONLY), 0, None).as_document() == {
        "mode": "old_only",
        "since": None,
        "drainSeconds": 0,
        "catchingUp": None,
        "verified": None,
    }


def test_the_mode_new_only_overrules_the_flags() -> None:
    assert overruled(SyncState(SyncMode.NEW_ONLY)) == (
        "the mode is new_only: everybody gets the new backend whatever the flags say; "
        "first: python -m infra mode set dual_write --wait"
    )
    assert overruled(DUAL) is None
    assert overruled(SyncState(SyncMode.OLD_ONLY)) is None
