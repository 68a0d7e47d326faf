"""Who asks for a refresh without a bus, or for the next step of one: which meter, up to which version."""

from typing import Any, cast

from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.events.contracts import (
    EnergyReadingDeleted,
    MeterChange,
    MeterRefreshRequested,
    MeterVersion,
    UserSettingsChanged,
)
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.services.refresh.next_step import NextStep
from chalicelib.services.refresh.refreshing_publisher import RefreshingPublisher
from infra.simulation.memory.display import FakeDisplay
from infra.simulation.memory.publisher import FakePublisher
from infra.simulation.memory.store import FakeMeters, FakeStore

POWER = EnergyType.POWER
NOW = 1_700_000_000_000


def deleted(user: str, version: int) -> EnergyReadingDeleted:
    meter = MeterChange(type=POWER, source_version=version, first=to_datetime(0), last=to_datetime(0))
    return EnergyReadingDeleted(occurred_at=to_datetime(NOW), user_id=user, reading_id="1", meter=meter)


def test_the_next_step_is_asked_for_up_to_what_is_written_by_now() -> None:
    store, publisher = FakeStore(lambda: 0), FakePublisher()
    for _ in range(3):
        FakeMeters(store.stored, "alice").mark_changed(POWER, 0, 0, 0)
    NextStep(FakeDisplay(store), publisher, lambda: NOW)("alice", POWER)
    [event] = publisher.events
    assert isinstance(event, MeterRefreshRequested)
    assert (event.user_id, event.meter, event.occurred_at) == (
        "alice",
        MeterVersion(type=POWER, source_version=3),
        to_datetime(NOW),
    )


def test_without_a_bus_each_meter_is_refreshed_at_once_and_one_that_fails_holds_up_nobody() -> None:
    asked: list[tuple[str, EnergyType, int | None]] = []

    class Calculation:
        def refresh(self, user_id: str, energy_type: EnergyType, version: int | None = None) -> bool:
            asked.append((user_id, energy_type, version))
            if user_id == "alice":
                raise UnavailableError("out of time")
            return True

    several = UserSettingsChanged(occurred_at=to_datetime(NOW), user_id="carl", meters=())
    publisher = RefreshingPublisher(cast(Any, Calculation()))
    publisher.publish([deleted("alice", 3), several, deleted("bob", 4)])
    assert asked == [("alice", POWER, 3), ("bob", POWER, 4)]
