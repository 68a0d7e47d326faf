"""Reports over the rows of ``backend_comparisons``: pipelines that count on the server, and reading their results."""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import (
    DifferenceGroup,
    Example,
    Examples,
    IgnoreRule,
    Outcome,
    Replay,
    Sighting,
)
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
READ = ("component", "user", "usage", "feedback", "parameters")  # two rows with equal ones are of one read


def by_read(limit: int) -> list[dict[str, Any]]:
    """Count reads, and name the latest of them."""
    read = {name: {"$ifNull": [f"${name}", None]} for name in READ}  # rows from before there was feedback have none
    latest = {"n": limit, "sortBy": {"at": -1}, "output": "$_id"}
    return [
        {"$group": {"_id": read, "at": {"$max": "$at"}}},
        {"$group": {"_id": None, "count": {"$sum": 1}, "latest": {"$topN": latest}}},
    ]


def examples_of(counted: Sequence[Document]) -> Examples:
    """What ``by_read`` answers."""
    return Examples([_example(read) for found in counted for read in found["latest"]], sum(f["count"] for f in counted))


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
    uncompared = row.get("lost", 0), row.get("unasked", 0)  # rows of the release before have none
    return Replay(row["replayOf"], row["operator"], to_ms(row["at"]), outcomes, row["showing"], *uncompared)


def _example(read: Document) -> Example:
    usage, feedback = read["usage"], read["feedback"]
    return Example(
        Component(read["component"]),
        read["user"],
        None if usage is None else str(usage),
        read["parameters"],
        None if feedback is None else str(feedback),
    )


def _sighting(example: Document) -> Sighting:
    difference = example["difference"]
    return Sighting(
        to_ms(example["at"]),
        example["user"],
        difference["exactPlace"],
        difference["control"],
        difference["candidate"],
    )
