"""Making the parts of a component's status from what was found. Pure."""

from collections.abc import Mapping, Sequence

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import ComparisonReport, DifferenceGroup, Outcome
from chalicelib.domain.migration.records.feedback import OPEN
from chalicelib.domain.migration.records.figures import BackendFigures, ComponentFigures, Share
from chalicelib.domain.migration.rollouts.rollout import UNDER_WAY, Rollout, State
from chalicelib.domain.migration.status.blocks import (
    Answers,
    BackendsBlock,
    ComparisonsBlock,
    FeedbackBlock,
    FingerprintSeen,
    FlagsBlock,
    RolloutBlock,
    ShareBlock,
    Stage,
)
from chalicelib.domain.migration.status.flags import FlagSeen, FlagsSeen, share_mismatch
from chalicelib.domain.operating import COMMAND
from chalicelib.services.migration.evidence.looking import Problem
from chalicelib.services.migration.figures.as_json import backend_document

HOUR_MS = 3_600_000
SHOWN_FINGERPRINTS = 50  # of one component, those in most answers first


def stage_of(flag: FlagSeen | None, *, is_open: bool) -> Stage:
    """How far a component has come. Behind a closed gate everybody has the old backend."""
    if flag is None:
        return Stage.UNKNOWN
    if flag.retired:
        return Stage.RETIRED
    if not (flag.enabled and is_open):
        return Stage.OFF
    if not flag.percent:
        return Stage.TEST if flag.test_users else Stage.OFF
    return Stage.PARTIAL if flag.percent < 100 else Stage.EVERYBODY


def flags_block(found: FlagsSeen | Problem) -> FlagsBlock:
    """The deployed flag document."""
    command = f"{COMMAND} flags list"
    if isinstance(found, Problem):
        return FlagsBlock(command=command, problem=found.text)
    return FlagsBlock(
        command=command,
        version=found.version,
        in_use=found.in_use,
        global_enabled=found.global_enabled,
        overruled=found.overruled,
    )


def share_block(found: Share | Problem, flag: FlagSeen | None, command: str) -> ShareBlock:
    """Who really got the new backend, against what is set."""
    if isinstance(found, Problem):
        return ShareBlock(command=command, problem=found.text)
    wanted = float(flag.percent) if flag and flag.enabled else 0.0
    return ShareBlock(
        command=command,
        people=found.people,
        new=found.new,
        percent=_percent(found.new, found.people),
        set=wanted,
        mismatch=share_mismatch(found, flag),
        partial=found.partial,
    )


def rollout_block(found: Rollout | Problem | None, component: Component, now: int) -> RolloutBlock:
    """What carries a component, and what comes next."""
    command = f"{COMMAND} rollout status {component}"
    if isinstance(found, Problem):
        return RolloutBlock(command=command, problem=found.text)
    if found is None:
        return RolloutBlock(command=command)
    runs = found.state is State.RUNNING
    return RolloutBlock(
        command=command,
        state=found.state.value,
        by=found.by,
        reason=found.reason,
        step=found.held.name if found.held else None,
        next=found.following.name if found.following and found.state in UNDER_WAY else None,
        seconds_left=max(0, (found.held_until - now) // 1000) if runs else None,
        waits=found.seen.text if runs and found.seen else None,
    )


def backends_block(found: ComponentFigures | Problem, command: str) -> BackendsBlock:
    """Both backends' answers."""
    if isinstance(found, Problem):
        return BackendsBlock(command=command, problem=found.text)
    old, new = (_answers(found.backends.get(backend)) for backend in (Backend.OLD, Backend.NEW))
    return BackendsBlock(command=command, old=old, new=new, partial=found.partial)


def comparisons_block(
    report: ComparisonReport | Problem,
    kept: Sequence[DifferenceGroup] | Problem,
    component: Component,
    now: int,
    hours: int,
) -> ComparisonsBlock:
    """What comparing has shown of one component in a span of hours; what is open counts however old it is.

    ``kept``: everything that differed and is kept.
    """
    command = f"{COMMAND} compare report --hours {{}}".format
    if isinstance(report, Problem):
        return ComparisonsBlock(command=command(hours), problem=report.text)
    if isinstance(kept, Problem):
        return ComparisonsBlock(command=command(hours), problem=kept.text)
    counts = report.outcomes.get(component, {})
    still_open = [group for group in kept if group.component is component and group.is_open(now)]
    groups = _with_older([group for group in report.groups if group.component is component], still_open)
    reach = max([hours, *(-(-(now - group.last) // HOUR_MS) for group in still_open)])
    return ComparisonsBlock(
        command=command(reach),
        equal=counts.get(Outcome.EQUAL, 0),
        different=counts.get(Outcome.DIFFERENT, 0),
        lagging=counts.get(Outcome.LAG, 0),
        ignored=counts.get(Outcome.IGNORED, 0),
        failed=counts.get(Outcome.FAILED, 0),
        other_calculation=counts.get(Outcome.OTHER_CALCULATION, 0),
        open=len(still_open),
        fingerprints=[FingerprintSeen.of(group) for group in groups[:SHOWN_FINGERPRINTS]],
    )


def _with_older(groups: Sequence[DifferenceGroup], still_open: Sequence[DifferenceGroup]) -> list[DifferenceGroup]:
    recent = {group.fingerprint for group in groups}
    return [*groups, *(group for group in still_open if group.fingerprint not in recent)]


def feedback_block(
    counts: Mapping[Component, Mapping[str, int]] | Problem, component: Component, command: str
) -> FeedbackBlock:
    """What people say of one component."""
    if isinstance(counts, Problem):
        return FeedbackBlock(command=command, problem=counts.text)
    states = counts.get(component, {})
    still_open = states.get(OPEN, 0)
    return FeedbackBlock(command=command, open=still_open, looked=sum(states.values()) - still_open)


def _answers(figures: BackendFigures | None) -> Answers:
    if figures is None:
        return Answers(0, 0, None, None, None, None)
    failed = _percent(figures.failures, figures.answers)
    return Answers(failure_percent=failed, **backend_document(figures))


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 3) if whole else None
