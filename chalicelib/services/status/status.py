"""Puts the one status together: everything is looked at for itself, then each component gets its verdict."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from chalicelib.domain.account import Erasures
from chalicelib.domain.meters.lagging import LaggingMeters
from chalicelib.domain.ports import Clock
from chalicelib.domain.rollout.comparison_log import ComparisonLog, ComparisonReport
from chalicelib.domain.rollout.decision import Component
from chalicelib.domain.rollout.feedback import FeedbackLog
from chalicelib.domain.rollout.figures import RolloutFigures
from chalicelib.domain.rollout.flag_history import FlagHistory
from chalicelib.domain.status.blocks import (
    Block,
    ComponentStatus,
    DeadLettersBlock,
    DisplayBlock,
    DrillBlock,
    ErasuresBlock,
    FlagsBlock,
    LastChangeBlock,
    MigrationsBlock,
    NotPublishedBlock,
    ShareBlock,
    Status,
    SyncBlock,
    VerifyBlock,
    percent_text,
)
from chalicelib.domain.status.flags import FlagSeen, FlagsSeen, Obstacle
from chalicelib.domain.status.records import StatusRecords
from chalicelib.domain.status.verdict import COMMAND, Evidence, Shared, verdict
from chalicelib.domain.sync.reconciliation import SyncControl
from chalicelib.services.refresh.sweeper import GRACE_SECONDS
from chalicelib.services.status.looking import Looks, Problem, TimeLimit
from chalicelib.services.status.parts import (
    backends_block,
    comparisons_block,
    feedback_block,
    share_block,
    stage_of,
)

HOUR_MS = 3_600_000
B = TypeVar("B", bound=Block)
T = TypeVar("T")
Counts = Mapping[Component, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class StatusSources:
    """Where the status looks.

    ``flags``, ``readiness``: what is deployed, and why nobody may be sent to the new backend yet. ``letters``: how many
    dead letters there are. ``release``: the digest of the deployed code, "" where nobody knows. All may raise.
    """

    control: SyncControl
    lagging: LaggingMeters
    comparisons: ComparisonLog
    feedback: FeedbackLog
    history: FlagHistory
    figures: RolloutFigures
    erasures: Erasures
    records: StatusRecords
    ping: Callable[[], None]
    limit: TimeLimit
    flags: Callable[[], FlagsSeen]
    readiness: Callable[[], Obstacle | None]
    letters: Callable[[], int]
    release: Callable[[], str]


class StatusService:
    """What ``python -m infra status`` and ``GET /ops/status`` show."""

    def __init__(self, sources: StatusSources, clock: Clock) -> None:
        self._sources = sources
        self._clock = clock

    def status(self, hours: int) -> Status:
        """The status now. Never raises: what could not be looked at says so."""
        return _Look(self._sources, self._clock, hours).status()


class _Look:
    """One look at everything."""

    def __init__(self, sources: StatusSources, clock: Clock, hours: int) -> None:
        self._sources = sources
        self._hours = hours
        self._now = clock()
        self._since = self._now - hours * HOUR_MS
        self._looks = Looks(sources.ping, sources.limit, clock)
        self._flags = self._looks.beside(sources.flags)

    def status(self) -> Status:
        sync, flags = self._sync(), self._flags_block()
        shared = Shared(
            sync=sync,
            verify=self._verify(),
            flags=flags,
            readiness=self._readiness(),
            display=self._display(),
            dead_letters=self._dead_letters(),
            migrations=self._migrations(),
        )
        return Status(
            at=self._now,
            hours=self._hours,
            sync=sync,
            verify=shared.verify,
            components=[*self._components(shared)],
            flags=flags,
            display=shared.display,
            dead_letters=shared.dead_letters,
            events_not_published=self._not_published(),
            migrations=shared.migrations,
            drill=self._drill(),
            erasures=self._erasures(),
        )

    def _sync(self) -> SyncBlock:
        control = self._sources.control

        def look() -> SyncBlock:
            state, stop = control.state(), control.stop()
            return SyncBlock(
                command=f"{COMMAND} mode show",
                mode=state.mode.value,
                since=state.since,
                authoritative=state.authoritative.value,
                catching_up=state.catching_up and state.catching_up.value,
                drain_seconds=round(state.drain_seconds(), 1),
                stopped=stop.reason if stop else None,
            )

        return self._block(SyncBlock, f"{COMMAND} mode show", look)

    def _verify(self) -> VerifyBlock:
        command = f"{COMMAND} verify"

        def look() -> VerifyBlock:
            found = self._sources.control.verified()
            if found is None:
                return VerifyBlock(command=command)
            return VerifyBlock(
                command=command,
                at=found.at,
                up_to=found.up_to,
                meters=found.meters,
                lagging=found.lagging,
                differences=found.differences,
                first_seen=found.first_seen,
                last_seen=found.last_seen,
            )

        return self._block(VerifyBlock, command, look)

    def _readiness(self) -> Obstacle | Block | None:
        found = self._looks.at(self._sources.readiness)
        command = f"{COMMAND} mode show"
        return Block(command=command, problem=found.text) if isinstance(found, Problem) else found

    def _flags_block(self) -> FlagsBlock:
        command, found = f"{COMMAND} flags list", self._flags
        if isinstance(found, Problem):
            return FlagsBlock(command=command, problem=found.text)
        return FlagsBlock(
            command=command,
            version=found.version,
            in_use=found.in_use,
            global_enabled=found.global_enabled,
            overruled=found.overruled,
        )

    def _display(self) -> DisplayBlock:
        command, lagging = f"{COMMAND} sweep --list", self._sources.lagging

        def look() -> DisplayBlock:
            now = self._sources.control.state().read_at  # every time that decides about data is the database's
            lag = lagging.lag(now - round(GRACE_SECONDS * 1000))
            return DisplayBlock(
                command=command,
                lagging=lag.meters,
                oldest_seconds=round(lag.seconds(now), 1),
                failing=lagging.failing(1)[0],
                outdated=lagging.outdated(),
            )

        return self._block(DisplayBlock, command, look)

    def _dead_letters(self) -> DeadLettersBlock:
        command = f"{COMMAND} dlq ls"
        found = self._looks.beside(self._sources.letters)
        if isinstance(found, Problem):
            return DeadLettersBlock(command=command, problem=found.text)
        return DeadLettersBlock(command=command, count=found)

    def _not_published(self) -> NotPublishedBlock:
        command = f"{COMMAND} sweep"

        def look() -> NotPublishedBlock:
            found = self._sources.records.not_published()
            return NotPublishedBlock(command=command, count=found.count, since=found.since)

        return self._block(NotPublishedBlock, command, look)

    def _migrations(self) -> MigrationsBlock:
        command = "python -m migrations status"

        def look() -> MigrationsBlock:
            return MigrationsBlock(command=command, open=[*self._sources.records.open_migrations()])

        return self._block(MigrationsBlock, command, look)

    def _drill(self) -> DrillBlock:
        command = f"{COMMAND} drill rollback"

        def look() -> DrillBlock:
            found = self._sources.records.drill()
            if found is None:
                return DrillBlock(command=command)
            release = self._looks.beside(self._sources.release)
            known = isinstance(release, str) and release
            return DrillBlock(
                command=command,
                at=found.at,
                component=found.component,
                code=found.code,
                is_this_code=found.code == release if known else None,
                writes=found.writes,
                lost_writes=found.lost_writes,
                last_new_answer_seconds=round(found.last_new_answer_seconds, 2),
                passed=found.passed,
            )

        return self._block(DrillBlock, command, look)

    def _erasures(self) -> ErasuresBlock:
        command = f"{COMMAND} status --json"

        def look() -> ErasuresBlock:
            waiting = self._sources.erasures.unfinished()
            oldest = min((erasure.requested_at for erasure in waiting), default=self._now)
            seconds = max(0.0, (self._now - oldest) / 1000) if waiting else None
            return ErasuresBlock(command=command, waiting=len(waiting), oldest_seconds=seconds)

        return self._block(ErasuresBlock, command, look)

    def _components(self, shared: Shared) -> Iterator[ComponentStatus]:
        report = self._looks.at(lambda: self._sources.comparisons.report(self._since))
        feedback = self._looks.at(lambda: self._sources.feedback.report(self._since, 1).counts)
        for component in Component:
            yield self._component(component, shared, report, feedback)

    def _component(
        self,
        component: Component,
        shared: Shared,
        report: ComparisonReport | Problem,
        feedback: Counts | Problem,
    ) -> ComponentStatus:
        flag, problem = self._flag(component)
        name = f"{component}_new_backend"
        stage = stage_of(flag, is_open=bool(shared.flags.global_enabled))
        detail = f"{COMMAND} status --component {component} --hours {self._hours}"
        share = self._share(component, flag, detail)
        figures = self._looks.at(lambda: self._sources.figures.figures(component, self._since))
        evidence = Evidence(
            component=component,
            stage=stage,
            percent=float(flag.percent) if flag else 0.0,
            share=share,
            backends=backends_block(figures, detail),
            comparisons=comparisons_block(
                report, component, self._now, f"{COMMAND} compare report --hours {self._hours}"
            ),
            shared=shared,
            flag_problem=problem,
        )
        return ComponentStatus(
            component=component.value,
            flag=name,
            stage=stage,
            enabled=flag.enabled if flag else None,
            percent=percent_text(flag.percent) if flag else None,
            exact=flag.exact if flag else None,
            test_users=flag.test_users if flag else None,
            blocked_users=flag.blocked_users if flag else None,
            share=share,
            backends=evidence.backends,
            comparisons=evidence.comparisons,
            feedback=feedback_block(feedback, component, f"{COMMAND} compare feedback --hours {self._hours}"),
            last_change=self._last_change(name, component),
            verdict=verdict(evidence),
        )

    def _flag(self, component: Component) -> tuple[FlagSeen | None, str | None]:
        """A flag, or why nobody can read it."""
        if isinstance(self._flags, Problem):
            return None, self._flags.text
        return self._flags.flags.get(component), self._flags.malformed.get(component)

    def _share(self, component: Component, flag: FlagSeen | None, command: str) -> ShareBlock:
        flags = self._flags
        if isinstance(flags, Problem):
            return share_block(flags, None, command)
        found = self._looks.at(lambda: self._sources.figures.share(component, flags.version))
        return share_block(found, flag, command)

    def _last_change(self, flag: str, component: Component) -> LastChangeBlock:
        command = f"{COMMAND} flags history {component}"

        def look() -> LastChangeBlock:
            change = next(iter(self._sources.history.changes(flag, 1)), None)
            if change is None:
                return LastChangeBlock(command=command)
            return LastChangeBlock(
                command=command, at=change.at, by=change.by, action=change.action, reason=change.reason
            )

        return self._block(LastChangeBlock, command, look)

    def _block(self, kind: Callable[..., B], command: str, look: Callable[[], B]) -> B:
        """What the database says of a part; else the part with its problem alone."""
        found = self._looks.at(look)
        return kind(command=command, problem=found.text) if isinstance(found, Problem) else found
