"""The conditions about what the backends say: equal answers, failures, times, and who got which backend. Pure."""

from collections.abc import Sequence

from chalicelib.domain.migration.gate.agreements import agreements_needed
from chalicelib.domain.migration.gate.census import census_problem
from chalicelib.domain.migration.gate.evidence import Census, GateEvidence, Limits, PairCount
from chalicelib.domain.migration.gate.verdict import Breach, Condition, ConditionName
from chalicelib.domain.migration.gate.words import counted
from chalicelib.domain.operating import COMMAND

REPORT = f"{COMMAND} compare report"
NAMED = 3


def differences(seen: GateEvidence) -> Condition:
    """No difference of this code waits for an answer. One does: people see wrong figures, a step back."""
    found, waiting = len(seen.counted.differences), seen.counted.unanswered
    text = "every difference on this code has an answer" if found else "the backends have never differed on this code"
    if waiting:
        text = f"the backends differ, and nobody has answered for it: {_first(waiting)}"
    return Condition(
        ConditionName.ANSWERS,
        not waiting,
        text,
        REPORT,
        figure=counted(len(waiting), "difference"),
        limit="0",
        n=found,
        breach=Breach.STEP_BACK if waiting else None,
    )


def evidence(seen: GateEvidence, limits: Limits) -> Condition:
    """Everybody was asked, up to as many people as a census can ask; above, enough equal answers in a row."""
    return _census(seen, limits) if seen.people <= limits.census_users else _row(seen, limits)


def errors(seen: GateEvidence, limits: Limits) -> Condition:
    """The new backend does not fail more often where the old one answers."""
    return _pairs(ConditionName.ERRORS, seen.counted.errors, limits, "fails where the old one answers", REPORT)


def latency(seen: GateEvidence, limits: Limits) -> Condition:
    """The new backend is not slower more often than faster."""
    return _pairs(ConditionName.LATENCY, seen.counted.latency, limits, "is slower", f"{COMMAND} compare times")


def share(seen: GateEvidence) -> Condition:
    """The share of people who got the new backend is the one that is set, within chance."""
    fits = seen.mismatch is None
    text = seen.mismatch or "as many people got the new backend as are set"
    return Condition(ConditionName.SHARE, fits, text, f"{COMMAND} status --component {seen.component}")


def rules(seen: GateEvidence) -> Condition:
    """Nobody's answer for a difference has ended."""
    ended = seen.rules_ended
    text = f"nobody answers any more for differences: {_first(ended)}" if ended else "no ignore rule has ended"
    return Condition(ConditionName.RULES, not ended, text, REPORT, figure=counted(len(ended), "rule"), limit="0")


def _census(seen: GateEvidence, limits: Limits) -> Condition:
    census, problem = seen.census, census_problem(seen, limits)
    return Condition(
        ConditionName.EVIDENCE,
        problem is None,
        problem or "everybody's views are equal on both backends",
        f"{COMMAND} gate show {seen.component}",
        figure=_asked(census) if census else "no census",
        limit="0 different, 0 failed",
        n=census.views if census else 0,
    )


def _asked(census: Census) -> str:
    people = counted(census.users, "person", "people")
    return f"{counted(census.views, 'view')} of {people}: {census.different} different, {census.failed} failed"


def _row(seen: GateEvidence, limits: Limits) -> Condition:
    had, needed = seen.counted.agreements, agreements_needed(limits)
    enough = had >= needed
    excluded = f"{100 * limits.wrong:g} % wrong answers"
    return Condition(
        ConditionName.EVIDENCE,
        enough,
        f"enough equal answers in a row to exclude {excluded}"
        if enough
        else f"too few equal answers in a row to exclude {excluded}: {had:,} of {needed:,}",
        REPORT,
        figure=f"{had:,} in a row",
        limit=f"{needed:,}",
        n=had,
    )


def _pairs(name: ConditionName, pairs: PairCount, limits: Limits, does: str, command: str) -> Condition:
    """A test of pairs, which shuts for good on this code once its evidence has reached the limit."""
    fine = pairs.peak < limits.evidence
    score = f"{pairs.against:,} pairs against it, {pairs.favour:,} in its favour"
    return Condition(
        name,
        fine,
        f"nothing says that the new backend {does}" if fine else f"the new backend {does}: {score}",
        command,
        figure=f"evidence {pairs.peak:.3g} ({score})",
        limit=f"below {limits.evidence:g}",
        n=pairs.pairs,
        breach=None if fine else Breach.STEP_BACK,
    )


def _first(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
