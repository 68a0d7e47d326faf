"""Faults of a simulation, by chance and by the seed; and the bug that is planted."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from typing import Any

from chalicelib.domain.calculation.series import Series
from chalicelib.domain.errors import FieldError, InvalidInputError, UnavailableError
from chalicelib.domain.meters.display_documents import DataType, DisplayDocument
from chalicelib.domain.ports.values import MeterSnapshot
from chalicelib.services.refresh.refresh import Documents, documents_of
from infra.simulation.memory.store import WriteConflictError


class Fault(StrEnum):
    """Everything that can go wrong."""

    DEPLOYMENTS = "deployments"  # every few days: what processes kept is gone
    APPCONFIG = "appconfig"  # it does not answer for hours
    EVENTS = "events"  # lost, doubled, late, or overtaken by a newer one
    CRASHES = "crashes"  # conflicts of transactions, and processes that die before or after a commit
    BACKFILL = "backfill"  # it dies on its way, and goes on
    MISTAKES = "mistakes"  # an operator asks for what must be refused
    SLOW = "slow"  # the new backend, for a while
    BUG = "bug"  # a release of the new side calculates wrongly, until the next one


EVERY = frozenset(Fault)


def faults_of(text: str) -> frozenset[Fault]:
    """``all``, ``none``, or names with commas between them. Raises InvalidInputError, which names what is unknown."""
    if text in ("all", "none"):
        return EVERY if text == "all" else frozenset()
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in {*Fault}]
    if unknown:
        known = ", ".join(Fault)
        reason = f"there is no fault {', '.join(map(repr, unknown))}; known are all, none, {known}"
        raise InvalidInputError(f"faults: {reason}", (FieldError("faults", reason),))
    return frozenset(map(Fault, names))


class CrashError(BaseException):
    """Raised where a process dies: nobody in it can catch it, and its caller gets no answer."""


CONFLICT, BEFORE, AFTER = 0.03, 0.01, 0.01  # of a hundred commits


class Crashes:
    """What happens at commits, and behind them."""

    def __init__(self, chance: Random, count: Callable[[str], None]) -> None:
        self._chance = chance
        self._count = count

    def at_commit(self, _: str) -> None:
        """Let a transaction meet another one, or its process die. Raises WriteConflictError, UnavailableError."""
        drawn = self._chance.random()
        if drawn < CONFLICT:
            self._count("conflicts")
            raise WriteConflictError
        if drawn < CONFLICT + BEFORE:
            self._count("crashes before commit")
            raise UnavailableError("the process died before its commit")

    def behind_commit(self) -> None:
        """Let a process die before it can report anything. Raises CrashError."""
        if self._chance.random() < AFTER:
            self._count("crashes after commit")
            raise CrashError


@dataclass(frozen=True, slots=True)
class Bug:
    """Documents of one kind are calculated wrongly, for all people."""

    kind: DataType

    def documents(self) -> Documents:
        """Calculate documents like the release with the bug."""

        def wrong(
            snapshot: MeterSnapshot, series: Series, years: set[int] | None, now: int, version: int
        ) -> list[DisplayDocument]:
            return [self._damaged(each) for each in documents_of(snapshot, series, years, now, version)]

        return wrong

    def _damaged(self, document: DisplayDocument) -> DisplayDocument:
        if document.data_type != self.kind:
            return document
        return replace(document, data=DAMAGES[self.kind](deepcopy(dict(document.data))))


def _months(data: dict[str, Any]) -> dict[str, Any]:
    """The use of each month is a tenth too high."""
    for month in data["months"]:
        if month["consumption"] is not None:
            month["consumption"] += 1
    return data


def _buckets(data: dict[str, Any]) -> dict[str, Any]:
    """Readings at the end are counted twice."""
    for bucket in data["buckets"][-1:]:
        bucket["count"] += 1
    return data


def _inputs(data: dict[str, Any]) -> dict[str, Any]:
    """The last reading is read one too high."""
    if data["lastReading"] is not None:
        data["lastReading"]["amount"] += 1
    return data


DAMAGES = {"monthly": _months, "histogram": _buckets, "summary": _inputs}
KINDS: Sequence[DataType] = ("monthly", "histogram", "summary")
