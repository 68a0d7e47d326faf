"""People under flips, on processes of this machine: nothing is wrong, and whatever is planted is found.

What one run meets is chance: a fault that needs two at once has enough of both here to be met each time.
"""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.domain.sync.modes import SyncState
from chalicelib.domain.sync.repairs import DELETES_UNASKED
from infra.drills.api import Sent
from infra.drills.history.checker import Kind
from infra.drills.history.drive import Exercise, History, drive
from infra.drills.history.in_process import ground
from infra.drills.history.in_process.ground import InProcessGround, in_process_ground
from infra.drills.history.wishes import ALL, DATES, TYPES, Flip, FlipKind
from infra.local.throwaway import mongod

PLANTED = "tests.integration.infra.history.planted_faults:"
FORWARD, BACK = Flip(FlipKind.MODE, 0, 0, forward=True), Flip(FlipKind.MODE, 0, 0, forward=False)
EVERYBODY_NEW = Flip(FlipKind.PERCENT, ALL, 100, forward=True)
LIFE, KILL = Flip(FlipKind.LIFE, 1, 0, forward=True), Flip(FlipKind.KILL, 0, 0, forward=True)
# A database begins in dual_write; the way back to it drains.
NEW_ONLY_AND_BACK, OLD_ONLY_AND_BACK = (FORWARD, LIFE, BACK), (BACK, LIFE, FORWARD)
EVERYTHING = (EVERYBODY_NEW, *NEW_ONLY_AND_BACK, KILL, LIFE, EVERYBODY_NEW, *OLD_ONLY_AND_BACK)
# Processes that begin in old_only, and go on in dual_write.
BORN_BEFORE = (BACK, *(LIFE,) * 6, FORWARD, EVERYBODY_NEW)


@dataclass(frozen=True)
class Fault:
    """What must be found, and how a history meets it. ``held``: the share of writes that are held up."""

    kinds: set[Kind]
    schedule: tuple[Flip, ...] = (EVERYBODY_NEW,)
    held: float = 0.02


FAULTS = {
    "dual_write_off": Fault({Kind.UNREAD}),
    "refresh_without_the_version_guard": Fault({Kind.FELL}, held=0.2),
    "a_cached_mode": Fault({Kind.UNREAD}, BORN_BEFORE),
    "a_resurrected_delete": Fault({Kind.BACK}),
    "a_stale_etag": Fault({Kind.ETAG, Kind.UNREAD}),
    "an_if_match_that_nobody_looks_at": Fault({Kind.ETAG}),
    "a_consistent_read_of_a_stale_view": Fault({Kind.UNREAD}, held=0.1),
    "a_view_that_counts_wrong": Fault({Kind.UNREAD, Kind.UNEQUAL}),
}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server of its own: a history shortens the life of its transactions."""
    with mongod() as uri:
        yield uri


def made(
    opened: AbstractContextManager[InProcessGround], schedule: tuple[Flip, ...], operations: int, people: int = 6
) -> History:
    exercise = Exercise(17, people=people, flips=len(schedule), operations=operations, schedule=schedule)
    with opened as drilled:
        return drive(drilled, exercise, lambda _: None)


def test_no_answer_denies_an_earlier_one_while_everything_flips(server: str) -> None:
    history = made(in_process_ground(17, server), EVERYTHING, 1_500)
    assert [violation.as_document() for violation in history.violations] == []
    assert history.is_right
    assert len(history.operations) >= 1_500
    assert len(history.flips) + history.refused_flips == len(EVERYTHING)
    assert history.acknowledged > 300


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_with_its_proof(server: str, fault: str) -> None:
    planted = FAULTS[fault]
    history = made(in_process_ground(17, server, held=planted.held, fault=PLANTED + fault), planted.schedule, 1_000)
    found = {violation.kind for violation in history.violations}
    assert found >= planted.kinds
    assert not history.is_right
    assert all(violation.operations for violation in history.violations if violation.kind is not Kind.UNEQUAL)


def test_a_write_during_the_drain_is_found(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for writes of the mode before: those of a moment in ``old_only`` commit behind the comparison."""
    monkeypatch.setattr(SyncState, "drain_seconds", lambda _: 0.0)
    monkeypatch.setattr(ground, "TRANSACTION_SECONDS", 20)  # the server lets such a write live
    planted = in_process_ground(17, server, fault=f"{PLANTED}slow_writes_in_old_only")
    history = made(planted, (*(EVERYBODY_NEW,) * 28, BACK, FORWARD), 120, people=12)
    assert {violation.kind for violation in history.violations} >= {Kind.LOST, Kind.UNEQUAL}


def test_what_people_have_removed_in_old_only_stops_the_sync_job_and_is_answered(server: str) -> None:
    with in_process_ground(17, server, held=0.0) as drilled:
        readings = [
            {"type": kind, "date": date.isoformat(), "amount": 1, "confirm": True} for kind in TYPES for date in DATES
        ]
        ids = [sent(drilled, "POST", "", reading)["id"] for reading in readings]
        assert drilled.flip(BACK) == "old_only"
        for reading_id in ids[: 2 * DELETES_UNASKED]:
            sent(drilled, "DELETE", f"/{reading_id}")
        assert drilled.flip(FORWARD) == "dual_write"
        drilled.settle(["alice"])
        assert drilled.differences() == []


def sent(drilled: InProcessGround, method: str, path: str, body: object = None) -> Any:
    content = b"" if body is None else json.dumps(body).encode()
    reply = drilled.transport(Sent(method, f"/components/energy_forms{path}", "alice", content))
    assert reply is not None
    assert reply.status < 300
    return json.loads(reply.body or b"null")
