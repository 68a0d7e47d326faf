"""The conditions about when something may rise: the way back was rehearsed lately, and it is an allowed hour. Pure."""

from datetime import datetime
from zoneinfo import ZoneInfo

from chalicelib.domain.migration.gate.evidence import AllowedHours, GateEvidence, Limits, Surrounding
from chalicelib.domain.migration.gate.verdict import Condition, ConditionName
from chalicelib.domain.migration.gate.words import DAY_MS, span
from chalicelib.domain.operating import COMMAND
from chalicelib.domain.readings import to_datetime
from chalicelib.domain.zones import known_zone

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def rehearsal(seen: GateEvidence, limits: Limits) -> Condition:
    """The way back was rehearsed lately on what runs now, and nothing was lost."""
    last, problem = seen.rehearsal, _unrehearsed(seen, limits)
    return Condition(
        ConditionName.REHEARSAL,
        problem is None,
        problem or "the way back was rehearsed on this code, mode and shape of the flag document",
        f"{COMMAND} drill rollback",
        figure="never" if last is None else f"{span(max(0, seen.now - last.at))} ago",
        limit=span(limits.rehearsal_ms),
    )


def hours(seen: GateEvidence) -> Condition:
    """It is an hour in which something may rise. Something may always go back."""
    allowed, command = seen.hours, f"{COMMAND} gate show {seen.component}"
    if allowed is None:
        return Condition(ConditionName.HOURS, True, "components may rise at any hour", command, limit="any")
    if not known_zone(allowed.zone):
        return Condition(ConditionName.HOURS, None, f"there is no time zone {allowed.zone!r}", command)
    local = to_datetime(seen.now).astimezone(ZoneInfo(allowed.zone))
    may = _within(allowed, local)
    limit = (
        f"{allowed.first} to {allowed.last} o'clock in {allowed.zone}, {', '.join(DAYS[day] for day in allowed.days)}"
    )
    return Condition(
        ConditionName.HOURS,
        may,
        "it is an hour in which components may rise" if may else f"components rise only from {limit}",
        command,
        figure=f"{DAYS[local.weekday()]} {local:%H:%M}",
        limit=limit,
    )


def _unrehearsed(seen: GateEvidence, limits: Limits) -> str | None:
    last = seen.rehearsal
    if last is None:
        return "the way back was never rehearsed"
    if not last.passed:
        return "the last rehearsal of the way back did not pass"
    if (other := _other(last.on, seen.on)) is not None:
        return f"the way back was rehearsed {other}"
    if last.at - seen.now > DAY_MS:
        return "the last rehearsal of the way back lies ahead: the clock of who made it is wrong"
    if seen.now - last.at > limits.rehearsal_ms:
        return f"the way back was not rehearsed for {span(seen.now - last.at)}"
    return None


def _other(rehearsed: Surrounding, runs: Surrounding) -> str | None:
    if rehearsed.code != runs.code:
        return "on other code"
    if rehearsed.mode != runs.mode:
        return f"in {rehearsed.mode}, and the mode is {runs.mode}"
    return "with another shape of the flag document" if rehearsed.shape != runs.shape else None


def _within(allowed: AllowedHours, local: datetime) -> bool:
    """Whether a local time is in the hours; hours over midnight belong to the day on which they begin."""
    length = (allowed.last - allowed.first) % 24 or 24
    began = local.weekday() - (local.hour < allowed.first)
    return (local.hour - allowed.first) % 24 < length and began % 7 in allowed.days
