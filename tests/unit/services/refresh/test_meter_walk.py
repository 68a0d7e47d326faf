"""A walk takes long: what it has found of somebody whose account is erased meanwhile is no finding, and is not kept."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.meters.fan_out import MeterRange
from chalicelib.domain.meters.walks import Finding, Verification, Walk, WalkProgress
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


def kept_by(users: int) -> FakeStore:
    store = FakeStore(lambda: 7_777)
    for number in range(users):
        transaction = FakeTransaction(store.stored, f"{number:03}", [Side.NEW], lambda: "1")
        transaction.readings.add(NewReading(GAS, 0, Decimal(1), "manual"), 0)
    return store


def walk_over(store: FakeStore) -> MeterWalk:
    return MeterWalk(FakeWalkControl(store), FakeMetersOfAll(store), lambda: "c1")


def test_a_page_has_a_hundred_meters_unless_it_is_said() -> None:
    walk = walk_over(kept_by(201))
    assert [len(page) for page in walk.pages()] == [100, 100, 1]
    assert [len(page) for page in walk.pages(at_once=150)] == [150, 51]


@pytest.mark.parametrize(
    ("within", "users"),
    [
        (MeterRange(), ["000", "001", "002", "003"]),
        (MeterRange(("000", GAS)), ["001", "002", "003"]),
        (MeterRange(None, ("002", GAS)), ["000", "001", "002"]),
        (MeterRange(("000", GAS), ("002", GAS)), ["001", "002"]),
        (MeterRange(("001", GAS), ("001", GAS)), []),
    ],
)
def test_a_range_ends_with_its_last_meter(within: MeterRange, users: list[str]) -> None:
    walk = walk_over(kept_by(4))
    assert [user for page in walk.pages(within=within) for user, _ in page] == users


def test_one_persons_meters_are_theirs_alone() -> None:
    store = kept_by(4)
    power = FakeTransaction(store.stored, "001", [Side.NEW], lambda: "1")
    power.readings.add(NewReading(POWER, 0, Decimal(1), "manual"), 0)
    assert [*walk_over(store).pages("001")] == [[("001", GAS), ("001", POWER)]]
    assert [*walk_over(store).pages("nobody")] == []
    seen = walk_over(store).over_one("001", SYNC, lambda page, _: Verification(SYNC.mode, len(page)))
    assert seen.meters == 2


def step(page: Sequence[MeterKey], _: SyncState) -> Verification:
    return Verification(SYNC.mode, len(page))


def test_each_step_says_what_was_seen_and_keeps_how_far_it_is_until_the_end() -> None:
    store = kept_by(5)
    sync = SyncState(SyncMode.DUAL_WRITE, 3, read_at=1_234)
    found = list[int]()
    kept = list[WalkProgress | None]()
    for seen in walk_over(store).steps(Walk.VERIFY, sync, step, at_once=2):
        found.append(seen.meters)
        kept.append(store.walks.get(Walk.VERIFY))
    assert found == [0, 2, 4, 5]
    assert kept[0] is None
    assert [(each.started, each.since, each.after, each.code) for each in kept[1:] if each] == [
        (1_234, 3, ("001", GAS), "c1"),
        (1_234, 3, ("003", GAS), "c1"),
        (1_234, 3, ("004", GAS), "c1"),
    ]
    assert store.walks == {}
    assert seen.up_to == 7_000


def test_what_was_interrupted_goes_on_where_it_was_and_as_old_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    store = kept_by(5)
    sync = SyncState(SyncMode.DUAL_WRITE, 3, read_at=5_000)
    before = WalkProgress(1_234, 3, ("002", GAS), Verification(SYNC.mode, 3), "c1")
    store.walks = {Walk.VERIFY: before}
    first, last = walk_over(store).steps(Walk.VERIFY, sync, step)
    assert (first.meters, first.resumed, last.meters) == (3, ("002", GAS), 5)
    for code, message in (("c1", []), ("c2", [OVER])):
        caplog.clear()
        store.walks = {Walk.VERIFY: replace(before, code=code)}
        [*_, last] = walk_over(store).steps(Walk.VERIFY, sync, step, at_once=1)
        assert last.resumed == (("002", GAS) if code == "c1" else None)
        assert [record.message for record in caplog.records] == message
    store.walks = {Walk.VERIFY: before}
    assert next(walk_over(store).steps(Walk.VERIFY, sync, step, restart=True)).meters == 0


OVER = "the interrupted verify is not taken up: other code began it; it begins at the start"
