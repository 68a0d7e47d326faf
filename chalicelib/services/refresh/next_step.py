"""The event that asks for the next step of a refresh under way."""

from dataclasses import dataclass

from chalicelib.domain.events.contracts import MeterRefreshRequested, MeterVersion
from chalicelib.domain.ports.outside import Clock, EventPublisher
from chalicelib.domain.ports.reading import DisplayDataRepository
from chalicelib.domain.readings import EnergyType, to_datetime


@dataclass(frozen=True, slots=True)
class NextStep:
    """Asks for it. An event that gets lost costs time alone: the meter lags, and the sweeper looks at it."""

    display: DisplayDataRepository
    publisher: EventPublisher
    clock: Clock

    def __call__(self, user_id: str, energy_type: EnergyType) -> None:
        """Ask for a refresh up to what is written by now. Raises UnavailableError."""
        version = self.display.state(user_id, energy_type).source_version
        meter = MeterVersion(type=energy_type, source_version=version)
        asked = MeterRefreshRequested(occurred_at=to_datetime(self.clock()), user_id=user_id, meter=meter)
        self.publisher.publish([asked])
