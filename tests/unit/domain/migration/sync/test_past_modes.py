"""The sync mode at an instant in the past: what the record says, and where it does not reach."""

import pytest

from chalicelib.domain.backends.sync_mode import ModeChange, Side, SyncMode, SyncState
from chalicelib.domain.migration.sync.mode_changes import KEPT_CHANGES
from chalicelib.domain.migration.sync.past_modes import mode_then

DUAL = ModeChange(SyncMode.DUAL_WRITE, 1_000, "begin")
NEW = ModeChange(SyncMode.NEW_ONLY, 2_000, "on", catching_up=None)
BACK = ModeChange(SyncMode.DUAL_WRITE, 3_000, "back")
HISTORY = [DUAL, NEW, BACK]
NOW = SyncState(SyncMode.DUAL_WRITE, 3_000)


@pytest.mark.parametrize(
    ("at", "mode", "since"),
    [
        (999, SyncMode.OLD_ONLY, None),
        (1_000, SyncMode.DUAL_WRITE, 1_000),
        (1_999, SyncMode.DUAL_WRITE, 1_000),
        (2_000, SyncMode.NEW_ONLY, 2_000),
        (3_000, SyncMode.DUAL_WRITE, 3_000),
        (9_000, SyncMode.DUAL_WRITE, 3_000),
    ],
)
def test_the_last_change_before_says_the_mode(at: int, mode: SyncMode, since: int | None) -> None:
    found = mode_then(HISTORY, NOW, at)
    assert (found.mode, found.since, found.unknown) == (mode, since, None)


def test_before_every_change_a_database_is_in_the_mode_in_which_it_begins() -> None:
    found = mode_then(HISTORY, NOW, 5)
    assert found.note == "no earlier change of the sync mode is recorded, so it was the one in which a database begins"
    assert mode_then([], SyncState(), 5).mode is SyncMode.OLD_ONLY


def test_a_full_record_says_nothing_of_what_was_before_it() -> None:
    full = [ModeChange(SyncMode.DUAL_WRITE, 1_000 + number, "why") for number in range(KEPT_CHANGES)]
    found = mode_then(full, SyncState(SyncMode.DUAL_WRITE, 1_099), 999)
    assert (found.mode, found.states) == (None, ())
    assert found.unknown == (
        "the record of the sync mode begins at 1970-01-01T00:00:01Z: which mode it was before, nobody knows"
    )


def test_a_mode_without_a_record_is_known_from_its_beginning_on() -> None:
    stored = SyncState(SyncMode.NEW_ONLY, 2_000)
    assert mode_then([], stored, 2_000).mode is SyncMode.NEW_ONLY
    assert mode_then([], stored, 1_999).unknown is not None


def test_when_the_new_side_had_caught_up_is_not_recorded_so_both_is_possible() -> None:
    found = mode_then(HISTORY, NOW, 1_500)
    assert [state.catching_up for state in found.states] == [None, Side.OLD]
    assert found.note is not None
    assert "had to catch up after the change of 1970-01-01T00:00:01Z" in found.note
    shown = found.caught_up()
    assert ([state.catching_up for state in shown.states], shown.note, shown.since) == ([None], None, 1_000)


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ([ModeChange(SyncMode.DUAL_WRITE, 1_000, "never caught up", catching_up=Side.OLD), NEW], 1_500),
        (HISTORY, 3_500),  # from new_only, where the new side is the one that is right
        (HISTORY, 2_500),
    ],
)
def test_elsewhere_one_state_alone_is_possible(changes: list[ModeChange], at: int) -> None:
    found = mode_then(changes, NOW, at)
    assert len(found.states) == 1
    assert found.note is None
