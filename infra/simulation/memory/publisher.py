"""A publisher that keeps the events it gets."""

from collections.abc import Sequence

from chalicelib.domain.events.contracts import EnergyEvent


class FakePublisher:
    def __init__(self) -> None:
        self.events: list[EnergyEvent] = []

    def publish(self, events: Sequence[EnergyEvent]) -> None:
        self.events.extend(events)
