"""Counting on a real database while somebody else does the same."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import NetworkTimeout

from chalicelib.bootstrap.container import mongo_ports
from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.migration.gate.counted import Counted, Counting
from chalicelib.domain.migration.gate.pairs import Pair
from chalicelib.domain.migration.records.comparison_log import ComparisonResult, Outcome, Request
from chalicelib.domain.migration.records.differences import Difference, DifferenceKind
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.repositories.counted_evidence import MongoCountedEvidence
from chalicelib.repositories.database import Collections
from chalicelib.services.migration.comparison.asking import RecordedComparison
from infra.simulation.memory.publisher import FakePublisher

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


class Differing:
    """Both backends, which differ."""

    def compare_backends(self, request: Request) -> ComparisonResult:
        wrong = Difference(DifferenceKind.VALUE, ("months", 0), 1, 2)
        return ComparisonResult(request, Outcome.DIFFERENT, (wrong,))


def asking_of(database: Database[Any]) -> RecordedComparison:
    ports = mongo_ports(database, FakePublisher())
    backends, hidden = cast(Any, Differing()), Pseudonyms(b"key")
    return RecordedComparison(backends, ports.comparisons, ports.counted, hidden, lambda: T, lambda: CODE)


@pytest.mark.parametrize("error", [NetworkTimeout("it is away"), MemoryError()], ids=["away", "dies"])
@pytest.mark.parametrize("way", ["recorded", "surveyed"])
def test_a_difference_that_cannot_be_counted_has_no_row_and_counts_once_when_it_is_asked_again(
    evidence: MongoCountedEvidence,
    migrated: Database[Any],
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    error: BaseException,
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    ask = getattr(asking_of(migrated), way)
    with monkeypatch.context() as patch:
        patch.setattr(Collection, "find_one_and_update", fails)
        with pytest.raises((UnavailableError, MemoryError)):
            ask(Request(CHARTS, "alice", {}))
    rows = migrated[Collections.COMPARISONS]
    assert (rows.count_documents({}), counted(evidence).differences) == (0, {})
    ask(Request(CHARTS, "alice", {}))
    assert (rows.count_documents({}), len(counted(evidence).differences)) == (1, 1)


def test_what_many_find_at_once_is_a_row_each_and_counted(
    evidence: MongoCountedEvidence, migrated: Database[Any]
) -> None:
    asking = asking_of(migrated)
    with ThreadPoolExecutor(4) as several:
        list(several.map(lambda number: asking.recorded(Request(CHARTS, f"{number}", {})), range(40)))
    assert migrated[Collections.COMPARISONS].count_documents({}) == 40
    assert len(counted(evidence).differences) == 1
