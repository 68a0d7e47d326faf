"""Reads what it can from an event of a version that this code does not know: the user, and which of their meters.

Every part may be missing or mean something else by now, so what is not certain widens the answer, never narrows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.errors import UnreadableEventError
from chalicelib.domain.events.contracts import VERSION
from chalicelib.domain.readings import EnergyType

TYPES = tuple(EnergyType)


@dataclass(frozen=True, slots=True)
class NamedMeters:
    """A user, and the types of the meters that an event names; none: it may be any of them."""

    user_id: str
    types: frozenset[EnergyType]


def is_of_unknown_version(detail: object) -> bool:
    """Whether this is an event that says another version than ours, or none."""
    return isinstance(detail, Mapping) and not _is_ours(detail.get("version"))


def named_meters(detail: Mapping[str, Any]) -> NamedMeters:
    """Read what can be read. Raises UnreadableEventError where not even a user is named."""
    user_id = detail.get("userId")
    if not isinstance(user_id, str) or not user_id:
        raise UnreadableEventError(
            "an event of an unknown version names no user: find out what it meant, then replay "
            "(python -m infra replay) or discard it (python -m infra dlq discard)"
        )
    return NamedMeters(user_id, _types(detail))


def _is_ours(version: object) -> bool:
    return type(version) is int and version == VERSION  # true is equal to 1, but no version


def _types(detail: Mapping[str, Any]) -> frozenset[EnergyType]:
    """The types of all named meters; one that cannot be read makes all of them uncertain."""
    types: list[Any] = [meter.get("type") if isinstance(meter, Mapping) else None for meter in _named(detail)]
    certain = all(kind in TYPES for kind in types)
    return frozenset(EnergyType(kind) for kind in types) if certain else frozenset()


def _named(detail: Mapping[str, Any]) -> list[Any]:
    one = [detail["meter"]] if "meter" in detail else []
    many = detail.get("meters", [])
    return one + (many if isinstance(many, list) else [many])
