"""Replay: sends events for meters again, so that the handlers refresh them.

Idempotent: a meter whose display is up to date is left alone, unless it is to be calculated again from end to end.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

from chalicelib.domain.events.contracts import EnergyEvent, MeterRefreshRequested, MeterVersion
from chalicelib.domain.meters.register import MeterRegister, RegisteredMeter
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.readings import to_datetime
from chalicelib.services.refresh.recalculation import RecalculationService

Send = Callable[[Sequence[EnergyEvent]], Sequence[EnergyEvent]]
T = TypeVar("T")
METERS_AT_ONCE = 50
# Before each time that events are sent again: a bus that throttles, or starts again, has half a minute.
PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0)


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many meters a replay was about, and the ids of those whose event did not get onto the bus."""

    meters: int
    left: tuple[str, ...] = ()

    @property
    def unsent(self) -> int:
        """How many events did not get onto the bus."""
        return len(self.left)


class ReplayService:
    """Sends one event per meter; ``send`` returns those that it could not get rid of."""

    def __init__(
        self,
        register: MeterRegister,
        recalculation: RecalculationService,
        send: Send,
        clock: Clock,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._register = register
        self._recalculation = recalculation
        self._send = send
        self._clock = clock
        self._pause = pause

    def replay(
        self,
        user_id: str | None = None,
        since: int | None = None,
        progress: Callable[[Replayed], None] = lambda _: None,
        *,
        whole: bool = False,
    ) -> Replayed:
        """Ask for a refresh of all meters, of one user's, or of those written to since an instant.

        ``whole``: each is marked as changed from end to end before, so that every figure is calculated again. What the
        bus does not take is sent again after all others, with pauses that grow.

        Raises:
            UnavailableError: the database did not answer in time; doing it again does no harm.
        """
        meters, left = 0, list[EnergyEvent]()
        for some in _pages(self._register.meters(user_id, since)):
            left += self._send([self._event(self._touched(meter) if whole else meter) for meter in some])
            meters += len(some)
            progress(_replayed(meters, left))
        for seconds in PAUSES_SECONDS:
            if not left:
                break
            self._pause(seconds)
            left = [event for some in _pages(left) for event in self._send(some)]
        return _replayed(meters, left)

    def _touched(self, meter: RegisteredMeter) -> RegisteredMeter:
        """The meter after it was marked; the meter before, where it has gone meanwhile."""
        for change in self._recalculation.touch(meter.user_id, [meter.type]):
            meter = replace(meter, source_version=change.source_version)
        return meter

    def _event(self, meter: RegisteredMeter) -> MeterRefreshRequested:
        version = MeterVersion(type=meter.type, source_version=meter.source_version)
        return MeterRefreshRequested(occurred_at=to_datetime(self._clock()), user_id=meter.user_id, meter=version)


def _pages(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while page := list(islice(rest, METERS_AT_ONCE)):
        yield page


def _replayed(meters: int, left: Sequence[EnergyEvent]) -> Replayed:
    ids = (f"{event.user_id}|{event.meter.type}" for event in left if isinstance(event, MeterRefreshRequested))
    return Replayed(meters, tuple(ids))
