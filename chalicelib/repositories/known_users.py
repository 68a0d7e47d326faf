"""Everybody who has a meter, by the index on its id: for plans about all users, so outside the session filter."""

from collections.abc import Iterator
from itertools import chain

from typing_extensions import override

from chalicelib.domain.rollout.flag_history import KnownUsers
from chalicelib.repositories.database import READ_SECONDS, Collections, Document, MongoDatabase, time_limit
from chalicelib.repositories.register import page_by_page

USERS_AT_ONCE = 2_000


class MongoKnownUsers(KnownUsers):
    """``KnownUsers`` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._meters = database[Collections.METERS]

    @override
    def known_users(self) -> Iterator[str]:
        """Each user once, memory staying flat.

        Between two meters of ``a`` only those of users whose ids begin with ``a|`` can stand, so it is enough to
        remember the users whose ids begin the present one.
        """
        around: list[str] = []
        for meter in chain.from_iterable(page_by_page(self._page)):
            user_id = meter["_id"].rpartition("|")[0]
            around = [other for other in around if f"{user_id}|".startswith(f"{other}|")]
            if user_id not in around:
                around.append(user_id)
                yield user_id

    def _page(self, ids: Document) -> list[Document]:
        """From the index alone."""
        with time_limit(READ_SECONDS):
            return list(self._meters.find({"_id": ids}, {"_id": 1}).sort("_id", 1).limit(USERS_AT_ONCE))
