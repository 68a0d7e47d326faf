"""A year with very many readings is several documents, up to a number of them."""

from array import array
from typing import Any

import pytest
from pymongo import DeleteMany, ReplaceOne

from chalicelib.domain.meters.display_documents import SeriesUpdate
from chalicelib.domain.readings import EnergyType
from chalicelib.domain.readings.compact import CompactReadings
from chalicelib.repositories import series

JANUARY = 1_672_531_200_000  # 2023


class Written:
    """The parts of a meter, which notes what is written."""

    def __init__(self) -> None:
        self.requests: list[Any] = []

    def bulk_write(self, requests: list[Any]) -> None:
        self.requests += requests


def readings(count: int) -> CompactReadings:
    instants = array("q", [JANUARY + number for number in range(count)])
    return CompactReadings(instants, array("q", range(count)), 0, [])


@pytest.fixture(autouse=True)
def _of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two readings in a document, and three documents of a year."""
    monkeypatch.setattr(series, "READINGS_OF_A_DOCUMENT", 2)
    monkeypatch.setattr(series, "DOCUMENTS_OF_A_YEAR", 3)


@pytest.mark.parametrize(("counts", "fits"), [([], True), ([6], True), ([7], False), ([6, 6], True), ([6, 7], False)])
def test_every_year_must_fit_into_its_documents(counts: list[int], fits: bool) -> None:
    assert series.storable(map(readings, counts)) is fits


def test_numbers_that_need_more_than_eight_bytes_are_not_stored() -> None:
    large: Any = CompactReadings(array("q", [JANUARY]), [1 << 70], 0, [])
    assert not series.storable([large])


def test_each_document_of_a_year_but_the_first_has_a_number() -> None:
    written: Any = Written()
    series.replace(written, "alice", EnergyType.POWER, SeriesUpdate([(2022, 2023)], {2023: readings(5)}))
    replaced = [request for request in written.requests if isinstance(request, ReplaceOne)]
    ids = ["alice|power|2023", "alice|power|2023|p01", "alice|power|2023|p02"]
    assert [(each._filter, each._doc["_id"], each._upsert) for each in replaced] == [
        ({"_id": key}, key, True) for key in ids
    ]
    assert [len(each._doc["instants"]) // 8 for each in replaced] == [2, 2, 1]
    assert replaced[1]._doc.keys() == {"_id", "type", "year", "instants", "amounts", "decimals", "falls"}
    assert (replaced[1]._doc["type"], replaced[1]._doc["year"]) == ("power", 2023)
    [deleted] = [request for request in written.requests if isinstance(request, DeleteMany)]
    assert deleted._filter == {"_id": {"$gte": "alice|power|2022", "$lt": "alice|power|2023~", "$nin": ids}}


@pytest.mark.parametrize(("update", "written"), [(None, 1), (SeriesUpdate([], {}), 0)])
def test_without_an_update_all_goes_and_where_nothing_changes_nothing_is_sent(
    update: SeriesUpdate | None, written: int
) -> None:
    parts: Any = Written()
    series.replace(parts, "alice", EnergyType.POWER, update)
    all_of_it = {"_id": {"$gte": "alice|power|0000", "$lt": "alice|power|9999~", "$nin": []}}
    assert [request._filter for request in parts.requests] == [all_of_it] * written
