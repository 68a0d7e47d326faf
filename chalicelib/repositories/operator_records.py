"""Taking a person whose account ends out of operators' records: changes of flags and of the mode, rollouts, what else
they did, stops, comparisons.

The record stays: what was changed, when, and under which names of documents. A flag document keeps the name by which
usage rows know it, also where its stored bytes lose the person; nothing is found by that name but the record.
"""

from collections.abc import Callable, Iterable
from typing import Any

from pymongo.collection import Collection
from typing_extensions import override

from chalicelib.domain.people.account import KeepsPeople, Left
from chalicelib.domain.people.ids import (
    ERASED,
    left_out,
    without_entries,
)
from chalicelib.repositories.comparisons import RULES
from chalicelib.repositories.control import (
    MODE_CHANGES,
    OPERATOR_ACTIONS,
    RETIREMENT,
    control_of,
)
from chalicelib.repositories.database import Collections, Document, MongoDatabase, time_limit
from chalicelib.repositories.flag_changes import CONTENT
from chalicelib.repositories.operator_actions import DISCARDED_BY
from chalicelib.repositories.rollouts import VERSION
from chalicelib.repositories.sync_documents import SYNC_STOP

WHO, WHY = frozenset({"by", "owner", "operator"}), frozenset({"reason", "answer", "problem", "text"})
TEXTS = [
    OPERATOR_ACTIONS,
    MODE_CHANGES,
    RULES,
    SYNC_STOP,
]
LISTS = ("before", "after", "evidence")
Rewrite = Callable[[Document, str], Document]


class MongoOperatorRecords(KeepsPeople):
    """The records as a place that may hold a person's id.

    ``content_without`` takes a person out of a stored flag document; None: it cannot be written again.
    """

    def __init__(
        self,
        database: MongoDatabase,
        content_without: Callable[[bytes, str], bytes | None],
    ) -> None:
        self._changes = database[Collections.FLAG_CHANGES]
        self._comparisons = database[Collections.COMPARISONS]
        self._discarded = database[Collections.DISCARDED]
        self._rollouts = database[Collections.ROLLOUTS]
        self._control = control_of(database)
        self._content_without = content_without

    @property
    @override
    def name(self) -> str:
        return "records of operators"

    @override
    def forget(self, user_id: str, left: Left) -> int:
        """Take the person out of lists, names and reasons; returns how many records said the id.

        Records have no index on people: they are few, and this is rare. Raises UnavailableError out of time.
        """
        texts = {"_id": {"$in": TEXTS}}
        with time_limit(left()):
            return sum(
                (
                    _rewritten(self._changes, self._changes.find({}), user_id, self._change),
                    _rewritten(self._control, self._control.find(texts), user_id, _said),
                    _rewritten(self._rollouts, self._rollouts.find({}), user_id, _rollout),
                    _rewritten(self._control, self._control.find({"_id": RETIREMENT}), user_id, _rollout),
                    self._renamed(self._comparisons, "operator", user_id),
                    self._renamed(self._discarded, DISCARDED_BY, user_id),
                )
            )

    def _renamed(self, collection: Collection[Document], who: str, user_id: str) -> int:
        return collection.update_many({who: user_id}, {"$set": {who: ERASED}}).modified_count

    def _change(self, change: Document, user_id: str) -> Document:
        """A change of flags without the person."""
        lists = {name: without_entries(change[name], user_id) for name in LISTS if name in change}
        content = change.get(CONTENT)
        document = {} if content is None else {CONTENT: self._content_without(content, user_id)}
        return {**_said(change, user_id), **lists, **document}


def _rewritten(collection: Collection[Document], found: Iterable[Document], user_id: str, rewrite: Rewrite) -> int:
    """How many documents were changed; only their changed fields are written, on top of what was read."""
    return sum(_is_rewritten(collection, document, user_id, rewrite) for document in found)


def _is_rewritten(collection: Collection[Document], document: Document | None, user_id: str, rewrite: Rewrite) -> bool:
    while document is not None:
        after = rewrite(document, user_id)
        changed = [name for name in document if after[name] != document[name]]
        if not changed:
            return False
        as_read = {name: document[name] for name in ("_id", *changed)}
        if collection.update_one(as_read, {"$set": {name: after[name] for name in changed}}).matched_count:
            return True
        document = collection.find_one({"_id": document["_id"]})  # somebody has written it meanwhile
    return False


def _said(document: Document, user_id: str) -> Document:
    """A document without the person as somebody who did something, or in the reason that somebody gave."""
    said: Document = _value(document, user_id, "")
    return said


def _rollout(rollout: Document, user_id: str) -> Document:
    """A rollout without the person, as another version: who has read the one before cannot bring them back."""
    said = _said(rollout, user_id)
    return said if said == rollout else {**said, VERSION: rollout[VERSION] + 1}


def _value(value: Any, user_id: str, name: str) -> Any:
    if isinstance(value, dict):
        return {member: _value(item, user_id, member) for member, item in value.items()}
    if isinstance(value, list):
        return [_value(item, user_id, name) for item in value]
    if isinstance(value, str) and name in WHY:
        return left_out(value, user_id)
    return ERASED if name in WHO and value == user_id else value
