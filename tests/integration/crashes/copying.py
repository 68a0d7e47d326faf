"""Many persons who have exactly the same, as copies, without writing each story again."""

from secrets import token_bytes
from typing import Any
from uuid import uuid4

from bson import ObjectId
from pymongo.database import Database

COLLECTIONS = (
    "energies",
    "source_energy_readings",
    "meters",
    "display_energy_data",
    "meter_series",
    "user_settings",
    "imports",
)
TOGETHER = 9  # bytes of an id that readings which were stored together share


class Original:
    """What a person has, taken away from them, so that no job meets the original."""

    def __init__(self, database: Database[Any], user: str) -> None:
        self._database = database
        self._user = user
        self._documents = {name: list(database[name].find({"userId": user})) for name in COLLECTIONS}
        for name in COLLECTIONS:
            database[name].delete_many({"userId": user})

    def copy(self) -> str:
        """Another person with the same; twins stay twins, and what was stored together stays so."""
        user = uuid4().hex
        copying = _Copying(self._user, user)
        for name, documents in self._documents.items():
            if documents:
                self._database[name].insert_many([copying.document(document) for document in documents])
        return user


class _Copying:
    """One person's ids in place of another's, wherever a document names them."""

    def __init__(self, before: str, after: str) -> None:
        self._before = before
        self._after = after
        self._known: dict[bytes, bytes] = {}

    def document(self, document: dict[str, Any]) -> dict[str, Any]:
        copied: dict[str, Any] = self._value(document)
        key = copied["_id"]
        ours = not isinstance(key, str) or self._after in key
        return copied | {"_id": key if ours else f"{key} of {self._after}", "userId": self._after}

    def _value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._value(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self._value(each) for each in value]
        if isinstance(value, ObjectId):
            return self._id(value)
        if isinstance(value, str):
            return (
                str(self._id(ObjectId(value))) if ObjectId.is_valid(value) else value.replace(self._before, self._after)
            )
        return value

    def _id(self, key: ObjectId) -> ObjectId:
        shared = self._known.setdefault(key.binary[:TOGETHER], ObjectId().binary[:4] + token_bytes(5))
        return ObjectId(shared + key.binary[TOGETHER:])
