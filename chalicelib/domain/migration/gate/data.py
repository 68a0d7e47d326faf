"""The conditions about what is stored: verify, the sync mode, the display, dead letters and alarms. Pure."""

from chalicelib.domain.migration.gate.evidence import GateEvidence, Limits
from chalicelib.domain.migration.gate.verdict import Breach, Condition, ConditionName
from chalicelib.domain.migration.gate.words import counted, seconds
from chalicelib.domain.operating import COMMAND


def verified(seen: GateEvidence) -> Condition:
    """A verify of this mode has found no difference, on this code.

    Where one has found the sides different, data are lost: everybody goes back. A wrong display is a wrong figure.
    """
    last = seen.verified
    found = last.differences if last is not None and last.since == seen.mode_since else 0
    lost = found - last.calculated if last is not None and found else 0
    problem = _found(lost, found) or _unverified(seen)
    return Condition(
        ConditionName.VERIFIED,
        problem is None,
        problem or "the last verify was clean, on this code and in this mode",
        f"{COMMAND} repair" if found else f"{COMMAND} verify",
        figure="never verified" if last is None else counted(last.differences, "difference"),
        limit="0, since code and mode last changed",
        breach=Breach.KILL if lost else Breach.STEP_BACK if found else None,
    )


def readiness(seen: GateEvidence) -> Condition:
    """Both sides are written and equal, and the drain is over."""
    obstacle = seen.readiness
    if obstacle is None:
        return Condition(ConditionName.DATA, True, "both sides are written and complete", f"{COMMAND} mode show")
    return Condition(ConditionName.DATA, False, obstacle.text, obstacle.command)


def display(seen: GateEvidence, limits: Limits) -> Condition:
    """Each meter's display is up to date, or behind by no longer than allowed."""
    problem = None
    if seen.failing:
        problem = f"{counted(seen.failing, 'meter')} cannot be refreshed"
    elif seen.lagging_ms > limits.lag_ms:
        problem = f"a meter's display has been behind for {seconds(seen.lagging_ms)}"
    return Condition(
        ConditionName.DISPLAY,
        problem is None,
        problem or "no meter's display is behind for too long",
        f"{COMMAND} sweep --list",
        figure=f"{seconds(seen.lagging_ms)}, {seen.failing:,} failing",
        limit=f"{seconds(limits.lag_ms)}, 0 failing",
    )


def dead_letters(seen: GateEvidence) -> Condition:
    """No event waits for somebody."""
    count = seen.dead_letters
    text = f"dead letters wait for somebody: {count:,}" if count else "no dead letter waits"
    return Condition(ConditionName.DEAD_LETTERS, not count, text, f"{COMMAND} dlq ls", figure=f"{count:,}", limit="0")


def alarms(seen: GateEvidence) -> Condition:
    """No critical alarm rings that concerns the component."""
    ringing = seen.alarms
    text = f"alarms ring: {', '.join(ringing)}" if ringing else "no critical alarm rings"
    return Condition(
        ConditionName.ALARMS, not ringing, text, f"{COMMAND} alarms", figure=counted(len(ringing), "alarm"), limit="0"
    )


def _found(lost: int, found: int) -> str | None:
    if lost:
        return f"the last verify found {counted(lost, 'difference')} between the sides"
    what = counted(found, "document of the display", "documents of the display")
    return f"the last verify found {what} otherwise than calculated" if found else None


def _unverified(seen: GateEvidence) -> str | None:
    """Why the last verify says nothing about what runs now."""
    last = seen.verified
    if last is None:
        return "the data were never verified"
    if last.since != seen.mode_since:
        return "the data were last verified in an earlier mode"
    return "the data were last verified on other code" if last.code != seen.on.code else None
