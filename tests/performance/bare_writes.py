"""Writes by the driver alone, of the same documents as the services write: the baseline of a write's time."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from bson import ObjectId
from pymongo import MongoClient, WriteConcern
from pymongo.client_session import ClientSession
from pymongo.read_concern import ReadConcern

from chalicelib.domain.ports.values import NewReading
from chalicelib.domain.readings import to_datetime
from chalicelib.repositories.database import Document, MongoDatabase
from chalicelib.repositories.documents import new_document, with_origin

COPIED = ("energies", "source_energy_readings", "meters")


class BareWrites:
    """Transactions over copies of three collections with the indexes of the originals, and nothing beside the writes.

    Three documents each: a reading on both sides, and its meter.
    """

    def __init__(self, uri: str, original: MongoDatabase, user: str, next_reading: Callable[[], NewReading]) -> None:
        self._client: MongoClient[Document] = MongoClient(uri)
        self._old, self._new, self._meters = (self._client["bare"][name] for name in COPIED)
        for name in COPIED:
            for index in list(original[name].list_indexes())[1:]:
                options = {key: index[key] for key in ("unique", "partialFilterExpression") if key in index}
                self._client["bare"][name].create_index([*index["key"].items()], **options)
        self._meters.insert_one({"_id": user, "sourceVersion": 1})
        self._user, self._next = user, next_reading
        self._ids: list[ObjectId] = []
        self._revisions = count(2)

    def create(self) -> None:
        """Insert a reading twice."""
        reading = self._next()
        document = self.document(reading)

        def work(session: ClientSession) -> None:
            self._old.insert_one(document, session=session)
            self._new.insert_one(with_origin(document, reading), session=session)
            self._mark(session)

        self._run(work)
        self._ids.append(document["_id"])

    def update(self) -> None:
        """Give the last one another amount on one side, replace it on the other."""
        key, reading, revision = self._ids[-1], self._next(), next(self._revisions)
        document = {**self.document(reading), "_id": key}

        def work(session: ClientSession) -> None:
            changed = {field: document[field] for field in ("date", "amount", "updatedAt")}
            self._old.update_one({"_id": key}, {"$set": changed}, session=session)
            self._new.replace_one(
                {"_id": key}, {**with_origin(document, reading), "revision": revision}, session=session
            )
            self._mark(session)

        self._run(work)

    def delete(self) -> None:
        """Delete the last one on both sides."""
        key = self._ids.pop()

        def work(session: ClientSession) -> None:
            self._old.delete_one({"_id": key}, session=session)
            self._new.delete_one({"_id": key}, session=session)
            self._mark(session)

        self._run(work)

    def insert_both(self, documents: Sequence[Document]) -> None:
        """Two ``insert_many`` of the same documents."""

        def work(session: ClientSession) -> None:
            self._old.insert_many(documents, session=session)
            self._new.insert_many(documents, session=session)

        self._run(work)

    def document(self, reading: NewReading) -> Document:
        """A reading as the old side stores it."""
        return {"userId": self._user, **new_document(ObjectId(), reading, to_datetime(reading.instant))}

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _mark(self, session: ClientSession) -> None:
        self._meters.update_one({"_id": self._user}, {"$inc": {"sourceVersion": 1}}, session=session)

    def _run(self, work: Callable[[ClientSession], Any]) -> None:
        with self._client.start_session() as session:
            session.with_transaction(work, read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority"))
