"""Everybody who has a meter, by the index on its id: for plans about all users, so outside the session filter."""

from collections.abc import Iterator

from chalicelib.repositories.database import READ_SECONDS, Collections, MongoDatabase, time_limit

USERS_AT_ONCE = 2_000


class MongoKnownUsers:
    """Implements ``KnownUsers``."""

    def __init__(self, database: MongoDatabase) -> None:
        self._meters = database[Collections.METERS]

    def known_users(self) -> Iterator[str]:
        """Each user once, memory staying flat.

        Between two meters of ``a`` only those of users whose ids begin with ``a|`` can stand, so it is enough to
        remember the users whose ids begin the present one.
        """
        around: list[str] = []
        for meter_id in self._meter_ids():
            user_id = meter_id.rpartition("|")[0]
            around = [other for other in around if f"{user_id}|".startswith(f"{other}|")]
            if user_id not in around:
                around.append(user_id)
                yield user_id

    def _meter_ids(self) -> Iterator[str]:
        last = ""
        while page := self._page(last):
            yield from page
            last = page[-1]

    def _page(self, last: str) -> list[str]:
        """The next ids, from the index alone."""
        with time_limit(READ_SECONDS):
            found = self._meters.find({"_id": {"$gt": last}}, {"_id": 1}).sort("_id", 1).limit(USERS_AT_ONCE)
            return [meter["_id"] for meter in found]
