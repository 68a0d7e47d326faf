"""Simulated people: they record, correct and remove readings, send files, and look at what they are shown."""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from random import Random

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import EnergyMonitorError
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.migration.records.decision import Decision
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.ports.values import StoredReading
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.services.components.component_reads import (
    ComponentAnswer,
    ComponentRead,
    ShowDashboard,
    ShowMonths,
    ShowNewForm,
    ShowTable,
    ShowTimeline,
)
from chalicelib.services.components.energy_backend import EnergyBackend
from chalicelib.services.migration.backends.backend_router import Route
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft, Recorded
from infra.simulation.books import Book, Place, written
from infra.simulation.clock import DAY, MINUTE
from infra.simulation.faults import CrashError
from infra.simulation.outside import ANSWER_MS
from infra.simulation.system import PSEUDONYMS
from infra.simulation.world import World

WRITES = 0.5  # of all visits
CORRECTIONS, REMOVALS, FILES = 0.22, 0.12, 0.06  # of all writes
VISITS_A_WEEK = 3.05
ROWS = (4, 12)  # of a file
FILE_DAYS = 40  # how far back its rows go
FIRST, RATE = 1_000, Decimal("8.5")  # a register at the beginning, and what is used in a day
CONFIRMED = ImportOptions(confirm=True)


