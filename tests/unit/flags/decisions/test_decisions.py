"""The order in which a decision is made, and that nothing it meets can make it fail."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.migration.records.decision import Decision, Reason
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.decisions.rules import features_of
from chalicelib.flags.decisions.store import FixedFlagStore, Loaded
from chalicelib.flags.document.bucketing import bucket
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.flag_document import FlagDocument
from chalicelib.flags.document.names import COMPONENT_FLAGS, GLOBAL
from chalicelib.services.migration.backends.decisions import RolloutService

TABLE = COMPONENT_FLAGS[Component.ENERGY_TABLE]
ON = Flag(TABLE, 0, 0, enabled=True)
HALF = Decimal(50)
IN_HALF, OUT_OF_HALF = "alice", "bob"


def decision(flag: Flag | None, user_id: str = "alice", *, gate: bool = True, **document: Any) -> Decision:
    flags = {GLOBAL: Flag(GLOBAL, 0, 0, enabled=gate)} | ({flag.name: flag} if flag else {})
    decisions = FlagDecisions(FixedFlagStore(FlagDocument(flags, version="d1", **document)))
    return decisions.should_use_new_backend(user_id, Component.ENERGY_TABLE)


def reason(*args: Any, **kwargs: Any) -> tuple[Backend, str]:
    found = decision(*args, **kwargs)
    return found.backend, found.reason


def test_the_users_of_these_tests_are_on_either_side_of_half() -> None:
    assert bucket(TABLE, IN_HALF) < 50_000 <= bucket(TABLE, OUT_OF_HALF)


def test_the_global_gate_goes_before_everything() -> None:
    everything = replace(ON, rollout_percent=Decimal(100), test_user_ids=("alice",))
    assert reason(everything, gate=False) == (Backend.OLD, Reason.GLOBAL_OFF)


class TurnedStore(FixedFlagStore):
    """A store whose document is another one at some time."""

    def __init__(self, *documents: FlagDocument) -> None:
        self._all = [Loaded(document) for document in documents]
        super().__init__(documents[0])

    def turn(self) -> None:
        self._loaded = self._all[self._all.index(self._loaded) - 1]


def test_the_global_gate_is_that_of_the_document_that_counts_now() -> None:
    everything = {TABLE: replace(ON, rollout_percent=Decimal(100))}
    gates = [
        FlagDocument({GLOBAL: Flag(GLOBAL, 0, 0, enabled=on), **everything}, version=str(on)) for on in (True, False)
    ]
    store = TurnedStore(*gates)
    decisions, seen = FlagDecisions(store), []
    for _ in range(4):
        seen.append(decisions.should_use_new_backend("alice", Component.ENERGY_TABLE).backend)
        store.turn()
    assert seen == [Backend.NEW, Backend.OLD, Backend.NEW, Backend.OLD]


def test_a_component_that_is_off_or_missing_is_old_for_test_users_too() -> None:
    off = replace(ON, enabled=False, rollout_percent=Decimal(100), test_user_ids=("alice",))
    assert reason(off) == reason(None) == (Backend.OLD, Reason.COMPONENT_OFF)


def test_whoever_is_blocked_is_old_even_as_a_test_user_and_at_100_percent() -> None:
    flag = replace(ON, rollout_percent=Decimal(100), test_user_ids=("alice",), blocked_user_ids=("alice",))
    assert reason(flag) == (Backend.OLD, Reason.BLOCKED)
    assert reason(flag, "bob") == (Backend.NEW, Reason.PERCENTAGE_IN)


def test_a_test_user_is_new_at_0_percent() -> None:
    assert reason(replace(ON, test_user_ids=("alice",))) == (Backend.NEW, Reason.TEST_USER)


def test_then_the_bucket_decides() -> None:
    flag = replace(ON, rollout_percent=HALF)
    assert reason(flag, IN_HALF) == (Backend.NEW, Reason.PERCENTAGE_IN)
    assert reason(flag, OUT_OF_HALF) == (Backend.OLD, Reason.PERCENTAGE_OUT)


def test_a_percentage_by_id_asks_for_the_id_and_not_for_the_bucket() -> None:
    flag = replace(ON, rollout_percent=HALF, exact_user_ids=(OUT_OF_HALF,))
    assert reason(flag, OUT_OF_HALF) == (Backend.NEW, Reason.PERCENTAGE_IN)
    assert reason(flag, IN_HALF) == (Backend.OLD, Reason.PERCENTAGE_OUT)


def test_a_malformed_flag_is_old_and_says_so_while_others_decide() -> None:
    assert reason(None, malformed={TABLE: "why"}) == (Backend.OLD, Reason.MALFORMED)
    assert (
        reason(replace(ON, rollout_percent=Decimal(100)), malformed={"dashboard_new_backend": "why"})[0] is Backend.NEW
    )


def test_a_malformed_gate_is_shut() -> None:
    document = FlagDocument({TABLE: replace(ON, rollout_percent=Decimal(100))}, {GLOBAL: "why"})
    found = FlagDecisions(FixedFlagStore(document)).should_use_new_backend("alice", Component.ENERGY_TABLE)
    assert (found.backend, found.reason) == (Backend.OLD, Reason.MALFORMED)


def test_a_decision_names_the_bucket_and_the_document() -> None:
    found = decision(replace(ON, rollout_percent=HALF), IN_HALF)
    assert (found.bucket, found.document_version) == (bucket(TABLE, IN_HALF), "d1")


class Modes:
    """The sync mode of a database that can be down."""

    def __init__(self, state: SyncState) -> None:
        self.state = state
        self.down = False
        self.reads = 0

    def __call__(self) -> SyncState:
        self.reads += 1
        if self.down:
            raise UnavailableError("down")
        return self.state


class Flags:
    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def should_use_new_backend(self, user_id: str, component: Component) -> Decision:
        if self.error:
            raise self.error
        return Decision(Backend.NEW, Reason.PERCENTAGE_IN)


class Clock:
    now = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now


def service(state: SyncState, error: Exception | None = None) -> tuple[RolloutService, Modes, Clock]:
    modes, clock = Modes(state), Clock()
    return RolloutService(Flags(error), modes, clock), modes, clock


@pytest.mark.parametrize(
    ("state", "backend", "reason"),
    [
        (SyncState(SyncMode.OLD_ONLY), Backend.OLD, Reason.OLD_ONLY),
        (SyncState(SyncMode.NEW_ONLY), Backend.NEW, Reason.NEW_ONLY),
        (SyncState(SyncMode.DUAL_WRITE, 1, Side.OLD), Backend.OLD, Reason.CATCHING_UP),
        (SyncState(SyncMode.DUAL_WRITE, 1, Side.NEW), Backend.NEW, Reason.PERCENTAGE_IN),
        (SyncState(SyncMode.DUAL_WRITE), Backend.NEW, Reason.PERCENTAGE_IN),
    ],
)
def test_the_sync_mode_decides_before_the_flags(state: SyncState, backend: Backend, reason: Reason) -> None:
    found = service(state)[0].should_use_new_backend("alice", Component.ENERGY_TABLE)
    assert (found.backend, found.reason) == (backend, reason)


def test_the_mode_is_read_once_a_second_at_most() -> None:
    decisions, modes, clock = service(SyncState(SyncMode.DUAL_WRITE))
    for _ in range(3):
        decisions.should_use_new_backend("alice", Component.ENERGY_TABLE)
    assert modes.reads == 1
    modes.state = SyncState(SyncMode.OLD_ONLY)
    clock.now += 999
    assert decisions.should_use_new_backend("alice", Component.ENERGY_TABLE).reason == Reason.PERCENTAGE_IN
    clock.now += 1
    assert decisions.should_use_new_backend("alice", Component.ENERGY_TABLE).reason == Reason.OLD_ONLY
    modes.state = SyncState(SyncMode.NEW_ONLY)
    clock.now -= 1  # a clock that was set back
    assert decisions.should_use_new_backend("alice", Component.ENERGY_TABLE).reason == Reason.NEW_ONLY


def test_without_a_readable_mode_everybody_gets_the_old_backend() -> None:
    decisions, modes, clock = service(SyncState(SyncMode.NEW_ONLY))
    modes.down = True
    assert decisions.should_use_new_backend("alice", Component.DASHBOARD) == Decision(Backend.OLD, Reason.NO_MODE)
    modes.down, clock.now = False, clock.now + 1
    assert decisions.should_use_new_backend("alice", Component.DASHBOARD).backend is Backend.NEW


def test_a_defect_in_the_flags_does_not_take_the_application_down(capsys: pytest.CaptureFixture[str]) -> None:
    decisions, _, _ = service(SyncState(SyncMode.DUAL_WRITE), ValueError("a defect"))
    assert decisions.should_use_new_backend("alice", Component.DASHBOARD) == Decision(Backend.OLD, Reason.FAILED)


def test_a_user_id_that_cannot_be_encoded_is_old() -> None:
    modes, clock = Modes(SyncState(SyncMode.DUAL_WRITE)), Clock()
    document = FlagDocument({GLOBAL: Flag(GLOBAL, 0, 0, enabled=True), TABLE: replace(ON, rollout_percent=HALF)})
    decisions = RolloutService(FlagDecisions(FixedFlagStore(document)), modes, clock)
    found = decisions.should_use_new_backend("\ud800", Component.ENERGY_TABLE)
    assert (found.backend, found.reason) == (Backend.OLD, Reason.FAILED)


class Counting(FixedFlagStore):
    """A document, and how often Powertools has asked for it."""

    asked = 0

    def get_configuration(self) -> dict[str, Any]:
        self.asked += 1
        return super().get_configuration()


def test_the_global_gate_is_asked_once_for_each_document() -> None:
    store = Counting(FlagDocument({GLOBAL: Flag(GLOBAL, 0, 0, enabled=True)}))
    decisions = FlagDecisions(store)
    for user_id in ("alice", "bob", "carol"):
        assert decisions.should_use_new_backend(user_id, Component.ENERGY_TABLE).reason == Reason.COMPONENT_OFF
    assert store.asked == 4


def test_people_in_a_list_are_found_without_searching_it() -> None:
    flag = Flag(TABLE, 0, 0, enabled=True, test_user_ids=("t", "u"), blocked_user_ids=("b",))
    rules = features_of(FlagDocument({TABLE: flag}))[TABLE]["rules"]
    assert rules["testUsers"]["conditions"] == [{"action": "IN", "key": "user_id", "value": frozenset({"t", "u"})}]
    assert rules["blocked"]["conditions"] == [{"action": "IN", "key": "user_id", "value": frozenset({"b"})}]
