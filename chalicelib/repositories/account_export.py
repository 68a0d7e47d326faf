"""The export of everything that the database has of a person, as plain JSON, part by part.

Which documents are theirs says ``people``. What a document of theirs holds of another person is left out.
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import Any, NamedTuple

import bson
from bson import ObjectId
from pymongo.errors import OperationFailure
from typing_extensions import override

from chalicelib.domain.errors import FieldError, InvalidInputError
from chalicelib.domain.people.account import AccountExport, AccountPage
from chalicelib.domain.people.ids import is_about_others, names
from chalicelib.repositories.database import BYTES, Collections, Document, MongoDatabase, time_limit
from chalicelib.repositories.operator_actions import DISCARDED_BY
from chalicelib.repositories.people import OWNER, PEOPLE, is_theirs, under_ids_of
from chalicelib.repositories.undecodable import sendable, shown

# Of JSON: with one more document below Lambda's 6 MB. An import that has corrected 50,000 readings is 6 MB by
# itself: who does not accept gzip gets 413 for it.
PART_BYTES = 2_000_000
DOCUMENTS_AT_ONCE = 20_000
EXPORTED = [name for name, holds in PEOPLE.items() if holds.fields or holds.pseudonym or name is Collections.DISCARDED]
OF_ANOTHER = "of another person"
PLACES = bson.CodecOptions[Document](unicode_decode_error_handler=BYTES)
NESTED_TOO_DEEPLY = 15  # the server's code for a command that holds such a value


class _Place(NamedTuple):
    """Behind which document of which collection a part begins; without ``last``: at the collection's beginning."""

    collection: Collections
    last: Document | None


class MongoAccountExport(AccountExport):
    """``AccountExport`` on MongoDB."""

    def __init__(
        self,
        database: MongoDatabase,
        timeout_seconds: float,
        part_bytes: int = PART_BYTES,
        documents_at_once: int = DOCUMENTS_AT_ONCE,
    ) -> None:
        self._database = database
        self._timeout = timeout_seconds
        self._part_bytes = part_bytes
        self._documents_at_once = documents_at_once

    @override
    def page(self, user_id: str, pseudonym: str, cursor: str | None) -> AccountPage:
        """Read in the order of the collections and of their ids; full when the next document would be too much."""
        documents: dict[str, list[Document]] = {}
        left, before = self._part_bytes, cursor
        place = _place_of(cursor)
        with time_limit(self._timeout), _known_to_the_server(cursor):
            for collection, document in self._behind(place, user_id, pseudonym):
                shown = _shown(document, user_id)
                left -= len(json.dumps(shown))
                if left < 0 and documents:
                    return AccountPage(documents, before)
                documents.setdefault(collection.value, []).append(shown)
                before = _cursor_of(collection, document["_id"])
        return AccountPage(documents, None)

    def _behind(self, place: _Place, user_id: str, pseudonym: str) -> Iterator[tuple[Collections, Document]]:
        last = place.last
        for collection in EXPORTED[EXPORTED.index(place.collection) :]:
            for document in self._of(collection, last, user_id, pseudonym):
                yield collection, document
            last = None

    def _of(self, name: Collections, last: Document | None, user_id: str, pseudonym: str) -> Iterator[Document]:
        """In the order of their ids, a limited number in one query: they are sorted among all that the person has."""
        holds = PEOPLE[name]
        if holds.keyed:
            wanted: Document = under_ids_of(user_id)
        elif holds.texts:
            wanted = {}
        else:
            wanted = {OWNER: user_id} if holds.fields else {str(holds.pseudonym): pseudonym}
        for document in self._in_order(name, wanted, last):
            if holds.keyed and not is_theirs(name, document, user_id):
                continue
            said = {field: value for field, value in document.items() if field != DISCARDED_BY}
            if holds.texts and (is_about_others(said, user_id) or not names(said, user_id)):
                continue
            yield said

    def _in_order(self, name: Collections, wanted: Document, last: Document | None) -> Iterator[Document]:
        collection, found = self._database[name], self._documents_at_once
        while found == self._documents_at_once:
            behind = {} if last is None else {"$expr": {"$gt": ["$_id", {"$literal": last["id"]}]}}
            documents = collection.find(
                sendable({"$and": [wanted, behind]}), sort=[("_id", 1)], limit=self._documents_at_once
            )
            found = 0
            for found, document in enumerate(documents, 1):  # noqa: B007 it shows whether there may be more
                yield document
                last = {"id": document["_id"]}


def _shown(document: Document, user_id: str) -> Document:
    """A document of the person's, though a damaged one may name another owner."""
    owner = document.get(OWNER)
    foreign = isinstance(owner, str) and owner != user_id
    return {
        shown(name): plain(each, user_id)
        for name, each in (document | ({OWNER: OF_ANOTHER} if foreign else {})).items()
    }


def plain(value: Any, user_id: str) -> Any:
    """A stored value as JSON has it: amounts as texts with all their digits, dates as ISO 8601, bytes as base64."""
    if isinstance(value, Mapping):
        owner = value.get(OWNER)
        if isinstance(owner, str) and owner != user_id:
            return OF_ANOTHER
        return {shown(name): plain(each, user_id) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each, user_id) for each in value]
    if isinstance(value, str):
        return shown(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value) if isinstance(value, Decimal | ObjectId) else repr(value)


def _cursor_of(collection: Collections, key: Any) -> str:
    return base64.urlsafe_b64encode(bson.encode(sendable({"of": collection.value, "id": key}))).decode().rstrip("=")


def _place_of(cursor: str | None) -> _Place:
    """Where a cursor leads. Raises InvalidInputError."""
    if cursor is None:
        return _Place(EXPORTED[0], None)
    try:
        place = bson.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), PLACES)
        return _Place(EXPORTED[EXPORTED.index(place["of"])], {"id": place["id"]})
    except (binascii.Error, bson.errors.BSONError, ValueError, LookupError, TypeError):
        raise _no_cursor() from None


@contextmanager
def _known_to_the_server(cursor: str | None) -> Iterator[None]:
    """Raise InvalidInputError for a cursor with an id that no document can have: the server takes no such command."""
    try:
        yield
    except OperationFailure as error:
        if cursor is not None and error.code == NESTED_TOO_DEEPLY:
            raise _no_cursor() from None
        raise


def _no_cursor() -> InvalidInputError:
    reason = "not a cursor that a part before gave"
    return InvalidInputError(f"cursor: {reason}", (FieldError("cursor", reason),))
