"""The verdict about a component: whether it may go on, and if not, what comes first, in one order of urgency."""

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.migration.gate.verdict import Condition, ConditionName, GateVerdict
from chalicelib.domain.migration.status.blocks import (
    Answers,
    BackendsBlock,
    ComparisonsBlock,
    FlagsBlock,
    MigrationsBlock,
    Stage,
    SyncBlock,
    Verdict,
    VerifyBlock,
)
from chalicelib.domain.migration.status.chance import fails_more
from chalicelib.domain.operating import COMMAND, Obstacle

OPEN_THE_GATE = f"{COMMAND} flags set global --on --reason WHY"
STEPS = (10, 50, 100)  # percentages, one after the other
NOT_ADDED = "answers are not added up yet, and the older ones left out; the function StatusReporter adds them"
# What a rise asks for, and nobody else: who has risen already may stay without it.
OF_A_RISE = (ConditionName.EVIDENCE, ConditionName.REHEARSAL, ConditionName.HOURS)
SEEN_BY_PEOPLE = (Stage.TEST, Stage.PARTIAL, Stage.EVERYBODY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """The state of the system that all components share."""

    sync: SyncBlock
    verify: VerifyBlock
    flags: FlagsBlock
    migrations: MigrationsBlock


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of one component, and what the gate says. ``flag_problem``: why its flag cannot be read."""

    component: Component
    stage: Stage
    percent: float
    gate: GateVerdict
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
    """What blocks the component, the most urgent first; last what nobody can say."""
    shared = seen.shared
    yield from _differences(seen)
    if seen.flag_problem is not None:
        yield Obstacle(f"its flag cannot be read: {seen.flag_problem}", f"{COMMAND} flags list")
    if shared.sync.stopped is not None:
        yield Obstacle(f"the sync job is stopped: {shared.sync.stopped}", f"{COMMAND} repair")
    if (failing := _failures(seen)) is not None:
        yield failing
    yield from (_of(condition) for condition in _shut(seen) if condition.holds is False)
    if shared.migrations.open:
        yield Obstacle(f"scripts are not applied: {', '.join(shared.migrations.open)}", shared.migrations.command)
    yield from _unknown(seen)
    if not shared.flags.global_enabled and not seen.flags_decide_nothing:
        yield Obstacle("first open the global gate: while it is closed, everybody gets the old backend", OPEN_THE_GATE)


def _shut(seen: Evidence) -> Iterator[Condition]:
    """The conditions of the gate that do not hold, as far as they concern who has the new backend already."""
    rises = not _is_done(seen)
    return (each for each in seen.gate.conditions if not each.holds and (rises or each.name not in OF_A_RISE))


def _of(condition: Condition) -> Obstacle:
    return Obstacle(condition.text, condition.command)


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


def _failures(seen: Evidence) -> Obstacle | None:
    """What people were answered; the gate knows of what was asked beside them."""
    old, new = seen.backends.old, seen.backends.new
    if old and new and fails_more((old.answers, new.answers), (old.failures, new.failures)):
        said = f"the new backend fails more often: {_failing(new)}, old {_failing(old)}"
        return Obstacle(said, seen.backends.command)
    return None


def _failing(answers: Answers) -> str:
    return f"{answers.failures} of {answers.answers}"


def _unknown(seen: Evidence) -> Iterator[Obstacle]:
    """What is not known blocks the rollout."""
    shared = seen.shared
    for block in (shared.sync, shared.verify, seen.comparisons, seen.backends, shared.migrations, shared.flags):
        if block.problem is not None:
            yield Obstacle(f"nobody can say: {block.problem}", block.command)
    yield from (_of(condition) for condition in _shut(seen) if condition.holds is None)
    if seen.backends.partial:
        yield Obstacle(f"nobody can say: {NOT_ADDED}", seen.backends.command, passes=True)


def _is_done(seen: Evidence) -> bool:
    """Whether nothing is left to rise to."""
    return seen.stage is Stage.EVERYBODY or seen.flags_decide_nothing


def _next_step(seen: Evidence) -> Verdict:
    step = next((step for step in STEPS if seen.stage is not Stage.PARTIAL or step > seen.percent), None)
    if _is_done(seen) or step is None:
        return Verdict(True, f"may stay: everybody has the {Backend.NEW} backend", seen.comparisons.command)
    return Verdict(True, "may go on", f"{COMMAND} flags plan {seen.component} --to {step}")
