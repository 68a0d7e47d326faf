"""Reports over the rows of ``backend_comparisons``: pipelines that count on the server, and reading their results."""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import DifferenceGroup, IgnoreRule, Outcome, Replay, Sighting
from chalicelib.domain.migration.records.differences import DifferenceKind
from chalicelib.domain.readings import to_ms
from chalicelib.repositories.database import Document

EXAMPLES = 3  # of each difference, the latest

BY_OUTCOME: list[dict[str, Any]] = [
    {"$group": {"_id": {"component": "$component", "outcome": "$outcome"}, "count": {"$sum": 1}}}
]
BY_FINGERPRINT: list[dict[str, Any]] = [
    {"$unwind": "$differences"},
    {
        "$group": {
            "_id": "$differences.fingerprint",
            "component": {"$first": "$component"},
            "kind": {"$first": "$differences.kind"},
            "place": {"$first": "$differences.place"},
            "answers": {"$sum": 1},
            "users": {"$addToSet": "$user"},
            "first": {"$min": "$at"},
            "last": {"$max": "$at"},
            "examples": {
                "$topN": {
                    "n": EXAMPLES,
                    "sortBy": {"at": -1},
                    "output": {"at": "$at", "user": "$user", "difference": "$differences"},
                }
            },
        }
    },
    {"$set": {"users": {"$size": "$users"}}},
]


def outcomes_of(counted: Sequence[Document]) -> dict[Component, dict[Outcome, int]]:
    """What ``BY_OUTCOME`` answers, by component and outcome."""
    outcomes: dict[Component, dict[Outcome, int]] = {}
    for found in counted:
        component, outcome = Component(found["_id"]["component"]), Outcome(found["_id"]["outcome"])
        outcomes.setdefault(component, {})[outcome] = found["count"]
    return outcomes


def group_of(found: Document, rules: Mapping[str, IgnoreRule], replays: Sequence[Replay]) -> DifferenceGroup:
    """One answer of ``BY_FINGERPRINT``, with what is known of it besides; ``replays``: the latest first."""
    last = to_ms(found["last"])
    again = next((replay for replay in replays if replay.fingerprint == found["_id"]), None)
    return DifferenceGroup(
        fingerprint=found["_id"],
        component=Component(found["component"]),
        kind=DifferenceKind(found["kind"]),
        place=found["place"],
        answers=found["answers"],
        users=found["users"],
        first=to_ms(found["first"]),
        last=last,
        examples=[_sighting(example) for example in found["examples"]],
        rule=rules.get(found["_id"]),
        gone=again if again and again.gone and again.at > last else None,
    )


def replay_of(row: Document) -> Replay:
    """A replay as it was remembered."""
    outcomes = {Outcome(outcome): count for outcome, count in row["outcomes"].items()}
    return Replay(row["replayOf"], row["operator"], to_ms(row["at"]), outcomes, row["showing"])


def _sighting(example: Document) -> Sighting:
    difference = example["difference"]
    return Sighting(
        to_ms(example["at"]),
        example["user"],
        difference["exactPlace"],
        difference["control"],
        difference["candidate"],
    )
