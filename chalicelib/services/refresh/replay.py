"""Replay: tell the handlers to look at meters again, as if their events came once more.

Idempotent: a meter whose display is up to date stays as it is, unless it is to be calculated anew from end to end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from chalicelib.domain.events import EnergyEvent, MeterRefreshRequested, MeterVersion
from chalicelib.domain.meter_register import MeterRegister, RegisteredMeter
from chalicelib.domain.ports import Clock
from chalicelib.domain.readings import to_datetime
from chalicelib.services.refresh.recalculation import RecalculationService

Send = Callable[[Sequence[EnergyEvent]], int]
METERS_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many meters a replay was about, and how many of their events did not get onto the bus."""

    meters: int = 0
    unsent: int = 0


class ReplayService:
    """Sends one event per meter; ``send`` returns how many it could not get rid of."""

    def __init__(self, register: MeterRegister, recalculation: RecalculationService, send: Send, clock: Clock) -> None:
        self._register = register
        self._recalculation = recalculation
        self._send = send
        self._clock = clock

    def replay(
        self,
        user_id: str | None = None,
        since: int | None = None,
        progress: Callable[[Replayed], None] = lambda _: None,
        *,
        whole: bool = False,
    ) -> Replayed:
        """Ask for a refresh of all meters, of one user's, or of those written to since an instant.

        ``whole``: each is marked as changed from end to end before, so that every figure is calculated anew.

        Raises:
            UnavailableError: the database did not answer in time; doing it again does no harm.
        """
        done = Replayed()
        meters = self._register.meters(user_id, since)
        while some := list(islice(meters, METERS_AT_ONCE)):
            unsent = self._send([self._event(self._touched(meter) if whole else meter) for meter in some])
            done = Replayed(done.meters + len(some), done.unsent + unsent)
            progress(done)
        return done

    def _touched(self, meter: RegisteredMeter) -> RegisteredMeter:
        """The meter as it stands after it was marked; as it stood where it has gone meanwhile."""
        for change in self._recalculation.touch(meter.user_id, [meter.type]):
            meter = replace(meter, source_version=change.source_version)
        return meter

    def _event(self, meter: RegisteredMeter) -> MeterRefreshRequested:
        version = MeterVersion(type=meter.type, source_version=meter.source_version)
        return MeterRefreshRequested(occurred_at=to_datetime(self._clock()), user_id=meter.user_id, meter=version)
