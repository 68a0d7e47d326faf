"""The meters of all users, for system jobs: which there are, and what is displayed of them."""

from collections.abc import Collection, Iterator, Set
from heapq import merge
from itertools import groupby

from typing_extensions import override

from chalicelib.domain.meters.walks import DisplayedMeters, Finding
from chalicelib.domain.readings import EnergyType, MeterKey, is_whole
from chalicelib.repositories import damages
from chalicelib.repositories.database import READ_SECONDS, Collections, Document, MongoDatabase, time_limit
from chalicelib.repositories.documents import COLLECTION, NOT_ARRAY, TYPES, WHOLE, meter_of
from chalicelib.repositories.fence import erased_among

METER: Document = {"userId": True, "type": True}
# Of meters with a hundred readings twenty are found so; of one with a million it costs less than its comparison.
DOCUMENTS_AT_ONCE = 2_000
SAMPLED = 20  # documents of each collection for a range: most ranges are then within a third of each other
LAST_TYPE = max(EnergyType)


class MongoDisplayedMeters(DisplayedMeters):
    """``DisplayedMeters`` on MongoDB."""

    def __init__(self, database: MongoDatabase, timeout_seconds: float) -> None:
        self._database = database
        self._timeout = timeout_seconds

    @override
    def erased_among(self, users: Collection[str]) -> Set[str]:
        """Look up the ids of their fences."""
        with time_limit(READ_SECONDS):
            return erased_among(self._database, users)

    @override
    def meters(self, after: MeterKey | None = None) -> Iterator[MeterKey]:
        """Meters in order, from one to the next by the index: memory stays flat however many there are."""
        collections = (*COLLECTION.values(), Collections.DISPLAY)
        return (meter for meter, _ in groupby(merge(*(self._in(collection, after) for collection in collections))))

    @override
    def count_meters(self) -> int:
        """Use the collection's own count."""
        return self._estimated(Collections.METERS)

    @override
    def bounds(self, ranges: int) -> list[MeterKey]:
        """Use a sample that the server takes at random, without a look at the rest; a person is in one range alone."""
        collections = (*COLLECTION.values(), Collections.DISPLAY)
        found = sorted(user for name in collections for user in self._some_owners(name, SAMPLED * ranges))
        ends = [found[number * len(found) // ranges] for number in range(1, ranges)] if found else []
        return [(user, LAST_TYPE) for user in dict.fromkeys(ends)]

    @override
    def damages(self, meter: MeterKey) -> list[Finding]:
        """Look up by ids and prefixes of ids."""
        with time_limit(READ_SECONDS):
            return damages.damages(self._database, meter)

    def _some_owners(self, collection: Collections, size: int) -> list[str]:
        pipeline: list[Document] = [{"$sample": {"size": size}}, {"$project": {"userId": True}}]
        with time_limit(self._timeout):
            found = [document.get("userId") for document in self._database[collection].aggregate(pipeline)]
        return [user for user in found if isinstance(user, str) and user and is_whole(user)]

    def _estimated(self, collection: Collections) -> int:
        with time_limit(self._timeout):
            return self._database[collection].estimated_document_count()

    def _in(self, collection: Collections, meter: MeterKey | None) -> Iterator[MeterKey]:
        while page := self._next(collection, meter):
            yield from page
            meter = page[-1]

    def _next(self, collection: Collections, after: MeterKey | None) -> list[MeterKey]:
        """The next ones, from the index alone: those left of the same person, else other people's."""
        user_id, energy_type = after or ("", "")
        more_types = [kind for kind in TYPES if kind > energy_type]
        same_user = {"$eq": user_id, **NOT_ARRAY}
        # Each type by itself: where documents of one type fill a page, another would be passed over.
        of_user = [{"userId": same_user, "type": {"$eq": kind, **NOT_ARRAY}} for kind in more_types if user_id]
        next_users = {"userId": {"$gt": user_id, **WHOLE, **NOT_ARRAY}, "type": {"$in": TYPES, **NOT_ARRAY}}
        with time_limit(self._timeout):
            own = sorted(meter for each in of_user for meter in self._first(collection, each))
            return own or sorted(self._first(collection, next_users))

    def _first(self, collection: Collections, wanted: Document) -> Iterator[MeterKey]:
        pipeline: list[Document] = [
            {"$match": wanted},
            {"$sort": {"userId": 1, "type": 1}},
            {"$limit": DOCUMENTS_AT_ONCE},
            {"$group": {"_id": {"userId": "$userId", "type": "$type"}}},
        ]
        found = self._database[collection].aggregate(pipeline, batchSize=DOCUMENTS_AT_ONCE)
        return (meter for group in found if (meter := meter_of(group["_id"])))
