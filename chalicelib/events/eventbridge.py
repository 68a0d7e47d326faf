"""Publishes domain events to an EventBridge bus. ``entries`` makes entries and calls of events."""

import random
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from chalicelib.domain.events.contracts import EnergyEvent
from chalicelib.domain.ports.outside import EventPublisher
from chalicelib.events.entries import Entry, batches, entry_of, fits, named
from chalicelib.monitoring.logger import logger
from chalicelib.monitoring.metrics import count
from chalicelib.monitoring.names import MetricName
from chalicelib.monitoring.trace import traceparent

if TYPE_CHECKING:
    from types_boto3_events.client import EventBridgeClient

ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 0.1  # at most; doubled each time, and random, so that many writers do not come back together
# A user's write waits meanwhile. Later than this no call begins, and one takes 3 s at most (``client``).
PATIENCE_SECONDS = 2.0


class EventBridgePublisher(EventPublisher):
    """Implements ``EventPublisher``: batches, sends what failed again, never raises for a bus that fails.

    What cannot be sent is logged and counted; the meter stays dirty, so a later refresh finds it. (A shell counts
    nothing: metrics are lines on standard output, which belongs to its answer.) ``lost`` gets how many were lost,
    and must not raise: the write is committed.
    """

    def __init__(
        self,
        client: "Callable[[], EventBridgeClient]",
        bus_name: str,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        counted: Callable[[MetricName, int], None] = count,
        lost: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._client = client
        self._bus_name = bus_name
        self._pause = pause
        self._clock = clock
        self._counted = counted
        self._remember = lost

    @override
    def publish(self, events: Sequence[EnergyEvent]) -> None:
        """Send events, for a few seconds at most."""
        self.send(events)

    def send(self, events: Sequence[EnergyEvent]) -> list[EnergyEvent]:
        """Publish events; returns those that did not get onto the bus. Each carries the trace of the present call."""
        traced = {"traceparent": traceparent()}
        pairs = [(event, entry_of(event.model_copy(update=traced), self._bus_name)) for event in events]
        entries = [entry for _, entry in pairs]
        too_large = [entry for entry in entries if not fits(entry)]
        unsent = self._delivered([entry for entry in entries if fits(entry)])
        self._lost(MetricName.EVENTS_TOO_LARGE, "events larger than the bus takes, their meters stay dirty", too_large)
        self._lost(MetricName.EVENTS_NOT_PUBLISHED, "events not published, their meters stay dirty", unsent)
        lost = {id(entry) for entry in (*too_large, *unsent)}
        return [event for event, entry in pairs if id(entry) in lost]

    def _delivered(self, entries: list[Entry]) -> list[Entry]:
        """Send entries, those that failed again; returns those that failed to the end."""
        deadline = self._clock() + PATIENCE_SECONDS
        left = self._failed(entries, deadline)
        for attempt in range(1, ATTEMPTS):
            if not left or self._clock() >= deadline:
                break
            self._pause(random.uniform(0, FIRST_PAUSE_SECONDS * 2 ** (attempt - 1)))  # noqa: S311 - nothing secret
            self._counted(MetricName.EVENTS_SENT_AGAIN, len(left))
            left = self._failed(left, deadline)
        return left

    def _failed(self, entries: list[Entry], deadline: float) -> list[Entry]:
        """Send entries once, as long as there is time; returns those that are still to be sent."""
        return [
            entry
            for batch in batches(entries)
            for entry in (self._refused(batch) if self._clock() < deadline else batch)
        ]

    def _refused(self, batch: list[Any]) -> list[Entry]:
        """One call; returns what the bus did not take (PutEvents can fail per entry with HTTP 200)."""
        try:
            results = self._client().put_events(Entries=batch)["Entries"]
            return [entry for entry, result in zip(batch, results, strict=True) if "ErrorCode" in result]
        except Exception as error:  # noqa: BLE001 the write is committed: whatever fails here must not make it look failed
            logger().warning("PutEvents failed", exc_info=error)
            return batch

    def _lost(self, metric: MetricName, message: str, entries: list[Entry]) -> None:
        if entries:
            self._counted(metric, len(entries))
            self._remember(len(entries))
            logger().error(message, extra={"events": named(entries)})
