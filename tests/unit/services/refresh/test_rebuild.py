"""What a rebuild does with each meter, alone and by workers, and how it counts; what it asks a recalculation for."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

import pytest

from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.errors import AccountErasedError, SyncModeError
from chalicelib.domain.meters.fan_out import FanOut
from chalicelib.domain.meters.walks import Finding, Verification, Walk, WalkProgress
from chalicelib.domain.ports.values import NewReading
from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT, EnergyType, MeterKey
from chalicelib.services.refresh.display_check import DisplayCheck
from chalicelib.services.refresh.meter_walk import MeterWalk
from chalicelib.services.refresh.rebuild import RebuildService
from chalicelib.services.refresh.recalculation import RecalculationService
from infra.simulation.memory.display import FakeDisplay
from infra.simulation.memory.store import FakeQueries, FakeStore, FakeTransaction
from infra.simulation.memory.walks import FakeMetersOfAll, FakeWalkControl

GAS, POWER = EnergyType.GAS, EnergyType.POWER
NOW = 1_700_000_000_123
MODE = SyncMode.DUAL_WRITE
METERS: list[MeterKey] = [("alice", GAS), ("alice", POWER), ("bob", GAS)]


class Calculation:
    """Notes what it is asked for; bob's meter it cannot calculate. It refreshes those of power."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.error: Exception = ValueError("12345.678 is no number")

    def refresh(self, user_id: str, energy_type: EnergyType, version: int | None = None) -> bool:
        self.asked.append((user_id, energy_type, version))
        if user_id == "bob":
            raise self.error
        return energy_type is POWER

    def take_over(self, user_id: str, energy_type: EnergyType) -> None:
        self.asked.append(("take over", user_id, energy_type))


class Home:
    """Meters of alice and bob, none of which is shown yet."""

    def __init__(self) -> None:
        self.store = FakeStore(lambda: NOW)
        self.store.stored.sync = SyncState(MODE, 1)
        self.calculation = Calculation()
        for user, kind in METERS:
            transaction = FakeTransaction(self.store.stored, user, [*Side], lambda: "1")
            transaction.readings.add(NewReading(kind, 0, Decimal(1), "manual"), 0)
            transaction.meters.mark_changed(kind, 0, 0, NOW)

    @property
    def recalculation(self) -> RecalculationService:
        return RecalculationService(self.store, cast(Any, self.calculation), lambda: NOW)

    @property
    def service(self) -> RebuildService:
        meters, control = FakeMetersOfAll(self.store), FakeWalkControl(self.store)
        check = DisplayCheck(meters, FakeQueries(self.store), FakeDisplay(self.store), lambda: NOW)
        return RebuildService(control, MeterWalk(control, meters), check, self.recalculation)

    def versions(self) -> list[int]:
        return [self.store.stored.meters[meter].state.source_version for meter in METERS]

    def worked(self, walk: Walk) -> Verification:
        """What a worker's look says of all meters."""
        fan_out = FanOut(walk, "1", NOW, 1, MODE, "", NOW)
        job = self.service.in_ranges()[walk]
        return job.look(fan_out)(METERS, job.begin())


@pytest.fixture
def home() -> Home:
    return Home()


PROBLEM = "cannot be calculated (ValueError), though no field of its documents holds a value of a wrong kind"
FINDING = Finding("bob", GAS, "meters", "bob|gas", PROBLEM)
FOUND = Verification(MODE, 3, 0, 1, (FINDING,))


def test_a_sweep_refreshes_what_lags_and_marks_nothing(home: Home) -> None:
    assert home.worked(Walk.SWEEP) == FOUND
    assert home.calculation.asked == [(*meter, None) for meter in METERS]
    assert home.versions() == [1, 1, 1]


def test_a_rebuild_marks_each_meter_and_refreshes_it_whoever_shows_it(home: Home) -> None:
    assert home.worked(Walk.REBUILD) == FOUND
    asked = [([("take over", *meter), (*meter, None)]) for meter in METERS]
    assert home.calculation.asked == [each for pair in asked for each in pair]
    assert home.versions() == [2, 2, 2]
    for meter in METERS:
        marked = home.store.stored.meters[meter]
        assert (marked.dirty_from, marked.dirty_to) == (FIRST_INSTANT, LAST_INSTANT)


