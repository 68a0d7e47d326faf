"""What equal answers prove: a census of everybody, or enough of them in a row."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.migration.gate.census import is_outdated
from chalicelib.domain.migration.gate.evidence import (
    CodeEvidence,
)
from chalicelib.domain.migration.gate.judge import judge
from chalicelib.domain.migration.gate.verdict import ConditionName
from tests.unit.domain.migration.gate.known import (
    CENSUS,
    FEW,
    LIMITS,
    MANY,
    NEEDED,
    NOW,
    SINCE,
    broken,
    counted,
)


def test_a_census_does_not_speak_for_more_people_than_it_can_ask_nor_a_row_for_fewer() -> None:
    assert broken(replace(FEW, people=LIMITS.census_users + 1)).name is ConditionName.EVIDENCE
    assert broken(replace(MANY, people=LIMITS.census_users)).name is ConditionName.EVIDENCE


@given(st.integers(0, 2 * NEEDED), st.integers(0, 20_000), st.booleans())
def test_evidence_is_a_clean_census_of_everybody_or_enough_in_a_row(agreements: int, people: int, clean: bool) -> None:
    seen = replace(FEW, people=people, counted=CodeEvidence(agreements=agreements))
    seen = replace(seen, census=replace(CENSUS, users=people, different=0 if clean else 1))
    expected = clean if people <= LIMITS.census_users else agreements >= NEEDED
    assert judge(seen, LIMITS).is_open is expected


@given(st.integers(0, 10_000))
def test_a_difference_keeps_the_gate_shut_however_many_equal_answers_come(agreements: int) -> None:
    seen = counted(MANY, agreements=agreements, differences=("f",), unanswered=("f",))
    verdict = judge(seen, LIMITS)
    assert not verdict.is_open
    assert verdict.breach is not None


def test_a_census_is_taken_again_for_other_code_another_mode_or_when_it_is_old() -> None:
    def outdated(code: str = "code", since: int = SINCE, now: int = NOW) -> bool:
        return is_outdated(CENSUS, code, since, now, LIMITS)

    assert not outdated()
    assert outdated(code="other")
    assert outdated(since=SINCE + 1)
    assert outdated(now=NOW + LIMITS.census_ms)
    assert not is_outdated(replace(CENSUS, finished=None), "code", SINCE, NOW + 10 * LIMITS.census_ms, LIMITS)
