"""Many persons who have exactly the same, without writing each of their stories anew."""

from typing import Any
from uuid import uuid4

from bson import ObjectId
from pymongo.database import Database

COLLECTIONS = ("energies", "source_energy_readings", "meters", "display_energy_data", "meter_series", "user_settings")


class Original:
    """What a person has, taken away from them, so that no job meets the original."""

    def __init__(self, database: Database[Any], user: str) -> None:
        self._database = database
        self._user = user
        self._documents = {name: list(database[name].find({"userId": user})) for name in COLLECTIONS}
        for name in COLLECTIONS:
            database[name].delete_many({"userId": user})

    def copy(self) -> str:
        """Another person with the same; twins stay twins."""
        user, ids = uuid4().hex, dict[Any, Any]()
        for name, documents in self._documents.items():
            if documents:
                self._database[name].insert_many([self._copied(document, user, ids) for document in documents])
        return user

    def _copied(self, document: dict[str, Any], user: str, ids: dict[Any, Any]) -> dict[str, Any]:
        before = document["_id"]
        after = ids.setdefault(before, ObjectId() if isinstance(before, ObjectId) else before.replace(self._user, user))
        return document | {"_id": after, "userId": user}
