"""What is said where something is refused: what was wrong, where, and what to do, word by word."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pymongo import InsertOne
from pymongo.errors import OperationFailure

from chalicelib.domain.errors import AccountErasedError, FieldError, InvalidInputError, ScopeError, TooLargeError
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.account_export import MongoAccountExport
from chalicelib.repositories.database import Collections, time_limit
from chalicelib.repositories.documents import flaws_in
from chalicelib.repositories.fence import refuse_erased
from chalicelib.repositories.meters import configuration_of
from chalicelib.repositories.owned import OwnedDocuments
from chalicelib.repositories.scope_rules import check_operators, check_pipeline, check_update, owned
from chalicelib.repositories.scoped import ScopedCollection

NOWHERE, BULK = cast(Any, None), cast(Any, SimpleNamespace(bulk_write=None))
OPENS, OPENS_AT = datetime(2024, 3, 1, 12, 30, 5, tzinfo=UTC), 1_709_296_205_000


def said(error: type[Exception], do: Callable[[], object]) -> str:
    with pytest.raises(error) as raised:
        do()
    return str(raised.value)


@pytest.mark.parametrize(
    ("erased_at", "text"),
    [
        (None, "this account is being erased; it can be used again when that is done, not before 2024-03-01T12:30:05Z"),
        (OPENS, "this account was erased; it can be used again from 2024-03-01T12:30:05Z on"),
    ],
)
def test_whoever_is_erased_hears_when_the_account_opens(erased_at: datetime | None, text: str) -> None:
    fence = {"_id": "erasure|0", "opensAt": OPENS, "erasedAt": erased_at}
    with pytest.raises(AccountErasedError) as refused:
        refuse_erased([{"_id": "sync_mode"}, fence])
    assert (str(refused.value), refused.value.opens_at) == (text, OPENS_AT)


def test_what_reaches_beyond_a_person_is_named() -> None:
    update = InsertOne({"_id": 1}, namespace="another.place")
    assert [
        said(ScopeError, lambda: check_operators({"a": [{"$where": "1"}, {"$function": 1}]})),
        said(ScopeError, lambda: check_pipeline([{"$changeStream": {}}, {"$indexStats": {}}])),
        said(ScopeError, lambda: check_update({"$set": {"userId": "bob"}})),
        said(ScopeError, lambda: owned({"userId": "bob"}, "alice")),
        said(ScopeError, lambda: OwnedDocuments(NOWHERE, "alice").delete(Collections.METERS, ["bob|power"])),
        said(ScopeError, lambda: ScopedCollection(BULK, "alice").bulk_write([update])),
    ] == [
        "$function, $where is not allowed here",
        "the stage $changeStream, $indexStats is not allowed here",
        "the owner of a document cannot be changed",
        "a document of another user must not be written",
        "a document under the id of another user is not reachable",
        "a write to another collection is not allowed here",
    ]


@pytest.mark.parametrize(
    ("field", "damage"), [("exchanges", [5]), ("modulus", 1.5), ("runsBackwards", "no"), ("exchanges", [{"id": "e"}])]
)
def test_a_configuration_that_cannot_be_read_says_what_an_operator_mends(field: str, damage: Any) -> None:
    meter = {"_id": "alice|power", "modulus": Decimal(1000), field: damage}
    assert said(Exception, lambda: configuration_of(meter, EnergyType.POWER)) == (
        f"the {field} of this meter cannot be read, so no figure can be right: an operator must mend it "
        "(meters, _id alice|power)"
    )


def test_a_cursor_of_somebody_else_is_none() -> None:
    reason = "not a cursor that a part before gave"
    with pytest.raises(InvalidInputError) as refused:
        MongoAccountExport(NOWHERE, 1).page("alice", "pseudonym", "mine")
    assert (str(refused.value), refused.value.errors) == (f"cursor: {reason}", (FieldError("cursor", reason),))


def test_an_id_that_nobody_can_ask_for_is_a_flaw() -> None:
    good = {"userId": "alice", "type": "power", "date": OPENS, "amount": Decimal(1)}
    assert flaws_in({"_id": "a key", **good}) == ()
    for key, kind in ((5, "5"), ("0" * 24, "a string")):
        [flaw] = flaws_in({"_id": key, **good})
        assert (flaw.where, flaw.reason) == ("_id", f"_id is {kind}, by which no reading can be asked for")


def test_what_is_more_than_a_transaction_takes_can_be_split() -> None:
    def write() -> None:
        with time_limit(5):
            raise OperationFailure("the cache is full", 388)

    assert said(TooLargeError, write) == (
        "this is more than the database takes in one transaction, nothing was written: split the file, or let an "
        "operator give the server a larger cache"
    )
