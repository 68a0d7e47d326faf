"""The rules that Powertools evaluates: those of the document, with a reason as answer instead of a bool.

A feature that is no boolean one is plain Powertools too, and shows which rule has matched without asking twice.
"""

from typing import Any

from chalicelib.domain.migration.records.decision import Reason
from chalicelib.flags.document.feature_codec import feature_of
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.flag_document import FlagDocument
from chalicelib.flags.document.names import FLAGS, GLOBAL

OPEN = "open"  # what the global gate says when the component's flag decides
Features = dict[str, Any]
REASONS = {
    "off": Reason.COMPONENT_OFF,
    "blocked": Reason.BLOCKED,
    "testUsers": Reason.TEST_USER,
    "exact": Reason.PERCENTAGE_IN,
    "percentage": Reason.PERCENTAGE_IN,
}
TO_NEW = frozenset({Reason.TEST_USER, Reason.PERCENTAGE_IN})


def features_of(document: FlagDocument) -> Features:
    """Every flag there is as a feature that answers with a reason; a missing one is off, a malformed one says so."""
    missing = {name: _answering(Reason.GLOBAL_OFF if name == GLOBAL else Reason.COMPONENT_OFF) for name in FLAGS}
    readable = {name: _feature(flag) for name, flag in document.flags.items()}
    return missing | readable | {name: _answering(Reason.MALFORMED) for name in document.malformed}


def _feature(flag: Flag) -> Features:
    if flag.name == GLOBAL:
        return _answering(OPEN if flag.enabled else Reason.GLOBAL_OFF)
    rules = feature_of(flag).get("rules", {})
    compiled = {name: _compiled(name, rule) for name, rule in rules.items()}
    return _answering(Reason.PERCENTAGE_OUT) | ({"rules": compiled} if compiled else {})


def _answering(reason: str) -> Features:
    return {"default": reason, "boolean_type": False}


def _compiled(name: str, rule: dict[str, Any]) -> Features:
    """Ids become a set: a list of a thousand would be searched from its beginning at every decision."""
    conditions = [
        {**condition, "value": frozenset(condition["value"]) if condition["action"] == "IN" else condition["value"]}
        for condition in rule["conditions"]
    ]
    return {"when_match": REASONS[name], "conditions": conditions}
