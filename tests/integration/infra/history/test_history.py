"""People under flips, on processes of this machine: nothing is wrong, and whatever is planted is found.

A fault happens in every history that it is planted in, however fast the machine is. Who meets it is chance: people do
mostly what meets it, and live again, with other wishes, until they have.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pymongo import MongoClient

from chalicelib.domain.backends.sync_mode import SyncState
from chalicelib.domain.migration.sync.repairs import DELETES_UNASKED
from infra.drills.api import Reply, Sent
from infra.drills.history import person, wishes
from infra.drills.history.checker import Kind
from infra.drills.history.drive import Exercise, History, drive
from infra.drills.history.ground import Ground
from infra.drills.history.in_process import ground
from infra.drills.history.in_process.ground import GroundSource, InProcessGround, ground_source
from infra.drills.history.views import VIEWS, View
from infra.drills.history.wishes import ALL, DATES, TYPES, Flip, FlipKind, WishKind
from infra.local.waiting import wait_until
from tests.integration.infra.history.planted_faults import HELD_WRITES

pytestmark = pytest.mark.long

PLANTED = "tests.integration.infra.history.planted_faults:"
FORWARD, BACK = Flip(FlipKind.MODE, 0, 0, forward=True), Flip(FlipKind.MODE, 0, 0, forward=False)
EVERYBODY_NEW = Flip(FlipKind.PERCENT, ALL, 100, forward=True)
LIFE, KILL = Flip(FlipKind.LIFE, 1, 0, forward=True), Flip(FlipKind.KILL, 0, 0, forward=True)
# A database begins in dual_write; the way back to it drains.
NEW_ONLY_AND_BACK, OLD_ONLY_AND_BACK = (FORWARD, LIFE, BACK), (BACK, LIFE, FORWARD)
EVERYTHING = (EVERYBODY_NEW, *NEW_ONLY_AND_BACK, KILL, LIFE, EVERYBODY_NEW, *OLD_ONLY_AND_BACK)
DISPLAY = tuple(view for view in VIEWS if view.path.startswith("/v2/display"))
MONTHS = tuple(view for view in VIEWS if view.path.startswith("/components/monthly_charts"))
LIVES, OPERATIONS = 8, 70


@dataclass(frozen=True)
class Fault:
    """What must be found, and how people meet it: what flips, what they wish mostly, which views they look at.

    ``calm``: nobody goes on before the events of a write are handled. A machine that handles them late would refresh
    a meter once for many writes, and seldom do what is planted.
    """

    kinds: set[Kind]
    schedule: tuple[Flip, ...] = (EVERYBODY_NEW,)
    wish: WishKind = WishKind.LOOK
    views: tuple[View, ...] = VIEWS
    calm: bool = False


FAULTS = {
    "dual_write_off": Fault({Kind.UNREAD}),
    "refresh_without_the_version_guard": Fault({Kind.FELL}, views=DISPLAY, calm=True),
    "a_cached_mode": Fault({Kind.UNREAD}, (BACK, FORWARD, EVERYBODY_NEW)),
    "a_resurrected_delete": Fault({Kind.BACK}, wish=WishKind.REMOVE),
    "a_stale_etag": Fault({Kind.ETAG, Kind.UNREAD}, views=DISPLAY),
    "an_if_match_that_nobody_looks_at": Fault({Kind.ETAG}, wish=WishKind.OUTDATED),
    "a_consistent_read_of_a_stale_view": Fault({Kind.UNREAD}),
    "a_view_that_counts_wrong": Fault({Kind.UNREAD, Kind.UNEQUAL}),
    "months_of_the_new_backend_without_the_last_one": Fault({Kind.BODIES}, views=MONTHS),
}


@pytest.fixture(scope="module")
def source() -> Iterator[GroundSource]:
    """A server of its own: a history shortens the life of its transactions, here by half again."""
    with pytest.MonkeyPatch.context() as shorter, ground_source() as made_of:
        shorter.setattr(ground, "TRANSACTION_SECONDS", 1)
        yield made_of


@pytest.fixture
def one_event_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events are handled one after the other, and no fault waits for two that meet."""
    monkeypatch.setattr(ground, "REQUEST_PROCESSES", 3)
    monkeypatch.setattr(ground, "EVENT_PROCESSES", 1)


