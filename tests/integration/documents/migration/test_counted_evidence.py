"""Counts of comparisons: their documents field by field."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.counted import Counted, Counting, DifferenceSeen
from chalicelib.domain.migration.gate.evidence import PairCount
from chalicelib.domain.migration.gate.pairs import Pair
from chalicelib.repositories.counted_evidence import MongoCountedEvidence

CHARTS = Component.MONTHLY_CHARTS
AT, T = datetime(2023, 11, 14, 22, 13, 20, 1_000, UTC), 1_700_000_000_001
LATER = datetime(2023, 11, 14, 22, 13, 20, 2_000, UTC)
EQUAL = Counting(CHARTS, "a1", "pseudonym", agreement="a view")
NO_PAIRS = {"against": 0, "favour": 0, "peak": 1.0}
ROW: dict[str, Any] = {
    "_id": "monthly_charts|a1",
    "component": "monthly_charts",
    "code": "a1",
    "run": 0,
    "agreements": 1,
    "at": AT,
    "differences": {},
    "errors": NO_PAIRS,
    "latency": NO_PAIRS,
}


@pytest.fixture
def evidence(migrated: Database[Any]) -> MongoCountedEvidence:
    return MongoCountedEvidence(migrated)


def stored(database: Database[Any]) -> dict[str, Any]:
    [found] = database["gate_evidence"].find()
    return dict(found)


def test_an_agreement_is_counted_in_this_document_and_noted_in_that_one(
    evidence: MongoCountedEvidence, migrated: Database[Any]
) -> None:
    evidence.count(EQUAL, T)
    assert stored(migrated) == ROW
    [agreement] = migrated["gate_agreements"].find()
    assert len(agreement.pop("_id")) == 64
    assert agreement == {"user": "pseudonym", "at": AT}
    evidence.count(EQUAL, T + 1)
    assert stored(migrated) == ROW | {"at": LATER}


def test_a_difference_is_kept_with_its_moment_and_begins_the_next_run(
    evidence: MongoCountedEvidence, migrated: Database[Any]
) -> None:
    evidence.count(EQUAL, T)
    evidence.count(Counting(CHARTS, "a1", "p", differences=("f", "g")), T + 1)
    both = {"f": {"seen": LATER}, "g": {"seen": LATER}}
    assert stored(migrated) == ROW | {"run": 1, "agreements": 0, "at": LATER, "differences": both}
    evidence.gone("f", CHARTS, "a1", T + 1)
    both["f"] = {"seen": LATER, "gone": LATER}
    assert stored(migrated) == ROW | {"run": 2, "agreements": 0, "at": LATER, "differences": both}
    evidence.answered("g")
    assert stored(migrated) == ROW | {"run": 3, "agreements": 0, "at": LATER, "differences": both}


def test_a_difference_that_somebody_answers_for_begins_no_run(
    evidence: MongoCountedEvidence, migrated: Database[Any]
) -> None:
    evidence.count(EQUAL, T)
    evidence.count(Counting(CHARTS, "a1", "p", differences=("f",), is_answered=True), T)
    assert stored(migrated) == ROW | {"differences": {"f": {"seen": AT}}}


def test_what_is_gone_of_code_that_nobody_counted_begins_a_document(
    evidence: MongoCountedEvidence, migrated: Database[Any]
) -> None:
    evidence.gone("f", CHARTS, "a1", T)
    begun = {name: ROW[name] for name in ("_id", "component", "code", "at")}
    assert stored(migrated) == begun | {"run": 1, "agreements": 0, "differences": {"f": {"gone": AT}}}
    seen = {"f": DifferenceSeen(None, T)}
    assert evidence.counted(CHARTS, "a1") == Counted(0, seen, PairCount(), PairCount())
    assert evidence.known(CHARTS) == ["f"]


def test_pairs_are_counted_each_in_its_own_test(evidence: MongoCountedEvidence, migrated: Database[Any]) -> None:
    evidence.count(Counting(CHARTS, "a1", "p", errors=Pair.AGAINST, latency=Pair.FAVOUR), T)
    found = stored(migrated)
    assert found["errors"] == {"against": 1, "favour": 0, "peak": pytest.approx(1.5)}
    assert found["latency"] == {"against": 0, "favour": 1, "peak": 1.0}
    evidence.count(Counting(CHARTS, "a1", "p", errors=Pair.FAVOUR, latency=Pair.AGAINST), T)
    evidence.count(Counting(CHARTS, "a1", "p", latency=Pair.AGAINST), T)
    found = stored(migrated)
    assert found["errors"] == {"against": 1, "favour": 1, "peak": pytest.approx(1.5)}
    assert found["latency"] == {"against": 2, "favour": 1, "peak": pytest.approx(0.75 * 1.25**2)}


def test_the_evidence_ends_at_a_thousand_millions(evidence: MongoCountedEvidence, migrated: Database[Any]) -> None:
    many = {"against": 200, "favour": 0, "peak": 1.0}
    migrated["gate_evidence"].insert_one(ROW | {"errors": many})
    evidence.count(Counting(CHARTS, "a1", "p", errors=Pair.AGAINST), T)
    assert stored(migrated)["errors"]["peak"] == pytest.approx(1e9)


def test_a_document_is_read_field_by_field(evidence: MongoCountedEvidence, migrated: Database[Any]) -> None:
    pairs = {"against": 3, "favour": 2, "peak": 4.5}
    differences = {"f": {"seen": AT}, "g": {"gone": LATER}}
    row = ROW | {"agreements": 8, "differences": differences, "errors": pairs, "latency": pairs | {"favour": 1}}
    migrated["gate_evidence"].insert_many([row, ROW | {"_id": "monthly_charts|b2", "differences": {"a": {}}}])
    seen = {"f": DifferenceSeen(T, None), "g": DifferenceSeen(None, T + 1)}
    assert evidence.counted(CHARTS, "a1") == Counted(8, seen, PairCount(3, 2, 4.5), PairCount(3, 1, 4.5))
    assert evidence.known(CHARTS) == ["a", "f", "g"]
    assert evidence.known(Component.ENERGY_TABLE) == []


@pytest.mark.parametrize(("before", "after", "noted"), [(9_999, 10_000, 1), (10_000, 10_000, 0)])
def test_ten_thousand_agreements_are_enough(
    evidence: MongoCountedEvidence, migrated: Database[Any], before: int, after: int, noted: int
) -> None:
    migrated["gate_evidence"].insert_one(ROW | {"agreements": before})
    evidence.count(EQUAL, T)
    assert stored(migrated)["agreements"] == after
    assert migrated["gate_agreements"].count_documents({}) == noted
