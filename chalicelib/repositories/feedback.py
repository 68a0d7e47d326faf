"""Feedback (what people say looks wrong), in ``feedback``: written through the session filter, deleted by a TTL index.

The comparer and operators take it across users, so that part is outside the filter; reports know users by pseudonyms.
"""

from collections.abc import Collection, Mapping, Sequence

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING
from typing_extensions import override

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import COMPARED, Outcome, Request
from chalicelib.domain.migration.records.decision import Reason
from chalicelib.domain.migration.records.feedback import (
    ATTEMPTS,
    Feedback,
    FeedbackLog,
    FeedbackReport,
    GivenFeedback,
    state_of,
)
from chalicelib.domain.readings import EnergyType, to_datetime, to_ms
from chalicelib.repositories.database import (
    READ_SECONDS,
    Collections,
    Document,
    MongoDatabase,
    instant_of,
    time_limit,
)
from chalicelib.repositories.scoped import ScopedCollection

# What this release can read; another one, or a hand, may have written something else.
READABLE: Document = {
    "userId": {"$type": "string"},
    "user": {"$type": "string"},
    "component": {"$in": [*Component]},
    "backend": {"$in": [*Backend]},
    "reason": {"$in": [*Reason]},
    "outcome": {"$in": [None, *Outcome]},
}
ASKED: Document = {**READABLE, "parameters": {"$type": "object"}}


class MongoFeedbackLog(FeedbackLog):
    """``FeedbackLog`` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._feedback = database[Collections.FEEDBACK]

    @override
    def add(self, user_id: str, feedback: Feedback, pseudonym: str, at: int) -> str:
        row = {"_id": ObjectId(), **_row(feedback, pseudonym, at)}
        with time_limit(READ_SECONDS):
            ScopedCollection(self._feedback, user_id).insert_one(row)
        return str(row["_id"])

    @override
    def latest_of(self, user_id: str, place: int) -> int | None:
        """Use the index on user and moment."""
        own = ScopedCollection(self._feedback, user_id)
        with time_limit(READ_SECONDS):
            found = own.find_one({}, sort=[("at", DESCENDING)], skip=place - 1, projection={"at": 1})
        return None if found is None else to_ms(found["at"])

    @override
    def open(self, components: Collection[Component], limit: int, user_id: str | None = None) -> Sequence[Request]:
        """Use the index of what is open."""
        wanted: Document = {**ASKED, "open": True, "component": {"$in": [component.value for component in components]}}
        if user_id is not None:
            wanted["userId"] = user_id
        with time_limit(READ_SECONDS):
            return [*map(_request, self._feedback.find(wanted, sort=[("at", ASCENDING)], limit=limit))]

    @override
    def attempt(self, feedback: str, at: int) -> bool:
        """Do it in one command, so that two comparers count two attempts."""
        counted = {
            "attempts": {"$add": ["$attempts", 1]},
            "outcome": Outcome.FAILED.value,
            "fingerprints": [],
            "comparedAt": to_datetime(at),
        }
        closing = {"open": {"$lt": ["$attempts", ATTEMPTS]}}
        wanted = {"_id": ObjectId(feedback), "open": True}
        with time_limit(READ_SECONDS):
            return self._feedback.update_one(wanted, [{"$set": counted}, {"$set": closing}]).matched_count == 1

    @override
    def settle(self, feedback: str, outcome: Outcome, fingerprints: Sequence[str], at: int) -> None:
        came: Document = {"outcome": outcome.value, "fingerprints": [*fingerprints], "comparedAt": to_datetime(at)}
        if outcome in COMPARED:
            came["open"] = False
        with time_limit(READ_SECONDS):
            self._feedback.update_one({"_id": ObjectId(feedback)}, {"$set": came})

    @override
    def request(self, feedback: str) -> Request | None:
        with time_limit(READ_SECONDS):
            row = self._feedback.find_one({**ASKED, "_id": ObjectId(feedback)})
        return None if row is None else _request(row)

    @override
    def report(self, since: int, limit: int, component: Component | None = None) -> FeedbackReport:
        """Counted by the server, over the index on the moment."""
        recent: Document = {**READABLE, "at": {"$gte": to_datetime(since)}}
        if component is not None:
            recent["component"] = component.value
        group = {"_id": {name: f"${name}" for name in ("component", "open", "outcome")}, "count": {"$sum": 1}}
        with time_limit(READ_SECONDS):
            counted = list(self._feedback.aggregate([{"$match": recent}, {"$group": group}]))
            latest = [*map(_given, self._feedback.find(recent, sort=[("at", DESCENDING)], limit=limit))]
        return FeedbackReport(_counts(counted), latest)


def _row(feedback: Feedback, pseudonym: str, at: int) -> Document:
    return {
        "at": to_datetime(at),
        "user": pseudonym,
        "component": feedback.component.value,
        "parameters": feedback.parameters,
        "backend": feedback.backend.value,
        "reason": feedback.reason.value,
        "meters": [{"type": kind.value, "sourceVersion": version} for kind, version in feedback.versions.items()],
        "open": feedback.parameters is not None,
        "attempts": 0,
        "outcome": None,
        "fingerprints": [],
        "comparedAt": None,
        "traceId": feedback.trace_id,
    }


def _request(row: Document) -> Request:
    return Request(
        Component(row["component"]),
        row["userId"],
        row["parameters"],
        feedback=str(row["_id"]),
        trace_id=row.get("traceId"),  # rows of the release before have none
    )


def _given(row: Document) -> GivenFeedback:
    return GivenFeedback(
        id=str(row["_id"]),
        at=to_ms(row["at"]),
        user=row["user"],
        feedback=Feedback(
            Component(row["component"]),
            row.get("parameters"),
            Backend(row["backend"]),
            Reason(row["reason"]),
            {EnergyType(meter["type"]): meter["sourceVersion"] for meter in row["meters"]},
            row.get("traceId"),
        ),
        is_open=row["open"],
        attempts=row["attempts"],
        outcome=_outcome(row["outcome"]),
        fingerprints=tuple(row["fingerprints"]),
        compared_at=instant_of(row["comparedAt"]),
    )


def _counts(counted: Sequence[Document]) -> Mapping[Component, Mapping[str, int]]:
    counts: dict[Component, dict[str, int]] = {}
    for found in counted:
        group = found["_id"]
        states = counts.setdefault(Component(group["component"]), {})
        state = state_of(group["open"], _outcome(group["outcome"]))
        states[state] = states.get(state, 0) + found["count"]
    return counts


def _outcome(stored: str | None) -> Outcome | None:
    return None if stored is None else Outcome(stored)
