"""What came of comparing the backends, in ``backend_comparisons``, and the noted reads that are asked again.

System jobs and operators use it across users, so it is outside the session filter. A row says whose answer it was, and
what differed, by pseudonyms alone; reads that name ids stay in the usage log and are only pointed at.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bson import ObjectId

from chalicelib.domain.comparison import (
    Compared,
    ComparisonReport,
    Difference,
    DifferenceGroup,
    DifferenceKind,
    Example,
    IgnoreRule,
    Outcome,
    Replay,
    Request,
    shown_value,
)
from chalicelib.domain.pseudonyms import Pseudonyms
from chalicelib.domain.readings import to_datetime, to_ms
from chalicelib.domain.rollout import Component
from chalicelib.repositories.database import READ_SECONDS, Collections, Document, MongoDatabase, time_limit

POSITION, RULES = "comparison", "comparison_rules"
KEPT_DIFFERENCES = 50  # of one comparison; a page that is wrong altogether is wrong in the same few ways
GROUPS = 500


class MongoComparisonLog:
    """Implements ``ComparisonLog``."""

    def __init__(self, database: MongoDatabase) -> None:
        self._usage = database[Collections.USAGE]
        self._comparisons = database[Collections.COMPARISONS]
        self._control = database[Collections.CONTROL]

    def requests(self, component: Component, after: int, limit: int) -> Sequence[Request]:
        """By the index on component and moment."""
        wanted = {
            "component": component.value,
            "at": {"$gt": to_datetime(after)},
            "success": True,
            "parameters": {"$ne": None},
        }
        with time_limit(READ_SECONDS):
            return [_request(row) for row in self._usage.find(wanted, sort=[("at", 1)], limit=limit)]

    def request(self, usage: str) -> Request | None:
        """By its id."""
        with time_limit(READ_SECONDS):
            row = self._usage.find_one({"_id": ObjectId(usage)})
        return None if row is None else _request(row)

    def looked_at(self) -> int | None:
        """From ``control``."""
        with time_limit(READ_SECONDS):
            found = self._control.find_one({"_id": POSITION})
        return None if found is None else to_ms(found["lookedAt"])

    def set_looked_at(self, instant: int) -> None:
        """In ``control``."""
        with time_limit(READ_SECONDS):
            self._control.update_one({"_id": POSITION}, {"$set": {"lookedAt": to_datetime(instant)}}, upsert=True)

    def add(self, compared: Compared, pseudonyms: Pseudonyms, at: int) -> None:
        """One row per comparison."""
        request = compared.request
        row = {
            "at": to_datetime(at),
            "component": request.component.value,
            "user": pseudonyms.of("user", request.user_id),
            "usage": None if request.usage is None else ObjectId(request.usage),
            "parameters": None if request.usage is not None else request.parameters,
            "outcome": compared.outcome.value,
            "versions": list(compared.versions),
            "oldMs": compared.old_ms,
            "newMs": compared.new_ms,
            "error": compared.error,
            "count": len(compared.differences),
            "differences": [
                _stored(request.component, each, pseudonyms) for each in compared.differences[:KEPT_DIFFERENCES]
            ],
        }
        with time_limit(READ_SECONDS):
            self._comparisons.insert_one(row)

    def report(self, since: int) -> ComparisonReport:
        """Counted by the server."""
        recent: list[dict[str, Any]] = [{"$match": {"at": {"$gte": to_datetime(since)}, "outcome": {"$exists": True}}}]
        by_outcome = {"$group": {"_id": {"component": "$component", "outcome": "$outcome"}, "count": {"$sum": 1}}}
        with time_limit(READ_SECONDS):
            outcomes = list(self._comparisons.aggregate([*recent, by_outcome]))
            groups = list(self._comparisons.aggregate([*recent, *_BY_FINGERPRINT]))
        rules = self.rules()
        return ComparisonReport(_counted(outcomes), [_group(group, rules) for group in groups])

    def examples(self, fingerprint: str, limit: int) -> Sequence[Example]:
        """By the index on fingerprint and moment."""
        with time_limit(READ_SECONDS):
            rows = self._comparisons.find({"differences.fingerprint": fingerprint}, sort=[("at", -1)], limit=limit)
            return [_example(row) for row in rows]

    def audit(self, replay: Replay) -> None:
        """Beside the comparisons; it has no outcome of its own, so that reports do not count it."""
        row = {
            "at": to_datetime(replay.at),
            "replayOf": replay.fingerprint,
            "operator": replay.operator,
            "outcomes": {outcome.value: count for outcome, count in replay.outcomes.items()},
        }
        with time_limit(READ_SECONDS):
            self._comparisons.insert_one(row)

    def save_rule(self, rule: IgnoreRule) -> None:
        """In ``control``, all rules in one document."""
        stored = {"owner": rule.owner, "reason": rule.reason, "until": to_datetime(rule.until)}
        with time_limit(READ_SECONDS):
            self._control.update_one({"_id": RULES}, {"$set": {f"rules.{rule.fingerprint}": stored}}, upsert=True)

    def rules(self) -> Mapping[str, IgnoreRule]:
        """From ``control``."""
        with time_limit(READ_SECONDS):
            found = self._control.find_one({"_id": RULES}) or {"rules": {}}
        return {
            fingerprint: IgnoreRule(fingerprint, rule["owner"], rule["reason"], to_ms(rule["until"]))
            for fingerprint, rule in found["rules"].items()
        }


_BY_FINGERPRINT: list[dict[str, Any]] = [
    {"$match": {"outcome": {"$in": [Outcome.DIFFERENT.value, Outcome.IGNORED.value]}}},
    {"$unwind": "$differences"},
    {
        "$group": {
            "_id": "$differences.fingerprint",
            "component": {"$first": "$component"},
            "kind": {"$first": "$differences.kind"},
            "place": {"$first": "$differences.place"},
            "count": {"$sum": 1},
            "users": {"$addToSet": "$user"},
            "first": {"$min": "$at"},
            "last": {"$max": "$at"},
        }
    },
    {"$set": {"users": {"$size": "$users"}}},
    {"$sort": {"count": -1, "_id": 1}},
    {"$limit": GROUPS},
]


def _stored(component: Component, difference: Difference, pseudonyms: Pseudonyms) -> Document:
    return {
        "fingerprint": difference.fingerprint(component),
        "kind": difference.kind.value,
        "place": difference.place,
        "control": shown_value(difference.control, pseudonyms),
        "candidate": shown_value(difference.candidate, pseudonyms),
    }


def _request(row: Document) -> Request:
    return Request(Component(row["component"]), row["userId"], row["parameters"], str(row["_id"]))


def _example(row: Document) -> Example:
    usage = row["usage"]
    return Example(Component(row["component"]), row["user"], None if usage is None else str(usage), row["parameters"])


def _counted(outcomes: Sequence[Document]) -> dict[Component, dict[Outcome, int]]:
    counted: dict[Component, dict[Outcome, int]] = {}
    for found in outcomes:
        component, outcome = Component(found["_id"]["component"]), Outcome(found["_id"]["outcome"])
        counted.setdefault(component, {})[outcome] = found["count"]
    return counted


def _group(found: Document, rules: Mapping[str, IgnoreRule]) -> DifferenceGroup:
    return DifferenceGroup(
        fingerprint=found["_id"],
        component=Component(found["component"]),
        kind=DifferenceKind(found["kind"]),
        place=found["place"],
        count=found["count"],
        users=found["users"],
        first=to_ms(found["first"]),
        last=to_ms(found["last"]),
        rule=rules.get(found["_id"]),
    )
