"""How a change waits: how long, how often it looks, and when there is no time left."""

from dataclasses import dataclass, field
from math import inf

import pytest

from chalicelib.flags.appconfig.deployment import Waiting


@dataclass
class Time:
    """A clock that moves by pauses alone, and the pauses."""

    now: float = 1_000.0
    pauses: list[float] = field(default_factory=list)

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    @property
    def waiting(self) -> Waiting:
        return Waiting(lambda: self.now, self.pause)


def never() -> bool:
    return False


def always() -> bool:
    return True


def test_what_is_done_is_not_waited_for() -> None:
    time = Time()
    assert time.waiting.until(always, 15.0)
    assert time.pauses == []


def test_what_is_not_done_is_asked_for_four_times_a_second_and_once_more_at_the_end() -> None:
    time, asked = Time(), list[float]()

    def done() -> bool:
        asked.append(time.now)
        return False

    assert not time.waiting.until(done, 1.0)
    assert asked == [1000.0, 1000.25, 1000.5, 1000.75, 1001.0, 1001.25]
    assert set(time.pauses) == {0.25}


def test_what_is_done_at_the_last_moment_is_done() -> None:
    time = Time()
    assert time.waiting.until(lambda: time.now >= 1001.25, 1.0)
    assert not time.waiting.until(lambda: time.now >= 1003, 1.0)


def test_no_wait_goes_on_behind_the_limit_of_all_of_them() -> None:
    time = Time()
    limited = time.waiting.within(20.0)
    assert (time.waiting.deadline, limited.deadline) == (inf, 1020.0)
    assert not limited.until(never, 15.0)
    assert time.now == 1015.25
    assert not limited.until(never, 15.0)
    assert time.now == 1020.25


@pytest.mark.parametrize(
    ("seconds", "passes", "now"), [(19.0, True, 1019.0), (20.0, True, 1020.0), (20.5, False, 1000.0)]
)
def test_time_passes_only_where_there_is_as_much(seconds: float, passes: bool, now: float) -> None:
    time = Time()
    assert time.waiting.within(20.0).passed(seconds, always) is passes
    assert time.now == now


def test_while_time_passes_somebody_looks_each_second_and_at_the_end() -> None:
    time = Time()
    assert time.waiting.passed(2.5, always)
    assert time.pauses == [1.0, 1.0, 0.5]


def test_time_passes_no_further_than_what_it_passes_for() -> None:
    time = Time()
    assert not time.waiting.passed(15.0, lambda: time.now < 1003)
    assert time.now == 1003.0
    assert not time.waiting.passed(1.0, never)


def test_no_time_has_passed_at_once() -> None:
    time = Time()
    assert time.waiting.passed(0.0, never)
    assert time.pauses == []
