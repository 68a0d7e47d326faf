"""The calendar of the retirement, and the rules by which it changes. Instants are UTC milliseconds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from chalicelib.domain.migration.retirement.calendar_parts import (
    DAY_MS,
    LONGEST_BROWN_OUT_MS,
    MINUTE_MS,
    REHEARSED,
    SECOND_MS,
    USUAL,
    BrownOut,
    Entry,
    OptOut,
    Phase,
    Terms,
)
from chalicelib.domain.migration.retirement.errors import RetirementError
from chalicelib.domain.readings import moment

KEPT_ENTRIES = 100
NOT_ANNOUNCED = "nothing is announced yet; first: python -m infra retire announce --sunset DATE --reason WHY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Everything that is announced. ``version`` counts what was stored; ``log``: the latest changes, the oldest first.

    ``rehearsal``: announced for nobody, so no notice is given.
    """

    announced_at: int
    deprecated_at: int
    sunset_at: int
    brown_outs: tuple[BrownOut, ...] = ()
    opt_outs: tuple[OptOut, ...] = ()
    rehearsal: bool = False
    log: tuple[Entry, ...] = ()
    version: int = 0

    @property
    def terms(self) -> Terms:
        """The notice that is given."""
        return REHEARSED if self.rehearsal else USUAL

    def phase(self, at: int) -> Phase:
        """How far version 1 has come at an instant."""
        if at >= self.sunset_at:
            return Phase.SUNSET
        if at < self.deprecated_at:
            return Phase.ANNOUNCED
        return Phase.DEPRECATED if self.present(at) is None else Phase.BROWN_OUT

    def present(self, at: int) -> BrownOut | None:
        """The brown-out that an instant lies in."""
        return next((each for each in self.brown_outs if each.covers(at)), None)

    def following(self, at: int) -> BrownOut | None:
        """The next brown-out that begins later than an instant."""
        return next((each for each in self.brown_outs if each.start > at), None)

    def spares(self, caller: str, at: int) -> bool:
        """Whether no brown-out concerns a caller."""
        return any(each.caller == caller and at < each.until for each in self.opt_outs)

    def held(self, at: int) -> Sequence[BrownOut]:
        """The brown-outs that are over, were not withheld, and were long enough to be noticed."""
        long = [each for each in self.brown_outs if each.length >= self.terms.shortest_ms]
        return [each for each in long if each.end <= at and each.withheld is None]


def announced(before: Calendar | None, after: Calendar, now: int, *, earlier: bool = False) -> Calendar:
    """The calendar with other dates. ``earlier``: an end that comes sooner than was announced is meant so.

    Raises:
        RetirementError: the dates contradict each other, or the notice is too short.
    """
    if before is not None and before.deprecated_at <= now and after.deprecated_at != before.deprecated_at:
        raise RetirementError(f"version 1 is deprecated since {moment(before.deprecated_at)}: that is past and stays")
    if before is not None and after.sunset_at < before.sunset_at:
        if not earlier:
            raise RetirementError(
                f"{moment(after.sunset_at)} is earlier than the announced {moment(before.sunset_at)}, "
                "by which callers plan; say --yes where it is meant so"
            )
        _check_notice(after, now)
    elif before is None:
        _check_notice(after, after.announced_at)
    return checked(after)


def with_brown_out(calendar: Calendar, added: BrownOut, now: int) -> Calendar:
    """The calendar with one more. Raises RetirementError."""
    if added.start < now:
        raise RetirementError(f"a brown-out cannot begin in the past, at {moment(added.start)}")
    found = checked(replace(calendar, brown_outs=tuple(sorted((*calendar.brown_outs, added), key=_start))))
    if added.length < (least := calendar.terms.shortest_ms):
        raise RetirementError(f"a brown-out takes {_span(least)} at least: {_named(added)} is shorter")
    apart = calendar.terms.apart_ms
    for each in calendar.brown_outs:
        if each.end <= added.start < each.end + apart or added.end <= each.start < added.end + apart:
            raise RetirementError(
                f"version 1 answers for {_span(apart)} between two brown-outs: {_named(added)} comes "
                f"too close to {_named(each)}"
            )
    return found


