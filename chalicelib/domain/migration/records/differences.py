"""How two answers to one read differ.

The control is the old backend's answer, the candidate the new one's. Numbers must be equal, without any tolerance.
Values are never remembered themselves: pseudonyms are enough to see that two differ. Pure; ``comparison_log`` says what
is remembered of a comparison, and ``services.migration.comparison`` asks the backends.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from hashlib import sha256
from typing import Any

from chalicelib.domain.backends.component import Component
from chalicelib.domain.json.canonical import canonical_bytes
from chalicelib.domain.people.pseudonyms import Pseudonyms

Path = tuple[str | int, ...]
ABSENT = object()  # what an answer lacks; null is something else
NUMBERS = (int, float, Decimal)
OBJECT, ARRAY = "object", "array"


class DifferenceKind(StrEnum):
    """The way in which two answers differ at one place."""

    MISSING = "missing"  # the candidate lacks it
    EXTRA = "extra"  # the control lacks it
    TYPE = "type"
    VALUE = "value"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where candidate and control differ."""

    kind: DifferenceKind
    path: Path
    control: Any = ABSENT
    candidate: Any = ABSENT

    @property
    def place(self) -> str:
        """The path without positions, such as ``months[].consumption``: what differences are grouped by."""
        return "".join("[]" if isinstance(step, int) else f".{step}" for step in self.path).removeprefix(".")

    @property
    def exact_place(self) -> str:
        """The path with positions, counted from 0, such as ``months[3].consumption``."""
        return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path).removeprefix(".")

    def fingerprint(self, component: Component) -> str:
        """One for all differences of this kind at this place of this component."""
        return sha256(f"{component}|{self.kind}|{self.place}".encode()).hexdigest()[:12]


def differences(control: Any, candidate: Any, path: Path = ()) -> Iterator[Difference]:
    """Every place where ``candidate`` is not what ``control`` is; none: they are equal."""
    kind = _type(control)
    if kind != _type(candidate):
        yield Difference(DifferenceKind.TYPE, path, control, candidate)
    elif kind == OBJECT:
        yield from _of_mappings(control, candidate, path)
    elif kind == ARRAY:
        yield from _of_lists(control, candidate, path)
    elif control != candidate:
        yield Difference(DifferenceKind.VALUE, path, control, candidate)


def shown_value(value: Any, pseudonyms: Pseudonyms) -> str:
    """What may be remembered of a value: its type, and a pseudonym that is equal for equal values."""
    if value is ABSENT:
        return "absent"
    if value is None or isinstance(value, bool):
        return str(value).lower()
    said = canonical_bytes(Decimal(value) if isinstance(value, NUMBERS) else value)
    return f"{_type(value)}:{pseudonyms.of(_type(value), said.decode('utf-8', 'surrogatepass'))}"


def _of_mappings(control: Mapping[str, Any], candidate: Mapping[str, Any], path: Path) -> Iterator[Difference]:
    for name in control:
        if name not in candidate:
            yield Difference(DifferenceKind.MISSING, (*path, name), control=control[name])
        else:
            yield from differences(control[name], candidate[name], (*path, name))
    for name in candidate:
        if name not in control:
            yield Difference(DifferenceKind.EXTRA, (*path, name), candidate=candidate[name])


def _of_lists(control: Sequence[Any], candidate: Sequence[Any], path: Path) -> Iterator[Difference]:
    """Items with ids are matched by them, so that one more or less does not make all behind it differ."""
    if _identified(control) and _identified(candidate):
        yield from _of_identified(control, candidate, path)
    elif list(control) != list(candidate) and _sorted(control) == _sorted(candidate):
        yield Difference(DifferenceKind.ORDER, path, control, candidate)
    else:
        for position, (one, other) in enumerate(zip(control, candidate, strict=False)):
            yield from differences(one, other, (*path, position))
        for position in range(len(candidate), len(control)):
            yield Difference(DifferenceKind.MISSING, (*path, position), control=control[position])
        for position in range(len(control), len(candidate)):
            yield Difference(DifferenceKind.EXTRA, (*path, position), candidate=candidate[position])


def _of_identified(control: Sequence[Any], candidate: Sequence[Any], path: Path) -> Iterator[Difference]:
    here = {item["id"]: (position, item) for position, item in enumerate(control)}
    there = {item["id"]: item for item in candidate}
    for key, (position, item) in here.items():
        if key in there:
            yield from differences(item, there[key], (*path, position))
        else:
            yield Difference(DifferenceKind.MISSING, (*path, position), control=item)
    for position, item in enumerate(candidate):
        if item["id"] not in here:
            yield Difference(DifferenceKind.EXTRA, (*path, position), candidate=item)
    if [key for key in here if key in there] != [key for key in there if key in here]:
        yield Difference(DifferenceKind.ORDER, path, control, candidate)


def _identified(items: Sequence[Any]) -> bool:
    ids = [item["id"] for item in items if _type(item) == OBJECT and "id" in item]
    return bool(items) and len(set(ids)) == len(items)


def _sorted(items: Sequence[Any]) -> list[bytes]:
    return sorted(map(canonical_bytes, items))


def _type(value: Any) -> str:
    """The type that a client sees: each of Python's kinds of numbers is a number."""
    return _type_of(value.__class__)


@cache
def _type_of(kind: type) -> str:
    """Remembered by class: an answer has many values of few classes."""
    if issubclass(kind, bool):
        return "boolean"
    if issubclass(kind, NUMBERS):
        return "number"
    if issubclass(kind, Mapping):
        return OBJECT
    return ARRAY if issubclass(kind, list | tuple) else kind.__name__
