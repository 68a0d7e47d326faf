"""The ports of the sweeper, on the fake and on MongoDB alike."""

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pytest

from chalicelib.bootstrap.container import Ports
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.meters.display_documents import DisplayDocument, DisplayUpdate
from chalicelib.domain.meters.lagging import FailingMeter, Lag, LaggingMeter
from chalicelib.domain.readings import EnergyType

POWER = EnergyType.POWER
Lags = Callable[[int], LaggingMeter]


@pytest.fixture
def lags(ports: Ports) -> Lags:
    """A meter of a new user that has been dirty since an instant."""

    def made(since: int) -> LaggingMeter:
        user = uuid4().hex
        ports.transactions.run(user, lambda transaction: transaction.meters.mark_changed(POWER, 0, 0, since))
        return LaggingMeter(f"{user}|power")

    return made


def refreshed(ports: Ports, meter: LaggingMeter, version: int = 1) -> None:
    assert ports.display.publish(*meter.key, DisplayUpdate(version, [], range(0)))


def test_where_nothing_lags_nothing_waits(ports: Ports) -> None:
    assert ports.lagging.lag(1_000) == Lag()
    assert ports.lagging.waiting(1_000, 1_000, 10) == []
    assert ports.lagging.failing(10) == (0, [])


def test_the_lag_counts_who_has_waited_for_too_long_and_tells_the_age_of_the_oldest(ports: Ports, lags: Lags) -> None:
    for since in (300, 100, 200):
        lags(since)
    assert ports.lagging.lag(200) == Lag(2, 100)
    assert ports.lagging.lag(50) == Lag(0, 100)
    assert Lag(0, 100).seconds(1_100) == 1.0
    assert Lag(0, 100).seconds(0) == 0.0


def test_those_never_tried_come_first_and_the_longest_waiting_of_them(ports: Ports, lags: Lags) -> None:
    tried, young, old, newest = lags(10), lags(200), lags(100), lags(900)
    assert ports.lagging.claim(tried, 500)
    assert ports.lagging.waiting(300, 500, 10) == [old, young, tried.claimed]
    assert ports.lagging.waiting(300, 499, 10) == [old, young]
    assert ports.lagging.waiting(300, 500, 2) == [old, young]
    assert newest not in ports.lagging.waiting(899, 500, 10)


def test_of_those_tried_the_one_whose_pause_ended_first_comes_first(ports: Ports, lags: Lags) -> None:
    one, other = lags(10), lags(20)
    assert ports.lagging.claim(one, 900)
    assert ports.lagging.claim(other, 800)
    assert ports.lagging.waiting(100, 900, 10) == [other.claimed, one.claimed]


def test_only_one_of_two_gets_the_meter(ports: Ports, lags: Lags) -> None:
    meter = lags(10)
    assert ports.lagging.claim(meter, 500)
    assert not ports.lagging.claim(meter, 600)
    assert ports.lagging.claim(meter.claimed, 600)
    assert not ports.lagging.claim(meter.claimed, 700)


def test_how_an_attempt_ended_is_kept_until_the_next_one_ends(ports: Ports, lags: Lags) -> None:
    meter = lags(10)
    ports.lagging.claim(meter, 500)
    assert ports.lagging.failing(10) == (0, []), "nobody knows yet"
    ports.lagging.failed(meter.claimed, "ValueError")
    failed = LaggingMeter(meter.id, 1, "ValueError")
    assert ports.lagging.failing(10) == (1, [FailingMeter(failed, 10, 500)])
    assert ports.lagging.waiting(100, 500, 10) == [failed]
    ports.lagging.claim(failed, 600)
    ports.lagging.failed(meter.claimed, "TooLate")
    assert ports.lagging.failing(10) == (1, [FailingMeter(failed.claimed, 10, 600)])


def test_of_many_that_fail_all_are_counted_and_the_next_ones_named(ports: Ports, lags: Lags) -> None:
    meters = [lags(10) for _ in range(3)]
    for meter, next_attempt in zip(meters, (700, 500, 600), strict=True):
        ports.lagging.claim(meter, next_attempt)
        ports.lagging.failed(meter.claimed, "ValueError")
    count, named = ports.lagging.failing(2)
    assert (count, [failing.meter.id for failing in named]) == (3, [meters[1].id, meters[2].id])