def without_brown_out(calendar: Calendar, start: int, now: int) -> Calendar:
    """The calendar without one that is not over; where it has begun, it ends by that. Raises RetirementError."""
    found = next((each for each in calendar.brown_outs if each.start == start), None)
    if found is None:
        raise RetirementError(f"no brown-out begins at {moment(start)}; see them: python -m infra retire brownout list")
    if found.end <= now:
        raise RetirementError(f"the brown-out of {moment(start)} is over: what has happened stays in the calendar")
    return replace(calendar, brown_outs=tuple(each for each in calendar.brown_outs if each is not found))


def with_opt_out(calendar: Calendar, added: OptOut, now: int) -> Calendar:
    """The calendar with an opt-out, in place of one that the caller had. Raises RetirementError."""
    if added.until <= now:
        raise RetirementError(f"an opt-out cannot end in the past, at {moment(added.until)}")
    others = [each for each in calendar.opt_outs if each.caller != added.caller and each.until > now]
    return checked(replace(calendar, opt_outs=(*others, added)))


def without_opt_out(calendar: Calendar, caller: str) -> Calendar:
    """The calendar without a caller's opt-out. Raises RetirementError where there is none."""
    if all(each.caller != caller for each in calendar.opt_outs):
        raise RetirementError(f"{caller} has no opt-out; see them: python -m infra retire show")
    return replace(calendar, opt_outs=tuple(each for each in calendar.opt_outs if each.caller != caller))


def logged(calendar: Calendar, entry: Entry) -> Calendar:
    """The calendar with who changed it and why."""
    return replace(calendar, log=(*calendar.log, entry)[-KEPT_ENTRIES:])


def checked(calendar: Calendar) -> Calendar:
    """The calendar. Raises RetirementError where its dates contradict each other."""
    for problem in _problems(calendar):
        raise RetirementError(problem)
    return calendar


def _problems(calendar: Calendar) -> Iterator[str]:
    first, last = calendar.deprecated_at, calendar.sunset_at
    if first >= last:
        yield f"the deprecation, {moment(first)}, must come before the sunset, {moment(last)}"
    for each in calendar.brown_outs:
        yield from _wrong_in(calendar, each)
    for before, after in pairwise(calendar.brown_outs):
        if after.start < before.start:
            yield f"brown-outs are kept in order: {_named(after)} comes after {_named(before)}"
        if after.start < before.end:
            yield f"two brown-outs overlap: {_named(before)} and {_named(after)}"
    for opt_out in calendar.opt_outs:
        if opt_out.until > last:
            yield (
                f"the opt-out of {opt_out.caller} ends at the sunset at the latest, {moment(last)}, not "
                f"{moment(opt_out.until)}: python -m infra retire optout add {opt_out.caller} --until TIME --reason WHY"
            )


def _wrong_in(calendar: Calendar, brown_out: BrownOut) -> Iterator[str]:
    if not brown_out.start < brown_out.end:
        yield f"a brown-out ends after it begins: {_named(brown_out)} does not"
    if brown_out.length > LONGEST_BROWN_OUT_MS:
        yield f"a brown-out takes a day at most: {_named(brown_out)} is longer"
    if brown_out.start < calendar.deprecated_at or brown_out.end > calendar.sunset_at:
        span = f"{moment(calendar.deprecated_at)} and {moment(calendar.sunset_at)}"
        yield f"a brown-out lies between deprecation and sunset, {span}: {_named(brown_out)} does not"
    earliest = calendar.announced_at + calendar.terms.brown_out_notice_ms
    if brown_out.start < earliest:
        days = calendar.terms.brown_out_notice_ms // DAY_MS
        yield f"the first brown-out comes {days} days after the announcement, at {moment(earliest)} at the earliest"


def _check_notice(calendar: Calendar, since: int) -> None:
    earliest = since + calendar.terms.notice_ms
    if calendar.sunset_at < earliest:
        days = calendar.terms.notice_ms // DAY_MS
        raise RetirementError(
            f"callers know of the end {days} days before it: {moment(earliest)} is the earliest, "
            f"not {moment(calendar.sunset_at)}"
        )


def _start(brown_out: BrownOut) -> int:
    return brown_out.start


def _span(length: int) -> str:
    return f"{length // MINUTE_MS} min" if length >= MINUTE_MS else f"{length // SECOND_MS} s"


def _named(brown_out: BrownOut) -> str:
    return f"{moment(brown_out.start)} to {moment(brown_out.end)}"
