"""The results of comparing the backends, in ``backend_comparisons``, and the recorded reads that are asked again.

System jobs and operators use it across users, so it is outside the session filter. A row says whose answer it was, and
what differed, by pseudonyms alone; reads that name ids stay in the usage log or in the feedback, and rows name
them. ``comparison_reports`` turns rows into a report.
"""

from collections.abc import Mapping, Sequence

from bson import ObjectId
from pymongo import DESCENDING
from typing_extensions import override

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import (
    ComparisonLog,
    ComparisonReport,
    ComparisonResult,
    DifferenceGroup,
    Examples,
    IgnoreRule,
    Replay,
    Request,
)
from chalicelib.domain.migration.records.differences import Difference, shown_value
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.readings import to_datetime, to_ms
from chalicelib.repositories.comparison_reports import (
    BY_FINGERPRINT,
    BY_OUTCOME,
    by_read,
    examples_of,
    group_of,
    outcomes_of,
    replay_of,
)
from chalicelib.repositories.database import READ_SECONDS, Collections, Document, MongoDatabase, time_limit

POSITION, RULES = "comparison", "comparison_rules"
REPORT_SECONDS = 60.0  # a report counts rows of days; nobody waits for it but the operator who asked
REPLAYS = 200
DIFFERS: Document = {"differences.fingerprint": {"$gt": ""}}


