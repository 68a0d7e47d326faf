"""What each condition says: its figure, its limit, and of how many."""

from dataclasses import replace

import pytest

from chalicelib.domain.migration.gate.evidence import (
    AllowedHours,
    GateEvidence,
)
from chalicelib.domain.migration.gate.judge import judge
from chalicelib.domain.migration.gate.verdict import ConditionName
from tests.unit.domain.migration.gate.known import (
    FEW,
    LIMITS,
    MANY,
    broken,
    counted,
)

FIGURES = {
    ConditionName.ANSWERS: ("0 differences", "0", 0),
    ConditionName.VERIFIED: ("0 differences", "0, since code and mode last changed", None),
    ConditionName.EVIDENCE: ("80 views of 10 people: 0 different, 0 failed", "0 different, 0 failed", 80),
    ConditionName.ERRORS: ("evidence 1 (0 pairs against it, 0 in its favour)", "below 20", 0),
    ConditionName.LATENCY: ("evidence 1 (0 pairs against it, 0 in its favour)", "below 20", 0),
    ConditionName.DISPLAY: ("0 s, 0 failing", "60 s, 0 failing", None),
    ConditionName.DEAD_LETTERS: ("0", "0", None),
    ConditionName.ALARMS: ("0 alarms", "0", None),
    ConditionName.RULES: ("0 rules", "0", None),
    ConditionName.REHEARSAL: ("24 hours ago", "7 days", None),
    ConditionName.HOURS: ("", "any", None),
}


@pytest.mark.parametrize("name", FIGURES)
def test_each_condition_says_its_figure_its_limit_and_of_how_many(name: ConditionName) -> None:
    found = next(each for each in judge(FEW, LIMITS).conditions if each.name is name)
    assert (found.figure, found.limit, found.n) == FIGURES[name]


def test_what_holds_says_why() -> None:
    def said(seen: GateEvidence, name: ConditionName) -> str:
        return next(each.text for each in judge(seen, LIMITS).conditions if each.name is name)

    assert said(FEW, ConditionName.ANSWERS) == "the backends have never differed on this code"
    answered = counted(FEW, differences=("f",))
    assert said(answered, ConditionName.ANSWERS) == "every difference on this code has an answer"
    assert said(FEW, ConditionName.EVIDENCE) == "everybody's views are equal on both backends"
    assert said(MANY, ConditionName.EVIDENCE) == "enough equal answers in a row to exclude 1 % wrong answers"
    always = replace(FEW, hours=AllowedHours("UTC", 0, 24))
    assert said(FEW, ConditionName.HOURS) == "components may rise at any hour"
    assert said(always, ConditionName.HOURS) == "it is an hour in which components may rise"


def test_a_census_that_has_not_begun_has_looked_at_nothing() -> None:
    found = broken(replace(FEW, census=None))
    assert (found.figure, found.limit, found.n) == ("no census", "0 different, 0 failed", 0)


def test_a_row_says_its_figure_too() -> None:
    found = next(each for each in judge(MANY, LIMITS).conditions if each.name is ConditionName.EVIDENCE)
    assert (found.figure, found.limit, found.n) == ("299 in a row", "299", 299)
