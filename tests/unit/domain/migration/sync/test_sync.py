"""The rules of the sync mode: who is written, who is read, who is right, what may follow what."""

from dataclasses import replace
from itertools import product

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState, drain_of
from chalicelib.domain.errors import SyncModeError
from chalicelib.domain.migration.sync.mode_changes import check_change

OLD_ONLY, DUAL_WRITE, NEW_ONLY = SyncMode
STATES = [
    SyncState(OLD_ONLY),
    SyncState(DUAL_WRITE),
    SyncState(DUAL_WRITE, 0, Side.OLD),
    SyncState(DUAL_WRITE, 0, Side.NEW),
    SyncState(NEW_ONLY),
]


@pytest.mark.parametrize(("current", "wanted"), list(product(SyncMode, SyncMode)))
def test_exactly_neighbours_follow_each_other(current: SyncMode, wanted: SyncMode) -> None:
    if {current, wanted} in ({OLD_ONLY, DUAL_WRITE}, {DUAL_WRITE, NEW_ONLY}):
        check_change(current, wanted)
    else:
        with pytest.raises(SyncModeError):
            check_change(current, wanted)


@pytest.mark.parametrize("state", STATES, ids=str)
def test_the_authoritative_side_is_always_written(state: SyncState) -> None:
    assert state.authoritative in state.writes


@pytest.mark.parametrize(("state", "backend"), list(product(STATES, Backend)), ids=str)
def test_a_backend_reads_only_where_everything_is(state: SyncState, backend: Backend) -> None:
    complete = {state.authoritative} if state.catching_up else set(state.writes)
    assert state.reads(backend) in complete
    own = Side(backend)
    assert state.reads(backend) is own or own not in complete


@pytest.mark.parametrize("state", STATES, ids=str)
def test_a_change_never_takes_the_word_from_the_side_that_was_right(state: SyncState) -> None:
    if state.mode is DUAL_WRITE:
        return
    assert state.changed(DUAL_WRITE).authoritative is state.authoritative


@pytest.mark.parametrize("lifetime", [1, 2, 30, 60, 300])
def test_a_drain_outlasts_the_servers_look_for_transactions_past_their_limit(lifetime: int) -> None:
    """It looks every half of the limit, but not more often than once a second."""
    assert drain_of(lifetime) >= lifetime + max(lifetime / 2, 1)


def test_a_state_is_drained_after_the_lifetime_of_a_transaction() -> None:
    state = SyncState(DUAL_WRITE, 1_000, read_at=1_000)
    assert state.drain_seconds() == 91
    with pytest.raises(SyncModeError, match="wait 1 s"):
        replace(state, read_at=1_000 + 91_000 - 1).check_drained()
    replace(state, read_at=1_000 + 91_000).check_drained()


def test_a_state_drains_as_long_as_it_says() -> None:
    state = replace(SyncState(OLD_ONLY).changed(DUAL_WRITE, 7), since=1_000, read_at=1_000)
    assert state.drain_seconds() == 7
