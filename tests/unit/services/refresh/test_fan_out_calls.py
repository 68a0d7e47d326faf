"""What a walk in ranges says of itself, what it asks its job and its store for, and where its time ends."""

from dataclasses import replace

import pytest

from chalicelib.domain.errors import SyncModeError
from chalicelib.domain.meters.fan_out import FanOut, RangeClaim, RangeProgress, RangeTask
from chalicelib.services.refresh.fan_out import FanOutService, RangeJob, RangeState
from chalicelib.services.refresh.meter_walk import Look, MeterWalk
from infra.simulation.memory.fan_out import FakeFanOutRecords
from infra.simulation.memory.walks import FakeMetersOfAll, FakeWalkControl
from tests.unit.services.refresh.divided_walk import CLAIM, WALK, Divided


@pytest.fixture
def divided(monkeypatch: pytest.MonkeyPatch) -> Divided:
    monkeypatch.setattr("chalicelib.services.refresh.fan_out.METERS_OF_A_STEP", 2)
    return Divided()


def service(divided: Divided, job: RangeJob) -> FanOutService:
    control, meters = FakeWalkControl(divided.store), FakeMetersOfAll(divided.store)
    walk = MeterWalk(control, meters)
    clock, code = (lambda: divided.time), (lambda: divided.code)
    return FanOutService(control, divided.records, meters, walk, divided.queue, {WALK: job}, clock, code)


@pytest.mark.parametrize(("step_ms", "looked"), [(30_000, 4), (29_999, 6), (60_000, 2), (59_999, 4)])
def test_no_step_begins_at_the_very_end_of_a_workers_time(divided: Divided, step_ms: int, looked: int) -> None:
    """Two meters are a step; a worker has a minute."""
    begun = divided.service.begin(WALK, 1)
    divided.queue.sent.clear()

    def later(user: str) -> None:
        divided.time += step_ms if int(user) % 2 else 0

    divided.before = later
    task = RangeTask(WALK, begun.id, 0)
    assert divided.work(task) is RangeState.UNFINISHED
    assert len(divided.looked) == looked
    assert divided.queue.sent == [task]


def test_a_budget_is_in_seconds_whatever_part_of_one_it_ends_with(divided: Divided) -> None:
    begun = divided.service.begin(WALK, 1)

    def later(user: str) -> None:
        divided.time += 500 if int(user) % 2 else 0

    divided.before = later
    assert divided.service.work(RangeTask(WALK, begun.id, 0), 1.5, CLAIM) is RangeState.UNFINISHED
    assert len(divided.looked) == 6


def test_where_a_job_finds_no_time_for_it_the_walk_is_over_and_it_is_logged(
    divided: Divided, caplog: pytest.LogCaptureFixture
) -> None:
    def none(_: FanOut) -> Look:
        raise SyncModeError("nobody follows the old side")

    begun = divided.service.begin(WALK, 1)
    job = RangeJob(divided.begin, none, keep=divided.keep)
    assert service(divided, job).work(RangeTask(WALK, begun.id, 0), 60.0, CLAIM) is RangeState.PAST
    assert [record.message for record in caplog.records] == [
        "no range of the rebuild is worked on: nobody follows the old side"
    ]
    assert (divided.looked, divided.kept) == ([], [])


def test_a_walk_says_when_in_which_mode_and_by_which_code_it_began(divided: Divided) -> None:
    divided.time += 777
    begun = divided.service.begin(WALK, 2)
    assert (begun.started, begun.since, begun.mode.value, begun.code) == (1_700_000_000_777, 1, "dual_write", "c1")
    assert begun.up_to == 1_700_000_000_000
    assert (begun.bounds, begun.paused, begun.finished) == ((("10", "power"),), False, None)
    assert divided.queue.sent == [RangeTask(WALK, begun.id, 0), RangeTask(WALK, begun.id, 1)]


def test_a_job_is_asked_to_start_before_anybody_can_see_the_walk(divided: Divided) -> None:
    seen: list[tuple[str, FanOut | None]] = []
    job = RangeJob(
        divided.begin,
        lambda _: divided.look,
        start=lambda fan_out: seen.append((fan_out.id, divided.records.fan_out(WALK))),
    )
    begun = service(divided, job).begin(WALK, 2)
    assert seen == [(begun.id, None)]
    assert service(divided, job).begin(WALK, 2).id == begun.id
    assert len(seen) == 1, "it goes on"


def test_how_far_a_walk_is_is_said_by_ranges_and_by_what_was_seen(divided: Divided) -> None:
    begun = divided.service.begin(WALK, 4)
    divided.work(RangeTask(WALK, begun.id, 0))
    assert divided.records.claim(begun, 1, CLAIM)
    progress = divided.service.progress(WALK)
    assert progress is not None
    assert (progress.ranges, progress.done, progress.claimed, progress.problem) == (4, 1, 1, None)
    assert (progress.seen.meters, progress.seen.differences) == (6, 1)


def test_a_walk_that_is_over_says_why_until_it_has_ended(divided: Divided) -> None:
    divided.service.begin(WALK, 1)
    divided.code = "c2"
    over = divided.service.progress(WALK)
    assert over is not None
    assert over.problem == "other code began it"
    divided.code = "c1"
    divided.run()
    divided.code = "c2"
    ended = divided.service.progress(WALK)
    assert ended is not None
    assert ended.problem is None


