"""Documents that no reader can use, as ``verify`` counts and names them: of both sides, in every mode."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.meters.walks import Unreadable, UnreadableDocument
from chalicelib.domain.readings import is_whole
from chalicelib.repositories.database import Collections, Document, MongoDatabase
from chalicelib.repositories.documents import COLLECTION, counted, flaws_in
from chalicelib.repositories.quarantine import DOUBLE, hidden_doubles
from chalicelib.repositories.quarantine import unreadable as unreadable_documents
from chalicelib.repositories.undecodable import sendable, shown

NAMED = 20
OTHER = {COLLECTION[side]: COLLECTION[other] for side, other in ((Side.OLD, Side.NEW), (Side.NEW, Side.OLD))}


def unreadable(database: MongoDatabase, user_id: str | None) -> Unreadable:
    """Count all of them, and name the first with what is wrong and which good copy there is."""
    found = _found(database, user_id)
    named = [*islice(found, NAMED)]
    count = len(named) + sum(1 for _ in found)
    return Unreadable(count, tuple(_with_twins(database, named)))


def _found(database: MongoDatabase, user_id: str | None) -> Iterator[tuple[Any, UnreadableDocument]]:
    for collection in COLLECTION.values():
        for document in unreadable_documents(database[collection], user_id):
            problem = "; ".join(flaw.reason for flaw in flaws_in(document))
            yield document["_id"], _named(collection, document, problem)
    which = None if user_id is None else {"userId": user_id}
    for document in hidden_doubles(database[Collections.ENERGIES], which):
        yield document["_id"], _named(Collections.ENERGIES, document, f"{DOUBLE}, of which another counts")


def _named(collection: Collections, document: Document, problem: str) -> UnreadableDocument:
    user = document.get("userId")
    known = user if isinstance(user, str) and is_whole(user) else ""
    return UnreadableDocument(collection.value, shown(str(document["_id"])), known, problem)


def _with_twins(database: MongoDatabase, named: list[tuple[Any, UnreadableDocument]]) -> Iterator[UnreadableDocument]:
    for key, document in named:
        other = OTHER[Collections(document.collection)]
        twin: Mapping[str, Any] | None = database[other].find_one(sendable(counted({"_id": key})), ["date", "amount"])
        kept = f"{twin['amount']} at {twin['date']:%Y-%m-%dT%H:%M:%SZ} in {other}" if twin else ""
        yield replace(document, twin=kept)