def test_a_check_counts_what_lags_and_changes_nothing(home: Home) -> None:
    assert home.worked(Walk.CHECK) == Verification(MODE, 3, 3, 0)
    assert (home.calculation.asked, home.versions()) == ([], [1, 1, 1])


@pytest.mark.parametrize("act", [RebuildService.check, RebuildService.rebuild])
def test_one_persons_meters_are_looked_at_alone_and_nothing_is_kept_of_it(
    home: Home, act: Callable[[RebuildService, str], Verification]
) -> None:
    seen = act(home.service, "alice")
    assert (seen.meters, seen.differences, home.store.walks) == (2, 0, {})


@pytest.mark.parametrize(("act", "walk"), [(RebuildService.check, Walk.CHECK), (RebuildService.rebuild, Walk.REBUILD)])
def test_an_interrupted_one_is_taken_up_unless_it_should_begin_again(
    home: Home, act: Callable[..., Verification], walk: Walk
) -> None:
    def interrupted() -> None:
        seen = Verification(MODE, 2, 1, 0)
        home.store.walks = {walk: WalkProgress(NOW, 1, METERS[1], seen)}

    interrupted()
    progress: list[int] = []
    taken_up = act(home.service, None, lambda seen: progress.append(seen.meters))
    assert (taken_up.meters, taken_up.resumed, progress) == (3, METERS[1], [3])
    assert home.store.walks == {}
    interrupted()
    assert act(home.service, None, lambda seen: progress.append(seen.meters), restart=True).resumed is None
    assert progress == [3, 3]


@pytest.mark.parametrize("act", [RebuildService.check, RebuildService.rebuild])
def test_while_nothing_is_shown_from_documents_there_is_nothing_to_check_or_rebuild(
    home: Home, act: Callable[[RebuildService], Verification]
) -> None:
    home.store.stored.sync = SyncState(SyncMode.OLD_ONLY)
    words = "^the mode is old_only: nothing is shown from display documents, and none are kept$"
    with pytest.raises(SyncModeError, match=words):
        act(home.service)


def test_all_meters_of_a_person_are_calculated_again_at_the_versions_that_they_got(home: Home) -> None:
    assert home.recalculation.recalculate("alice") == 1
    assert home.calculation.asked == [("alice", GAS, 2), ("alice", POWER, 2)]
    assert home.versions() == [2, 2, 1]


def test_only_the_named_ones_are_touched_and_none_is_made(home: Home) -> None:
    changes = home.recalculation.touch("alice", [POWER])
    assert [(change.type, change.source_version) for change in changes] == [(POWER, 2)]
    assert home.recalculation.touch("bob", [POWER]) == []
    assert home.versions() == [1, 2, 1]
    assert ("bob", POWER) not in home.store.stored.meters


def test_a_renewal_says_whether_this_call_did_it(home: Home) -> None:
    assert [home.recalculation.renew("alice", kind) for kind in (GAS, POWER)] == [False, True]
    assert [home.recalculation.catch_up("alice", kind) for kind in (GAS, POWER)] == [False, True]


def test_a_meter_of_an_account_that_was_erased_stays_away(home: Home) -> None:
    home.store.closed["alice"] = 1
    assert home.recalculation.renew("alice", POWER) is False
    assert home.recalculation.touch("alice") == []
    assert home.recalculation.recalculate("alice") == 0
    assert home.calculation.asked == []


def test_an_account_that_is_erased_while_its_meter_is_taken_over_ends_a_renewal(home: Home) -> None:
    class Erased(Calculation):
        def take_over(self, user_id: str, energy_type: EnergyType) -> None:
            raise AccountErasedError("this account was erased", 1)

    home.calculation = Erased()
    assert home.recalculation.renew("alice", POWER) is False
    assert home.calculation.asked == []
