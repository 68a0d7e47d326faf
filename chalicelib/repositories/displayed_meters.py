"""The meters of all users, for system jobs: which there are, and what is displayed of them."""

from collections.abc import Collection, Iterator, Set
from heapq import merge
from itertools import groupby

from typing_extensions import override

from chalicelib.domain.meters.display_documents import DisplayDocument
from chalicelib.domain.meters.walks import DisplayedMeters, Finding
from chalicelib.domain.readings import MeterKey
from chalicelib.repositories import damages
from chalicelib.repositories.database import READ_SECONDS, Collections, Document, MongoDatabase, time_limit
from chalicelib.repositories.display import view_of
from chalicelib.repositories.documents import COLLECTION, NOT_ARRAY, TYPES, meter_of
from chalicelib.repositories.fence import erased_among
from chalicelib.repositories.scoped import ScopedCollection

METER: Document = {"_id": 0, "userId": 1, "type": 1}


class MongoDisplayedMeters(DisplayedMeters):
    """``DisplayedMeters`` on MongoDB."""

    def __init__(self, database: MongoDatabase, timeout_seconds: float) -> None:
        self._database = database
        self._timeout = timeout_seconds

    @override
    def erased_among(self, users: Collection[str]) -> Set[str]:
        """By the ids of their fences."""
        with time_limit(READ_SECONDS):
            return erased_among(self._database, users)

    @override
    def meters(self, after: MeterKey | None = None) -> Iterator[MeterKey]:
        """Meters in order, from one to the next by the index: memory stays flat however many there are."""
        collections = (*COLLECTION.values(), Collections.DISPLAY)
        return (meter for meter, _ in groupby(merge(*(self._in(collection, after) for collection in collections))))

    @override
    def count_meters(self) -> int:
        """By the collection's own count."""
        return self._estimated(Collections.METERS)

    @override
    def displayed(self, meter: MeterKey) -> list[DisplayDocument]:
        """By the index on meter, kind and year."""
        user_id, energy_type = meter
        display = ScopedCollection(self._database[Collections.DISPLAY], user_id)
        with time_limit(READ_SECONDS):
            return [view_of(document) for document in display.find({"type": energy_type.value})]

    @override
    def damages(self, meter: MeterKey) -> list[Finding]:
        """By ids and prefixes of ids."""
        with time_limit(READ_SECONDS):
            return damages.damages(self._database, meter)

    def _estimated(self, collection: Collections) -> int:
        with time_limit(self._timeout):
            return self._database[collection].estimated_document_count()

    def _in(self, collection: Collections, meter: MeterKey | None) -> Iterator[MeterKey]:
        while meter := self._next(collection, meter):
            yield meter

    def _next(self, collection: Collections, after: MeterKey | None) -> MeterKey | None:
        user_id, energy_type = after or ("", "")
        more_types = [kind for kind in TYPES if kind > energy_type]
        same_user = {"userId": {"$eq": user_id, **NOT_ARRAY}, "type": {"$in": more_types, **NOT_ARRAY}}
        next_user = {"userId": {"$gt": user_id, **NOT_ARRAY}, "type": {"$in": TYPES, **NOT_ARRAY}}
        behind = {"$or": [same_user, next_user]}
        with time_limit(self._timeout):
            found = self._database[collection].find_one(behind, projection=METER, sort=[("userId", 1), ("type", 1)])
        return None if found is None else meter_of(found)
