"""A walk that workers divide says what one process would say, or nothing: whatever happens to messages and workers."""

from collections.abc import Callable
from random import Random
from typing import cast

import pytest

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import SyncModeError
from chalicelib.domain.meters.fan_out import RangeTask
from chalicelib.domain.meters.walks import RESUMED_WITHIN_MS
from chalicelib.services.refresh.fan_out import RangeState
from infra.simulation.memory.fan_out import FakeFanOutRecords
from tests.fakes.dead_letters import Killed
from tests.unit.services.refresh.divided_walk import CLAIM, WALK, Divided, Dying, ResumedTooEarly, everybody


@pytest.fixture
def divided(monkeypatch: pytest.MonkeyPatch) -> Divided:
    monkeypatch.setattr("chalicelib.services.refresh.fan_out.METERS_OF_A_STEP", 2)
    return Divided()


@pytest.mark.parametrize("ranges", [1, 2, 7, 20, 500])
@pytest.mark.parametrize("seed", range(3))
def test_the_ranges_together_say_what_one_process_says_in_whichever_order(
    divided: Divided, ranges: int, seed: int
) -> None:
    begun = divided.service.begin(WALK, ranges)
    assert len(begun.ranges) <= ranges
    assert set(divided.run(Random(seed))) == {RangeState.DONE}
    assert sorted(divided.looked) == everybody(divided)
    assert divided.kept == [(divided.alone, 1)]
    progress = divided.service.progress(WALK)
    assert progress is not None
    assert progress.fan_out.finished
    assert progress.seen == divided.alone


def test_who_comes_before_the_first_or_behind_the_last_person_is_in_a_range_too(divided: Divided) -> None:
    divided.service.begin(WALK, 5)
    for newcomer in ("!", "10x", "zzz"):
        divided.add(newcomer)
    divided.run()
    assert sorted(divided.looked) == everybody(divided)


def test_without_any_meter_there_is_one_range_and_nothing_is_found() -> None:
    divided = Divided()
    divided.store.stored.readings.clear()
    divided.service.begin(WALK, 5)
    assert divided.run() == [RangeState.DONE]
    assert [seen.meters for seen, _ in divided.kept] == [0]


def test_a_message_that_comes_twice_does_nothing(divided: Divided) -> None:
    divided.service.begin(WALK, 4)
    divided.queue.sent = [task for task in divided.queue.sent for _ in range(2)]
    states = divided.run()
    assert states.count(RangeState.DONE) == 4
    assert sorted(divided.looked) == everybody(divided)
    assert len(divided.kept) == 1


def test_while_somebody_has_a_range_the_same_message_does_nothing(divided: Divided) -> None:
    begun = divided.service.begin(WALK, 4)
    states: list[RangeState] = []

    def again(_: str) -> None:
        divided.before = lambda _: None
        states.append(divided.work(RangeTask(WALK, begun.id, 0)))

    divided.before = again
    divided.run()
    assert states == [RangeState.TAKEN]
    assert sorted(divided.looked) == everybody(divided)


def test_the_range_of_a_worker_that_was_killed_goes_on_where_it_was_when_its_claim_is_over(divided: Divided) -> None:
    begun = divided.service.begin(WALK, 2)
    killed = RangeTask(WALK, begun.id, 0)
    divided.kill_at("05")
    with pytest.raises(Killed):
        divided.work(killed)
    assert divided.work(killed) is RangeState.TAKEN, "it may be alive"
    divided.looked.clear()
    divided.run()
    assert not divided.kept, "its range is missing"
    divided.time += round(CLAIM * 1000) + 1
    assert divided.work(killed) is RangeState.DONE
    assert not {"00", "01", "02", "03"} & {*divided.looked}, "these were kept"
    assert divided.kept == [(divided.alone, 1)]


