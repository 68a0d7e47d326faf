"""The simulated operator, who follows the runbook: dual write, rollouts, alarms, mending."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from random import Random

from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import EnergyMonitorError, UnchangedError
from chalicelib.domain.migration.gate.verdict import ConditionName
from chalicelib.domain.migration.rollouts.plan import EVERYBODY
from chalicelib.domain.migration.rollouts.rollout import State
from chalicelib.domain.migration.status.records import RollbackDrill
from chalicelib.flags.changes.patch import FlagPatch
from chalicelib.flags.changes.request import ChangeRequest
from chalicelib.flags.document.flag_document import FlagDocument
from chalicelib.flags.document.names import COMPONENT_FLAGS, GLOBAL
from chalicelib.flags.document.shape import shape_of
from chalicelib.services.migration.sync.sync_job import SyncReport
from infra.simulation.clock import DAY, HOUR, MINUTE
from infra.simulation.faults import KINDS, Bug, CrashError, Fault
from infra.simulation.system import Release
from infra.simulation.world import World

WHO, WHY = "olga", "by the runbook"
DRILL_DAYS, WRONG = 6, (ConditionName.ANSWERS, ConditionName.VERIFIED)
TEST_USERS = 3
MENDED_AFTER, SLOW_FOR, REACTS_AFTER = 2 * DAY, 4 * DAY, 20 * MINUTE
DRAINED_SECONDS = 120.0
SHAPE = shape_of(FlagDocument({}))
Work = Callable[[], object]


class Operator:
    """One of them, who is there by day and at each alarm."""

    def __init__(self, world: World, chance: Random) -> None:
        self._world = world
        self._chance = chance
        self._releases = 0
        self._alarmed = False
        self._is_mended = True
        self._started: list[Component] = []
        self._end = 0
        world.alarm = self._hear

    def plan(self, days: int) -> None:
        """Enter everything that is known at the beginning."""
        agenda, clock = self._world.outside.agenda, self._world.outside.clock
        start = clock()
        self._end = start + days * DAY
        agenda.at(start + DAY + 9 * HOUR, self.prepare)
        agenda.at(start + 2 * DAY + 8 * HOUR, self.open)
        for number, component in enumerate(Component):
            agenda.at(start + (2 + 2 * number) * DAY + 9 * HOUR, partial(self._started.append, component))
        for day in range(2, days):
            agenda.at(start + day * DAY + 10 * HOUR, self.look)
        self._plan_faults(start, days)

    def prepare(self) -> None:
        """Lead from the inherited collection alone to both sides written, equal and compared."""
        system, pause = self._world.system, self._world.outside.clock.pause
        self._refused(lambda: system.modes.set(SyncMode.NEW_ONLY, WHY, WHO))
        self._refused(lambda: system.flags.rollouts.start(Component.DASHBOARD, None, WHO, WHY))
        system.modes.set(SyncMode.DUAL_WRITE, WHY, WHO)
        self._refused(lambda: system.consistency.verify())
        pause(DRAINED_SECONDS)
        self._fill()
        self._world.outside.agenda.after(2 * HOUR, self._verify)

    def open(self) -> None:
        """Open the global gate, name the test users, rehearse the way back; where that is not possible yet, later."""
        try:
            self._open()
        except EnergyMonitorError:
            self._world.outside.agenda.after(2 * HOUR, self.open)

    def _open(self) -> None:
        request, changes = ChangeRequest(WHO, WHY), self._world.system.flags.changes
        users = tuple(self._world.books)[:TEST_USERS]
        raised = FlagPatch(enabled=True, percent=EVERYBODY)
        if self._world.policy.compares:
            self._refused(lambda: changes.set(COMPONENT_FLAGS[Component.DASHBOARD], raised, request))
        with suppress(UnchangedError):
            changes.set(GLOBAL, FlagPatch(enabled=True), request)
        for component in Component:
            with suppress(UnchangedError):
                changes.set(COMPONENT_FLAGS[component], FlagPatch(test_users=users), request)
        self._world.causes.moving = True
        self._rehearse()
        self._world.census.ask()

    def look(self) -> None:
        """What somebody does each morning."""
        self._rehearse()
        if not self._is_mended:
            return
        if self._world.policy.compares:
            self._mend()
        for component in self._started:
            with suppress(EnergyMonitorError):
                self._go_on(component)
        self._world.carrier.ask()

    def deploy(self, bug: Bug | None = None) -> None:
        """Deploy the next release."""
        self._releases += 1
        code = f"release-{self._releases}"
        self._world.deploy(Release(code) if bug is None else Release(code, bug.documents()))
        self._world.count("deployments")

    def _plan_faults(self, start: int, days: int) -> None:
        agenda, faults = self._world.outside.agenda, self._world.faults
        if Fault.DEPLOYMENTS in faults:
            for day in range(3, days, 5):
                agenda.at(start + day * DAY + self._chance.randrange(8, 18) * HOUR, self._deploy_as_usual)
        if Fault.APPCONFIG in faults:
            for day in sorted(self._chance.sample(range(2, days), min(3, days - 2))):
                agenda.at(start + day * DAY + self._chance.randrange(24) * HOUR, self._lose_appconfig)
        if Fault.BUG in faults:
            first, spread = max(4 * DAY, days * DAY // 4), days * DAY // 11
            agenda.at(start + first + self._chance.randrange(spread), self._plant_bug)
        elif Fault.SLOW in faults:
            agenda.at(start + 5 * DAY, self._plant_slowness)

    def _deploy_as_usual(self) -> None:
        if self._is_mended and Fault.BUG not in self._world.causes.standing:
            self.deploy()

    def _lose_appconfig(self) -> None:
        appconfig, agenda = self._world.outside.appconfig, self._world.outside.agenda
        appconfig.down = True
        self._world.count("outages of AppConfig")
        agenda.after(self._chance.randrange(1, 6) * HOUR, self._find_appconfig)

    def _find_appconfig(self) -> None:
        self._world.outside.appconfig.down = False

    def _plant_bug(self) -> None:
        """In a release that comes when somebody is on the new backend."""
        if not self._is_moving():
            self._world.outside.agenda.after(6 * HOUR, self._plant_bug)
            return
        self._world.causes.plant(Fault.BUG)
        self._world.figures.planted += 1
        self._world.count("bugs")
        self.deploy(Bug(self._chance.choice(KINDS)))
        if not self._world.policy.compares:  # people complain the next day
            self._world.outside.agenda.after(DAY, self._react)

    def _plant_slowness(self) -> None:
        agenda, clock = self._world.outside.agenda, self._world.outside.clock
        if clock() + SLOW_FOR + DAY > self._end:
            return
        if not self._is_moving():
            agenda.after(6 * HOUR, self._plant_slowness)
            return
        self._world.causes.plant(Fault.SLOW)
        self._world.figures.planted += 1
        self._world.count("slow backends")
        self._world.outside.stopwatch.slow = True
        end = clock() + SLOW_FOR
        agenda.after(6 * HOUR, lambda: self._look_at_slowness(end))

    def _look_at_slowness(self, end: int) -> None:
        """Somebody has mended it, a while after it was found or when it has lasted long."""
        agenda, clock = self._world.outside.agenda, self._world.outside.clock
        if Fault.SLOW in self._world.causes.not_answered and clock() < end:
            agenda.after(6 * HOUR, lambda: self._look_at_slowness(end))
            return
        self._world.outside.stopwatch.slow = False
        self.deploy()
        agenda.after(HOUR, lambda: self._world.causes.standing.discard(Fault.SLOW))

    def _is_moving(self) -> bool:
        rollouts = self._world.outside.ports.rollouts.all()
        running = [each.component for each in rollouts if each.state is State.RUNNING]
        return any(self._world.percent(component) for component in running)

    def _hear(self) -> None:
        if not self._alarmed:
            self._alarmed = True
            self._world.outside.agenda.after(REACTS_AFTER, self._react)

    def _react(self) -> None:
        """Where figures are wrong, switch off whatever shows them, and have it mended."""
        self._alarmed = False
        verdicts = self._world.system.gate.verdicts(tuple(Component))
        wrong = [each.component for each in verdicts if each.breach is not None and each.breach.name in WRONG]
        if not self._world.policy.compares:
            wrong = [*Component]
        if not wrong or not self._is_mended:
            return
        try:
            for component in wrong:
                self._switch_off(component)
        except EnergyMonitorError:  # AppConfig is away: until it is back nobody can do anything
            self._hear()
            return
        self._world.causes.exposing = False
        self._world.taken_back()
        if Fault.BUG in self._world.causes.standing:
            self._is_mended = False
            self._world.outside.agenda.after(MENDED_AFTER, self._deploy_mended)

    def _switch_off(self, component: Component) -> None:
        flags, request = self._world.system.flags, ChangeRequest(WHO, "it shows wrong figures")
        with suppress(EnergyMonitorError):
            flags.rollouts.abort(component, WHO, request.reason, 40.0)
        if self._world.is_on(component):
            flags.changes.rollback(COMPONENT_FLAGS[component], None, request)

    def _deploy_mended(self) -> None:
        self._is_mended = True
        self.deploy()
        self._world.outside.agenda.after(HOUR, self._after_mending)

    def _after_mending(self) -> None:
        if self._world.policy.compares:
            self._mend()
        self._world.causes.standing.discard(Fault.BUG)
        if Fault.SLOW in self._world.faults:
            self._world.outside.agenda.after(3 * DAY, self._plant_slowness)

    def _mend(self) -> None:
        """Verify; where something differs, repair it from the side that is believed."""
        with suppress(EnergyMonitorError):
            consistency = self._world.system.consistency
            seen = consistency.verify(restart=True)
            self._world.figures.sides_differ += seen.differences - seen.calculated
            if seen.differences:
                consistency.repair(reason="found by verify")
                consistency.verify(restart=True)

    def _verify(self) -> None:
        self._world.system.consistency.verify()

    def _go_on(self, component: Component) -> None:
        """Start a rollout, or take up one whose cause is gone."""
        commands = self._world.system.flags.rollouts
        found = self._world.outside.ports.rollouts.find(component)
        if found is None or found.state is State.ABORTED:
            commands.start(component, None, WHO, WHY)
        elif found.state is State.STOPPED and self._world.system.gate.verdict(component).breach is None:
            commands.resume(component, WHO, "its cause is gone")
        elif found.state is State.DONE and not self._world.is_on(component):
            commands.start(component, None, WHO, WHY)

    def _rehearse(self) -> None:
        """The drill on a stack of its own, whose record is kept here."""
        code, now = self._world.system.release.code, self._world.outside.clock()
        records, mode = self._world.outside.ports.records, self._world.outside.store.stored.sync.mode
        last = records.drill()
        if last is None or last.code != code or now - last.at > DRILL_DAYS * DAY:
            records.save_drill(RollbackDrill(now, "energy_forms", code, 500, 0, 15.0, True, mode.value, SHAPE))

    def _fill(self) -> None:
        """The backfill: once it dies on its way, and goes on where it was."""
        system = self._world.system
        if Fault.BACKFILL in self._world.faults:
            with suppress(CrashError):
                system.sync.run(240.0, _dying_at_the_first_step)
            self._world.count("crashed backfills")
        state = ""
        while state != "synced":
            with suppress(CrashError):
                state = system.sync.run(240.0).state

    def _refused(self, work: Work) -> None:
        """A mistake: what is asked for must be refused."""
        if Fault.MISTAKES not in self._world.faults:
            return
        try:
            work()
        except EnergyMonitorError:
            self._world.count("mistakes refused")
        else:
            self._world.figures.mistakes_taken += 1


def _dying_at_the_first_step(_: SyncReport) -> None:
    raise CrashError
