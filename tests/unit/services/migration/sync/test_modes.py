"""Showing, changing and recovering the sync mode: what is refused in which words, and what is stored."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from chalicelib.domain.backends.sync_mode import ModeChange, Side, SyncMode, SyncState
from chalicelib.domain.errors import InvalidInputError, SyncModeError, SyncStoppedError
from chalicelib.domain.migration.sync.reconciliation import SyncStop
from chalicelib.domain.migration.sync.recovery import Remains
from chalicelib.services.migration.sync.sync_modes import ModeReport, SyncModeService
from infra.simulation.memory.migration.control import FakeSyncControl
from infra.simulation.memory.store import FakeStore

NOW = 1_700_000_000_000
OLD_ONLY, DUAL_WRITE, NEW_ONLY = SyncMode.OLD_ONLY, SyncMode.DUAL_WRITE, SyncMode.NEW_ONLY
MEANWHILE = "somebody else has changed the mode meanwhile; look at it again: python -m infra mode show"


def test_the_mode_is_a_document_for_programs() -> None:
    state = SyncState(DUAL_WRITE, NOW, Side.NEW)
    change = ModeChange(DUAL_WRITE, NOW + 1_000, "it is time", "olga")
    report = ModeReport(state, 12.345, [change], SyncStop(NOW, "most of it is gone"))
    assert report.as_document() == {
        "mode": "dual_write",
        "since": "2023-11-14T22:13:20Z",
        "authoritative": "new",
        "catchingUp": "new",
        "drainSeconds": 12.3,
        "stopped": "most of it is gone",
        "changes": [{"mode": "dual_write", "at": "2023-11-14T22:13:21Z", "reason": "it is time", "by": "olga"}],
    }
    assert ModeReport(SyncState(), 0.0, []).as_document() == {
        "mode": "old_only",
        "since": None,
        "authoritative": "old",
        "catchingUp": None,
        "drainSeconds": 0.0,
        "stopped": None,
        "changes": [],
    }


class Control(FakeSyncControl):
    """A server that says how long its transactions live, or not."""

    lifetime: int | None = None

    def transaction_seconds(self) -> int | None:
        return self.lifetime


@dataclass
class Desk:
    """The service on fakes; what is counted is what a test says."""

    differences: int = 0
    equal: bool = True
    old: int = 0
    new: int = 0

    def __post_init__(self) -> None:
        self.store = FakeStore(lambda: NOW)
        self.control = Control(self.store)
        self.service = SyncModeService(self.control, lambda: self.differences, lambda: self.equal, self.count)

    def count(self, side: Side) -> int:
        return self.old if side is Side.OLD else self.new

    def at(self, state: SyncState) -> "Desk":
        self.store.stored.sync = state
        return self

    def set(self, mode: SyncMode) -> SyncState:
        return self.service.set(mode, " it is time ", "olga")


@pytest.fixture
def desk() -> Desk:
    return Desk().at(SyncState())


def test_a_change_is_stored_with_who_and_why_and_its_drain_begins(desk: Desk) -> None:
    state = desk.set(DUAL_WRITE)
    assert (state.mode, state.since, state.catching_up, state.full_drain_seconds) == (DUAL_WRITE, NOW, Side.OLD, 91)
    assert desk.control.changes() == [ModeChange(DUAL_WRITE, NOW, "it is time", "olga", Side.OLD)]
    assert desk.service.show() == ModeReport(state, 91.0, desk.control.changes(), None)


def test_the_drain_is_as_long_as_the_servers_transactions_may_live(desk: Desk) -> None:
    desk.control.lifetime = 100
    assert desk.set(DUAL_WRITE).full_drain_seconds == 151


@pytest.mark.parametrize("change", [lambda desk: desk.service.set(DUAL_WRITE, " "), lambda desk: recover(desk, " ")])
def test_without_a_reason_nothing_changes(desk: Desk, change: Callable[[Desk], SyncState]) -> None:
    with pytest.raises(InvalidInputError, match="say why"):
        change(desk)
    assert desk.control.changes() == []


def recover(desk: Desk, reason: str = "it is lost", wanted: SyncMode | None = None) -> SyncState:
    return desk.service.recover(wanted, reason, "olga")


def test_only_a_neighbour_follows(desk: Desk) -> None:
    with pytest.raises(SyncModeError, match="new_only cannot follow it directly"):
        desk.set(NEW_ONLY)
    with pytest.raises(SyncModeError, match="the mode is old_only already"):
        desk.set(OLD_ONLY)


def test_while_the_job_is_stopped_no_mode_changes(desk: Desk) -> None:
    desk.control.save_stop(SyncStop(NOW, "most of it is gone"))
    with pytest.raises(SyncStoppedError, match="most of it is gone"):
        desk.set(DUAL_WRITE)


@pytest.mark.parametrize(("old", "new"), [(0, 10), (20, 30), (30, 0)])
def test_the_side_that_goes_on_may_lack_ten_documents(desk: Desk, old: int, new: int) -> None:
    desk.at(SyncState(DUAL_WRITE))
    desk.old, desk.new = old, new
    assert desk.set(OLD_ONLY).mode is OLD_ONLY


def test_a_side_that_lacks_more_does_not_go_on_alone(desk: Desk) -> None:
    desk.at(SyncState(DUAL_WRITE))
    desk.old, desk.new = 20, 31
    expected = "the old side goes on alone, and it has 20 documents, the other one 31; look at it: .* repair$"
    with pytest.raises(SyncModeError, match=expected):
        desk.set(OLD_ONLY)


def test_the_other_side_must_be_complete_and_drained(desk: Desk) -> None:
    desk.at(SyncState(DUAL_WRITE, NOW - 90_000)).old = 99
    with pytest.raises(SyncModeError, match="may still arrive: wait 1 s"):
        desk.set(NEW_ONLY)
    desk.at(SyncState(DUAL_WRITE, NOW - 91_000)).differences = 3
    expected = r"the new side is not complete, verify finds differences \(3\); first: python -m infra repair --apply$"
    with pytest.raises(SyncModeError, match=expected):
        desk.set(NEW_ONLY)
    desk.differences = 0
    assert desk.set(NEW_ONLY).mode is NEW_ONLY


def test_a_side_that_catches_up_cannot_go_on_alone_and_the_other_one_can(desk: Desk) -> None:
    desk.at(SyncState(DUAL_WRITE, NOW - 91_000, Side.NEW))
    expected = "the old side still catches up with the new one; first: python -m infra sync$"
    with pytest.raises(SyncModeError, match=expected):
        desk.set(OLD_ONLY)
    assert desk.set(NEW_ONLY).mode is NEW_ONLY


def test_towards_dual_write_nothing_is_counted(desk: Desk) -> None:
    desk.at(SyncState(NEW_ONLY))
    desk.differences, desk.old, desk.new = 9, 99, 0
    assert desk.set(DUAL_WRITE).catching_up is Side.NEW


def test_who_was_slower_than_somebody_else_is_told_to_look_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.control, "change", lambda *_: None)
    with pytest.raises(SyncModeError, match=MEANWHILE):
        desk.set(DUAL_WRITE)
    desk.store.lost = Remains("it is damaged")
    monkeypatch.setattr(desk.control, "recover", lambda *_: None)
    with pytest.raises(SyncModeError, match=MEANWHILE):
        recover(desk)


def test_a_mode_that_is_not_lost_is_not_recovered(desk: Desk) -> None:
    with pytest.raises(SyncModeError, match="not lost, nothing to recover; look at it: python -m infra mode show"):
        recover(desk)


def test_a_lost_mode_is_written_as_the_history_says_or_as_an_operator_does(desk: Desk) -> None:
    desk.control.lifetime = 100
    history = [ModeChange(NEW_ONLY, NOW - 5, "before", "otto")]
    desk.store.lost = Remains("it is damaged", changes=history)
    state = recover(desk, " it is lost ")
    assert (state.mode, state.since, state.full_drain_seconds) == (NEW_ONLY, NOW, 151)
    assert desk.control.changes()[-1] == ModeChange(NEW_ONLY, NOW, "it is lost", "olga")
    desk.store.lost = Remains("it is damaged", changes=history)
    state = recover(desk, wanted=DUAL_WRITE)
    assert (state.mode, state.catching_up) == (DUAL_WRITE, Side.NEW)


def test_whether_the_sides_are_equal_decides_where_nothing_else_does(desk: Desk) -> None:
    remains = Remains("it is gone", sides=frozenset(Side))
    desk.store.lost = remains
    assert recover(desk).mode is DUAL_WRITE
    desk.store.lost, desk.equal = replace(remains), False
    with pytest.raises(SyncModeError, match="the two sides differ"):
        recover(desk)
