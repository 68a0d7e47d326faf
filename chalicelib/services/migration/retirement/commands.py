"""Operators' changes of the calendar; each is kept with who made it and why."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from chalicelib.domain.migration.retirement.calendar import (
    NOT_ANNOUNCED,
    Calendar,
    announced,
    logged,
    with_brown_out,
    with_opt_out,
    without_brown_out,
    without_opt_out,
)
from chalicelib.domain.migration.retirement.calendar_parts import SECOND_MS, BrownOut, Entry, OptOut
from chalicelib.domain.migration.retirement.callers import LISTED, V1Caller, quiet_since
from chalicelib.domain.migration.retirement.errors import RetirementError
from chalicelib.domain.migration.retirement.full_flags import partly_old
from chalicelib.domain.migration.retirement.ports import RetirementRecords
from chalicelib.domain.migration.status.flags import FlagsSeen
from chalicelib.domain.operating import checked_reason
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.readings import moment
from chalicelib.services.migration.retirement.as_json import calendar_document
from chalicelib.services.migration.retirement.watch import withheld_now

Change = Callable[[Calendar, int], Calendar]


class RetirementCommands:
    """The calendar and the ledger, for operators. Every method raises UnavailableError and RetirementError."""

    def __init__(self, records: RetirementRecords, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def calendar(self) -> Calendar:
        """Read the announced calendar. Raises RetirementError where there is none."""
        found = self._records.calendar()
        if found is None:
            raise RetirementError(NOT_ANNOUNCED)
        return found

    def callers(self, days: int) -> Sequence[V1Caller]:
        """Who has called in these days, the latest first."""
        return self._records.callers(quiet_since(self._clock(), days), LISTED)

    def more_callers(self, days: int) -> int:
        """How many rows there are beyond those that are listed."""
        return max(0, self._records.count_callers(quiet_since(self._clock(), days)) - LISTED)

    def withheld(self) -> str | None:
        """Why a brown-out would not begin now; None: nothing of our own is in its way."""
        return withheld_now(self._records, self.calendar(), self._clock())

    def document(self) -> dict[str, Any]:
        """The announced calendar as JSON; the same members where there is none."""
        now, calendar = self._clock(), self._records.calendar()
        withheld = None if calendar is None else withheld_now(self._records, calendar, now)
        return calendar_document(calendar, now, withheld)

    def announce(
        self, sunset_at: int, deprecated_at: int | None, by: str, reason: str, *, earlier: bool, rehearsal: bool
    ) -> Calendar:
        """Announce the end, or another one. What is announced already does not change, and the answer says so."""
        now, why = self._now(), checked_reason(reason)
        before = self._records.calendar()
        wanted = _wanted(before, now, sunset_at, deprecated_at, rehearsal=rehearsal)
        if wanted == before:
            return wanted
        ends = before is not None and before.rehearsal and not rehearsal
        after = announced(None if ends else before, wanted, now, earlier=earlier)
        what = f"sunset at {moment(sunset_at)}{'; the rehearsal ends' if ends else ''}"
        return self._stored(after, Entry(now, by, what, why))

    def add_brown_out(self, start: int | None, length: int, flags: FlagsSeen, by: str, reason: str) -> Calendar:
        """Plan one of ``length`` ms (``start`` None: now). Refused while our page or components still call."""
        now, why = self._now(), checked_reason(reason)
        begin = now if start is None else start
        after = with_brown_out(self.calendar(), BrownOut(begin, begin + length), now)
        self._check_own(flags)
        return self._stored(after, Entry(now, by, f"brown-out {moment(begin)} to {moment(begin + length)}", why))

    def remove_brown_out(self, start: int, by: str, reason: str) -> Calendar:
        """Take one back; one that has begun ends by that."""
        what = f"no brown-out {moment(start)}"
        return self._changed(lambda calendar, now: without_brown_out(calendar, start, now), by, what, reason)

    def add_opt_out(self, opt_out: OptOut, by: str, reason: str) -> Calendar:
        """Let no brown-out concern a caller for a while. The log does not say whom, so that an erasure need not ask."""
        what = f"opt-out until {moment(opt_out.until)}"

        def spared(calendar: Calendar, now: int) -> Calendar:
            after = with_opt_out(calendar, opt_out, now)
            if not self._records.has_called(opt_out.caller):
                raise RetirementError(
                    f"{opt_out.caller} has never called version 1; who has: python -m infra retire callers"
                )
            return after

        return self._changed(spared, by, what, reason)

    def remove_opt_out(self, caller: str, by: str, reason: str) -> Calendar:
        """Let brown-outs concern a caller again."""
        return self._changed(lambda calendar, _: without_opt_out(calendar, caller), by, "no opt-out", reason)

    def _check_own(self, flags: FlagsSeen) -> None:
        old = [f"{component}: {reason}" for component, reason in partly_old(flags)]
        if old:
            raise RetirementError(
                f"the old backend still answers our own page ({'; '.join(old)}); first: python -m infra status"
            )
        if (reason := self.withheld()) is not None:
            raise RetirementError(f"{reason}; first: python -m infra retire check")

    def _changed(self, change: Change, by: str, what: str, reason: str) -> Calendar:
        now, why = self._now(), checked_reason(reason)
        return self._stored(change(self.calendar(), now), Entry(now, by, what, why))

    def _stored(self, after: Calendar, entry: Entry) -> Calendar:
        if not self._records.save(logged(after, entry)):
            raise RetirementError("somebody else has changed the calendar meanwhile: python -m infra retire show")
        return self.calendar()

    def _now(self) -> int:
        """To the second, as headers say it."""
        return self._clock() // SECOND_MS * SECOND_MS


def _wanted(
    before: Calendar | None, now: int, sunset_at: int, deprecated_at: int | None, *, rehearsal: bool
) -> Calendar:
    """The calendar with other dates. After a rehearsal it begins again, without what nobody has been through."""
    if before is not None and rehearsal and not before.rehearsal:
        raise RetirementError("it is announced already, with the usual notice: a rehearsal has a calendar of its own")
    if before is None or before.rehearsal is not rehearsal:
        since = now if deprecated_at is None else deprecated_at
        begun = Calendar(announced_at=now, deprecated_at=since, sunset_at=sunset_at, rehearsal=rehearsal)
        return begun if before is None else replace(begun, log=before.log, version=before.version)
    since = before.deprecated_at if deprecated_at is None else deprecated_at
    return replace(before, sunset_at=sunset_at, deprecated_at=since)
