"""EventBridge between a write and the function that refreshes: events get lost, come twice, late, or overtaken."""

from collections.abc import Callable, Sequence
from functools import partial
from random import Random

from typing_extensions import override

from chalicelib.domain.events.contracts import EnergyEvent, EnergyReadingsSynced, MeterChange
from chalicelib.domain.meters.display_documents import DisplayUpdate
from chalicelib.domain.ports.outside import EventPublisher
from chalicelib.domain.readings import EnergyType
from infra.simulation.clock import MINUTE, SECOND, Agenda
from infra.simulation.memory.display import FakeDisplay
from infra.simulation.memory.store import FakeStore

LOST, TWICE, LATE, SLOW = 0.05, 0.05, 0.08, 0.08
LATEST_MS = 40 * MINUTE
Deliver = Callable[[EnergyEvent], None]
Count = Callable[[str], None]


class Bus(EventPublisher):
    """Delivers what is published a moment later. ``synced`` gets what the sync job has carried over."""

    def __init__(self, agenda: Agenda, deliver: Deliver, slowly: Deliver, synced: Callable[..., None]) -> None:
        self._agenda = agenda
        self._deliver = deliver
        self._slowly = slowly
        self._synced = synced
        self._chance: Random | None = None
        self._count: Count = lambda _: None
        self.behind_commit: Callable[[], None] = lambda: None

    def disturb(self, chance: Random, count: Count) -> None:
        """Let events meet with accidents from now on."""
        self._chance, self._count = chance, count

    @override
    def publish(self, events: Sequence[EnergyEvent]) -> None:
        for event in events:
            if isinstance(event, EnergyReadingsSynced):
                self._synced(event.user_id, event.meter)
        self.behind_commit()
        for event in events:
            self._send(event)

    def _send(self, event: EnergyEvent) -> None:
        drawn = 1.0 if self._chance is None else self._chance.random()
        after = (LOST, LOST + TWICE, LOST + TWICE + LATE, LOST + TWICE + LATE + SLOW)
        kind = sum(drawn >= each for each in after)
        ways = (self._lose, self._twice, self._late, self._overtaken, self._at_once)
        ways[kind](event)

    def _lose(self, _: EnergyEvent) -> None:
        self._count("events lost")

    def _twice(self, event: EnergyEvent) -> None:
        self._count("events doubled")
        self._at_once(event)
        self._at_once(event)

    def _late(self, event: EnergyEvent) -> None:
        self._count("events late")
        late = 1 if self._chance is None else self._chance.randrange(MINUTE, LATEST_MS)
        self._agenda.after(late, lambda: self._deliver(event))

    def _overtaken(self, event: EnergyEvent) -> None:
        """The function reads at once and publishes minutes later."""
        self._count("events overtaken")
        self._agenda.after(SECOND, lambda: self._slowly(event))

    def _at_once(self, event: EnergyEvent) -> None:
        self._agenda.after(SECOND, lambda: self._deliver(event))


class SlowDisplay(FakeDisplay):
    """Publishes so much later: what has happened meanwhile is there before it."""

    def __init__(self, store: FakeStore, later: Callable[[Callable[[], object]], None]) -> None:
        super().__init__(store)
        self._later = later

    @override
    def publish(self, user_id: str, energy_type: EnergyType, update: DisplayUpdate) -> bool:
        self._later(partial(super().publish, user_id, energy_type, update))
        return False


def meters_of(event: EnergyEvent) -> Sequence[MeterChange]:
    """The meters that an event says to look at."""
    found: Sequence[MeterChange] = getattr(event, "meters", ())
    return found
