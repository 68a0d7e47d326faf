"""The export of an account: what a document looks like in it, and how much a part holds."""

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import bson
import pytest
from bson import ObjectId
from bson.decimal128 import Decimal128
from pymongo.database import Database

from chalicelib.domain.errors import InvalidInputError
from chalicelib.repositories.account_export import MongoAccountExport, plain

KEY = ObjectId("0123456789abcdef01234567")
READING = {
    "_id": KEY,
    "userId": "anna",
    "date": datetime(2023, 1, 1, tzinfo=UTC),
    "amount": Decimal128("1.50"),
    "source": None,
}
SHOWN = {
    "_id": "0123456789abcdef01234567",
    "userId": "anna",
    "date": "2023-01-01T00:00:00.000Z",
    "amount": "1.50",
    "source": None,
}


def test_a_document_of_the_persons_is_shown_whole(migrated: Database[Any]) -> None:
    migrated["energies"].insert_one(READING)
    page = MongoAccountExport(migrated, 20).page("anna", "pseudonym", None)
    assert (page.documents, page.following) == ({"energies": [SHOWN]}, None)


def test_where_a_damaged_one_names_another_owner_that_one_is_not_shown(migrated: Database[Any]) -> None:
    migrated["meters"].insert_many([{"_id": "anna|gas", "userId": "berta"}, {"_id": "anna|power", "userId": 5}])
    page = MongoAccountExport(migrated, 20).page("anna", "pseudonym", None)
    assert page.documents == {
        "meters": [
            {"_id": "anna|gas", "userId": "of another person"},
            {"_id": "anna|power", "userId": 5},
        ]
    }


@pytest.mark.parametrize(("more", "parts"), [(0, 1), (-1, 2)])
def test_a_part_is_full_when_the_next_document_is_more_than_it_takes(
    migrated: Database[Any], more: int, parts: int
) -> None:
    migrated["energies"].insert_many([READING | {"_id": name} for name in ("a", "b")])
    room = sum(len(json.dumps(SHOWN | {"_id": name})) for name in ("a", "b"))
    page = MongoAccountExport(migrated, 20, room + more).page("anna", "pseudonym", None)
    assert (page.following is None) is (parts == 1)
    following = MongoAccountExport(migrated, 20, room + more).page("anna", "pseudonym", page.following)
    assert [each["_id"] for each in following.documents["energies"]] == (["a", "b"] if parts == 1 else ["b"])


def test_documents_come_in_the_order_of_their_ids_however_few_are_asked_for_at_once(migrated: Database[Any]) -> None:
    migrated["energies"].insert_many([READING | {"_id": name} for name in ("c", "a", "d", "b")])
    for at_once in (1, 2, 9):
        page = MongoAccountExport(migrated, 20, documents_at_once=at_once).page("anna", "pseudonym", None)
        assert [each["_id"] for each in page.documents["energies"]] == ["a", "b", "c", "d"]


def test_a_cursor_with_an_id_that_no_document_can_have_is_refused(migrated: Database[Any]) -> None:
    """The server takes no command with a value that is nested more deeply than any document may be."""
    key: Any = 1
    for _ in range(200):
        key = {"a": key}
    cursor = base64.urlsafe_b64encode(bson.encode({"of": "energies", "id": key})).decode().rstrip("=")
    with pytest.raises(InvalidInputError, match="cursor: not a cursor that a part before gave"):
        MongoAccountExport(migrated, 20).page("anna", "pseudonym", cursor)


def test_a_document_that_is_too_large_is_a_part_of_its_own(migrated: Database[Any]) -> None:
    migrated["energies"].insert_many([READING | {"_id": name} for name in ("a", "b")])
    export = MongoAccountExport(migrated, 20, 1)
    first = export.page("anna", "pseudonym", None)
    second = export.page("anna", "pseudonym", first.following)
    assert [first.documents["energies"][0]["_id"], second.documents["energies"][0]["_id"]] == ["a", "b"]
    assert second.following is None


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (Decimal("12.340"), "12.340"),
        (datetime(2023, 1, 1, 5, 6, 7, 8_000, UTC), "2023-01-01T05:06:07.008Z"),
        (b"\x00\xff", "AP8="),
        (1.5, 1.5),
        (float("inf"), "inf"),
        (KEY, "0123456789abcdef01234567"),
        (True, True),
        ([Decimal(1), (2,)], ["1", [2]]),
        ({"userId": "anna", "n": Decimal(1)}, {"userId": "anna", "n": "1"}),
        ({"userId": "berta", "n": 1}, "of another person"),
        ({"userId": 5, "n": 1}, {"userId": 5, "n": 1}),
    ],
)
def test_a_stored_value_is_plain_json(stored: Any, shown: Any) -> None:
    assert plain(stored, "anna") == shown
