"""How two answers to one read differ, and what is remembered of it.

The control is the old backend's answer, the candidate the new one's. Numbers must be equal, without any tolerance.
Values are never remembered as they are: a pseudonym is enough to tell that two differ. Pure; who asks the backends,
when, and how often, stands in ``services.comparison``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Any, Protocol

from chalicelib.domain.pseudonyms import Pseudonyms
from chalicelib.domain.rollout import Component

Path = tuple[str | int, ...]
ABSENT = "absent"
NUMBERS = (int, float, Decimal)


class DifferenceKind(StrEnum):
    """In what way two answers differ at one place."""

    MISSING = "missing"  # the candidate lacks it
    EXTRA = "extra"  # the control lacks it
    TYPE = "type"
    VALUE = "value"
    ORDER = "order"


class Outcome(StrEnum):
    """What came of one comparison."""

    EQUAL = "equal"
    DIFFERENT = "different"
    IGNORED = "ignored"  # different, and somebody has said why that is so for now
    LAG = "lag"  # no moment was found at which both showed one source version
    FAILED = "failed"  # a backend did not answer, or not in time


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

    def fingerprint(self, component: Component) -> str:
        """One for all differences of this kind at this place of this component."""
        return sha256(f"{component}|{self.kind}|{self.place}".encode()).hexdigest()[:12]


def differences(control: Any, candidate: Any, path: Path = ()) -> Iterator[Difference]:
    """Every place where ``candidate`` is not what ``control`` is; none: they are equal."""
    if _type(control) != _type(candidate):
        yield Difference(DifferenceKind.TYPE, path, control, candidate)
    elif isinstance(control, Mapping):
        yield from _of_mappings(control, candidate, path)
    elif isinstance(control, list | tuple):
        yield from _of_lists(control, candidate, path)
    elif control != candidate:
        yield Difference(DifferenceKind.VALUE, path, control, candidate)


def shown_value(value: Any, pseudonyms: Pseudonyms) -> str:
    """What may be remembered of a value: its type, and a pseudonym that is equal for equal values."""
    if value is ABSENT or value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, NUMBERS):
        return f"number:{pseudonyms.of('number', str(Decimal(str(value)).normalize()))}"
    return f"{_type(value)}:{pseudonyms.of('value', repr(value))}"


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
    ids = [item["id"] for item in items if isinstance(item, Mapping) and "id" in item]
    return bool(items) and len(set(ids)) == len(items)


def _sorted(items: Sequence[Any]) -> list[str]:
    return sorted(map(repr, items))


def _type(value: Any) -> str:
    """What a client would call it: every number is one, whatever Python has it in."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, NUMBERS):
        return "number"
    if isinstance(value, Mapping):
        return "object"
    return "array" if isinstance(value, list | tuple) else type(value).__name__


@dataclass(frozen=True, slots=True)
class Request:
    """A read to be asked of both backends: noted when somebody asked it (``usage``), or asked on demand."""

    component: Component
    user_id: str
    parameters: Mapping[str, Any]
    usage: str | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of asking both: how they differ, at which source versions, how long each took (milliseconds)."""

    request: Request
    outcome: Outcome
    differences: tuple[Difference, ...] = ()
    versions: tuple[int, ...] = ()
    old_ms: float | None = None
    new_ms: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """A difference that somebody answers for until a day."""

    fingerprint: str
    owner: str
    reason: str
    until: int


@dataclass(frozen=True, slots=True)
class DifferenceGroup:
    """All differences of one fingerprint: how often, for how many users, since when, and one request to ask again."""

    fingerprint: str
    component: Component
    kind: DifferenceKind
    place: str
    count: int
    users: int
    first: int
    last: int
    rule: IgnoreRule | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """Somebody asked again what had shown a difference, and what came of it now."""

    fingerprint: str
    operator: str
    at: int
    outcomes: Mapping[Outcome, int]


@dataclass(frozen=True, slots=True)
class ComparisonReport:
    """Comparisons per component and outcome, and what differed."""

    outcomes: Mapping[Component, Mapping[Outcome, int]]
    groups: Sequence[DifferenceGroup]


@dataclass(frozen=True, slots=True)
class Example:
    """A comparison that showed a difference, and what was asked: ``user`` is a pseudonym.

    A read that somebody made can be asked again while its note is kept (``usage``), one on demand by ``parameters``.
    """

    component: Component
    user: str
    usage: str | None
    parameters: Mapping[str, Any] | None


class ComparisonLog(Protocol):
    """Where reads are noted, and what came of comparing them. All methods raise UnavailableError."""

    def requests(self, component: Component, after: int, limit: int) -> Sequence[Request]:
        """Noted reads that succeeded after an instant, in the order in which they were made."""

    def request(self, usage: str) -> Request | None:
        """One noted read; None: it is not kept any more."""

    def looked_at(self) -> int | None:
        """The instant up to which noted reads have been looked at."""

    def set_looked_at(self, instant: int) -> None:
        """Remember that instant."""

    def add(self, compared: Compared, pseudonyms: Pseudonyms, at: int) -> None:
        """Remember what came of a comparison: user, values and ids as pseudonyms only."""

    def report(self, since: int) -> ComparisonReport:
        """What was found since an instant."""

    def examples(self, fingerprint: str, limit: int) -> Sequence[Example]:
        """Comparisons that showed a difference, the latest first."""

    def audit(self, replay: Replay) -> None:
        """Remember that somebody has asked again."""

    def save_rule(self, rule: IgnoreRule) -> None:
        """Set a rule, in the place of an older one."""

    def rules(self) -> Mapping[str, IgnoreRule]:
        """All rules by fingerprint, those that have expired too."""
