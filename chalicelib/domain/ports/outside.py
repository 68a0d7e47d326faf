"""The time, and the rest of the system."""

from collections.abc import Callable, Sequence
from typing import Protocol

from chalicelib.domain.events.contracts import EnergyEvent

Clock = Callable[[], int]


class EventPublisher(Protocol):
    """Announces to the rest of the system what happened."""

    def publish(self, events: Sequence[EnergyEvent]) -> None:
        """Send events. Never raises: what is lost here is caught up from the dirty meters."""
