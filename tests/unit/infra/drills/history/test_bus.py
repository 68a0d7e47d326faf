"""The bus of a history: it delivers, tries again as Lambda does, and is idle only when nothing is left."""

from random import Random

import pytest

from infra.drills.history.in_process.bus import AGAIN_SECONDS, ATTEMPTS, DOUBLED, LOST, Bus, Entry
from infra.local.waiting import wait_until

EVENTS = 400


@pytest.mark.long
def test_events_arrive_but_for_a_few_and_a_few_arrive_twice() -> None:
    arrived: list[int] = []

    def deliver(entry: Entry) -> bool:
        arrived.append(entry["number"])
        return True

    with Bus(deliver, 2, Random(1)) as bus:
        bus.publish({"number": number} for number in range(EVENTS))
        assert not bus.is_idle
        assert wait_until(lambda: bus.is_idle, 10)
    lost, twice = EVENTS - len(set(arrived)), len(arrived) - len(set(arrived))
    assert 0 < lost < 4 * LOST * EVENTS
    assert 0 < twice < 3 * DOUBLED * EVENTS
    assert arrived != sorted(arrived)
    assert (bus.delivered, bus.given_up) == (len(arrived), 0)


def test_what_a_function_fails_on_is_tried_again_and_given_up_in_the_end() -> None:
    calls: list[Entry] = []

    def fail(entry: Entry) -> bool:
        calls.append(entry)
        return False

    with Bus(fail, 1, Random(3)) as bus:
        bus.publish([{"number": 1}])
        assert wait_until(lambda: bus.is_idle, 10 + ATTEMPTS * AGAIN_SECONDS)
    assert (len(calls), bus.delivered, bus.given_up) == (ATTEMPTS, 0, 1)
