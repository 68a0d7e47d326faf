"""The record of rollouts: one document per component, with its plan and what happened to it.

It belongs to operators, not to users, so the session filter has no say in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import Any

from pymongo import WriteConcern
from pymongo.errors import DuplicateKeyError
from typing_extensions import override

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.evidence import AllowedHours
from chalicelib.domain.migration.rollouts.plan import Plan, Step
from chalicelib.domain.migration.rollouts.ports import Rollouts
from chalicelib.domain.migration.rollouts.rollout import (
    CARRIED,
    Approval,
    Direction,
    Entry,
    Intent,
    Rollout,
    Seen,
    State,
)
from chalicelib.domain.readings import to_datetime, to_ms
from chalicelib.repositories.database import READ_SECONDS, Collections, Document, MongoDatabase, time_limit

VERSION = "version"


class MongoRollouts(Rollouts):
    """``Rollouts`` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._rollouts = database[Collections.ROLLOUTS].with_options(write_concern=WriteConcern("majority"))

    @override
    def find(self, component: Component) -> Rollout | None:
        with time_limit(READ_SECONDS):
            found = self._rollouts.find_one({"_id": component.value})
        return None if found is None else _rollout(found)

    @override
    def all(self) -> Sequence[Rollout]:
        return self._found({"_id": {"$in": [component.value for component in Component]}})

    @override
    def carried(self) -> Sequence[Rollout]:
        """Use an index on the state."""
        return self._found({"state": {"$in": [state.value for state in CARRIED]}})

    @override
    def save(self, rollout: Rollout) -> bool:
        """Replace the document of a version, once: a second writer finds another version."""
        document = _document(rollout)
        with time_limit(READ_SECONDS):
            if rollout.version:
                as_read = {"_id": rollout.component.value, VERSION: rollout.version}
                return self._rollouts.replace_one(as_read, document).matched_count == 1
            try:
                self._rollouts.insert_one(document)
            except DuplicateKeyError:
                return False
            return True

    @override
    def see(self, rollout: Rollout, seen: Seen) -> None:
        """Without another version: what was seen decides nothing."""
        as_read = {"_id": rollout.component.value, VERSION: rollout.version}
        with time_limit(READ_SECONDS):
            self._rollouts.update_one(as_read, {"$set": {"seen": _dated(seen)}})

    def _found(self, wanted: Document) -> Sequence[Rollout]:
        with time_limit(READ_SECONDS):
            return [_rollout(document) for document in self._rollouts.find(wanted)]


def _document(rollout: Rollout) -> Document:
    plan = rollout.plan
    return {
        "_id": rollout.component.value,
        "plan": {
            "steps": [{"percent": step.percent, "holdMs": step.hold_ms} for step in plan.steps],
            "approvals": plan.approvals,
            "hours": plan.hours and {**asdict(plan.hours), "days": list(plan.hours.days)},
            "exact": plan.exact,
        },
        "state": rollout.state.value,
        "by": rollout.by,
        "reason": rollout.reason,
        "since": to_datetime(rollout.since),
        "step": rollout.step,
        "intent": rollout.intent and _dated(rollout.intent),
        "approval": rollout.approval and _dated(rollout.approval),
        "log": [_dated(entry) for entry in rollout.log],
        "seen": rollout.seen and _dated(rollout.seen),
        VERSION: rollout.version + 1,
    }


def _rollout(document: Document) -> Rollout:
    return Rollout(
        component=Component(document["_id"]),
        plan=_plan(document["plan"]),
        state=State(document["state"]),
        by=document["by"],
        reason=document["reason"],
        since=to_ms(document["since"]),
        step=document["step"],
        intent=_intent(document["intent"]),
        approval=document["approval"] and Approval(**_undated(document["approval"])),
        log=tuple(Entry(**_undated(entry)) for entry in document["log"]),
        seen=document["seen"] and Seen(**_undated(document["seen"])),
        version=document[VERSION],
    )


def _plan(stored: Mapping[str, Any]) -> Plan:
    steps = tuple(Step(step["percent"], step["holdMs"]) for step in stored["steps"])
    hours = stored["hours"] and AllowedHours(**{**stored["hours"], "days": tuple(stored["hours"]["days"])})
    return Plan(steps, stored["approvals"], hours, stored["exact"])


def _intent(stored: Document | None) -> Intent | None:
    if stored is None:
        return None
    enums = {"direction": Direction(stored["direction"]), "ends": State(stored["ends"])}
    return Intent(**{**_undated(stored), **enums})


def _dated(part: Intent | Approval | Entry | Seen) -> Document:
    members = {name: _plain(value) for name, value in asdict(part).items()}
    return {**members, "at": to_datetime(part.at)}


def _undated(stored: Document) -> Document:
    return {**stored, "at": to_ms(stored["at"])}


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, StrEnum) else value
