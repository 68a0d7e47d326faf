"""A full difference that workers divide, on a real database: it ends as that of one process, and deletes no more."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from bson import ObjectId
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import SyncModeError, SyncStoppedError
from chalicelib.domain.events.contracts import EnergyEvent, EnergyReadingsSynced
from chalicelib.domain.meters.fan_out import FanOut
from chalicelib.domain.meters.walks import RESUMED_WITHIN_MS, Walk
from chalicelib.domain.migration.sync.reconciliation import FullDifference, SyncStop
from chalicelib.domain.migration.sync.repairs import DELETES_UNASKED, UNDO
from chalicelib.services.migration.sync.sync_job import WITH_WORKERS, SyncJobService
from chalicelib.services.refresh.fan_out import RangeState
from tests.fakes.dead_letters import Killed
from tests.integration.deployment import Deployment, equal_sides

pytestmark = pytest.mark.long

START = datetime(2020, 1, 1, tzinfo=UTC)
PEOPLE = 24
WALK = Walk.SYNC


@pytest.fixture
def deployed(migrated: Database[Any], monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """A sync job that has run once, and people of whom another application has written since, each a reading."""
    monkeypatch.setattr("chalicelib.services.refresh.fan_out.METERS_OF_A_STEP", 3)
    deployed = Deployment(migrated)
    assert deployed.sync().full_difference
    for number in range(PEOPLE):
        written(deployed, f"{number:02}-{uuid4().hex}", 5)
    return deployed


def written(deployed: Deployment, user: str, amount: float) -> Any:
    document = {"_id": ObjectId(), "userId": user, "type": "power", "date": START, "amount": amount}
    deployed.database["energies"].insert_one(document)
    return document["_id"]


def begin(deployed: Deployment) -> None:
    deployed.operations.fan_out.begin(WALK, 4)


def test_both_sides_are_equal_behind_the_last_range_and_each_meter_has_its_event(deployed: Deployment) -> None:
    begin(deployed)
    assert deployed.operations.sync.run(60).notice == WITH_WORKERS
    assert set(deployed.work()) == {RangeState.DONE}
    assert len(equal_sides(deployed.database)) == PEOPLE
    events = [event for event in deployed.publisher.events if isinstance(event, EnergyReadingsSynced)]
    assert len({event.user_id for event in events}) == len(events) == PEOPLE
    progress = deployed.ports.sync_control.sync_progress()
    assert progress.difference is None
    after = deployed.sync()
    assert (after.state, after.full_difference) == ("synced", False)


def test_what_changes_while_they_compare_is_followed_from_the_position_before(deployed: Deployment) -> None:
    begin(deployed)
    deployed.operations.fan_out.work(deployed.queue.sent.pop(0), 60, 60)
    first = sorted(deployed.database["energies"].distinct("userId"))[0]
    deployed.database["energies"].update_one({"userId": first}, {"$set": {"amount": 99.5}})
    deployed.work()
    assert deployed.sync().changes
    assert "99.5" in {str(item[-1]) for item in equal_sides(deployed.database)}


def test_doubled_lost_and_paused_messages_change_nothing(deployed: Deployment) -> None:
    begin(deployed)
    deployed.queue.sent = [*deployed.queue.sent[:-1], *deployed.queue.sent[:-1]]
    deployed.work()
    assert deployed.ports.sync_control.sync_progress().difference is not None
    deployed.operations.fan_out.pause(WALK)
    deployed.operations.fan_out.resume(WALK)
    deployed.work()
    assert deployed.ports.sync_control.sync_progress().difference is None
    assert len(equal_sides(deployed.database)) == PEOPLE


def test_all_workers_together_delete_no_more_than_one_process_would(deployed: Deployment) -> None:
    deployed.sync()
    gone = deployed.database["energies"].find().sort("userId", 1).limit(DELETES_UNASKED + 2)
    deployed.database["energies"].delete_many({"_id": {"$in": [each["_id"] for each in gone]}})
    begin(deployed)
    assert RangeState.PAST in deployed.work()
    kept = deployed.database["source_energy_readings"].count_documents({})
    assert kept == PEOPLE - DELETES_UNASKED
    with pytest.raises(SyncStoppedError):
        deployed.sync()
    progress = deployed.operations.fan_out.progress(WALK)
    assert progress is not None
    assert "deletes no more by itself" in (progress.problem or "")
    [run] = deployed.operations.undo.runs()
    assert run.documents == DELETES_UNASKED, "one way back for all workers"
    assert f"it deleted {DELETES_UNASKED}; first bring them back: {UNDO} {run.id}" in (progress.problem or "")


def test_after_a_persons_answer_all_is_compared_again_and_counted_from_nothing(deployed: Deployment) -> None:
    deployed.sync()
    gone = deployed.database["energies"].find().sort("userId", 1).limit(DELETES_UNASKED + 2)
    deployed.database["energies"].delete_many({"_id": {"$in": [each["_id"] for each in gone]}})
    begin(deployed)
    deployed.work()
    deployed.operations.sync.answer()
    begin(deployed)
    assert set(deployed.work()) == {RangeState.DONE}
    assert len(equal_sides(deployed.database)) == PEOPLE - DELETES_UNASKED - 2


def test_in_another_mode_nothing_is_answered_by_a_comparison_that_is_refused(deployed: Deployment) -> None:
    deployed.operations.modes.set(SyncMode.OLD_ONLY, "test")
    deployed.ports.sync_control.save_stop(SyncStop(1, "most of it is gone"))
    deployed.operations.sync.answer()
    assert deployed.ports.sync_control.stop()


def test_where_most_of_the_side_that_is_believed_is_gone_nothing_begins(deployed: Deployment) -> None:
    deployed.sync()
    deployed.database["energies"].delete_many({})
    with pytest.raises(SyncStoppedError):
        begin(deployed)
    assert deployed.queue.sent == []
    assert deployed.database["source_energy_readings"].count_documents({}) == PEOPLE


def test_after_an_hour_the_job_goes_on_by_itself_and_workers_write_nothing_any_more(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(deployed)
    late = deployed.queue.sent.pop(0)
    monkeypatch.setattr(deployed.clock, "_ahead", deployed.clock._ahead + RESUMED_WITHIN_MS + 1)
    assert deployed.sync().full_difference
    assert len(equal_sides(deployed.database)) == PEOPLE
    monkeypatch.setattr(deployed.clock, "_ahead", 0)
    assert deployed.operations.fan_out.work(late, 60, 60) is RangeState.PAST
    deployed.work()
    assert deployed.ports.sync_control.sync_progress().difference is None


def test_what_is_given_up_the_job_does_by_itself_at_its_next_run(deployed: Deployment) -> None:
    begin(deployed)
    late = deployed.queue.sent.pop(0)
    assert not deployed.sync().full_difference, "workers have it"
    assert deployed.operations.fan_out.give_up(WALK)
    assert deployed.sync().full_difference
    assert len(equal_sides(deployed.database)) == PEOPLE
    assert deployed.operations.fan_out.work(late, 60, 60) is RangeState.PAST
    assert deployed.ports.sync_control.sync_progress().difference is None


def test_of_two_who_begin_at_once_nobody_waits_in_vain_and_the_next_begins_it_again(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have noted that the difference is theirs, and the first to do so keeps its walk last."""
    keep = deployed.ports.fan_outs.begin

    def second(fan_out: FanOut) -> None:
        monkeypatch.setattr(deployed.ports.fan_outs, "begin", keep)
        begin(deployed)
        keep(fan_out)

    monkeypatch.setattr(deployed.ports.fan_outs, "begin", second)
    begin(deployed)
    assert set(deployed.work()) == {RangeState.PAST}
    progress = deployed.operations.fan_out.progress(WALK)
    assert progress is not None
    assert progress.problem
    begin(deployed)
    assert set(deployed.work()) == {RangeState.DONE}
    assert len(equal_sides(deployed.database)) == PEOPLE


