"""A verify that workers divide, on a real database: what it finds counts as that of one process, or not at all."""

from contextlib import nullcontext
from functools import partial
from typing import Any, cast
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import SyncModeError
from chalicelib.domain.meters.walks import Walk
from chalicelib.domain.migration.sync.reconciliation import Verified
from chalicelib.services.refresh.fan_out import RangeState
from infra.operations.fan_out.watching import walked
from infra.operations.sync import comparing
from infra.operations.sync.comparing import by_workers
from infra.targets import workers
from infra.targets.target import Target
from tests.fakes.dead_letters import Killed
from tests.integration.deployment import Deployment

pytestmark = pytest.mark.long

PEOPLE, DAMAGED = 24, 3
OLD_ONLY, DUAL_WRITE, NEW_ONLY = SyncMode


@pytest.fixture
def deployed(migrated: Database[Any], monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """Meters on both sides and displayed, three of them damaged."""
    monkeypatch.setattr("chalicelib.services.refresh.fan_out.METERS_OF_A_STEP", 3)
    deployed = Deployment(migrated)
    people = [f"{number:02}-{uuid4().hex}" for number in range(PEOPLE)]
    for user in people:
        deployed.create(user, "2024-01-31", 5)
        deployed.create(user, "2024-03-31", 9)
    deployed.operations.sweeper.run_at_once(60)
    damage(deployed)
    return deployed


def damage(deployed: Deployment, people: int = DAMAGED) -> None:
    readings = deployed.database["source_energy_readings"]
    for user in sorted(readings.distinct("userId"))[:: PEOPLE // people]:
        readings.delete_one({"userId": user})


def begin(deployed: Deployment, ranges: int = 4) -> None:
    deployed.operations.fan_out.begin(Walk.VERIFY, ranges)


def verified(deployed: Deployment) -> Verified | None:
    return deployed.operations.consistency.last_verified()


def same(deployed: Deployment) -> bool:
    """Whether the verdict is what one process finds now, except its times."""
    kept = verified(deployed)
    assert kept is not None
    seen = deployed.operations.consistency.verify(restart=True)
    counts = (kept.meters, kept.lagging, kept.differences, kept.calculated, kept.since)
    own = verified(deployed)
    assert own is not None
    assert (kept.up_to or 0) <= (own.up_to or 0)
    return counts == (seen.meters, seen.lagging, seen.differences, seen.calculated, own.since)


def test_the_verdict_is_that_of_one_process(deployed: Deployment) -> None:
    begin(deployed)
    assert verified(deployed) is None
    assert set(deployed.work()) == {RangeState.DONE}
    kept, progress = verified(deployed), deployed.operations.fan_out.progress(Walk.VERIFY)
    assert kept is not None
    assert progress is not None
    assert (kept.meters, kept.differences, kept.calculated, kept.up_to) == (
        PEOPLE,
        DAMAGED,
        0,
        progress.fan_out.up_to,
    )
    assert same(deployed)
    alone = deployed.operations.consistency.verify(restart=True)
    assert set(progress.seen.findings) == set(alone.findings)
    assert progress.seen.kinds == alone.kinds


def test_a_doubled_message_changes_nothing(deployed: Deployment) -> None:
    begin(deployed)
    deployed.queue.sent *= 2
    deployed.work()
    assert same(deployed)


def test_while_a_message_is_lost_nothing_is_known(deployed: Deployment) -> None:
    begin(deployed)
    lost = deployed.queue.sent.pop()
    deployed.work()
    assert verified(deployed) is None
    deployed.operations.fan_out.resume(Walk.VERIFY)
    assert deployed.queue.sent == [lost]
    deployed.work()
    assert same(deployed)


def test_the_range_of_a_worker_that_was_killed_is_done_by_another_one(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(deployed, 2)
    message = deployed.queue.sent[0]
    look, looks = deployed.operations.consistency._check.findings, 0

    def die_at_the_fifth(meter: Any) -> Any:
        nonlocal looks
        looks += 1
        if looks == 5:
            raise Killed
        return look(meter)

    monkeypatch.setattr(deployed.operations.consistency._check, "findings", die_at_the_fifth)
    with pytest.raises(Killed):
        deployed.work(claim_seconds=0)
    deployed.work()
    assert verified(deployed) is None, "a range is missing"
    deployed.queue.sent.append(message)
    assert deployed.work() == [RangeState.DONE]
    assert same(deployed)


def test_a_change_of_mode_meanwhile_leaves_no_verdict(deployed: Deployment) -> None:
    begin(deployed)
    assert deployed.operations.fan_out.work(deployed.queue.sent.pop(0), 60, 60) is RangeState.DONE
    deployed.to(OLD_ONLY, DUAL_WRITE)
    assert set(deployed.work()) == {RangeState.PAST}
    assert verified(deployed) is None
    progress = deployed.operations.fan_out.progress(Walk.VERIFY)
    assert progress is not None
    assert progress.problem == "the sync mode was changed since then"


def test_while_writes_of_the_mode_before_may_arrive_no_range_is_compared(deployed: Deployment) -> None:
    begin(deployed)
    deployed.operations.modes.set(OLD_ONLY, "test")
    deployed.operations.modes.set(DUAL_WRITE, "test")
    assert set(deployed.work()) == {RangeState.PAST}


def test_what_workers_find_lets_a_side_go_on_alone_or_not(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They begin at the start: what a comparison under way has seen may differ by now."""
    operations, target = deployed.operations, cast(Target, None)

    def hand_out(_: float) -> None:
        deployed.work()

    monkeypatch.setattr(workers, "with_workers", lambda _: nullcontext(operations))
    monkeypatch.setattr(comparing, "walked", partial(walked, sleep=hand_out))
    operations.consistency.repair()
    begin(deployed)
    assert operations.fan_out.work(deployed.queue.sent.pop(0), 60, 60) is RangeState.DONE
    damage(deployed, people=1)
    with pytest.raises(SyncModeError, match=r"verify finds differences \(1\)"):
        operations.modes.set(NEW_ONLY, "test", count_differences=by_workers(target, 4))
    assert operations.modes.show().state.mode is DUAL_WRITE
    operations.consistency.repair()
    assert operations.modes.set(NEW_ONLY, "test", count_differences=by_workers(target, 4)).mode is NEW_ONLY


def test_while_it_is_paused_nothing_is_compared_and_then_it_goes_on(deployed: Deployment) -> None:
    begin(deployed)
    deployed.operations.fan_out.pause(Walk.VERIFY)
    assert set(deployed.work()) == {RangeState.PAUSED}
    deployed.operations.fan_out.resume(Walk.VERIFY)
    deployed.work()
    assert same(deployed)


def test_a_repair_ends_it_because_what_it_has_found_is_mended(deployed: Deployment) -> None:
    begin(deployed)
    deployed.operations.fan_out.work(deployed.queue.sent.pop(0), 60, 60)
    deployed.operations.consistency.repair()
    assert set(deployed.work()) == {RangeState.PAST}
    assert verified(deployed) is None


def test_a_verdict_that_has_seen_more_stays(deployed: Deployment) -> None:
    begin(deployed)
    control = deployed.ports.sync_control
    later = deployed.operations.consistency.verify()
    control.save_verified(Verified(2, control.state().since, later.meters, 0, 0, up_to=2**50))
    deployed.work()
    kept = verified(deployed)
    assert kept is not None
    assert kept.up_to == 2**50
