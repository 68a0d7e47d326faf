"""Blockers: what still blocks the end of the old backend, each with the command that helps.

Nobody can override what people would notice, or what could lose data (``may_be_forced`` is false).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.migration.records.comparison_log import DifferenceGroup
from chalicelib.domain.migration.retirement.calendar import Calendar
from chalicelib.domain.migration.retirement.calendar_parts import DAY_MS
from chalicelib.domain.migration.retirement.callers import LISTED, V1Caller, people
from chalicelib.domain.migration.retirement.full_flags import partly_old
from chalicelib.domain.migration.status.flags import FlagsSeen
from chalicelib.domain.migration.sync.reconciliation import SyncStop, Verified
from chalicelib.domain.operating import COMMAND
from chalicelib.domain.readings import moment

SHOWN = 5
ANNOUNCE = f"{COMMAND} retire announce --sunset DATE --reason WHY"


class Part(StrEnum):
    """What a blocker is about."""

    SUNSET = "sunset"
    BROWN_OUTS = "brown_outs"
    COMPONENTS = "components"
    DAYS = "days"
    DIFFERENCES = "differences"
    VERIFY = "verify"
    MODE = "mode"
    CALLERS = "callers"
    OLD_ANSWERS = "old_answers"
    REFERENCES = "references"


FORCIBLE = frozenset({Part.SUNSET, Part.BROWN_OUTS, Part.DAYS, Part.CALLERS, Part.OLD_ANSWERS, Part.REFERENCES})


@dataclass(frozen=True, slots=True)
class Blocker:
    """One of them. ``unknown``: nobody can say whether it is one; then it blocks."""

    part: Part
    text: str
    command: str
    unknown: bool = False

    @property
    def may_be_forced(self) -> bool:
        """Whether a person who says why may override it."""
        return self.part in FORCIBLE and not self.unknown


def by_calendar(calendar: Calendar | None, now: int) -> Iterator[Blocker]:
    """An end that was not announced or not reached, and brown-outs that nobody has been through."""
    if calendar is None:
        yield Blocker(Part.SUNSET, "the end of version 1 is not announced", ANNOUNCE)
        return
    if now < calendar.sunset_at:
        yield Blocker(
            Part.SUNSET, f"the sunset, {moment(calendar.sunset_at)}, is not reached", f"{COMMAND} retire show"
        )
    if not calendar.held(now):
        text = "no brown-out was held: nobody knows who would notice"
        yield Blocker(Part.BROWN_OUTS, text, f"{COMMAND} retire brownout add --from TIME --for 1h --reason WHY")
    if (coming := calendar.following(now)) is not None:
        text = f"a brown-out is still to come, at {moment(coming.start)}"
        yield Blocker(Part.BROWN_OUTS, text, f"{COMMAND} retire brownout list")


def by_flags(flags: FlagsSeen, since: Mapping[Component, int | None], days: int, now: int) -> Iterator[Blocker]:
    """Components that somebody gets from the old backend, or got not long ago; ``since``: when each came to 100 %."""
    old = dict(partly_old(flags))
    for component, reason in old.items():
        yield Blocker(Part.COMPONENTS, f"{component}: {reason}", f"{COMMAND} status --component {component}")
    if flags.overruled or not days:
        return
    for component in Component:
        begun = since.get(component)
        if component not in old and (begun is None or now - begun < days * DAY_MS):
            said = "nobody knows since when" if begun is None else f"since {moment(begun)} alone"
            text = f"{component}: everybody has the new backend {said}, and {days} days are asked for"
            yield Blocker(Part.DAYS, text, f"{COMMAND} flags history {component}")


def by_differences(groups: Sequence[DifferenceGroup], now: int) -> Iterator[Blocker]:
    """Differences between the backends that nobody has answered."""
    if found := [group for group in groups if group.is_open(now)]:
        names = ", ".join(f"{group.fingerprint} ({group.component})" for group in found[:SHOWN])
        text = f"the backends differ, and nobody has answered: {names}{_beyond(len(found))}"
        yield Blocker(Part.DIFFERENCES, text, f"{COMMAND} compare report --hours 720")


def by_verify(verified: Verified | None, state: SyncState) -> Iterator[Blocker]:
    """A comparison of both sides that was never made, not in this mode, or that found something."""
    verify = f"{COMMAND} verify"
    if state.mode is SyncMode.NEW_ONLY:
        return
    if verified is None:
        yield Blocker(Part.VERIFY, "both sides were never compared", verify)
    elif verified.differences:
        yield Blocker(Part.VERIFY, f"the last verify found differences ({verified.differences})", f"{COMMAND} repair")
    elif verified.since != state.since:
        yield Blocker(Part.VERIFY, "both sides were not compared since the mode changed", verify)


def by_mode(state: SyncState, stop: SyncStop | None) -> Iterator[Blocker]:
    """A mode from which no way leads to the new side alone."""
    if state.mode is SyncMode.OLD_ONLY:
        yield Blocker(Part.MODE, "the mode is old_only", f"{COMMAND} mode set dual_write --reason WHY --wait")
    if state.catching_up is not None:
        yield Blocker(Part.MODE, "one side still catches up with the other", f"{COMMAND} sync")
    if stop is not None:
        yield Blocker(Part.MODE, f"the sync job is stopped: {stop.reason}", f"{COMMAND} repair")


def by_callers(callers: Sequence[V1Caller], days: int) -> Iterator[Blocker]:
    """Who calls version 1."""
    if callers:
        clients = sorted({each.call.client for each in callers})
        who = people(len({each.call.caller for each in callers}))
        who = f"at least {who}" if len(callers) >= LISTED else who
        text = (
            f"version 1 was called in the last {days} days, by {who} with "
            f"{', '.join(clients[:SHOWN])}{_beyond(len(clients))}; last at {moment(callers[0].last)}"
        )
        yield Blocker(Part.CALLERS, text, f"{COMMAND} retire callers --days {days}")


def by_answers(answered: Mapping[str, int]) -> Iterator[Blocker]:
    """Components that the old backend has answered lately: a flag is still asked for."""
    for component, last in answered.items():
        text = f"{component}: the old backend has answered it, last at {moment(last)}"
        yield Blocker(Part.OLD_ANSWERS, text, f"{COMMAND} status --component {component}")


def _beyond(found: int) -> str:
    return f" and {found - SHOWN} more" if found > SHOWN else ""