def test_a_refresh_forgets_the_attempts_even_where_a_newer_write_is_not_in_it(ports: Ports, lags: Lags) -> None:
    meter = lags(10)
    ports.lagging.claim(meter, 500)
    ports.lagging.failed(meter.claimed, "ValueError")
    ports.transactions.run(meter.key[0], lambda transaction: transaction.meters.mark_changed(POWER, 0, 0, 20))
    refreshed(ports, meter)
    assert ports.lagging.failing(10) == (0, [])
    assert ports.lagging.waiting(100, 100, 10) == [meter], "it lags still, and nobody has tried that yet"
    refreshed(ports, meter, 2)
    assert ports.lagging.waiting(100, 1_000, 10) == []
    assert not ports.lagging.claim(meter, 500), "a clean meter is nobody's work"


def test_every_meter_that_lags_is_told_once_the_longest_waiting_first_whatever_its_pause(
    ports: Ports, lags: Lags
) -> None:
    young, old, waiting = lags(200), lags(10), lags(100)
    lags(900)
    assert ports.lagging.claim(waiting, 5_000)
    ports.lagging.failed(waiting.claimed, "ValueError")
    told = []
    for meter in ports.lagging.every(300):
        assert ports.lagging.claim(meter, 400), "claimed while the others are still to come, and not met again"
        told.append(meter)
    assert told == [old, LaggingMeter(waiting.id, 1, "ValueError"), young]


def test_however_many_lag_none_is_left_out(ports: Ports, lags: Lags) -> None:
    meters = {lags(since) for since in range(50)}
    assert set(ports.lagging.every(100)) == meters


def brought_up(newer: Ports, meter: LaggingMeter) -> None:
    timeline = DisplayDocument("histogram", None, {"buckets": []}, 1, CALCULATION_VERSION + 1, 77)
    assert newer.display.publish(*meter.key, DisplayUpdate(1, [timeline], range(0), whole=True))


@pytest.fixture
def outdated(ports: Ports, lags: Lags) -> Callable[[], LaggingMeter]:
    """A meter of a new user that does not lag, as code of the next calculation version sees it."""

    def made() -> LaggingMeter:
        meter = lags(10)
        refreshed(ports, meter)
        return replace(meter, outdated=True)

    return made


def test_what_an_older_calculation_shows_is_outdated_until_it_is_brought_up(
    ports: Ports, newer: Ports, outdated: Callable[[], LaggingMeter]
) -> None:
    meters = {outdated() for _ in range(3)}
    assert (newer.lagging.outdated(), ports.lagging.outdated()) == (3, 0)
    assert set(newer.lagging.waiting_outdated(500, 10)) == set(newer.lagging.every_outdated()) == meters
    assert len(newer.lagging.waiting_outdated(500, 2)) == 2
    assert list(newer.lagging.every(1_000)) == []
    one, *others = meters
    brought_up(newer, one)
    assert set(newer.lagging.every_outdated()) == set(others)
    assert newer.lagging.outdated() == 2


def test_an_outdated_meter_that_lags_is_one_that_lags(
    ports: Ports, newer: Ports, outdated: Callable[[], LaggingMeter]
) -> None:
    meter = outdated()
    ports.transactions.run(meter.key[0], lambda transaction: transaction.meters.mark_changed(POWER, 0, 0, 20))
    assert newer.lagging.outdated() == 0
    assert newer.lagging.waiting(1_000, 1_000, 10) == [replace(meter, outdated=False)]
    assert not newer.lagging.claim(meter, 500), "it is not what it was when it was read"


def test_attempts_on_outdated_meters_are_kept_as_those_on_others(
    newer: Ports, outdated: Callable[[], LaggingMeter]
) -> None:
    one, other = outdated(), outdated()
    assert newer.lagging.claim(one, 500)
    assert not newer.lagging.claim(one, 600)
    newer.lagging.failed(one.claimed, "ValueError")
    failed = replace(one, attempts=1, error="ValueError")
    assert newer.lagging.failing(10) == (1, [FailingMeter(failed, None, 500)])
    assert newer.lagging.waiting_outdated(499, 10) == [other]
    assert newer.lagging.waiting_outdated(500, 10) == [other, failed]
    brought_up(newer, one)
    assert newer.lagging.failing(10) == (0, [])


def test_what_a_newer_calculation_shows_is_nobodys_work_for_an_older_one(
    ports: Ports, newer: Ports, lags: Lags
) -> None:
    clean, lagging = lags(10), lags(20)
    for meter in (clean, lagging):
        refreshed(newer, meter)
    ports.transactions.run(lagging.key[0], lambda transaction: transaction.meters.mark_changed(POWER, 0, 0, 20))
    assert ports.lagging.lag(1_000) == Lag()
    assert newer.lagging.lag(1_000) == Lag(1, 20)
    assert ports.lagging.waiting(1_000, 1_000, 10) == list(ports.lagging.every(1_000)) == []
    assert ports.lagging.outdated() == 0
