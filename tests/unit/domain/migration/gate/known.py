"""Evidence by which everything holds: that of few people, and that of many."""

from dataclasses import replace
from typing import Any

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.agreements import agreements_needed
from chalicelib.domain.migration.gate.evidence import (
    Census,
    CodeEvidence,
    GateEvidence,
    Limits,
    Rehearsal,
    Surrounding,
    VerifySeen,
)
from chalicelib.domain.migration.gate.judge import judge
from chalicelib.domain.migration.gate.verdict import Condition

HOUR = 3_600_000
NOW = 20_000 * 24 * HOUR + 12 * HOUR  # Friday, 2024-10-04T12:00Z
SINCE = NOW - 30 * 24 * HOUR
LIMITS = Limits()
NEEDED = agreements_needed(LIMITS)
HERE = Surrounding("code", "dual_write", "shape")
CENSUS = Census(
    code="code",
    mode_since=SINCE,
    started=NOW - 2 * HOUR,
    users=10,
    views=80,
    different=0,
    failed=0,
    finished=NOW - HOUR,
)
VERIFIED = VerifySeen(at=NOW - HOUR, code="code", since=SINCE, differences=0)
REHEARSED = Rehearsal(at=NOW - 24 * HOUR, on=HERE, passed=True)
FEW = GateEvidence(
    component=Component.ENERGY_TABLE,
    now=NOW,
    on=HERE,
    people=10,
    mode_since=SINCE,
    verified=VERIFIED,
    census=CENSUS,
    rehearsal=REHEARSED,
)
MANY = replace(FEW, people=10_001, census=None, counted=CodeEvidence(agreements=NEEDED))


def broken(seen: GateEvidence, limits: Limits = LIMITS) -> Condition:
    """The one condition that does not hold."""
    found = [each for each in judge(seen, limits).conditions if not each.holds]
    assert len(found) == 1
    return found[0]


def census(**changes: Any) -> GateEvidence:
    return replace(FEW, census=replace(CENSUS, **changes))


def rehearsed(**changes: Any) -> GateEvidence:
    return replace(FEW, rehearsal=replace(REHEARSED, **changes))


def verified(**changes: Any) -> GateEvidence:
    return replace(FEW, verified=replace(VERIFIED, **changes))


def counted(seen: GateEvidence, **changes: Any) -> GateEvidence:
    return replace(seen, counted=replace(seen.counted, **changes))