def test_a_full_difference_of_one_process_that_begins_meanwhile_is_not_ended_by_workers(deployed: Deployment) -> None:
    begin(deployed)
    [*most, last] = deployed.queue.sent
    deployed.queue.sent = most
    deployed.work()
    deployed.operations.sync._begin_again()
    before = deployed.ports.sync_control.sync_progress()
    assert deployed.operations.fan_out.work(last, 60, 60) is RangeState.PAST
    assert deployed.ports.sync_control.sync_progress() == before
    assert deployed.sync().full_difference


def test_a_difference_that_begins_while_the_last_meter_is_compared_is_not_ended_by_workers(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(deployed)
    control = deployed.ports.sync_control
    other = replace(control.sync_progress(), difference=FullDifference(control.state().since, by="b2"))
    publish, left = deployed.publisher.publish, PEOPLE

    def until_the_last(events: Sequence[EnergyEvent]) -> None:
        nonlocal left
        publish(events)
        left -= len(events)
        if not left:
            control.save_sync_progress(other)

    monkeypatch.setattr(deployed.publisher, "publish", until_the_last)
    deployed.work()
    assert control.sync_progress() == other


def test_what_one_process_has_taken_over_no_worker_goes_on_with(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.services.migration.sync.sync_job.METERS_AT_ONCE", 5)
    begin(deployed)
    monkeypatch.setattr(deployed.clock, "_ahead", deployed.clock._ahead + RESUMED_WITHIN_MS + 1)
    ports, ticks = deployed.ports, count(0, 1_000)
    job = SyncJobService(
        ports.sync_control, ports.twins, ports.changes, deployed.publisher, lambda: next(ticks), ports.fan_outs
    )
    assert 0 < job.run(6).meters < PEOPLE
    monkeypatch.setattr(deployed.clock, "_ahead", 0)
    before = ports.sync_control.sync_progress()
    assert before.difference is not None
    assert before.difference.after is not None
    assert set(deployed.work()) == {RangeState.PAST}
    assert ports.sync_control.sync_progress() == before
    assert deployed.sync().state == "synced"
    assert len(equal_sides(deployed.database)) == PEOPLE


def test_on_the_way_to_dual_write_the_side_that_was_written_alone_is_carried_over(deployed: Deployment) -> None:
    deployed.sync()
    deployed.operations.modes.set(SyncMode.OLD_ONLY, "test")
    user = uuid4().hex
    deployed.create(user, "2024-01-31", 7)
    deployed.operations.modes.set(SyncMode.DUAL_WRITE, "test")
    with pytest.raises(SyncModeError):
        begin(deployed)
    deployed.clock.drain()
    begin(deployed)
    assert set(deployed.work()) == {RangeState.DONE}
    assert deployed.ports.sync_control.state().catching_up is None
    assert len(equal_sides(deployed.database)) == PEOPLE + 1


def test_a_walk_whose_work_one_process_has_taken_says_so_and_the_next_begins_at_the_start(deployed: Deployment) -> None:
    begin(deployed)
    fan_out = deployed.operations.fan_out
    assert fan_out.resume(WALK)
    deployed.operations.sync._begin_again()
    progress = fan_out.progress(WALK)
    assert progress is not None
    assert progress.problem
    assert fan_out.resume(WALK) is None
    deployed.queue.sent.clear()
    begin(deployed)
    assert set(deployed.work()) == {RangeState.DONE}
    assert len(equal_sides(deployed.database)) == PEOPLE


def test_between_the_end_of_the_difference_and_that_of_the_walk_it_goes_on(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(deployed)
    last = deployed.queue.sent[-1]
    seen: list[str | None] = []
    finish = deployed.ports.fan_outs.finish

    def killed(_: FanOut) -> None:
        progress = deployed.operations.fan_out.progress(WALK)
        assert progress is not None
        seen.append(progress.problem)
        monkeypatch.setattr(deployed.ports.fan_outs, "finish", finish)
        raise Killed

    monkeypatch.setattr(deployed.ports.fan_outs, "finish", killed)
    with pytest.raises(Killed):
        deployed.work()
    assert deployed.ports.sync_control.sync_progress().difference is None
    assert seen == [None]
    deployed.operations.fan_out.work(last, 60, 60)
    progress = deployed.operations.fan_out.progress(WALK)
    assert progress is not None
    assert progress.fan_out.finished


def test_a_mode_that_began_after_the_walk_does_not_count_as_caught_up_by_it(deployed: Deployment) -> None:
    deployed.sync()
    begin(deployed)
    fan_out = deployed.ports.fan_outs.fan_out(WALK)
    assert fan_out is not None
    deployed.operations.modes.set(SyncMode.OLD_ONLY, "test")
    deployed.create(uuid4().hex, "2024-01-31", 7)
    deployed.operations.modes.set(SyncMode.DUAL_WRITE, "test")
    deployed.operations.sync.in_ranges()[WALK].keep(fan_out.nothing, fan_out)
    assert deployed.ports.sync_control.state().catching_up
