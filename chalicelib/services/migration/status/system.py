"""The part of the status that all components share: the system as a whole."""

from dataclasses import replace

from chalicelib.domain.migration.retirement.calendar_parts import Phase
from chalicelib.domain.migration.status.blocks import (
    LAST_VERIFY,
    AlarmsBlock,
    DeadLettersBlock,
    DisplayBlock,
    DrillBlock,
    ErasuresBlock,
    MigrationsBlock,
    NotPublishedBlock,
    RetirementBlock,
    SyncBlock,
    VerifyBlock,
)
from chalicelib.domain.operating import COMMAND
from chalicelib.services.migration.evidence.looking import Looks, Problem
from chalicelib.services.migration.evidence.sources import StatusSources
from chalicelib.services.refresh.sweeper import staleness_of


class SystemLook:
    """Looks at one part of the system after another."""

    def __init__(self, sources: StatusSources, looks: Looks, now: int) -> None:
        self._sources = sources
        self._looks = looks
        self._now = now

    def sync(self) -> SyncBlock:
        """Look at the mode, its drain and the sync job."""
        control = self._sources.control

        def look() -> SyncBlock:
            state, stop = control.state(), control.stop()
            return SyncBlock(
                command=f"{COMMAND} mode show",
                mode=state.mode.value,
                since=state.changed_at,
                authoritative=state.authoritative.value,
                catching_up=state.catching_up and state.catching_up.value,
                drain_seconds=round(state.drain_seconds(), 1),
                stopped=stop.reason if stop else None,
            )

        return self._looks.block(SyncBlock, f"{COMMAND} mode show", look)

    def verify(self) -> VerifyBlock:
        """The last comparison of all meters."""
        verified = self._sources.control.verified
        return self._looks.block(VerifyBlock, LAST_VERIFY, lambda: VerifyBlock.of(verified()))

    def display(self) -> DisplayBlock:
        """How far the display is behind."""
        command, lagging = f"{COMMAND} sweep --list", self._sources.lagging

        def look() -> DisplayBlock:
            found = staleness_of(lagging, self._sources.control.state(), 1)
            return DisplayBlock(
                command=command,
                lagging=found.lagging,
                oldest_seconds=round(found.oldest_seconds, 1),
                failing=found.failing,
                outdated=lagging.outdated(),
            )

        return self._looks.block(DisplayBlock, command, look)

    def alarms(self) -> AlarmsBlock:
        """The alarms that ring."""
        command = f"{COMMAND} alarms"
        found = self._looks.beside(self._sources.alarms)
        if isinstance(found, Problem):
            return AlarmsBlock(command=command, problem=found.text)
        return AlarmsBlock(command=command, ringing=[*found])

    def dead_letters(self) -> DeadLettersBlock:
        """How many dead letters wait."""
        command = f"{COMMAND} dlq ls"
        found = self._looks.beside(self._sources.letters)
        if isinstance(found, Problem):
            return DeadLettersBlock(command=command, problem=found.text)
        return DeadLettersBlock(command=command, count=found)

    def not_published(self) -> NotPublishedBlock:
        """Events that were lost lately."""
        command = f"{COMMAND} status"

        def look() -> NotPublishedBlock:
            found = self._sources.records.not_published()
            return NotPublishedBlock(command=command, count=found.count, since=found.since)

        return self._looks.block(NotPublishedBlock, command, look)

    def migrations(self) -> MigrationsBlock:
        """Scripts that are not applied."""
        command = "python -m migrations status"

        def look() -> MigrationsBlock:
            return MigrationsBlock(command=command, open=[*self._sources.records.open_migrations()])

        return self._looks.block(MigrationsBlock, command, look)

    def drill(self) -> DrillBlock:
        """The last drill of a rollback."""
        command = f"{COMMAND} drill last"

        def look() -> DrillBlock:
            found = self._sources.records.drill()
            if found is None:
                return DrillBlock(command=command)
            return DrillBlock(
                command=command,
                at=found.at,
                component=found.component,
                code=found.code,
                writes=found.writes,
                lost_writes=found.lost_writes,
                last_new_answer_seconds=round(found.last_new_answer_seconds, 2),
                passed=found.passed,
            )

        return self._looks.block(DrillBlock, command, look)

    def compared(self, drill: DrillBlock) -> DrillBlock:
        """Add whether it was made on the deployed code, where that is known."""
        if drill.code is None:
            return drill
        release = self._looks.beside(self._sources.release)
        known = isinstance(release, str) and release
        return replace(drill, is_this_code=drill.code == release if known else None)

    def erasures(self) -> ErasuresBlock:
        """Accounts whose erasure is not finished."""
        command = f"{COMMAND} status"

        def look() -> ErasuresBlock:
            waiting = self._sources.erasures.unfinished()
            oldest = min((erasure.requested_at for erasure in waiting), default=self._now)
            seconds = max(0.0, (self._now - oldest) / 1000) if waiting else None
            return ErasuresBlock(command=command, waiting=len(waiting), oldest_seconds=seconds)

        return self._looks.block(ErasuresBlock, command, look)

    def retirement(self) -> RetirementBlock:
        """How far the old backend's end has come."""
        command = f"{COMMAND} retire show"

        def look() -> RetirementBlock:
            calendar = self._sources.retirement.calendar()
            if calendar is None:
                return RetirementBlock(command=command, phase=Phase.SILENT)
            latest = next((each for each in reversed(calendar.brown_outs) if each.start <= self._now), None)
            return RetirementBlock(
                command=command,
                phase=calendar.phase(self._now),
                sunset=calendar.sunset_at,
                brown_out=next((each.start for each in calendar.brown_outs if self._now < each.end), None),
                withheld=latest.withheld if latest else None,
            )

        return self._looks.block(RetirementBlock, command, look)
