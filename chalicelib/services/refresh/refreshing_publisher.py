"""A publisher for processes that reach no event bus: it does at once what the handler of an event would do."""

from collections.abc import Sequence

from chalicelib.domain.errors import EnergyMonitorError
from chalicelib.domain.events.contracts import EnergyEvent, MeterEvent
from chalicelib.services.refresh.refresh import DisplayDataCalculationService


class RefreshingPublisher:
    """Implements ``EventPublisher`` for events of one meter."""

    def __init__(self, calculation: DisplayDataCalculationService) -> None:
        self._calculation = calculation

    def publish(self, events: Sequence[EnergyEvent]) -> None:
        """Refresh the meters; one that fails stays dirty, as if its event had got lost."""
        for event in events:
            if isinstance(event, MeterEvent):
                self._refresh(event)

    def _refresh(self, event: MeterEvent) -> None:
        try:
            self._calculation.refresh(event.user_id, event.meter.type, event.meter.source_version)
        except EnergyMonitorError:
            return
