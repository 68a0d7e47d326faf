"""The record of what operators have done: a list in ``control``, and the dead letters that they took away."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from pymongo import WriteConcern
from typing_extensions import override

from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.operating import Action, Discarded, Done, OperatorActions
from chalicelib.domain.readings import to_ms
from chalicelib.repositories.control import OPERATOR_ACTIONS, control_of
from chalicelib.repositories.database import READ_SECONDS, Collections, MongoDatabase, time_limit

KEPT_ACTIONS = 500


class MongoOperatorActions(OperatorActions):
    """``OperatorActions`` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        majority = WriteConcern("majority")
        self._control = control_of(database).with_options(write_concern=majority)
        self._discarded = database.get_collection(Collections.DISCARDED, write_concern=majority)

    @override
    def keep(self, done: Done) -> None:
        """A value in the place of the list that is no list goes."""
        entry = {"action": done.action.value, "subject": done.subject, "by": done.by, "reason": done.reason}
        added = [{"$mergeObjects": [{"$literal": entry}, {"at": "$$NOW"}]}]
        before = {"$cond": [{"$isArray": "$actions"}, "$actions", []]}
        newest = {"$slice": [{"$concatArrays": [before, added]}, -KEPT_ACTIONS]}
        with time_limit(READ_SECONDS):
            self._control.update_one({"_id": OPERATOR_ACTIONS}, [{"$set": {"actions": newest}}], upsert=True)

    @override
    def keep_discarded(self, letter: Discarded) -> None:
        """The message is kept as text: nobody knows what is in it, and as fields it might be refused."""
        document = {
            "_id": letter.id,
            "reason": letter.reason,
            "discardedBy": letter.by,
            "discardedAt": datetime.now(UTC),
            **letter.said,
            "message": letter.message,
        }
        with time_limit(READ_SECONDS):
            self._discarded.replace_one({"_id": letter.id}, document, upsert=True)

    @override
    def newest(self, limit: int) -> Sequence[Done]:
        with time_limit(READ_SECONDS):
            found = self._control.find_one({"_id": OPERATOR_ACTIONS}, {"actions": {"$slice": -limit}}) or {}
        actions = found.get("actions")
        return [done for entry in reversed(actions if isinstance(actions, list) else []) if (done := _done(entry))]


def _done(entry: Any) -> Done | None:
    with suppress(KeyError, TypeError, ValueError, AttributeError, InvalidInputError):
        return Done(Action(entry["action"]), entry["by"], entry["reason"], entry["subject"], to_ms(entry["at"]))
    return None
