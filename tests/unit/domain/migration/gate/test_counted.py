"""Counting a comparison for the gate, and answers for differences that were counted."""

from dataclasses import replace

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.counted import Counted, DifferenceSeen, counting_of, judged_by, rules_ended
from chalicelib.domain.migration.gate.pairs import Pair
from chalicelib.domain.migration.records.comparison_log import ComparisonResult, IgnoreRule, Outcome, Request
from chalicelib.domain.migration.records.differences import Difference, DifferenceKind
from chalicelib.domain.readings import EnergyType

T = 1_700_000_000_000
CHARTS = Component.MONTHLY_CHARTS
VERSIONS = tuple(range(1, len(EnergyType) + 1))
YEAR = {"type": EnergyType.POWER.value, "year": 2023, "consistent": False}
WRONG = Difference(DifferenceKind.VALUE, ("months", 0, "meterReading"), 1, 2)
FINGERPRINT = WRONG.fingerprint(CHARTS)
EQUAL = ComparisonResult(Request(CHARTS, "alice", YEAR), Outcome.EQUAL, (), VERSIONS, 9.0, 9.0, code="a1")


def agreement(compared: ComparisonResult) -> str | None:
    return counting_of(compared, "pseudonym").agreement


def moved(energy_type: EnergyType) -> tuple[int, ...]:
    """The source versions after a write to one meter."""
    return tuple(version + 9 * (each is energy_type) for version, each in zip(VERSIONS, EnergyType, strict=True))


def test_only_equal_answers_agree() -> None:
    assert agreement(EQUAL)
    assert {agreement(replace(EQUAL, outcome=outcome)) for outcome in Outcome if outcome is not Outcome.EQUAL} == {None}


def test_the_same_view_at_the_same_version_is_the_same_agreement_however_it_was_asked() -> None:
    asked = replace(EQUAL.request, parameters=YEAR | {"consistent": True}, usage="f" * 24)
    assert agreement(replace(EQUAL, request=asked)) == agreement(EQUAL)
    assert agreement(replace(EQUAL, versions=moved(EnergyType.GAS))) == agreement(EQUAL), "another meter's write"


@pytest.mark.parametrize(
    "other",
    [
        replace(EQUAL, versions=moved(EnergyType.POWER)),
        replace(EQUAL, request=replace(EQUAL.request, user_id="bob")),
        replace(EQUAL, request=replace(EQUAL.request, parameters=YEAR | {"year": 2022})),
        replace(EQUAL, request=replace(EQUAL.request, component=Component.TIMELINE_SLIDER)),
    ],
)
def test_another_user_view_or_version_is_another_agreement(other: ComparisonResult) -> None:
    assert agreement(other) not in (None, agreement(EQUAL))


def test_a_view_of_all_meters_goes_by_all_their_versions() -> None:
    whole = replace(EQUAL, request=Request(Component.DASHBOARD, "alice", {}))
    moves = {agreement(replace(whole, versions=moved(each))) for each in EnergyType}
    assert len({*moves, agreement(whole)}) == len(EnergyType) + 1


def test_no_agreement_names_anybody() -> None:
    assert "alice" not in str(agreement(EQUAL))


@pytest.mark.parametrize(
    ("broken", "outcome", "errors", "latency"),
    [
        ((), Outcome.EQUAL, Pair.TIE, Pair.AGAINST),
        ((), Outcome.DIFFERENT, Pair.TIE, Pair.AGAINST),
        ((), Outcome.LAG, Pair.TIE, Pair.TIE),
        ((Backend.NEW,), Outcome.FAILED, Pair.AGAINST, Pair.TIE),
        ((Backend.NEW,), Outcome.DIFFERENT, Pair.AGAINST, Pair.TIE),
        ((Backend.OLD,), Outcome.FAILED, Pair.FAVOUR, Pair.TIE),
        ((Backend.OLD, Backend.NEW), Outcome.FAILED, Pair.TIE, Pair.TIE),
    ],
)
def test_pairs_say_who_failed_and_of_two_whole_answers_which_was_slower(
    broken: tuple[Backend, ...], outcome: Outcome, errors: Pair, latency: Pair
) -> None:
    counting = counting_of(replace(EQUAL, outcome=outcome, broken=broken, new_ms=90.0), "pseudonym")
    assert (counting.errors, counting.latency) == (errors, latency)


def test_what_was_never_asked_has_no_times() -> None:
    nothing = ComparisonResult(EQUAL.request, Outcome.FAILED, error="KeyError")
    assert counting_of(nothing, "pseudonym").latency is Pair.TIE


def test_a_difference_is_counted_with_whether_somebody_answers_for_it() -> None:
    found = replace(EQUAL, outcome=Outcome.DIFFERENT, differences=(WRONG,))
    assert (counting_of(found, "p").differences, counting_of(found, "p").is_answered) == ((FINGERPRINT,), False)
    assert counting_of(replace(found, outcome=Outcome.IGNORED), "p").is_answered


@pytest.mark.parametrize(
    ("seen", "until", "unanswered"),
    [
        (DifferenceSeen(T), None, True),
        (DifferenceSeen(T), T + 10, False),
        (DifferenceSeen(T), T + 9, True),
        (DifferenceSeen(T, T + 1), None, False),
        (DifferenceSeen(T, T - 1), None, True),
        (DifferenceSeen(None, T), None, False),
    ],
)
def test_unanswered_is_what_no_rule_that_holds_and_no_later_replay_answers(
    seen: DifferenceSeen, until: int | None, unanswered: bool
) -> None:
    rules = {FINGERPRINT: IgnoreRule(FINGERPRINT, "olga", "known", until)} if until else {}
    evidence = Counted(differences={FINGERPRINT: seen}).evidence(rules, T + 9)
    assert evidence.unanswered == [FINGERPRINT] * unanswered
    assert evidence.differences == [FINGERPRINT] * (seen.seen is not None)


def test_a_rule_has_ended_until_nothing_shows_its_difference_on_this_code_any_more() -> None:
    rules = {FINGERPRINT: IgnoreRule(FINGERPRINT, "olga", "known", T)}

    def ended(counted: Counted, known: list[str], now: int = T) -> list[str]:
        return rules_ended(known, counted, rules, now)

    assert ended(Counted(), [FINGERPRINT]) == [FINGERPRINT]
    assert ended(Counted(), [FINGERPRINT], T - 1) == []
    assert ended(Counted(), []) == [], "of another component"
    assert ended(Counted(differences={FINGERPRINT: DifferenceSeen(None, T)}), [FINGERPRINT]) == []
    assert ended(Counted(differences={FINGERPRINT: DifferenceSeen(T + 1, T)}), [FINGERPRINT]) == [FINGERPRINT]


def test_an_import_is_judged_by_the_table_and_everything_else_by_itself() -> None:
    assert {each: judged_by(each) for each in Component if judged_by(each) is not each} == {
        Component.CSV_IMPORT: Component.ENERGY_TABLE
    }
