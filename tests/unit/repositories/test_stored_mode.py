"""The stored mode and its history: what is exactly a mode is read, the rest is an outage, the last change counts."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.backends.sync_mode import ModeChange, Side, SyncMode, SyncState
from chalicelib.domain.errors import AccountErasedError, LostModeError
from chalicelib.domain.readings import to_datetime
from chalicelib.repositories.control import changes_of, state_among, state_of_document, sync_document

T = 1_700_000_000_000
AT = to_datetime(T)
STORED = {"_id": "sync_mode", "mode": "dual_write", "since": AT, "readAt": AT + timedelta(seconds=1)}
OLD_ONLY, DUAL_WRITE, NEW_ONLY = SyncMode
RECOVER = "; an operator brings it back: python -m infra mode recover --reason WHY"


def change(mode: str, at: datetime = AT, **more: Any) -> dict[str, Any]:
    return {"mode": mode, "at": at, "reason": "why", **more}


def history(*changes: Any) -> dict[str, Any]:
    return {"_id": "sync_mode_changes", "changes": list(changes)}


def test_a_mode_is_read_field_by_field() -> None:
    assert state_among([STORED]) == SyncState(DUAL_WRITE, T, None, 91, read_at=T + 1000)
    whole = {**STORED, "catchingUp": "old", "fullDrainSeconds": 7}
    assert state_among([whole]) == SyncState(DUAL_WRITE, T, Side.OLD, 7, read_at=T + 1000)
    assert state_among([history(change("new_only"))]) is None


def test_what_is_written_is_what_is_read() -> None:
    written = sync_document(DUAL_WRITE, T, Side.NEW, 9)
    document = {"_id": "sync_mode", "mode": "dual_write", "since": AT, "catchingUp": "new", "fullDrainSeconds": 9}
    assert written == document
    assert sync_document(OLD_ONLY, T) == {**document, "mode": "old_only", "catchingUp": None, "fullDrainSeconds": 91}
    assert state_of_document({**written, "readAt": AT}) == SyncState(DUAL_WRITE, T, Side.NEW, 9, read_at=T)


@pytest.mark.parametrize("seconds", [1, 86_400])
def test_a_drain_lasts_a_second_or_a_day_or_anything_in_between(seconds: int) -> None:
    assert state_of_document({**STORED, "fullDrainSeconds": seconds}).full_drain_seconds == seconds


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ({"fullDrainSeconds": 0}, "fullDrainSeconds: Input should be greater than or equal to 1, found 0"),
        ({"fullDrainSeconds": 86_401}, "fullDrainSeconds: Input should be less than or equal to 86400, found 86401"),
        ({"since": "x"}, "since: Input should be a valid datetime, found 'x'"),
        ({"mode": "old_only", "catchingUp": "old"}, "a side catches up in dual_write alone, not in old_only"),
    ],
)
def test_what_is_not_exactly_a_mode_is_an_outage(damage: dict[str, Any], reason: str) -> None:
    with pytest.raises(LostModeError) as lost:
        state_of_document({**STORED, **damage})
    assert str(lost.value) == f"control.sync_mode cannot be read: {reason}{RECOVER}"


def test_so_is_one_that_says_nothing() -> None:
    with pytest.raises(LostModeError, match=r"cannot be read: since is missing; an operator"):
        state_of_document({"_id": "sync_mode", "mode": "dual_write", "readAt": AT})


def test_during_a_restore_it_is_said_how_to_finish_it() -> None:
    with pytest.raises(LostModeError) as lost:
        state_of_document({**STORED, "mode": "restoring"})
    assert str(lost.value) == (
        "a restore is under way, or was interrupted; finish it with the same command, python -m infra restore FILE, or "
        "drop the database"
    )


@pytest.mark.parametrize(
    "last", [change("new_only"), change("dual_write", AT + timedelta(days=1)), change("new_only", AT - timedelta(1))]
)
def test_a_change_that_is_not_later_or_to_the_same_mode_is_no_newer_one(last: dict[str, Any]) -> None:
    assert state_among([history(last), STORED]) is not None


def test_a_mode_that_is_older_than_the_last_change_is_lost() -> None:
    later = change("new_only", AT + timedelta(milliseconds=1))
    with pytest.raises(LostModeError) as lost:
        state_among([history(later), STORED])
    assert str(lost.value) == (
        "control.sync_mode says dual_write, and is older than the last change in control.sync_mode_changes, "
        f"to new_only{RECOVER}"
    )


def test_a_fence_among_them_comes_first() -> None:
    fence = {"_id": "erasure|0", "opensAt": AT, "erasedAt": None}
    with pytest.raises(AccountErasedError):
        state_among([fence, {**STORED, "mode": "x"}])


@pytest.mark.parametrize("found", [None, {}, history(), {"changes": "x"}, {"changes": None}])
def test_without_a_list_there_is_no_history(found: dict[str, Any] | None) -> None:
    assert changes_of(found) == []


def test_where_a_change_does_not_say_which_side_was_right_the_mode_before_does() -> None:
    found = changes_of(
        history(
            change("dual_write"),
            change("new_only", by="olga"),
            change("dual_write", AT + timedelta(milliseconds=1)),
            change("dual_write", catchingUp=None),
            "no change",
            change("dual_write", catchingUp="old"),
            change("dual_write"),
            change("old_only"),
        )
    )
    assert found == [
        ModeChange(DUAL_WRITE, T, "why", None, None),
        ModeChange(NEW_ONLY, T, "why", "olga", None),
        ModeChange(DUAL_WRITE, T + 1, "why", None, Side.NEW),
        ModeChange(DUAL_WRITE, T, "why", None, None),
        ModeChange(DUAL_WRITE, T, "why", None, Side.OLD),
        ModeChange(DUAL_WRITE, T, "why", None, Side.OLD),
        ModeChange(OLD_ONLY, T, "why", None, None),
    ]
