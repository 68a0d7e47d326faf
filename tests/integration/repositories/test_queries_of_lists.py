"""What a page of a list asks the server for: how much, in which order, within which time."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.ports.values import PageRequest, ReadingFilter
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.queries import MongoReadingQueries
from tests.integration.repositories.sent_commands import Command, looks_at, sent_commands

POWER = EnergyType.POWER
NAME = {Backend.OLD: "energies", Backend.NEW: "source_energy_readings"}
AT = 1_709_251_200_000
MARCH = datetime(2024, 3, 1, tzinfo=UTC)


def asked(database: Database[Any], uri: str, request: PageRequest, backend: Backend = Backend.NEW) -> list[Command]:
    with sent_commands(uri, database.name) as (handle, sent):
        MongoReadingQueries(handle, 60).page("alice", request, backend)
    return looks_at(sent, NAME[backend])


@pytest.mark.parametrize(
    ("limit", "batch", "at_most", "of_old"),
    [(1, 3, 2, 2), (4_998, 5_000, 4_999, 4_999), (4_999, 5_001, 5_000, 5_000), (9_999, 5_000, 10_000, 5_000)],
)
def test_it_asks_for_one_more_than_a_page_in_batches(
    migrated: Database[Any], mongodb_uri: str, limit: int, batch: int, at_most: int, of_old: int
) -> None:
    """Where all fits into a batch, the driver makes that one larger, so that the server has done."""
    request = PageRequest(ReadingFilter(POWER), descending=False, limit=limit)
    [look] = asked(migrated, mongodb_uri, request)
    assert (look["batchSize"], look["limit"], look["sort"]) == (batch, at_most, {"date": 1})
    [look] = asked(migrated, mongodb_uri, request, Backend.OLD)
    assert (look["batchSize"], "limit" in look) == (of_old, False), "there may be doubles"


@pytest.mark.parametrize(("limit", "is_short"), [(1, True), (4_999, True), (5_000, False), (0, False)])
def test_what_is_longer_than_a_page_of_a_list_may_take_longer(
    migrated: Database[Any], mongodb_uri: str, limit: int, is_short: bool
) -> None:
    looks = asked(migrated, mongodb_uri, PageRequest(ReadingFilter(), descending=True, limit=limit))
    assert [look["sort"] for look in looks] == [{"date": -1}] * len(EnergyType), "each type has a list of its own"
    assert {4_000 < look["maxTimeMS"] <= 5_000 for look in looks} == {is_short}
    assert {50_000 < look["maxTimeMS"] <= 60_000 for look in looks} == {not is_short}


@pytest.mark.parametrize(
    ("descending", "after", "date"),
    [
        (False, None, []),
        (False, (AT, "x"), [{"date": {"$gte": MARCH}}]),
        (True, (AT, "x"), [{"date": {"$lte": MARCH}}]),
    ],
)
def test_it_asks_from_the_place_on_where_the_page_before_ended(
    migrated: Database[Any], mongodb_uri: str, descending: bool, after: tuple[int, str] | None, date: list[Any]
) -> None:
    wanted = ReadingFilter(POWER, AT - 1000, AT + 1000)
    [look] = asked(migrated, mongodb_uri, PageRequest(wanted, descending, 5, after))
    dates = {"$gte": datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC), "$lte": datetime(2024, 3, 1, 0, 0, 1, tzinfo=UTC)}
    own = {"type": "power", "date": dates}
    [_, conditions] = look["filter"]["$and"][1]["$and"]
    assert conditions == ({"$and": [own, *date]} if date else own)


@pytest.mark.parametrize("backend", Backend)
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_of_readings_at_one_instant_each_comes_once_ids_that_are_texts_first(
    migrated: Database[Any], backend: Backend, descending: bool, limit: int
) -> None:
    keys: list[Any] = [ObjectId("1" * 24), "b", ObjectId("0" * 24), "a"]
    places = zip(keys, ("gas", "power", "power", "gas"), (5, 5, 6, 6), strict=True)
    migrated[NAME[backend]].insert_many(
        [
            {"_id": key, "userId": "alice", "type": kind, "date": MARCH.replace(day=day), "amount": Decimal(day)}
            for key, kind, day in places
        ]
    )
    queries, seen, after = MongoReadingQueries(migrated, 60), list[str](), None
    while page := queries.page("alice", PageRequest(ReadingFilter(), descending, limit, after), backend):
        assert len(page) <= limit
        seen += [reading.id for reading in page]
        after = page[-1].instant, page[-1].id
    order = ["b", "1" * 24, "a", "0" * 24]
    assert seen == (order[::-1] if descending else order)
