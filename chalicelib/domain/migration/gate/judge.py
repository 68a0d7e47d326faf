"""The verdict: every condition of the gate, by what is known of it. Pure.

What each looks at is in ``answers`` (what the backends say), ``data`` (what is stored) and ``way_back``; this one is
their order, and what happens where a part of the evidence could not be gathered.
"""

from collections.abc import Callable, Mapping

from chalicelib.domain.migration.gate import answers, data, way_back
from chalicelib.domain.migration.gate.evidence import GateEvidence, Limits
from chalicelib.domain.migration.gate.verdict import Condition, ConditionName, GateVerdict

_JUDGED: Mapping[ConditionName, Callable[[GateEvidence], Condition]] = {
    ConditionName.ANSWERS: answers.differences,
    ConditionName.VERIFIED: data.verified,
    ConditionName.DATA: data.readiness,
    ConditionName.SHARE: answers.share,
    ConditionName.DEAD_LETTERS: data.dead_letters,
    ConditionName.ALARMS: data.alarms,
    ConditionName.RULES: answers.rules,
    ConditionName.HOURS: way_back.hours,
}
_JUDGED_BY_LIMITS: Mapping[ConditionName, Callable[[GateEvidence, Limits], Condition]] = {
    ConditionName.EVIDENCE: answers.evidence,
    ConditionName.ERRORS: answers.errors,
    ConditionName.LATENCY: answers.latency,
    ConditionName.DISPLAY: data.display,
    ConditionName.REHEARSAL: way_back.rehearsal,
}


def judge(seen: GateEvidence, limits: Limits) -> GateVerdict:
    """All conditions, in the order of their names; the gate is open where each of them holds."""
    conditions = tuple(_judged(name, seen, limits) for name in ConditionName)
    return GateVerdict(seen.component, seen.now, seen.on.code, conditions)


def _judged(name: ConditionName, seen: GateEvidence, limits: Limits) -> Condition:
    """One condition. What is not known lets nobody through, and takes nobody back."""
    if (unknown := (seen.unknown or {}).get(name)) is not None:
        return Condition(name, None, unknown.text, unknown.command)
    return _JUDGED[name](seen) if name in _JUDGED else _JUDGED_BY_LIMITS[name](seen, limits)
