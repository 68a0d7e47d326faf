"""One seed's world: what lies outside, the deployment that runs, its schedules, and everybody's own books.

Schedules run when something may be due, at the next beat that the deployed schedule would have: the sweeper while a
meter lags, the comparer after a read, the sync job after a foreign write. By themselves the sweeper's comparison of
all meters runs every twelve hours and after a deployment, the census then and every 21 hours while a rollout is
carried, the sync job every hour, the carrier every two hours and after each finding. What ``system`` remembers is all
that a run leaves out.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random

from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.errors import ComparisonError, SyncModeError, SyncStoppedError, UnavailableError
from chalicelib.domain.events.contracts import EnergyEvent, MeterChange
from chalicelib.domain.migration.rollouts.plan import EVERYBODY
from chalicelib.domain.readings import EnergyType
from chalicelib.flags.document.flag_document import FlagDocument, read
from chalicelib.flags.document.names import COMPONENT_FLAGS, GLOBAL
from chalicelib.services.migration.gate.census import CensusState
from chalicelib.services.migration.rollouts.carrier import CARRIER
from infra.simulation.books import Book
from infra.simulation.bus import Bus, SlowDisplay, meters_of
from infra.simulation.clock import HOUR, MINUTE, Once
from infra.simulation.faults import CrashError, Crashes, Fault
from infra.simulation.figures import Figures, days
from infra.simulation.outside import Outside
from infra.simulation.system import Policy, Release, System, system

SLOWEST_MS = 20 * MINUTE
RUNS_AT_THE_END = 3


@dataclass
class Causes:
    """What was planted, and what came of it.

    ``standing``: faults that may rightly take people back now. ``exposing``: what the bug shows was not taken back yet.
    """

    standing: set[Fault] = field(default_factory=set)
    not_answered: set[Fault] = field(default_factory=set)
    exposing: bool = False
    moving: bool = False  # people may be on the new backend

    def plant(self, fault: Fault) -> None:
        """The fault begins."""
        self.standing.add(fault)
        self.not_answered.add(fault)
        self.exposing = self.exposing or fault is Fault.BUG


class World:
    """Everything of one seed."""

    def __init__(self, outside: Outside, policy: Policy, faults: frozenset[Fault], figures: Figures) -> None:
        self.outside = outside
        self.policy = policy
        self.faults = faults
        self.figures = figures
        self.books: dict[str, Book] = {}
        self.causes = Causes()
        self.began = outside.clock()
        self.alarm: Callable[[], None] = lambda: None
        self._slow = SlowDisplay(outside.store, self._later)
        self.bus = Bus(outside.agenda, self.refresh, self._refresh_slowly, self._synced)
        outside.ports = replace(outside.ports, publisher=self.bus)
        self.system: System = system(outside, Release("release-0"), policy)
        self._seen = 0
        self._schedules()

    def chance(self, purpose: str) -> Random:
        """Chance of its own for each purpose, so that one more of them changes no other."""
        return Random(f"{self.figures.seed} {purpose}")  # noqa: S311 - nothing secret

    def disturb(self) -> None:
        """Let events and transactions meet with accidents from now on."""
        if Fault.EVENTS in self.faults:
            self.bus.disturb(self.chance("events"), self.count)
        if Fault.CRASHES in self.faults:
            crashes = Crashes(self.chance("crashes"), self.count)
            self.outside.store.commits, self.bus.behind_commit = crashes.at_commit, crashes.behind_commit

    def quiet(self) -> None:
        """Let nothing go wrong in what an operator waits for."""
        self.outside.store.commits, self.bus.behind_commit = (lambda _: None), (lambda: None)

    def count(self, what: str) -> None:
        """Something went wrong as it was meant to."""
        self.figures.faults[what] += 1

    def deploy(self, release: Release) -> None:
        """Start with other code, or again with the same: processes keep nothing."""
        self.system = system(self.outside, release, self.policy)
        self.verifying.ask()
        self.census.ask()
        self.carrier.ask()

    def refresh(self, event: EnergyEvent) -> None:
        """What the function of an event does."""
        for meter in meters_of(event):
            self.system.calculation.refresh(event.user_id, meter.type, meter.source_version)

    def carry(self) -> None:
        """Let the carrier run, and look at what it has taken back."""
        with suppress(UnavailableError):
            self.system.flags.carrier.run(40.0)
        changes = [each for each in self.outside.ports.flag_history.changes(None, 1_000) if each.by == CARRIER]
        backs = [each for each in reversed(changes) if each.action in ("rollback", "kill")]
        for _ in backs[self._seen :]:
            self.figures.rollbacks += 1
            self.figures.false_rollbacks += not self.causes.standing
            self.causes.not_answered -= self.causes.standing
        self._seen = len(backs)
        self._note_everybody()
        if self.system.flags.carrier.stopped():
            self.alarm()

    def percent(self, component: Component) -> Decimal:
        """How many people a component's flag sends to the new backend now; what is off sends nobody."""
        flag = self._document().flags[COMPONENT_FLAGS[component]]
        return flag.rollout_percent if self.is_on(component) else Decimal(0)

    def is_on(self, component: Component) -> bool:
        """Whether a flag sends anybody to the new backend, or could."""
        flags = self._document().flags
        return flags[COMPONENT_FLAGS[component]].enabled and flags[GLOBAL].enabled

    def _document(self) -> FlagDocument:
        content = self.outside.appconfig.serving()
        return self.outside.once_for("document", lambda: content, lambda: read(content))

    def taken_back(self) -> None:
        """Everybody is on the old backend of what was taken back: do they find there what they have recorded?"""
        if not self.policy.compares:
            self.figures.lost = max(self.figures.lost, self._missing(lambda _: Side.OLD))

    def end(self) -> None:
        """Let what waits come to its end, and count what is not there."""
        self.quiet()
        for _ in range(RUNS_AT_THE_END):
            self.outside.clock.pause(60.0)
            self.system.sweeper.run_at_once(60.0)
        stored = self.outside.store.stored
        self.figures.lost = max(self.figures.lost, self._missing(self._believed))
        self.figures.not_found = len(self.causes.not_answered)
        self.figures.unfinished = sum(self.percent(component) != EVERYBODY for component in Component)
        if self.policy.compares:
            old, new = ({key: each.amount for key, each in stored.sides[side].items()} for side in Side)
            self.figures.sides_differ += len(old.items() ^ new.items())

    def _believed(self, user_id: str) -> Side:
        """Where a person's readings have to be: on the side that is right, or where their table looks."""
        if self.policy.compares:
            return self.outside.store.stored.sync.authoritative
        decision = self.system.decisions.should_use_new_backend(user_id, Component.ENERGY_TABLE)
        return Side(decision.backend)

    def _missing(self, side_of: Callable[[str], Side]) -> int:
        stored = self.outside.store.stored
        return sum(
            book.missing({(kind, key[2]): held for kind in EnergyType for key, held in side.of((name, kind)).items()})
            for name, book in self.books.items()
            for side in [stored.sides[side_of(name)]]
        )

    def _note_everybody(self) -> None:
        everywhere = all(self.percent(component) == EVERYBODY for component in Component)
        if not everywhere:
            self.figures.days_to_everybody = None
        elif self.figures.days_to_everybody is None:
            self.figures.days_to_everybody = days(self.outside.clock() - self.began)

    def sweep(self) -> None:
        """Let the sweeper run, again and again while something lags."""
        if self.outside.is_dirty():
            with suppress(UnavailableError):
                self.system.sweeper.run(35.0)
            self.sweeper.ask()

    def look_at_all(self) -> None:
        """The sweeper's comparison of all meters."""
        if not self.policy.compares:
            return
        with suppress(SyncModeError, UnavailableError):
            self.system.consistency.verify_by_schedule(15.0)
        self.carrier.ask()

    def take_census(self) -> None:
        """One run of the census; the next one goes on where somebody lags."""
        if not self.policy.compares:
            return
        with suppress(ComparisonError, UnavailableError):
            taken = self.system.census.run(90.0, 180.0)
            if taken.state is CensusState.UNDER_WAY:
                self.census.ask()
            if taken.state in (CensusState.FINISHED, CensusState.UNDER_WAY):
                self.carrier.ask()

    def compare(self) -> None:
        """One run of the comparer."""
        with suppress(ComparisonError, UnavailableError):
            outcomes = self.system.comparer.run(90.0)
            if set(outcomes) - {"equal", "lag"}:
                self.carrier.ask()

    def follow(self) -> None:
        """One run of the sync job."""
        if not self.policy.compares and self.causes.moving:
            return
        with suppress(CrashError, SyncModeError, SyncStoppedError, UnavailableError):
            self.system.sync.run(240.0)

    def _schedules(self) -> None:
        outside = self.outside

        def once(beat: int, work: Callable[[], None]) -> Once:
            return Once(outside.agenda, outside.clock, beat, work)

        self.sweeper = once(MINUTE, self.sweep)
        self.carrier = once(MINUTE, self.carry)
        self.verifying = once(MINUTE, self.look_at_all)
        self.census = once(3 * MINUTE, self.take_census)
        self.comparer = once(5 * MINUTE, self.compare)
        self.sync_job = once(5 * MINUTE, self.follow)
        for job, hours in ((self.carrier, 2), (self.sync_job, 1), (self.verifying, 12)):
            outside.agenda.every(hours * HOUR, job.ask)
        outside.agenda.every(21 * HOUR, self._ask_for_census)

    def _ask_for_census(self) -> None:
        if self.outside.ports.rollouts.carried():
            self.census.ask()

    def _refresh_slowly(self, event: EnergyEvent) -> None:
        slow = self.system.refreshing_by(self.outside, self._slow)
        for meter in meters_of(event):
            slow.refresh(event.user_id, meter.type, meter.source_version)

    def _later(self, work: Callable[[], object]) -> None:
        def publish() -> None:
            work()
            self.sweeper.ask()

        self.outside.agenda.after(self.outside.chance.randrange(MINUTE, SLOWEST_MS), publish)

    def _synced(self, user_id: str, meter: MeterChange) -> None:
        if user_id in self.books:
            self.books[user_id].meters[EnergyType(meter.type)].note(meter.source_version)
