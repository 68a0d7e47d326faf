"""May a component go on, and if not, what comes first? Everything that the status knows of it, in one order."""

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.domain.rollout.decision import Backend, Component
from chalicelib.domain.status.blocks import (
    AlarmsBlock,
    Answers,
    BackendsBlock,
    Block,
    ComparisonsBlock,
    DeadLettersBlock,
    DisplayBlock,
    FlagsBlock,
    MigrationsBlock,
    ShareBlock,
    Stage,
    SyncBlock,
    Verdict,
    VerifyBlock,
)
from chalicelib.domain.status.chance import fails_more
from chalicelib.domain.status.flags import Obstacle
from chalicelib.domain.sync.modes import SyncMode

COMMAND = "python -m infra"
OPEN_THE_GATE = f"{COMMAND} flags set global --on --reason WHY"
STEPS = (10, 50, 100)  # percentages, one after the other
NOT_ADDED = "answers are not added up yet, and the older ones left out; the function StatusReporter adds them"
# Alarms about what the verdict looks at itself: it knows of which component, and sooner that it is mended.
SEEN_BY_THE_VERDICT = ("BackendsDiffer", "ComponentDiffers", "DataDiffer", "MetersFailing", "SyncStopped")
SEEN_BY_PEOPLE = (Stage.TEST, Stage.PARTIAL, Stage.EVERYBODY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What is known of the system, whichever component is meant.

    ``readiness``: why nobody may be sent to the new backend yet, or that nobody knows (a block with a problem).
    """

    sync: SyncBlock
    verify: VerifyBlock
    flags: FlagsBlock
    readiness: Obstacle | Block | None
    alarms: AlarmsBlock
    display: DisplayBlock
    dead_letters: DeadLettersBlock
    migrations: MigrationsBlock


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of one component. ``flag_problem``: why its flag cannot be read."""

    component: Component
    stage: Stage
    percent: float
    share: ShareBlock
    backends: BackendsBlock
    comparisons: ComparisonsBlock
    shared: Shared
    flag_problem: str | None = None

    @property
    def people_are_on_new(self) -> bool:
        """Whether anybody but operators gets the new backend's answers."""
        return self.stage in SEEN_BY_PEOPLE or self.flags_decide_nothing

    @property
    def flags_decide_nothing(self) -> bool:
        """Whether everybody gets the new backend, whatever the flags say."""
        return self.shared.sync.mode == SyncMode.NEW_ONLY


def verdict(seen: Evidence) -> Verdict:
    """What comes first; else that the component may go on, and its next step."""
    if seen.stage is Stage.RETIRED:
        return Verdict(True, "is done: its flag is retired", f"{COMMAND} flags list")
    first = next(_obstacles(seen), None)
    if first is not None:
        return Verdict(False, first.text, first.command)
    return _next_step(seen)


def _obstacles(seen: Evidence) -> Iterator[Obstacle]:
    """What stands in the way, the most urgent first; last what nobody can say."""
    shared = seen.shared
    yield from _differences(seen)
    if seen.flag_problem is not None:
        yield Obstacle(f"its flag cannot be read: {seen.flag_problem}", f"{COMMAND} flags list")
    if shared.sync.stopped is not None:
        yield Obstacle(f"the sync job is stopped: {shared.sync.stopped}", f"{COMMAND} repair")
    if isinstance(shared.readiness, Obstacle):
        yield shared.readiness
    yield from _answers(seen)
    yield from _system(shared)
    yield from _alarms(seen)
    yield from _unknown(seen)
    if not shared.flags.global_enabled and not seen.flags_decide_nothing:
        yield Obstacle("first open the global gate: while it is closed, everybody gets the old backend", OPEN_THE_GATE)


def _differences(seen: Evidence) -> Iterator[Obstacle]:
    """Wrong figures: where people see them, everything else waits."""
    urgent = "stop, because " if seen.people_are_on_new else ""
    found = seen.comparisons.open
    if found:
        how = "the backends differ in a way that is open" if found == 1 else f"the backends differ in {found} open ways"
        yield Obstacle(urgent + how, _way_back(seen) if urgent else seen.comparisons.command)
    if urgent and seen.shared.verify.differences:
        yield Obstacle(
            f"{urgent}the last verify found differences ({seen.shared.verify.differences}): mend them, then verify",
            f"{COMMAND} repair",
        )


def _way_back(seen: Evidence) -> str:
    """What takes people off the new backend: in ``new_only`` the flags decide nothing."""
    if seen.flags_decide_nothing:
        return f"{COMMAND} mode set {SyncMode.DUAL_WRITE} --reason WHY --wait"
    return f"{COMMAND} flags rollback {seen.component} --reason WHY"


def _answers(seen: Evidence) -> Iterator[Obstacle]:
    old, new = seen.backends.old, seen.backends.new
    if old and new and fails_more((old.answers, new.answers), (old.failures, new.failures)):
        yield Obstacle(f"the new backend fails more often: {_failing(new)}, old {_failing(old)}", seen.backends.command)
    if seen.share.mismatch is not None:
        yield Obstacle(seen.share.mismatch, seen.share.command)


def _failing(answers: Answers) -> str:
    return f"{answers.failures} of {answers.answers}"


def _alarms(seen: Evidence) -> Iterator[Obstacle]:
    """While a critical alarm rings nobody goes on, but for the components that it does not speak of."""
    alarms = seen.shared.alarms
    for alarm in alarms.ringing or ():
        if alarm.is_critical and alarm.concerns(seen.component) and not alarm.is_of(SEEN_BY_THE_VERDICT):
            yield Obstacle(f"an alarm rings: {alarm.name}", alarm.command or alarms.command)


def _system(shared: Shared) -> Iterator[Obstacle]:
    """What every component waits for."""
    counts = (
        (shared.display, shared.display.failing, "meters cannot be refreshed"),
        (shared.display, shared.display.lagging, "meters lag behind in the display"),
        (shared.dead_letters, shared.dead_letters.count, "dead letters wait for somebody"),
    )
    for block, count, what in counts:
        if count:
            yield Obstacle(f"{what}: {count}", block.command)
    if shared.migrations.open:
        yield Obstacle(f"scripts are not applied: {', '.join(shared.migrations.open)}", shared.migrations.command)


def _unknown(seen: Evidence) -> Iterator[Obstacle]:
    """Who does not know does not go on."""
    shared = seen.shared
    readiness = () if shared.readiness is None or isinstance(shared.readiness, Obstacle) else (shared.readiness,)
    known = (shared.sync, shared.verify, *readiness, seen.comparisons, seen.backends, seen.share)
    for block in (*known, shared.alarms, shared.display, shared.dead_letters, shared.migrations, shared.flags):
        if block.problem is not None:
            yield Obstacle(f"nobody can say: {block.problem}", block.command)
    for counted in (seen.backends, seen.share):
        if counted.partial:
            yield Obstacle(f"nobody can say: {NOT_ADDED}", counted.command, passes=True)


def _next_step(seen: Evidence) -> Verdict:
    step = next((step for step in STEPS if seen.stage is not Stage.PARTIAL or step > seen.percent), None)
    if seen.stage is Stage.EVERYBODY or seen.flags_decide_nothing or step is None:
        return Verdict(True, f"may stay: everybody has the {Backend.NEW} backend", seen.comparisons.command)
    return Verdict(True, "may go on", f"{COMMAND} flags plan {seen.component} --to {step}")
