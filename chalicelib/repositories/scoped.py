"""The session filter: a collection as one user sees it.

Every verb adds the user's id, combined with ``$and`` so that no filter of the caller can undo it. What is not here is
not reachable: system jobs and reads across collections are own, named methods of the repositories.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.cursor import Cursor

from chalicelib.domain.errors import ScopeError
from chalicelib.repositories.database import Document

Update = Mapping[str, Any] | Sequence[Mapping[str, Any]]
FORBIDDEN_OPERATORS = frozenset({"$where", "$function", "$accumulator"})
OWNER = "userId"


class ScopedCollection:
    """One user's documents of a collection, bound to a session where there is one."""

    def __init__(self, collection: Collection[Document], user_id: str, session: ClientSession | None = None) -> None:
        self._collection = collection
        self._user_id = user_id
        self._session = session

    def find(self, filter: Mapping[str, Any], **options: Any) -> Cursor[Document]:
        """Documents of the user that match."""
        return self._collection.find(self._scoped(filter), session=self._session, **options)

    def find_one(self, filter: Mapping[str, Any], **options: Any) -> Document | None:
        """The first document of the user that matches."""
        return self._collection.find_one(self._scoped(filter), session=self._session, **options)

    def insert_one(self, document: Document) -> None:
        """Insert a document as the user's."""
        self._collection.insert_one(self._owned(document), session=self._session)

    def insert_many(self, documents: Sequence[Document]) -> None:
        """Insert documents as the user's, stopping at the first that is refused."""
        owned = [self._owned(document) for document in documents]
        self._collection.insert_many(owned, session=self._session)

    def find_one_and_update(self, filter: Mapping[str, Any], update: Update, **options: Any) -> Document | None:
        """Update one document of the user."""
        _refuse_owner_change(update)
        scoped = self._scoped(filter)
        found: Document | None = self._collection.find_one_and_update(scoped, update, session=self._session, **options)
        return found

    def update_one(self, filter: Mapping[str, Any], update: Update) -> int:
        """Update one document of the user; returns how many matched."""
        _refuse_owner_change(update)
        return self._collection.update_one(self._scoped(filter), update, session=self._session).matched_count

    def replace_one(self, filter: Mapping[str, Any], document: Document, *, upsert: bool = False) -> None:
        """Replace one document of the user."""
        self._collection.replace_one(self._scoped(filter), self._owned(document), upsert=upsert, session=self._session)

    def delete_many(self, filter: Mapping[str, Any]) -> int:
        """Delete the user's documents that match; returns how many."""
        return self._collection.delete_many(self._scoped(filter), session=self._session).deleted_count

    def _scoped(self, filter: Mapping[str, Any]) -> Document:
        _refuse_operators(filter)
        return {"$and": [{OWNER: self._user_id}, dict(filter)]}

    def _owned(self, document: Document) -> Document:
        if document.get(OWNER, self._user_id) != self._user_id:
            raise ScopeError("a document of another user must not be written")
        return {**document, OWNER: self._user_id}


def _refuse_operators(value: Any) -> None:
    """Operators that run code could reach anything: refused at any depth."""
    if isinstance(value, Mapping):
        if forbidden := FORBIDDEN_OPERATORS.intersection(value):
            raise ScopeError(f"{', '.join(sorted(forbidden))} is not allowed in a filter")
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            _refuse_operators(item)


def _refuse_owner_change(update: Update) -> None:
    stages = [update] if isinstance(update, Mapping) else update
    changed = [fields for stage in stages for fields in stage.values()]
    if any(OWNER in fields for fields in changed if isinstance(fields, Mapping)):
        raise ScopeError("the owner of a document cannot be changed")
