"""The status of each component: what is known of it, and its verdict."""

from collections.abc import Iterator, Mapping
from functools import partial

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.judge import judge
from chalicelib.domain.migration.records.figures import ComponentFigures
from chalicelib.domain.migration.status.blocks import ComponentStatus, LastChangeBlock, ShareBlock, percent_text
from chalicelib.domain.migration.status.flags import FlagSeen, FlagsSeen
from chalicelib.domain.migration.status.verdict import Evidence, Shared, verdict
from chalicelib.domain.operating import COMMAND
from chalicelib.services.migration.evidence.looking import Looks, Problem
from chalicelib.services.migration.evidence.sources import StatusSources
from chalicelib.services.migration.gate.gathering import GateLook
from chalicelib.services.migration.status.parts import (
    HOUR_MS,
    backends_block,
    comparisons_block,
    feedback_block,
    rollout_block,
    share_block,
    stage_of,
)

DECIDING_HOURS = 24  # of answers: who wants to see more or fewer of them decides nothing by that


class ComponentsLook:
    """Looks at what the database says of all components at once; the flags come to it later."""

    def __init__(self, sources: StatusSources, looks: Looks, gate: GateLook, now: int, hours: int) -> None:
        self._sources = sources
        self._looks = looks
        self._gate = gate
        self._now = now
        self._hours = hours
        since = now - hours * HOUR_MS
        self._report = looks.at(lambda: sources.comparisons.report(since))
        self._feedback = looks.at(lambda: sources.feedback.report(since, 1).counts)
        self._kept = looks.at(lambda: sources.comparisons.groups(0))
        self._figures = self._figures_of(hours)
        self._deciding = self._figures if hours == DECIDING_HOURS else self._figures_of(DECIDING_HOURS)
        self._changes = {each: self._last_change(each) for each in Component}
        self._rollouts = {each: rollout_block(gate.rollout(each), each, now) for each in Component}

    def statuses(self, flags: FlagsSeen | Problem, shared: Shared) -> Iterator[ComponentStatus]:
        """Each component by the deployed flags."""
        for component in Component:
            yield self._status(component, flags, shared)

    def _status(self, component: Component, flags: FlagsSeen | Problem, shared: Shared) -> ComponentStatus:
        detail = _detail(component, self._hours)
        flag, problem = _flag(flags, component)
        comparisons = comparisons_block(self._report, self._kept, component, self._now, self._hours)
        evidence = Evidence(
            component=component,
            stage=stage_of(flag, is_open=bool(shared.flags.global_enabled)),
            percent=float(flag.percent) if flag else 0.0,
            gate=judge(self._gate.evidence(component), self._sources.limits),
            backends=backends_block(self._deciding[component], _detail(component, DECIDING_HOURS)),
            comparisons=comparisons,
            shared=shared,
            flag_problem=problem,
        )
        return ComponentStatus(
            component=component.value,
            flag=_name(component),
            stage=evidence.stage,
            enabled=flag.enabled if flag else None,
            percent=percent_text(flag.percent) if flag else None,
            exact=flag.exact if flag else None,
            test_users=flag.test_users if flag else None,
            blocked_users=flag.blocked_users if flag else None,
            share=self._share(component, flags, detail),
            backends=backends_block(self._figures[component], detail),
            comparisons=comparisons,
            feedback=feedback_block(self._feedback, component, f"{COMMAND} compare feedback --hours {self._hours}"),
            last_change=self._changes[component],
            rollout=self._rollouts[component],
            verdict=verdict(evidence),
        )

    def _figures_of(self, hours: int) -> Mapping[Component, ComponentFigures | Problem]:
        since, figures = self._now - hours * HOUR_MS, self._sources.figures
        return {each: self._looks.at(partial(figures.figures, each, since)) for each in Component}

    def _share(self, component: Component, flags: FlagsSeen | Problem, command: str) -> ShareBlock:
        flag = None if isinstance(flags, Problem) else flags.flags.get(component)
        return share_block(self._gate.share(component), flag, command)

    def _last_change(self, component: Component) -> LastChangeBlock:
        command = f"{COMMAND} flags history {component}"

        def look() -> LastChangeBlock:
            change = next(iter(self._sources.history.changes(_name(component), 1)), None)
            if change is None:
                return LastChangeBlock(command=command)
            return LastChangeBlock(
                command=command, at=change.at, by=change.by, action=change.action, reason=change.reason
            )

        return self._looks.block(LastChangeBlock, command, look)


def _flag(flags: FlagsSeen | Problem, component: Component) -> tuple[FlagSeen | None, str | None]:
    """A flag, or why nobody can read it."""
    if isinstance(flags, Problem):
        return None, flags.text
    return flags.flags.get(component), flags.malformed.get(component)


def _detail(component: Component, hours: int) -> str:
    return f"{COMMAND} status --component {component} --hours {hours}"


def _name(component: Component) -> str:
    return f"{component}_new_backend"