def test_only_where_other_code_has_it_its_message_counts_as_lost(
    divided: Divided, caplog: pytest.LogCaptureFixture
) -> None:
    begun = divided.service.begin(WALK, 1)
    task = RangeTask(WALK, begun.id, 0)
    divided.changed(since=2)()
    assert divided.work(task) is RangeState.PAST
    kept = divided.records.fan_out(WALK)
    assert kept is not None
    assert kept.sent == divided.time
    divided.code = "c2"
    assert divided.work(task) is RangeState.PAST
    lost = divided.records.fan_out(WALK)
    assert lost is not None
    assert lost.sent is None
    assert [record.message for record in caplog.records] == [
        "no range of the rebuild is worked on: the sync mode was changed since then"
    ] * 2


def test_what_another_walk_has_taken_the_place_of_is_neither_paused_nor_given_up(divided: Divided) -> None:
    class Overtaken(FakeFanOutRecords):
        def pause(self, fan_out: FanOut, *, paused: bool) -> bool:
            return False

        def give_up(self, fan_out: FanOut) -> bool:
            return False

    divided.records = Overtaken(divided.store)
    divided.service.begin(WALK, 1)
    assert divided.service.pause(WALK) is None
    assert divided.service.give_up(WALK) is None


def test_a_walk_whose_work_somebody_else_has_ended_is_over_unless_all_of_it_is_done(divided: Divided) -> None:
    job = RangeJob(divided.begin, lambda _: divided.look, overtaken=lambda _: "the sync job has ended it")
    overtaken = service(divided, job)
    begun = overtaken.begin(WALK, 2)
    progress = overtaken.progress(WALK)
    assert progress is not None
    assert progress.problem == "the sync job has ended it"
    assert overtaken.resume(WALK) is None
    for number in range(2):
        claim = divided.records.claim(begun, number, CLAIM)
        assert claim is not None
        divided.records.save(claim, replace(claim.progress, done=True))
    ended = overtaken.progress(WALK)
    assert ended is not None
    assert ended.problem is None


@pytest.mark.parametrize("way", ["given up", "begun again"])
def test_a_worker_stops_where_its_walk_goes_just_behind_what_it_has_kept(divided: Divided, way: str) -> None:
    class Gone(FakeFanOutRecords):
        def save(self, claim: RangeClaim, progress: RangeProgress) -> bool:
            kept, divided.records = super().save(claim, progress), behind
            if way == "given up":
                divided.service.give_up(WALK)
            else:
                divided.service.begin(WALK, 1, restart=True)
            return kept

    begun = divided.service.begin(WALK, 1)
    divided.queue.sent.clear()
    behind, gone = divided.records, Gone(divided.store)
    vars(gone).update(vars(behind))
    divided.records = gone
    worker = divided.service
    divided.before = lambda _: setattr(gone, "_walks", behind._walks)
    assert worker.work(RangeTask(WALK, begun.id, 0), 60.0, CLAIM) is RangeState.LOST
    assert divided.looked == ["00", "01"]
    assert [task.id for task in divided.queue.sent if task.id == begun.id] == []


def test_what_has_come_of_a_message_is_said_in_words() -> None:
    assert [state.value for state in RangeState] == [
        "nothing to do: this walk is over",
        "paused",
        "nothing to do: somebody has this range, or it is done",
        "somebody else goes on with this range",
        "unfinished: sent again",
        "done",
    ]


def test_what_is_sent_again_or_cannot_be_is_logged(divided: Divided, caplog: pytest.LogCaptureFixture) -> None:
    divided.service.begin(WALK, 3)
    divided.time += 720_000 - 1
    assert divided.service.send_lost() == 0
    divided.time += 1
    assert divided.service.send_lost() == 3
    [sent] = caplog.records
    assert sent.message == "ranges of the rebuild are sent again, in case their messages were lost"
    assert (sent.levelname, sent.__dict__["ranges"]) == ("WARNING", 3)
    caplog.clear()
    divided.store.down = True
    assert divided.service.send_lost() == 0
    [later] = caplog.records
    assert (later.message, later.__dict__["reason"]) == (
        "what is lost of the rebuild is sent later",
        "the store is down",
    )


def test_where_every_range_is_done_and_the_end_alone_is_missing_the_first_one_is_sent(divided: Divided) -> None:
    begun = divided.service.begin(WALK, 1)
    claim = divided.records.claim(begun, 0, CLAIM)
    assert claim is not None
    divided.records.save(claim, replace(claim.progress, done=True))
    divided.queue.sent.clear()
    assert divided.service.resume(WALK)
    assert divided.queue.sent == [RangeTask(WALK, begun.id, 0)]
    assert divided.run() == [RangeState.TAKEN]
    assert len(divided.kept) == 1


def test_who_has_lost_a_range_at_its_very_end_ends_nothing(divided: Divided) -> None:
    class Late(FakeFanOutRecords):
        def save(self, claim: RangeClaim, progress: RangeProgress) -> bool:
            return not progress.done and super().save(claim, progress)

    divided.records = Late(divided.store)
    divided.service.begin(WALK, 1)
    assert divided.run() == [RangeState.LOST]
    assert divided.kept == []
