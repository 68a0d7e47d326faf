"""The documents of a meter by their ``_id``, which begins with the user's id and cannot be changed.

For what the session filter cannot reach: a document that was damaged may name another owner in ``userId``. No id of
another user is accepted here, and what is written is the user's.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.client_session import ClientSession

from chalicelib.domain.errors import ScopeError
from chalicelib.domain.meters.invariants import id_of
from chalicelib.domain.readings import EnergyType
from chalicelib.monitoring.people import concerning
from chalicelib.repositories.database import CODEC_OPTIONS, Collections, Document, MongoDatabase, meter_id
from chalicelib.repositories.scope_rules import OWNER, check_update


class OwnedDocuments:
    """One user's documents of ``meters``, ``display_energy_data`` and ``meter_series``, bound to a session.

    Every method raises ScopeError, with nothing sent, for an id of another user.
    """

    def __init__(self, database: MongoDatabase, user_id: str, session: ClientSession | None = None) -> None:
        concerning(user_id)
        self._database = database
        self._user_id = user_id
        self._session = session

    def find(self, collection: Collections, key: str) -> Document | None:
        """The document under an id; it may name another owner."""
        return self._database[collection].find_one({"_id": self._own(key)}, session=self._session)

    def update(self, collection: Collections, key: str, conditions: Document, change: Document) -> bool:
        """Change the document under an id, which the caller knows to be the user's; returns whether it matched.

        Without an owner beside the id: where it could use either index, the server tries both, and that takes it a
        third of the time of the update.
        """
        check_update(change)
        same = {"_id": self._own(key), **conditions}
        return self._database[collection].update_one(same, change, session=self._session).matched_count > 0

    def upsert(self, collection: Collections, key: str, fields: Document) -> Document:
        """Set fields, as expressions, of the document under an id, made where it is missing; returns it."""
        changed: Document | None = self._database[collection].find_one_and_update(
            {"_id": self._own(key)},
            [{"$set": {**fields, OWNER: {"$literal": self._user_id}}}],
            upsert=True,
            return_document=ReturnDocument.AFTER,
            session=self._session,
        )
        assert changed is not None, "an upsert always returns its document"  # noqa: S101
        return changed

    def delete(self, collection: Collections, keys: Iterable[str]) -> None:
        """Delete the documents under these ids."""
        own = [self._own(key) for key in keys]
        if own:
            self._database[collection].delete_many({"_id": {"$in": own}}, session=self._session)

    def of_meter(
        self,
        collection: Collections,
        energy_type: EnergyType,
        projection: Any = None,
        *,
        claimed: bool = False,
        codec: Any = CODEC_OPTIONS,
    ) -> list[Any]:
        """The documents of a meter by their ids, in order; with ``claimed`` also those under other ids that name it.

        Only display documents have an index to find those by. ``codec``: how they are decoded.
        """
        wanted: Document = {"_id": below(meter_id(self._user_id, energy_type))}
        claims: Document = {OWNER: self._user_id, "type": energy_type.value}
        asked = {"$or": [wanted, claims]} if claimed else wanted
        documents = self._database.get_collection(collection, codec_options=codec)
        found = documents.find(asked, projection, session=self._session)
        meter = (self._user_id, energy_type)
        return [
            each
            for each in sorted(found, key=lambda each: str(each["_id"]))
            if (id_of(each["_id"]) or ())[:2] == meter
            or (claimed and all(each.get(name) == value for name, value in claims.items()))
        ]

    def is_left_of(self, energy_type: EnergyType, made_before: datetime) -> bool:
        """Whether there is a meter or anything of it: views, a series, or readings of the new side that are older.

        By one command; the readings are found by what they say, the rest by its ids.
        """
        meter = meter_id(self._user_id, energy_type)
        older: Document = {OWNER: self._user_id, "type": energy_type.value, "createdAt": {"$lt": made_before}}
        looks = [
            _ids_in(Collections.METERS, {"_id": meter}),
            _ids_in(Collections.DISPLAY, {"_id": below(meter)}),
            _ids_in(Collections.SERIES, {"_id": below(meter)}),
            _ids_in(Collections.READINGS, older, {"$limit": 1}),
        ]
        [found] = self._database.aggregate([{"$documents": [{}]}, *looks], session=self._session)
        shown = [each["_id"] for name in (Collections.DISPLAY, Collections.SERIES) for each in found[name]]
        by_ids = any((id_of(key) or ())[:2] == (self._user_id, energy_type) for key in shown)
        return by_ids or bool(found[Collections.METERS] or found[Collections.READINGS])

    def _own(self, key: str) -> str:
        said = id_of(key)
        if said is None or said.user_id != self._user_id:
            raise ScopeError("a document under the id of another user is not reachable")
        return key


def below(meter: str) -> Document:
    """What the ids of a meter's documents begin with: behind the bar come digits and small letters."""
    return {"$gte": f"{meter}|", "$lt": f"{meter}|~"}


def _ids_in(collection: Collections, wanted: Document, *stages: Document) -> Document:
    pipeline = [{"$match": wanted}, *stages, {"$project": {"_id": 1}}]
    return {"$lookup": {"from": collection.value, "pipeline": pipeline, "as": collection.value}}
