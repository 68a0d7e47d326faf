"""A walk takes long: what it has found of somebody whose account is erased meanwhile is no finding, and is not kept."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from chalicelib.domain.backends.sides import Side, SyncMode, SyncState
from chalicelib.domain.meters.walks import (
    Finding,
    Verification,
    Walk,
)
from chalicelib.domain.ports.values import NewReading
from chalicelib.domain.readings import (
    EnergyType,
    MeterKey,
)
from chalicelib.services.refresh.meter_walk import MeterWalk
from infra.simulation.memory.store import FakeStore, FakeTransaction
from infra.simulation.memory.walks import FakeMetersOfAll, FakeWalkControl

GAS, POWER = EnergyType.GAS, EnergyType.POWER
SYNC = SyncState(SyncMode.DUAL_WRITE)


def found(user: str, kind: EnergyType = GAS) -> Verification:
    finding = Finding(user, kind, "meters", "a document", "is not as it should be")
    return Verification(SYNC.mode, 1, 0, 1, (finding,))


def test_without_somebody_the_counts_are_those_of_the_others() -> None:
    seen = Verification(SYNC.mode).plus(found("ann")).plus(found("bob")).plus(found("ann", POWER)).plus(found("bob"))
    left = seen.without({"ann"})
    assert left.differences == 2
    assert {finding.user_id for finding in left.findings} == {"bob"}
    assert left.kinds == ((("meters", GAS, "not as it should be"), 2),)
    assert left.meters == seen.meters
    assert seen.without({"zoe"}) == seen


def test_what_was_found_before_an_account_was_erased_goes_with_the_next_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.services.refresh.meter_walk.METERS_AT_ONCE", 1)
    store = FakeStore(lambda: 0)
    control = FakeWalkControl(store)
    for user in ("ann", "bob"):
        FakeTransaction(store.stored, user, [Side.NEW], lambda: "1").readings.add(
            NewReading(GAS, 0, Decimal(1), "manual"), 0
        )

    def look(page: Sequence[MeterKey], _: SyncState) -> Verification:
        [(user, _kind)] = page
        if user == "bob":
            store.closed["ann"] = 1
        return found(user)

    kept: list[set[str]] = []

    def progress(_: Verification) -> None:
        walk = control.walk_progress(Walk.VERIFY)
        assert walk
        kept.append({finding.user_id for finding in walk.seen.findings})

    seen = MeterWalk(control, FakeMetersOfAll(store)).over_all(Walk.VERIFY, SYNC, look, progress, restart=True)
    assert kept == [{"ann"}, {"bob"}]
    assert (seen.differences, seen.meters) == (1, 2)
