"""People under flips, on processes of this machine: nothing is wrong, and whatever is planted is found.

What one run meets is chance: a fault that needs two at once has enough of both here to be met each time.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from chalicelib.domain.sync.modes import SyncState
from infra.drills.history.checker import Kind
from infra.drills.history.drive import Exercise, History, drive
from infra.drills.history.in_process.ground import InProcessGround, in_process_ground
from infra.drills.history.wishes import Flip, FlipKind
from infra.local.throwaway import mongod

PLANTED = "tests.integration.infra.history.planted_faults:"
FORWARD, BACK = Flip(FlipKind.MODE, 0, 0, forward=True), Flip(FlipKind.MODE, 0, 0, forward=False)
EVERYBODY_NEW = tuple(Flip(FlipKind.PERCENT, component, 100, forward=True) for component in range(6))
LIFE, KILL = Flip(FlipKind.LIFE, 1, 0, forward=True), Flip(FlipKind.KILL, 0, 0, forward=True)
# A database begins in dual_write; the way back to it drains.
NEW_ONLY_AND_BACK, OLD_ONLY_AND_BACK = (FORWARD, LIFE, BACK), (BACK, LIFE, FORWARD)
EVERYTHING = (*EVERYBODY_NEW, *NEW_ONLY_AND_BACK, KILL, LIFE, *EVERYBODY_NEW, *OLD_ONLY_AND_BACK)
# Processes that begin in old_only, and go on in dual_write.
BORN_BEFORE = (BACK, *(LIFE,) * 6, FORWARD, *EVERYBODY_NEW)


FAULTS = {
    "dual_write_off": {Kind.UNREAD},
    "refresh_without_the_version_guard": {Kind.FELL},
    "a_cached_mode": {Kind.UNREAD},
    "a_resurrected_delete": {Kind.BACK},
    "a_stale_etag": {Kind.ETAG, Kind.UNREAD},
    "an_if_match_that_nobody_looks_at": {Kind.ETAG},
    "a_consistent_read_of_a_stale_view": {Kind.UNREAD},
    "a_view_that_counts_wrong": {Kind.UNREAD, Kind.UNEQUAL},
}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server of its own: a history shortens the life of its transactions."""
    with mongod() as uri:
        yield uri


def made(ground: AbstractContextManager[InProcessGround], schedule: tuple[Flip, ...], operations: int) -> History:
    exercise = Exercise(17, people=8, flips=len(schedule), operations=operations, schedule=schedule)
    with ground as drilled:
        return drive(drilled, exercise, lambda _: None)


def test_no_answer_denies_an_earlier_one_while_everything_flips(server: str) -> None:
    history = made(in_process_ground(17, server), EVERYTHING, 2_500)
    assert [violation.as_document() for violation in history.violations] == []
    assert history.is_right
    assert len(history.operations) >= 2_500
    assert len(history.flips) + history.refused_flips == len(EVERYTHING)
    assert history.acknowledged > 300


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_with_its_proof(server: str, fault: str) -> None:
    ground = in_process_ground(17, server, held=0.05, fault=PLANTED + fault)
    history = made(ground, BORN_BEFORE if fault == "a_cached_mode" else EVERYBODY_NEW, 1_200)
    found = {violation.kind for violation in history.violations}
    assert found >= FAULTS[fault]
    assert not history.is_right
    assert all(violation.operations for violation in history.violations if violation.kind is not Kind.UNEQUAL)


def test_a_write_during_the_drain_is_found(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for writes of the mode before: one of them commits behind the comparison, to one side alone."""
    monkeypatch.setattr(SyncState, "drain_seconds", lambda _: 0.0)
    history = made(in_process_ground(17, server, held=0.3), (*EVERYBODY_NEW, *OLD_ONLY_AND_BACK * 4), 1_500)
    assert {violation.kind for violation in history.violations} & {Kind.UNREAD, Kind.BACK, Kind.UNEQUAL}
