"""A walk that workers divide comes to its end by itself, whatever becomes of its messages; who gives it up ends it."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random
from typing import cast

import pytest

from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.meters.fan_out import FanOut, RangeTask
from chalicelib.domain.meters.walks import RESUMED_WITHIN_MS
from chalicelib.services.refresh.fan_out import SILENT_SECONDS, RangeState
from infra.simulation.memory.fan_out import FakeFanOutRecords, FakeRangeQueue
from tests.fakes.dead_letters import Killed
from tests.unit.services.refresh.divided_walk import CLAIM, WALK, Divided, Dying, everybody

SILENT = round(SILENT_SECONDS * 1000)


class QueueAway(FakeRangeQueue):
    """Takes no message."""

    def send(self, tasks: Sequence[RangeTask]) -> None:
        raise UnavailableError("the queue of ranges did not answer")


class BegunByTwo(FakeFanOutRecords):
    """Somebody else begins the same walk when this one is about to be kept."""

    def __init__(self, divided: Divided) -> None:
        super().__init__(divided.store)
        self._divided = divided
        self.others: list[FanOut] = []

    def begin(self, fan_out: FanOut) -> None:
        if not self.others:
            self.others.append(fan_out)
            self.others[0] = self._divided.service.begin(WALK, 3)
        super().begin(fan_out)


@pytest.fixture
def divided(monkeypatch: pytest.MonkeyPatch) -> Divided:
    monkeypatch.setattr("chalicelib.services.refresh.fan_out.METERS_OF_A_STEP", 2)
    return Divided()


def numbers(divided: Divided) -> list[int]:
    return [task.number for task in divided.queue.sent]


def test_what_functions_of_the_release_before_took_is_sent_again_by_the_next_run_of_its_own(divided: Divided) -> None:
    """A stack says the new release as soon as its update begins: the shell that begins the walk is ahead of them."""
    divided.code = "c2"
    begun = divided.service.begin(WALK, 4)
    divided.code = "c1"
    assert set(divided.run()) == {RangeState.PAST}
    assert divided.service.send_lost() == 0, "this one is not of its release either"
    divided.code = "c2"
    progress = divided.service.progress(WALK)
    assert progress is not None
    assert progress.problem is None, "it goes on"
    assert divided.service.send_lost() == len(begun.ranges)
    divided.run()
    assert divided.kept == [(divided.alone, 1)]


def test_a_walk_of_the_release_before_is_over_and_nothing_of_it_is_sent_again(divided: Divided) -> None:
    divided.service.begin(WALK, 4)
    divided.code = "c2"
    assert set(divided.run()) == {RangeState.PAST}
    divided.time += SILENT + 1
    assert divided.service.send_lost() == 0


def test_what_is_silent_for_longer_than_a_message_is_hidden_is_sent_again_once(divided: Divided) -> None:
    divided.service.begin(WALK, 4)
    divided.work(divided.queue.sent[0])
    divided.kill_at("06")
    with pytest.raises(Killed):
        divided.work(divided.queue.sent[1])
    divided.queue.sent.clear()  # every attempt has failed
    divided.time += SILENT - 1
    assert divided.service.send_lost() == 0
    divided.time += 1
    assert divided.service.send_lost() == 3
    assert divided.service.send_lost() == 0
    assert numbers(divided) == [1, 2, 3]
    divided.run()
    assert divided.kept == [(divided.alone, 1)]


def test_what_somebody_works_on_is_not_sent_again(divided: Divided) -> None:
    begun = divided.service.begin(WALK, 3)
    divided.time += SILENT
    divided.queue.sent.clear()
    claimed = divided.records.claim(begun, 1, CLAIM)
    assert claimed is not None
    assert divided.service.send_lost() == 2
    assert numbers(divided) == [0, 2]
    divided.run()
    assert not divided.kept
    divided.time += SILENT
    assert divided.service.send_lost() == 1
    divided.run()
    assert divided.kept == [(divided.alone, 1)]


def test_where_all_that_is_left_is_worked_on_the_next_run_looks_again(divided: Divided) -> None:
    begun = divided.service.begin(WALK, 1)
    divided.queue.sent.clear()
    divided.time += SILENT
    assert divided.records.claim(begun, 0, CLAIM)
    assert divided.service.send_lost() == 0
    divided.time += round(CLAIM * 1000) + 1
    assert divided.service.send_lost() == 1


def test_whose_end_alone_is_missing_ends(divided: Divided) -> None:
    divided.service.begin(WALK, 3)

    def die() -> None:
        divided.at_the_end = lambda: None
        raise Killed

    divided.at_the_end = die
    with pytest.raises(Killed):
        divided.run()
    divided.time += SILENT
    assert divided.service.send_lost() == 1
    assert divided.run() == [RangeState.TAKEN]
    assert divided.kept == [(divided.alone, 1)]
    divided.time += SILENT
    assert divided.service.send_lost() == 0, "it has ended"


def test_a_paused_walk_rests_until_somebody_resumes_it(divided: Divided) -> None:
    divided.service.begin(WALK, 3)
    divided.service.pause(WALK)
    divided.run()
    divided.time += SILENT
    assert divided.service.send_lost() == 0
    divided.service.resume(WALK)
    divided.queue.sent.clear()
    divided.time += SILENT
    assert divided.service.send_lost() == 3


@pytest.mark.parametrize("after", [False, True])
def test_where_the_shell_that_begins_it_dies_the_schedule_goes_on_or_there_is_none(after: bool) -> None:
    points = 0
    while True:
        divided = Divided()
        records = divided.records
        dying = Dying(records, points, after=after)
        divided.records = cast(FakeFanOutRecords, dying)
        try:
            divided.service.begin(WALK, 3)
        except Killed:
            divided.queue.sent.clear()
        divided.records = records
        if not dying.killed:
            break
        divided.time += SILENT
        sent = divided.service.send_lost()
        assert sent == (3 if divided.service.progress(WALK) else 0)
        divided.run()
        assert len(divided.kept) == (1 if sent else 0), points
        points += 1
    assert points > 3


def test_a_queue_that_is_away_is_asked_again_by_the_next_run(divided: Divided) -> None:
    divided.service.begin(WALK, 3)
    divided.queue = QueueAway()
    divided.time += SILENT
    assert divided.service.send_lost() == 0
    divided.queue = FakeRangeQueue()
    assert divided.service.send_lost() == 3


def test_what_the_queue_did_not_take_at_the_beginning_is_sent_by_the_next_run(divided: Divided) -> None:
    divided.queue = QueueAway()
    with pytest.raises(UnavailableError):
        divided.service.begin(WALK, 3)
    divided.queue = FakeRangeQueue()
    assert divided.service.send_lost() == 3


def test_a_database_that_is_away_is_no_failure_of_the_schedule(divided: Divided) -> None:
    divided.service.begin(WALK, 3)
    divided.store.down = True
    assert divided.service.send_lost() == 0


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_lost_and_whoever_dies_it_ends_within_its_hour(divided: Divided, seed: int) -> None:
    """Up to two messages of each range are lost, and one of its meters kills its worker."""
    chance = Random(seed)
    begun = divided.service.begin(WALK, 5)
    loses = [task for task in divided.queue.sent for _ in range(2) if chance.random() < 0.5]
    deadly = set(everybody(divided)[chance.randrange(4) :: 4])
    assert len(deadly) == len(begun.ranges)

    def die(user: str) -> None:
        if user in deadly:
            deadly.remove(user)
            raise Killed

    def deliver(task: RangeTask) -> None:
        if task in loses:
            loses.remove(task)
        else:
            with suppress(Killed):  # by its last attempt: it is a dead letter
                divided.work(task)

    divided.before = die
    began = divided.time
    while not divided.kept:
        sent, divided.queue.sent = divided.queue.sent, []
        for task in sent:
            deliver(task)
        divided.time += 60_000
        divided.service.send_lost()
        assert divided.time - began <= RESUMED_WITHIN_MS
    assert divided.kept == [(divided.alone, 1)]


def test_of_two_who_begin_it_at_once_one_has_it_and_it_counts_once(divided: Divided) -> None:
    records = divided.records = BegunByTwo(divided)
    mine = divided.service.begin(WALK, 4)
    assert records.others[0].id != mine.id
    states = divided.run(Random(1))
    assert sorted(states) == sorted([RangeState.PAST] * 3 + [RangeState.DONE] * 4)
    assert divided.kept == [(divided.alone, 1)]
    assert sorted(divided.looked) == everybody(divided)


def test_a_range_whose_people_have_gone_is_done_with_nothing(divided: Divided) -> None:
    begun = divided.service.begin(WALK, 4)
    readings = divided.store.stored.readings
    readings.forget([key for key in readings if key[0] <= begun.bounds[0][0]])
    assert set(divided.run()) == {RangeState.DONE}
    assert sorted(divided.looked) == everybody(divided)
    assert 0 < divided.kept[0][0].meters < 20


STRAYS: dict[str, Callable[[FanOut], RangeTask]] = {
    "no such walk": lambda _: RangeTask(WALK, "another", 0),
    "no such range": lambda begun: RangeTask(WALK, begun.id, len(begun.ranges)),
}


@pytest.mark.parametrize("stray", STRAYS.values(), ids=list(STRAYS))
def test_a_message_about_what_there_is_not_does_nothing(divided: Divided, stray: Callable[[FanOut], RangeTask]) -> None:
    assert divided.work(RangeTask(WALK, "another", 0)) is RangeState.PAST, "there was none at all"
    begun = divided.service.begin(WALK, 2)
    assert divided.work(stray(begun)) is RangeState.PAST
    assert divided.looked == []
    assert list(divided.records.progress(begun)) == []


def test_what_is_given_up_while_it_is_worked_on_counts_for_nothing(divided: Divided) -> None:
    begun = divided.service.begin(WALK, 3)

    def give_up(user: str) -> None:
        if user == "02":
            assert divided.service.give_up(WALK) == begun

    divided.before = give_up
    assert divided.run() == [RangeState.LOST, RangeState.PAST, RangeState.PAST]
    assert divided.looked == ["00", "01", "02", "03"]
    assert divided.kept == []
    assert divided.service.progress(WALK) is None
    assert divided.service.give_up(WALK) is None
    assert divided.service.resume(WALK) is None
    assert divided.service.send_lost() == 0


def test_what_is_over_before_its_end_can_be_given_up_and_what_has_ended_cannot(divided: Divided) -> None:
    divided.service.begin(WALK, 3)
    divided.code = "c2"
    assert divided.service.give_up(WALK)
    divided.queue.sent.clear()
    divided.service.begin(WALK, 3)
    divided.run()
    assert divided.service.give_up(WALK) is None
    assert divided.service.progress(WALK) is not None
