"""The fence of an account that is erased: a document of ``control`` that every write of that person meets.

Its ``_id`` is a digest of the person's id, so it still holds where nothing names the person any more. A transaction
reads it together with the sync mode. One that began before the fence cannot commit behind it: the transaction that puts
up the fence writes the person's meters and settings too, one of which every write of the person writes, so the later of
the two meets a write conflict, is done again, and sees the fence.
"""

from collections.abc import Collection, Iterable, Set
from hashlib import sha256

from pymongo.client_session import ClientSession

from chalicelib.domain.errors import AccountErasedError
from chalicelib.domain.readings import to_ms
from chalicelib.repositories.database import Collections, Document, MongoDatabase

PREFIX = "erasure|"
FENCES: Document = {"_id": {"$gte": PREFIX, "$lt": "erasure}"}}


def fence_id(user_id: str) -> str:
    """The ``_id`` of a person's fence."""
    return PREFIX + sha256(f"erasure\0{user_id}".encode("utf-8", "surrogatepass")).hexdigest()


def refuse_erased(found: Iterable[Document]) -> None:
    """Raise AccountErasedError where a fence is among these documents of ``control``."""
    for document in found:
        if document["_id"].startswith(PREFIX):
            opens = f"{document['opensAt']:%Y-%m-%dT%H:%M:%SZ}"
            done = f"this account was erased; it can be used again from {opens} on"
            under_way = f"this account is being erased; it can be used again when that is done, not before {opens}"
            raise AccountErasedError(done if document["erasedAt"] else under_way, to_ms(document["opensAt"]))


def erased_among(database: MongoDatabase, users: Collection[str], session: ClientSession | None = None) -> Set[str]:
    """Those of these people who have a fence."""
    fences = {fence_id(user_id): user_id for user_id in users}
    if not fences:
        return set()
    found = database[Collections.CONTROL].find({"_id": {"$in": [*fences]}}, ["_id"], session=session)
    return {fences[document["_id"]] for document in found}
