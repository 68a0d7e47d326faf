"""The session filter: a collection as one user sees it.

Every verb adds the user's id, combined with ``$and`` so that no filter of the caller can undo it. What is not here is
not reachable: system jobs and reads across collections are own, named methods of the repositories.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from typing import Any, NoReturn

from pymongo import InsertOne, ReplaceOne
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.command_cursor import CommandCursor
from pymongo.cursor import Cursor
from pymongo.errors import BulkWriteError, DocumentTooLarge

from chalicelib.domain.errors import ScopeError
from chalicelib.monitoring.people import concerning
from chalicelib.repositories.alike import Form, Values
from chalicelib.repositories.database import ENCODING, Document
from chalicelib.repositories.scope_rules import (
    OWNER,
    Request,
    Update,
    check_operators,
    check_pipeline,
    check_update,
    owned,
)

# What the driver offers beyond one user's documents: whole collections, their indexes, other views of them.
REFUSED = frozenset(
    {
        "aggregate_raw_batches",
        "create_index",
        "create_indexes",
        "create_search_index",
        "create_search_indexes",
        "drop",
        "drop_index",
        "drop_indexes",
        "drop_search_index",
        "estimated_document_count",
        "index_information",
        "list_indexes",
        "list_search_indexes",
        "next",
        "options",
        "rename",
        "update_search_index",
        "watch",
        "with_options",
    }
)

AT_ONCE = 50_000  # documents: a command takes 100,000


class ScopedCollection:
    """One user's documents of a collection, bound to a session where there is one.

    Every method raises ScopeError, with nothing sent, for what would reach beyond the user.
    """

    def __init__(self, collection: Collection[Document], user_id: str, session: ClientSession | None = None) -> None:
        concerning(user_id)
        self._collection = collection
        self._user_id = user_id
        self._session = session

    def __getattr__(self, name: str) -> NoReturn:
        if name in REFUSED:
            raise ScopeError(f"{name} reaches beyond one user's documents")
        raise AttributeError(name)

    def find(self, filter: Mapping[str, Any], **options: Any) -> Cursor[Document]:
        """Documents of the user that match."""
        check_operators(options)
        return self._collection.find(self._scoped(filter), session=self._session, **options)

    def find_one(self, filter: Mapping[str, Any], **options: Any) -> Document | None:
        """The first document of the user that matches."""
        check_operators(options)
        return self._collection.find_one(self._scoped(filter), session=self._session, **options)

    def find_raw_batches(self, filter: Mapping[str, Any], **options: Any) -> Iterator[bytes]:
        """Documents of the user that match, in batches as the server sends them."""
        check_operators(options)
        found: Any = self._collection.find_raw_batches(self._scoped(filter), session=self._session, **options)
        return iter(found)

    def count_documents(self, filter: Mapping[str, Any]) -> int:
        """How many documents of the user match."""
        return self._collection.count_documents(self._scoped(filter), session=self._session)

    def distinct(self, key: str, filter: Mapping[str, Any]) -> list[Any]:
        """The values of a field in the documents of the user that match."""
        return self._collection.distinct(key, self._scoped(filter), session=self._session)

    def aggregate(self, pipeline: Sequence[Mapping[str, Any]]) -> CommandCursor[Document]:
        """A pipeline over the user's documents and nothing else."""
        check_pipeline(pipeline)
        return self._collection.aggregate([{"$match": self._scoped({})}, *pipeline], session=self._session)

    def insert_one(self, document: Document) -> None:
        """Insert a document as the user's."""
        self._collection.insert_one(owned(document, self._user_id), session=self._session)

    def insert_many(self, documents: Iterable[Document]) -> None:
        """Insert documents as the user's, stopping at the first that is refused.

        By commands of our own: the driver's look at each document takes half as long again as writing it down.
        """
        mine = [owned(item, self._user_id) for item in documents]
        for start in range(0, len(mine), AT_ONCE):
            self._insert(mine[start : start + AT_ONCE])

    def insert_alike(self, example: Document, values: Iterable[Values]) -> None:
        """Insert documents as the user's that are like an example but for these values; else as ``insert_many``."""
        form = Form(owned(example, self._user_id))
        documents = [form.filled(each) for each in values]
        for start in range(0, len(documents), AT_ONCE):
            self._insert(documents[start : start + AT_ONCE])

    def update_one(self, filter: Mapping[str, Any], update: Update, *, upsert: bool = False) -> int:
        """Update one document of the user; returns how many matched."""
        check_update(update)
        scoped = self._scoped(filter)
        return self._collection.update_one(scoped, update, upsert=upsert, session=self._session).matched_count

    def update_many(self, filter: Mapping[str, Any], update: Update) -> int:
        """Update the user's documents that match; returns how many."""
        check_update(update)
        return self._collection.update_many(self._scoped(filter), update, session=self._session).matched_count

    def replace_one(self, filter: Mapping[str, Any], document: Document, *, upsert: bool = False) -> int:
        """Replace one document of the user; returns how many matched."""
        replacement = owned(document, self._user_id)
        scoped = self._scoped(filter)
        return self._collection.replace_one(scoped, replacement, upsert=upsert, session=self._session).matched_count

    def delete_one(self, filter: Mapping[str, Any]) -> int:
        """Delete one of the user's documents that match; returns how many."""
        return self._collection.delete_one(self._scoped(filter), session=self._session).deleted_count

    def delete_many(self, filter: Mapping[str, Any]) -> int:
        """Delete the user's documents that match; returns how many."""
        return self._collection.delete_many(self._scoped(filter), session=self._session).deleted_count

    def find_one_and_update(self, filter: Mapping[str, Any], update: Update, **options: Any) -> Document | None:
        """Update one document of the user."""
        check_operators(options)
        check_update(update)
        scoped = self._scoped(filter)
        found: Document | None = self._collection.find_one_and_update(scoped, update, session=self._session, **options)
        return found

    def find_one_and_replace(self, filter: Mapping[str, Any], document: Document, **options: Any) -> Document | None:
        """Replace one document of the user."""
        check_operators(options)
        return self._collection.find_one_and_replace(
            self._scoped(filter), owned(document, self._user_id), session=self._session, **options
        )

    def find_one_and_delete(self, filter: Mapping[str, Any], **options: Any) -> Document | None:
        """Delete one document of the user."""
        check_operators(options)
        return self._collection.find_one_and_delete(self._scoped(filter), session=self._session, **options)

    def bulk_write(self, requests: Sequence[Request]) -> None:
        """Many writes in one command, in order, each as by itself."""
        self._collection.bulk_write([self._scoped_request(request) for request in requests], session=self._session)

    def _insert(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """Do it in one command where one takes them all."""
        insert = {"insert": self._collection.name, "documents": documents, "ordered": True}
        try:
            done = self._collection.database.command(insert, codec_options=ENCODING, session=self._session)
        except DocumentTooLarge:
            if len(documents) == 1:
                raise
            half = len(documents) // 2
            self._insert(documents[:half])
            self._insert(documents[half:])
            return
        if done.get("writeErrors"):
            raise BulkWriteError(done)

    def _scoped(self, filter: Mapping[str, Any]) -> Document:
        check_operators(filter)
        return {"$and": [{OWNER: self._user_id}, dict(filter)]}

    def _scoped_request(self, request: Request) -> Request:
        """A copy of the driver's request: it keeps what it was made of to itself, and offers no other way."""
        scoped: Any = copy(request)
        if scoped._namespace is not None:
            raise ScopeError("a write to another collection is not allowed here")
        if isinstance(request, InsertOne | ReplaceOne):
            scoped._doc = owned(scoped._doc, self._user_id)
        elif hasattr(scoped, "_doc"):
            check_update(scoped._doc)
        if hasattr(scoped, "_filter"):
            scoped._filter = self._scoped(scoped._filter)
        return scoped  # type: ignore[no-any-return]