@pytest.mark.parametrize("after", [False, True])
def test_wherever_a_worker_dies_the_message_that_comes_again_does_the_rest(
    monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    monkeypatch.setattr("chalicelib.services.refresh.fan_out.METERS_OF_A_STEP", 4)
    points = 0
    while True:
        divided = Divided()
        divided.service.begin(WALK, 3)
        dying = Dying(divided.records, points, after=after)
        divided.records = cast(FakeFanOutRecords, dying)
        while divided.queue.sent:
            message = divided.queue.sent.pop(0)
            try:
                divided.work(message)
            except Killed:
                divided.queue.sent.append(message)
                divided.time += round(CLAIM * 1000) + 1
        assert {*divided.kept} == {(divided.alone, 1)}, points
        assert {*divided.looked} == {*everybody(divided)}
        if not dying.killed:
            break
        points += 1
    assert points > 20


def test_meters_that_take_a_workers_whole_time_are_done_one_by_one(divided: Divided) -> None:
    begun = divided.service.begin(WALK, 1)
    task = RangeTask(WALK, begun.id, 0)
    divided.kill_at("03", times=3)
    for _ in range(3):
        with pytest.raises(Killed):
            divided.work(task)
        divided.time += round(CLAIM * 1000) + 1
    divided.looked.clear()
    assert divided.work(task) is RangeState.DONE
    assert divided.looked[0] == "03", "02 was kept by itself"
    assert divided.kept == [(divided.alone, 1)]


def test_who_was_killed_before_the_sum_was_kept_has_left_it_to_the_message_that_comes_again(divided: Divided) -> None:
    begun = divided.service.begin(WALK, 3)

    def die() -> None:
        divided.at_the_end = lambda: None
        raise Killed

    divided.at_the_end = die
    with pytest.raises(Killed):
        divided.run()
    assert divided.work(RangeTask(WALK, begun.id, 2)) is RangeState.TAKEN
    assert divided.kept == [(divided.alone, 1)]


def test_a_message_that_was_lost_is_sent_again_and_nothing_counts_before(divided: Divided) -> None:
    begun = divided.service.begin(WALK, 4)
    lost = divided.queue.sent.pop(2)
    divided.run()
    assert not divided.kept
    assert divided.service.resume(WALK) == begun
    assert divided.queue.sent == [lost]
    divided.run()
    assert divided.kept == [(divided.alone, 1)]


def test_who_begins_it_again_goes_on_with_the_one_under_way_unless_it_should_restart(divided: Divided) -> None:
    begun = divided.service.begin(WALK, 4)
    divided.work(divided.queue.sent[0])
    divided.queue.sent.clear()
    assert divided.service.begin(WALK, 9).id == begun.id
    assert len(divided.queue.sent) == 3
    assert divided.service.begin(WALK, 4, restart=True).id != begun.id
    divided.run()
    assert [seen.meters for seen, _ in divided.kept] == [20]
    assert divided.service.begin(WALK, 4).id != begun.id, "the last one is over"


def test_ranges_of_a_walk_that_was_begun_again_count_for_nothing(divided: Divided) -> None:
    divided.service.begin(WALK, 4)
    older = [*divided.queue.sent]
    divided.work(older[0])
    divided.queue.sent.clear()
    divided.service.begin(WALK, 4, restart=True)
    assert {divided.work(task) for task in older} == {RangeState.PAST}
    divided.queue.sent.pop(0)
    divided.run()
    assert not divided.kept


CHANGES: dict[str, Callable[[Divided], None]] = {
    "the mode": lambda divided: divided.changed(mode=SyncMode.NEW_ONLY, since=2)(),
    "the mode and back": lambda divided: divided.changed(since=3)(),
    "a mode that is none for it": lambda divided: divided.changed(mode=SyncMode.OLD_ONLY, since=2)(),
    "the code": lambda divided: setattr(divided, "code", "c2"),
    "more than an hour": lambda divided: setattr(divided, "time", divided.time + RESUMED_WITHIN_MS + 1),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_what_changes_meanwhile_ends_it_without_a_verdict(divided: Divided, change: Callable[[Divided], None]) -> None:
    divided.service.begin(WALK, 4)
    divided.work(divided.queue.sent.pop(0))
    change(divided)
    assert set(divided.run()) == {RangeState.PAST}
    assert not divided.kept
    progress = divided.service.progress(WALK)
    assert progress is not None
    assert progress.problem
    assert divided.service.resume(WALK) is None, "no worker would do it"


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_what_changes_while_the_last_meter_is_looked_at_does_too(
    divided: Divided, change: Callable[[Divided], None]
) -> None:
    divided.service.begin(WALK, 4)
    divided.before = lambda user: change(divided) if user == "19" else None
    assert divided.run()[:3] == [RangeState.DONE] * 3
    assert sorted(divided.looked) == everybody(divided)
    assert not divided.kept


def test_while_it_is_paused_no_message_does_anything_and_then_it_goes_on_where_it_was(divided: Divided) -> None:
    divided.service.begin(WALK, 2)

    def pause(user: str) -> None:
        if user == "02":
            assert divided.service.pause(WALK)

    divided.before = pause
    assert divided.run() == [RangeState.PAUSED, RangeState.PAUSED]
    assert divided.looked == ["00", "01", "02", "03"]
    divided.before = lambda _: None
    assert divided.service.resume(WALK)
    divided.run()
    assert sorted(divided.looked) == everybody(divided)
    assert divided.kept == [(divided.alone, 1)]


def test_who_has_no_time_left_sends_the_rest_again(divided: Divided) -> None:
    divided.service.begin(WALK, 2)

    def later(_: str) -> None:
        divided.time += 25_000

    divided.before = later
    states = divided.run()
    assert states.count(RangeState.UNFINISHED) > 2
    assert states[-1] is RangeState.DONE
    assert sorted(divided.looked) == everybody(divided)
    assert divided.kept == [(divided.alone, 1)]


def test_whose_claim_is_over_changes_nothing_any_more(divided: Divided) -> None:
    begun = divided.service.begin(WALK, 1)
    task = RangeTask(WALK, begun.id, 0)
    states: list[RangeState] = []

    def too_long(_: str) -> None:
        divided.before = lambda _: None
        divided.time += round(CLAIM * 1000) + 1
        states.append(divided.work(task))

    divided.before = too_long
    assert divided.work(task) is RangeState.LOST
    assert states == [RangeState.DONE]
    assert divided.kept == [(divided.alone, 1)]


def test_what_was_found_of_somebody_whose_account_is_erased_meanwhile_is_no_finding(divided: Divided) -> None:
    divided.service.begin(WALK, 4)
    divided.before = lambda user: divided.store.closed.update({"03": 1}) if user == "19" else None
    divided.run()
    [(seen, _)] = divided.kept
    assert (seen.differences, {finding.user_id for finding in seen.findings}) == (2, {"17", "18"})


def test_only_what_is_under_way_is_paused_or_goes_on(divided: Divided) -> None:
    assert divided.service.pause(WALK) is None
    assert divided.service.resume(WALK) is None
    assert divided.service.progress(WALK) is None
    divided.service.begin(WALK, 1)
    divided.run()
    assert divided.service.pause(WALK) is None
    assert divided.service.resume(WALK) is None


def test_where_it_may_not_begin_nothing_is_sent(divided: Divided) -> None:
    divided.changed(mode=SyncMode.OLD_ONLY)()
    with pytest.raises(SyncModeError):
        divided.service.begin(WALK, 4)
    assert divided.queue.sent == []


def test_what_is_resumed_before_its_worker_has_stopped_goes_on(divided: Divided) -> None:
    records = divided.records = ResumedTooEarly(divided)

    def pause(user: str) -> None:
        if user == "02" and not records.states:
            assert divided.service.pause(WALK)

    divided.service.begin(WALK, 1)
    divided.before = pause
    divided.run()
    assert records.states == [RangeState.TAKEN]
    assert divided.kept == [(divided.alone, 1)]