class MongoComparisonLog(ComparisonLog):
    """``ComparisonLog`` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._usage = database[Collections.USAGE]
        self._comparisons = database[Collections.COMPARISONS]
        self._control = database[Collections.CONTROL]

    @override
    def requests(self, component: Component, after: int, limit: int) -> Sequence[Request]:
        """Use the index on component and moment."""
        wanted = {
            "component": component.value,
            "at": {"$gt": to_datetime(after)},
            "parameters": {"$ne": None},
        }
        with time_limit(READ_SECONDS):
            return [_request(row) for row in self._usage.find(wanted, sort=[("at", DESCENDING)], limit=limit)]

    @override
    def request(self, usage: str) -> Request | None:
        """Look it up by its id."""
        with time_limit(READ_SECONDS):
            row = self._usage.find_one({"_id": ObjectId(usage)})
        return None if row is None else _request(row)

    @override
    def looked_at(self) -> int | None:
        """Read it from ``control``."""
        with time_limit(READ_SECONDS):
            found = self._control.find_one({"_id": POSITION})
        return None if found is None else to_ms(found["lookedAt"])

    @override
    def set_looked_at(self, instant: int) -> None:
        """Write it to ``control``."""
        with time_limit(READ_SECONDS):
            self._control.update_one({"_id": POSITION}, {"$set": {"lookedAt": to_datetime(instant)}}, upsert=True)

    @override
    def add(self, compared: ComparisonResult, pseudonyms: Pseudonyms, at: int) -> None:
        """One row per comparison."""
        with time_limit(READ_SECONDS):
            self._comparisons.insert_one(row_of(compared, pseudonyms, at))

    @override
    def report(self, since: int, component: Component | None = None) -> ComparisonReport:
        """Counted by the server, over the index on the moment, or on component and moment."""
        compared = {"$match": {**_wanted(since, component), "outcome": {"$exists": True}}}
        with time_limit(REPORT_SECONDS):
            outcomes = list(self._comparisons.aggregate([compared, *BY_OUTCOME]))
            replays = self._replays(since)
        return ComparisonReport(outcomes_of(outcomes), self._groups(since, component, replays), replays)

    @override
    def groups(self, since: int) -> Sequence[DifferenceGroup]:
        """Without counting what was equal."""
        with time_limit(REPORT_SECONDS):
            replays = self._replays(since)
        return self._groups(since, None, replays)

    def _groups(self, since: int, component: Component | None, replays: Sequence[Replay]) -> Sequence[DifferenceGroup]:
        """Counted by the server, over the index on fingerprints."""
        differing = {"$match": {**_wanted(since, component), **DIFFERS}}
        with time_limit(REPORT_SECONDS):
            groups = list(self._comparisons.aggregate([differing, *BY_FINGERPRINT]))
        rules = self.rules()
        found = [group_of(group, rules, replays) for group in groups]
        return sorted(found, key=lambda group: (-group.answers, group.fingerprint))

    @override
    def has_seen(self, fingerprint: str) -> bool:
        """One look at the index on fingerprint and moment."""
        with time_limit(READ_SECONDS):
            return self._comparisons.find_one({"differences.fingerprint": fingerprint}, ["_id"]) is not None

    @override
    def examples(self, fingerprint: str, limit: int) -> Examples:
        """Counted by the server, over the index on fingerprint and moment."""
        showing = {"$match": {"differences.fingerprint": fingerprint}}
        with time_limit(REPORT_SECONDS):
            return examples_of(list(self._comparisons.aggregate([showing, *by_read(limit)])))

    @override
    def audit(self, replay: Replay) -> None:
        """Beside the comparisons; it has no outcome of its own, so that reports do not count it."""
        row = {
            "at": to_datetime(replay.at),
            "replayOf": replay.fingerprint,
            "operator": replay.operator,
            "outcomes": {outcome.value: count for outcome, count in replay.outcomes.items()},
            "showing": replay.showing,
            "lost": replay.lost,
            "unasked": replay.unasked,
        }
        with time_limit(READ_SECONDS):
            self._comparisons.insert_one(row)

    @override
    def save_rule(self, rule: IgnoreRule) -> None:
        """Write it to ``control``, all rules in one document."""
        stored = {"owner": rule.owner, "reason": rule.reason, "until": to_datetime(rule.until)}
        with time_limit(READ_SECONDS):
            self._control.update_one({"_id": RULES}, {"$set": {f"rules.{rule.fingerprint}": stored}}, upsert=True)

    @override
    def rules(self) -> Mapping[str, IgnoreRule]:
        """Read it from ``control``."""
        with time_limit(READ_SECONDS):
            found = self._control.find_one({"_id": RULES}) or {"rules": {}}
        return {
            fingerprint: IgnoreRule(fingerprint, rule["owner"], rule["reason"], to_ms(rule["until"]))
            for fingerprint, rule in found["rules"].items()
        }

    def _replays(self, since: int) -> list[Replay]:
        """Use the index on component and moment: only these rows have no component."""
        wanted = {"component": None, "at": {"$gte": to_datetime(since)}, "replayOf": {"$exists": True}}
        found = self._comparisons.find(wanted, sort=[("at", DESCENDING)], limit=REPLAYS)
        return [replay_of(row) for row in found]


def _wanted(since: int, component: Component | None) -> Document:
    named = {} if component is None else {"component": component.value}
    return {"at": {"$gte": to_datetime(since)}, **named}


def row_of(compared: ComparisonResult, pseudonyms: Pseudonyms, at: int) -> Document:
    """The row of a comparison."""
    request = compared.request
    return {
        "at": to_datetime(at),
        "component": request.component.value,
        "user": pseudonyms.of("user", request.user_id),
        "usage": _id(request.usage),
        "feedback": _id(request.feedback),
        "parameters": request.parameters if request.usage is None and request.feedback is None else None,
        "traceId": request.trace_id,
        "outcome": compared.outcome.value,
        "versions": list(compared.versions),
        "calculations": list(compared.calculations),
        "oldMs": compared.old_ms,
        "newMs": compared.new_ms,
        "error": compared.error,
        "code": compared.code,
        "count": len(compared.differences),
        "differences": [_difference(*each, pseudonyms) for each in compared.distinct.items()],
    }


def _difference(fingerprint: str, difference: Difference, pseudonyms: Pseudonyms) -> Document:
    return {
        "fingerprint": fingerprint,
        "kind": difference.kind.value,
        "place": difference.place,
        "exactPlace": difference.exact_place,
        "control": shown_value(difference.control, pseudonyms),
        "candidate": shown_value(difference.candidate, pseudonyms),
    }


def _request(row: Document) -> Request:
    trace_id = row.get("traceId")  # rows of the release before have none
    return Request(Component(row["component"]), row["userId"], row["parameters"], str(row["_id"]), trace_id=trace_id)


def _id(text: str | None) -> ObjectId | None:
    return None if text is None else ObjectId(text)
