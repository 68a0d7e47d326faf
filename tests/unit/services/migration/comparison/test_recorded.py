"""What is remembered and counted of each comparison, by whose pseudonym, when, and on which code."""

from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.counted import Counting
from chalicelib.domain.migration.gate.pairs import Pair
from chalicelib.domain.migration.records.comparison_log import ComparisonResult, IgnoreRule, Outcome, Request
from chalicelib.domain.migration.records.differences import Difference, DifferenceKind
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.services.migration.comparison.asking import RecordedComparison

NOW = 1_700_000_000_000
HIDDEN = Pseudonyms(b"key")
ALICE = HIDDEN.of("user", "alice")
REQUEST = Request(Component.DASHBOARD, "alice", {"consistent": False})
WRONG = Difference(DifferenceKind.VALUE, ("meters", 0), 1, 2)
OTHER = Difference(DifferenceKind.VALUE, ("zone",), 1, 2)
FINGERPRINT, OTHER_FINGERPRINT = (each.fingerprint(Component.DASHBOARD) for each in (WRONG, OTHER))


@dataclass
class Desk:
    """Everything that is asked and kept, beside an answer that a test prepares."""

    found: ComparisonResult
    kept_rules: dict[str, IgnoreRule] = field(default_factory=dict)
    rows: list[tuple[ComparisonResult, Pseudonyms, int]] = field(default_factory=list)
    counts: list[tuple[Counting, int]] = field(default_factory=list)

    def compare_backends(self, request: Request) -> ComparisonResult:
        return replace(self.found, request=request)

    def versions(self, user_id: str) -> tuple[int, ...]:
        return (len(user_id),)

    def rules(self) -> dict[str, IgnoreRule]:
        return self.kept_rules

    def count(self, *counting: Any) -> None:
        self.counts.append(counting)

    def record(self, compared: ComparisonResult, counting: Counting, pseudonyms: Pseudonyms, at: int) -> None:
        """Both at once; a row that is added by itself is one that nobody may count."""
        self.rows.append((compared, pseudonyms, at))
        self.counts.append((counting, at))

    @property
    def asking(self) -> RecordedComparison:
        desk = cast(Any, self)
        return RecordedComparison(desk, desk, desk, HIDDEN, lambda: NOW, lambda: "the code")


def result(outcome: Outcome, *differences: Difference, **more: Any) -> ComparisonResult:
    return ComparisonResult(REQUEST, outcome, differences, (3,), 1.0, 9.0, **more)


@pytest.mark.parametrize("outcome", Outcome)
def test_each_comparison_is_a_row_and_counts_on_the_code_that_runs(outcome: Outcome) -> None:
    desk = Desk(result(outcome))
    compared = desk.asking.recorded(REQUEST)
    assert compared.code == "the code"
    assert desk.rows == [(compared, HIDDEN, NOW)]
    [(counting, at)] = desk.counts
    assert (counting.component, counting.code, counting.user, at) == (Component.DASHBOARD, "the code", ALICE, NOW)
    assert (counting.agreement is not None) is (outcome is Outcome.EQUAL)


def test_an_equal_view_of_the_census_is_no_row_no_agreement_and_no_pair_of_times() -> None:
    desk = Desk(result(Outcome.EQUAL))
    compared = desk.asking.surveyed(REQUEST)
    assert (compared.outcome, compared.code, desk.rows) == (Outcome.EQUAL, "the code", [])
    assert desk.counts == [(Counting(Component.DASHBOARD, "the code", ALICE), NOW)]


def test_a_view_of_the_census_that_differs_or_breaks_is_a_row_and_counts() -> None:
    desk = Desk(result(Outcome.DIFFERENT, WRONG, broken=(Backend.NEW,)))
    compared = desk.asking.surveyed(REQUEST)
    assert desk.rows == [(compared, HIDDEN, NOW)]
    expected = Counting(
        Component.DASHBOARD, "the code", ALICE, differences=(FINGERPRINT,), errors=Pair.AGAINST, latency=Pair.TIE
    )
    assert desk.counts == [(expected, NOW)]


@pytest.mark.parametrize(("new_ms", "latency"), [(1_000.0, Pair.AGAINST), (1.0, Pair.TIE), (0.0, Pair.TIE)])
def test_the_times_of_a_person_are_one_pair(new_ms: float, latency: Pair) -> None:
    desk = Desk(result(Outcome.EQUAL))
    desk.asking.timed(Component.ENERGY_TABLE, "alice", 1.0, new_ms)
    assert desk.counts == [(Counting(Component.ENERGY_TABLE, "the code", ALICE, latency=latency), NOW)]


def test_an_old_backend_that_is_slower_counts_for_the_new_one() -> None:
    desk = Desk(result(Outcome.EQUAL))
    desk.asking.timed(Component.ENERGY_TABLE, "alice", 1_000.0, 1.0)
    assert desk.counts[0][0].latency is Pair.FAVOUR


@pytest.mark.parametrize(
    ("rules", "outcome"),
    [
        ({}, Outcome.DIFFERENT),
        ({FINGERPRINT: NOW + 1}, Outcome.DIFFERENT),
        ({FINGERPRINT: NOW + 1, OTHER_FINGERPRINT: NOW}, Outcome.DIFFERENT),
        ({FINGERPRINT: NOW + 1, OTHER_FINGERPRINT: NOW + 1}, Outcome.IGNORED),
        ({FINGERPRINT: NOW + 1, OTHER_FINGERPRINT: NOW + 1, "another": NOW + 1}, Outcome.IGNORED),
    ],
)
def test_a_difference_is_ignored_where_somebody_answers_for_all_of_it(rules: dict[str, int], outcome: Outcome) -> None:
    kept = {name: IgnoreRule(name, "olga", "known", until) for name, until in rules.items()}
    desk = Desk(result(Outcome.DIFFERENT, WRONG, OTHER), kept)
    assert desk.asking.recorded(REQUEST).outcome is outcome
    assert desk.counts[0][0].is_answered is (outcome is Outcome.IGNORED)


def test_only_a_difference_can_be_ignored() -> None:
    desk = Desk(result(Outcome.LAG), {FINGERPRINT: IgnoreRule(FINGERPRINT, "olga", "known", NOW + 1)})
    assert desk.asking.recorded(REQUEST).outcome is Outcome.LAG


def test_the_versions_are_those_of_the_meters() -> None:
    assert Desk(result(Outcome.EQUAL)).asking.versions("alice") == (5,)
