"""Replay page by page: what the bus does not take of any page is sent again, and named where it never takes it."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, cast

import pytest

from chalicelib.domain.events.contracts import EnergyEvent, MeterChange, MeterRefreshRequested, MeterVersion
from chalicelib.domain.meters.register import RegisteredMeter
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.services.refresh.replay import Replayed, ReplayService

METERS = 120


class Register:
    def meters(self, user_id: str | None = None, since: int | None = None) -> Iterator[RegisteredMeter]:
        return (RegisteredMeter(f"user-{number:03}", EnergyType.POWER, 7) for number in range(METERS))


class Bus:
    """Refuses an event as often as a test says."""

    def __init__(self, refusals: Callable[[str], int]) -> None:
        self.refusals = refusals
        self.asked: list[str] = []
        self.taken: list[str] = []
        self.calls: list[int] = []
        self.pauses: list[float] = []

    def send(self, events: Sequence[EnergyEvent]) -> list[EnergyEvent]:
        self.calls.append(len(events))
        self.asked += [event.user_id for event in events]
        refused = [event for event in events if self.asked.count(event.user_id) <= self.refusals(event.user_id)]
        self.taken += [event.user_id for event in events if event not in refused]
        return refused

    def replay(self, progress: Callable[[Replayed], None] = lambda _: None) -> Replayed:
        service = ReplayService(Register(), cast(Any, None), self.send, lambda: 0, self.pauses.append)
        return service.replay(progress=progress)


EVERYBODY = [f"user-{number:03}" for number in range(METERS)]


def test_meters_are_sent_fifty_at_once_and_nothing_is_waited_for_where_all_are_taken() -> None:
    bus = Bus(lambda _: 0)
    assert bus.replay() == Replayed(METERS)
    assert (bus.calls, bus.taken, bus.pauses) == ([50, 50, 20], EVERYBODY, [])


def test_what_is_refused_of_every_page_is_sent_again() -> None:
    """The first of each page, twice."""
    first = {"user-000", "user-050", "user-100"}
    bus, seen = Bus(lambda user: 2 * (user in first)), list[int]()
    assert bus.replay(lambda done: seen.append(done.unsent)) == Replayed(METERS)
    assert sorted(bus.taken) == EVERYBODY
    assert (seen, bus.pauses, bus.calls) == ([1, 2, 3], [1.0, 2.0], [50, 50, 20, 3, 3])


def test_more_than_a_page_that_is_refused_is_sent_again_page_by_page() -> None:
    bus = Bus(lambda _: 1)
    assert bus.replay() == Replayed(METERS)
    assert (sorted(bus.taken), bus.calls) == (EVERYBODY, [50, 50, 20] * 2)


@pytest.mark.parametrize("never", [{"user-003"}, {"user-003", "user-060", "user-119"}])
def test_what_is_never_taken_is_named_after_half_a_minute(never: set[str]) -> None:
    bus = Bus(lambda user: 99 * (user in never))
    done = bus.replay()
    assert (done.meters, done.unsent) == (METERS, len(never))
    assert done.left == tuple(f"{user}|power" for user in sorted(never))
    assert bus.pauses == [1.0, 2.0, 4.0, 8.0, 16.0]


class Marking:
    """Marks the meters of everybody but one, who has gone meanwhile."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[EnergyType]]] = []

    def touch(self, user_id: str, types: list[EnergyType]) -> list[MeterChange]:
        self.asked.append((user_id, types))
        change = MeterChange(type=EnergyType.POWER, source_version=8, first=to_datetime(0), last=to_datetime(0))
        return [] if user_id == "user-001" else [change]


class Asked(Register):
    """Two meters, and what was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str | None, int | None]] = []

    def meters(self, user_id: str | None = None, since: int | None = None) -> Iterator[RegisteredMeter]:
        self.asked.append((user_id, since))
        return islice(super().meters(), 2)


def test_an_event_says_whose_meter_it_is_its_version_and_when_it_was_asked_for() -> None:
    sent, register, marking = list[EnergyEvent](), Asked(), Marking()

    def send(events: Sequence[EnergyEvent]) -> list[EnergyEvent]:
        sent.extend(events)
        return []

    pauses = list[float]()
    service = ReplayService(register, cast(Any, marking), send, lambda: 1_700_000_000_000, pauses.append)
    assert (service.replay("user", 5), pauses) == (Replayed(2), [])
    assert (register.asked, marking.asked) == ([("user", 5)], [])
    meter = MeterVersion(type=EnergyType.POWER, source_version=7)
    events = [event for event in sent if isinstance(event, MeterRefreshRequested)]
    assert [(event.user_id, event.meter) for event in events] == [("user-000", meter), ("user-001", meter)]
    assert {event.occurred_at for event in events} == {to_datetime(1_700_000_000_000)}


def test_whole_meters_are_marked_before_and_announced_at_the_version_that_they_got() -> None:
    sent, register, marking = list[int](), Asked(), Marking()

    def send(events: Sequence[EnergyEvent]) -> list[EnergyEvent]:
        sent.extend(event.meter.source_version for event in events if isinstance(event, MeterRefreshRequested))
        return []

    ReplayService(register, cast(Any, marking), send, lambda: 0, lambda _: None).replay(whole=True)
    assert register.asked == [(None, None)]
    assert marking.asked == [("user-000", [EnergyType.POWER]), ("user-001", [EnergyType.POWER])]
    assert sent == [8, 7]
