"""Counting on a real database while somebody else does the same."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pymongo.collection import Collection
from pymongo.database import Database

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.counted import Counted, Counting
from chalicelib.domain.migration.gate.pairs import Pair
from chalicelib.repositories.counted_evidence import MongoCountedEvidence
from chalicelib.repositories.database import Collections

CHARTS, CODE, T = Component.MONTHLY_CHARTS, "a1", 1_700_000_000_000
WRONG = Counting(CHARTS, CODE, "p", differences=("0123456789ab",))


def equal(number: int) -> Counting:
    return Counting(CHARTS, CODE, "p", agreement=f"view {number}", latency=Pair.AGAINST)


@pytest.fixture
def evidence(migrated: Database[Any]) -> MongoCountedEvidence:
    return MongoCountedEvidence(migrated)


def counted(evidence: MongoCountedEvidence) -> Counted:
    return evidence.counted(CHARTS, CODE)


def test_what_many_count_at_once_is_counted_once_each(evidence: MongoCountedEvidence) -> None:
    with ThreadPoolExecutor(8) as several:
        list(several.map(lambda number: evidence.count(equal(number % 40), T), range(120)))
    assert (counted(evidence).agreements, counted(evidence).latency.against) == (40, 120)


def test_an_agreement_that_an_answer_overtakes_is_none_of_the_new_run(
    evidence: MongoCountedEvidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence.count(WRONG, T)
    insert = Collection.insert_one

    def overtaken(collection: Any, document: Any, **options: Any) -> Any:
        done = insert(collection, document, **options)
        evidence.answered(WRONG.differences[0])
        return done

    monkeypatch.setattr(Collection, "insert_one", overtaken)
    evidence.count(equal(1), T)
    assert counted(evidence).agreements == 0


def test_who_dies_before_an_agreement_is_counted_makes_it_one_less(
    evidence: MongoCountedEvidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = Collection.insert_one

    def dies(collection: Any, document: Any, **options: Any) -> Any:
        insert(collection, document, **options)
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(Collection, "insert_one", dies)
        with pytest.raises(MemoryError):
            evidence.count(equal(1), T)
    evidence.count(equal(1), T)
    assert counted(evidence).agreements == 0


def test_enough_agreements_fill_the_database_no_further(
    evidence: MongoCountedEvidence, migrated: Database[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.repositories.counted_evidence.MOST_AGREEMENTS", 3)
    for number in range(9):
        evidence.count(equal(number), T)
    assert counted(evidence).agreements == 3
    assert migrated[Collections.AGREEMENTS].count_documents({}) == 3