class Person:
    """One of them. What they record grows evenly, so that nothing has to be asked back."""

    def __init__(self, world: World, book: Book, chance: Random, origin: int) -> None:
        self._world = world
        self._book = book
        self._chance = chance
        self._origin = origin
        self._shown: dict[EnergyType, int] = {}

    def visit(self) -> None:
        """Maybe write, then look."""
        if self._chance.random() < WRITES:
            self._write()
        self._look()

    def amount(self, instant: int) -> Decimal:
        """What the register says at an instant."""
        return FIRST + (RATE * (instant - self._origin) / DAY).quantize(Decimal("0.001"))

    def record_elsewhere(self) -> None:
        """Record a reading with the old application, which knows nothing of us."""
        kind, instant = self._chance.choice(self._book.types), self._free_instant()
        outside = self._world.outside
        reading = StoredReading(
            outside.store.ids()[:24], kind, instant, self.amount(instant), "manual", 1, instant, instant
        )
        outside.sides.write(self._book.user_id, reading)
        self._world.figures.writes += 1
        self._book.record(kind, instant, reading.amount, self._version(kind))
        self._world.sync_job.ask()

    def _write(self) -> None:
        drawn = self._chance.random()
        if drawn < FILES:
            self._acknowledged(Component.CSV_IMPORT, self._send_file)
        elif drawn < FILES + CORRECTIONS and self._book.ids:
            self._acknowledged(Component.ENERGY_FORMS, self._correct)
        elif drawn < FILES + CORRECTIONS + REMOVALS and self._book.ids:
            self._acknowledged(Component.ENERGY_FORMS, self._remove)
        else:
            self._acknowledged(Component.ENERGY_FORMS, self._record)
        self._world.sweeper.ask()

    def _acknowledged(self, component: Component, work: Callable[[EnergyBackend], None]) -> None:
        """What is refused was never recorded."""
        route, store = self._route(component), self._world.outside.store
        writes = self._world.policy.writes
        store.writes = lambda _, sync: writes(sync, route.decision.backend)
        try:
            work(route.backend)
        except EnergyMonitorError:
            self._world.figures.refused += 1
        else:
            self._note(component, route.decision, None)
        finally:
            store.writes = lambda _, sync: sync.writes

    def _record(self, backend: EnergyBackend) -> None:
        kind, instant = self._chance.choice(self._book.types), self._free_instant()
        draft = ReadingDraft(kind, written(instant), self.amount(instant), confirm=True)
        self._sent((kind, instant), lambda: self._keep(backend.create(self._book.user_id, draft)))

    def _correct(self, backend: EnergyBackend) -> None:
        place, key = self._one_of_mine()
        more = self._chance.randrange(1, 9) / Decimal(100)
        correction = ReadingCorrection(amount=self.amount(place[1]) + more, confirm=True)
        self._sent(place, lambda: self._keep(backend.update(self._book.user_id, key, correction)))

    def _remove(self, backend: EnergyBackend) -> None:
        place, key = self._one_of_mine()
        self._sent(place, lambda: self._book.remove(*place, backend.delete(self._book.user_id, key)))

    def _send_file(self, backend: EnergyBackend) -> None:
        kind, end = self._chance.choice(self._book.types), self._world.outside.clock() // MINUTE
        days = self._chance.sample(range(1, FILE_DAYS), self._chance.randint(*ROWS))
        instants = [(end - day * DAY // MINUTE) * MINUTE for day in days]
        free = [instant for instant in instants if not self._book.has(instant)]
        rows = [f"{written(instant)},{kind.value},{self.amount(instant)}\n" for instant in free]
        if not rows:
            return
        try:
            backend.bulk_create(self._book.user_id, "".join(["date,type,amount\n", *rows]).encode(), CONFIRMED)
        except CrashError:
            for instant in free:
                self._look_again((kind, instant))
            return
        self._world.figures.imports += 1
        for instant in free:
            self._book.record(kind, instant, self.amount(instant), self._version(kind))

    def _sent(self, place: Place, work: Callable[[], None]) -> None:
        """Nobody knows what became of a write whose answer never came: who sent it looks."""
        try:
            work()
        except CrashError:
            self._look_again(place)
        else:
            self._world.figures.writes += 1

    def _look_again(self, place: Place) -> None:
        stored, (kind, instant) = self._world.outside.store.stored, place
        sides = self._world.outside.store.writes(self._book.user_id, stored.sync)
        found = stored.sides[sides[0]].get((self._book.user_id, kind, instant))
        if found is None:
            self._book.remove(kind, instant, self._version(kind))
        else:
            self._keep(Recorded(found, self._version(kind)))

    def _keep(self, recorded: Recorded) -> None:
        reading = recorded.reading
        self._book.record(reading.type, reading.instant, reading.amount, recorded.source_version)
        self._book.ids[reading.type, reading.instant] = reading.id

    def _look(self) -> None:
        read, outside = self._read(), self._world.outside
        route = self._route(read.component)
        try:
            answer = read.ask(route.backend, self._book.user_id)
        except EnergyMonitorError:
            self._world.count("reads refused")
            return
        self._world.figures.reads += 1
        self._note(read.component, route.decision, read)
        is_new = route.decision.backend is Backend.NEW
        if is_new:
            self._look_back(read, answer)
        if not self._book.is_right(read, answer, outside.clock(), at_version=is_new):
            self._wrong(is_new=is_new)

    def _wrong(self, *, is_new: bool) -> None:
        if is_new and self._world.causes.exposing:
            self._world.figures.exposed += 1
        else:
            self._world.figures.wrong += 1

    def _look_back(self, read: ComponentRead, answer: ComponentAnswer) -> None:
        """A backend never shows a view that is older than the one before."""
        if isinstance(read, ShowMonths):
            self._world.figures.backwards += answer.versions[0] < self._shown.get(read.type, 0)
            self._shown[read.type] = answer.versions[0]

    def _read(self) -> ComponentRead:
        kind, year = self._chance.choice(self._book.types), to_datetime(self._world.outside.clock()).year
        consistent = self._chance.random() < 0.3
        reads: tuple[Callable[[], ComponentRead], ...] = (
            lambda: ShowDashboard(consistent=consistent),
            lambda: ShowMonths(type=kind, year=year, consistent=consistent),
            lambda: ShowTable(descending=True),
            lambda: ShowTimeline(type=kind, consistent=consistent),
            lambda: ShowNewForm(type=kind),
        )
        return self._chance.choice(reads)()

    def _route(self, component: Component) -> Route:
        return self._world.system.router.route(self._book.user_id, component)

    def _note(self, component: Component, decision: Decision, read: ComponentRead | None) -> None:
        """As the route notes it, and the schedule that looks at it."""
        outside, user_id = self._world.outside, self._book.user_id
        parameters = None if read is None else read.parameters()
        usage = BackendUsage(component, user_id, decision, ANSWER_MS, True, parameters=parameters)
        with suppress(EnergyMonitorError):
            outside.ports.usage.insert(usage, PSEUDONYMS.of("user", user_id), outside.clock())
        self._world.comparer.ask()

    def _free_instant(self) -> int:
        """A moment ago, at which nothing is recorded yet."""
        instant = self._world.outside.clock() // MINUTE * MINUTE - MINUTE
        while self._book.has(instant):
            instant -= MINUTE
        return instant

    def _one_of_mine(self) -> tuple[Place, str]:
        return self._chance.choice(list(self._book.ids.items()))

    def _version(self, kind: EnergyType) -> int:
        return self._world.outside.ports.display.state(self._book.user_id, kind).source_version
