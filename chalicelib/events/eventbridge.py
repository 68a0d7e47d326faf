"""Publishes domain events to an EventBridge bus."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.domain.events import EVENT_SOURCE, EnergyEvent
from chalicelib.monitoring.logger import logger
from chalicelib.monitoring.metrics import count
from chalicelib.monitoring.names import MetricName

if TYPE_CHECKING:
    from types_boto3_events.client import EventBridgeClient

ENTRIES_PER_CALL = 10
ATTEMPTS = 3


class EventBridgePublisher:
    """Implements ``EventPublisher``: batches, sends failed entries again, never raises.

    What cannot be sent is logged and counted; the meter stays dirty, so a later refresh finds it.
    """

    def __init__(self, client: "Callable[[], EventBridgeClient]", bus_name: str) -> None:
        self._client = client
        self._bus_name = bus_name

    def publish(self, events: Sequence[EnergyEvent]) -> None:
        """Send events in batches of at most ten entries."""
        for batch in _batches([self._entry(event) for event in events]):
            self._send(batch)

    def _entry(self, event: EnergyEvent) -> dict[str, Any]:
        return {
            "Source": EVENT_SOURCE,
            "DetailType": type(event).__name__,
            "Detail": event.model_dump_json(by_alias=True),
            "EventBusName": self._bus_name,
            "Time": event.occurred_at,
        }

    def _send(self, entries: list[Any]) -> None:
        for _ in range(ATTEMPTS):
            entries = self._failed(entries)
            if not entries:
                return
        count(MetricName.EVENTS_NOT_PUBLISHED, len(entries))
        logger().error(
            "events not published, their meters stay dirty",
            extra={"details": [entry["Detail"] for entry in entries]},
        )

    def _failed(self, entries: list[Any]) -> list[Any]:
        """Send entries once; returns those that failed (PutEvents can fail per entry with HTTP 200)."""
        try:
            results = self._client().put_events(Entries=entries)["Entries"]
            return [entry for entry, result in zip(entries, results, strict=True) if "ErrorCode" in result]
        except Exception as error:  # noqa: BLE001 the write is committed: whatever fails here must not make it look failed
            logger().warning("PutEvents failed", exc_info=error)
            return entries


def _batches(entries: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(entries), ENTRIES_PER_CALL):
        yield entries[start : start + ENTRIES_PER_CALL]