def made(drilled: Ground, seed: int, schedule: tuple[Flip, ...], operations: int, people: int) -> History:
    exercise = Exercise(seed, people=people, flips=len(schedule), operations=operations, schedule=schedule)
    return drive(drilled, exercise, lambda _: None)


def test_no_answer_denies_an_earlier_one_while_everything_flips(source: GroundSource) -> None:
    with source.ground(17) as drilled:
        history = made(drilled, 17, EVERYTHING, 120, people=3)
    assert [violation.as_document() for violation in history.violations] == []
    assert history.is_right
    assert len(history.operations) > 120
    assert len(history.flips) + history.refused_flips == len(EVERYTHING)
    assert history.acknowledged > 40


@pytest.mark.usefixtures("one_event_process")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_with_its_proof(
    source: GroundSource, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted, found = FAULTS[fault], set[Kind]()
    monkeypatch.setitem(wishes._KINDS, planted.wish, 100)
    monkeypatch.setattr(person, "VIEWS", planted.views)
    for seed in range(LIVES):
        with source.ground(seed, held=0.0, fault=PLANTED + fault) as drilled:
            lived_on = AfterEveryEvent(drilled) if planted.calm else drilled
            history = made(lived_on, seed, planted.schedule, OPERATIONS, people=2)
        assert all(violation.operations for violation in history.violations if violation.kind is not Kind.UNEQUAL)
        found |= {violation.kind for violation in history.violations}
        if found >= planted.kinds:
            break
    assert found >= planted.kinds
    assert not history.is_right


@pytest.mark.usefixtures("one_event_process")
def test_a_write_during_the_drain_is_found(source: GroundSource, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for writes of the mode before: those of a moment in ``old_only`` commit behind the comparison."""
    monkeypatch.setattr(SyncState, "drain_seconds", lambda _: 0.0)
    monkeypatch.setattr(ground, "TRANSACTION_SECONDS", 20)  # the server lets such a write live
    monkeypatch.setitem(wishes._KINDS, WishKind.KEEP, 1_000)
    found = set[Kind]()
    for seed in range(LIVES):  # the write that is held up in one life may be refused, and then nothing is lost
        with source.ground(seed, held=0.0, fault=f"{PLANTED}slow_writes_in_old_only") as drilled:
            waiting = AfterAHeldWrite(drilled, source.uri)
            history = made(waiting, seed, (EVERYBODY_NEW, BACK, FORWARD), 0, people=2)
        found |= {violation.kind for violation in history.violations}
        if found >= {Kind.LOST, Kind.UNEQUAL}:
            break
    assert found >= {Kind.LOST, Kind.UNEQUAL}


class AfterEveryEvent:
    """Implements ``Ground``: a request is answered when the events of all before it are handled."""

    def __init__(self, inner: InProcessGround) -> None:
        self._inner = inner

    def transport(self, sent: Sent) -> Reply | None:
        reply = self._inner.transport(sent)
        assert self._inner.comes_to_rest(60)
        return reply

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class AfterAHeldWrite:
    """Implements ``Ground``: the sync mode goes forward when a write of the mode before is held up."""

    def __init__(self, inner: InProcessGround, uri: str) -> None:
        self._inner = inner
        self._uri = uri

    def flip(self, flip: Flip) -> str | None:
        if flip is FORWARD:
            with MongoClient[Any](self._uri) as client:
                held = client[ground.DATABASE][HELD_WRITES]
                assert wait_until(lambda: held.find_one() is not None, 60)
        return self._inner.flip(flip)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def test_once_it_has_settled_the_new_backend_answers_whatever_flipped_last(source: GroundSource) -> None:
    with source.ground(17, held=0.0) as drilled:
        for _ in range(20):
            drilled.transport(Sent("GET", "/components/dashboard", "alice"))
        drilled.settle([])
        answers = [drilled.transport(Sent("GET", "/components/dashboard", "alice")) for _ in range(20)]
    assert {answer and answer.backend for answer in answers} == {"new"}


def test_what_people_have_removed_in_old_only_stops_the_sync_job_and_is_answered(
    source: GroundSource,
) -> None:
    with source.ground(17, held=0.0) as drilled:
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
