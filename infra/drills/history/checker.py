"""The judge of a history. Pure, and linear in the number of operations.

Why one pass suffices. Whether any order explains a history is hard to find out in general (Gibbons and Korach, "Testing
Shared Memories", SIAM J. Comput. 26, 1997: NP-complete), because the order of the writes has to be guessed. Nothing is
guessed here: every acknowledged write says the version that its meter has reached, every view the version that it
shows, and versions are counted up in the transaction of the write. So the order of the writes is read off, an answer is
held against the one state that its version names, and what a person may see next follows from the highest version
before it (read mapping and write order are known: the case that the same paper solves in linear time). A person's
meters are nobody else's, and a person does one thing after the other: so each meter is judged by itself, in the order
of its person's operations. Each operation is looked at once; it touches the slots that it names, or those of its meter,
whose number does not grow with the history (``wishes.DATES``).

Writes of unknown outcome say no version. Each of them adds a value to what its slots may hold, until an answer or a
later acknowledged write tells; nothing that they explain is ever a violation.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from infra.drills.history.operations import Amount, Operation, Outcome, Shown
from infra.drills.history.slots import SlotState


class Kind(StrEnum):
    """What can be wrong."""

    LOST = "an acknowledged write is lost"
    BACK = "a deleted reading is back"
    UNREAD = "a person does not read their own write"
    FELL = "a shown version fell"
    ETAG = "an ETag fits that has passed"
    UNEQUAL = "the backends are unequal at the end"


@dataclass(frozen=True, slots=True)
class Violation:
    """What was found, and the operations that prove it: the last one denies those before it."""

    kind: Kind
    says: str
    operations: tuple[Operation, ...] = ()

    def as_document(self) -> dict[str, Any]:
        """For programs."""
        return {
            "kind": self.kind.value,
            "says": self.says,
            "operations": [operation.as_document() for operation in self.operations],
        }


@dataclass(slots=True)
class MeterState:
    """What a person knows of one meter. ``counts``: how many readings there are at least and at most, by version."""

    known: int = 0
    known_by: Operation | None = None
    stored: int = 0
    stored_by: Operation | None = None
    slots: dict[datetime, SlotState] = field(default_factory=dict)
    counts: dict[int, tuple[int, int]] = field(default_factory=dict)

    def slot(self, date: datetime) -> SlotState:
        """The slot, free where nothing is known of it."""
        return self.slots.setdefault(date, SlotState())

    def count(self) -> tuple[int, int]:
        """How many readings there are now, at least and at most."""
        possible = [slot.possible for slot in self.slots.values()]
        return sum(None not in values for values in possible), sum(values != {None} for values in possible)

    def reach(self, version: int, by: Operation) -> None:
        """A write or an answer says this version."""
        if version > self.known:
            self.known, self.known_by = version, by


@dataclass(slots=True)
class PersonHistory:
    """The history of one person, judged operation by operation, in the order in which they made them."""

    doubt_seconds: float
    meters: dict[str, MeterState] = field(default_factory=dict)
    _bodies: dict[tuple[str, str], Operation] = field(default_factory=dict)
    _finals: dict[str, Operation] = field(default_factory=dict)
    _said: set[tuple[Kind, str, int | None]] = field(default_factory=set)

    def judge(self, operation: Operation) -> Iterator[Violation]:
        """What is wrong with one more operation; each thing is said once."""
        for violation in self._judged(operation):
            proof = violation.operations[0].number if len(violation.operations) > 1 else None
            if (fact := (violation.kind, violation.says.partition(":")[0], proof)) not in self._said:
                self._said.add(fact)
                yield violation

    def _judged(self, operation: Operation) -> Iterator[Violation]:
        if operation.outcome is Outcome.REFUSED:
            return
        if operation.outcome is Outcome.UNKNOWN:
            for (kind, date), amount in operation.effects.items():
                self._meter(kind).slot(date).doubted(amount, operation, self.doubt_seconds)
        elif operation.effects:
            yield from self._write(operation)
        else:
            yield from self._read(operation)

    def _meter(self, kind: str) -> MeterState:
        return self.meters.setdefault(kind, MeterState())

    def _write(self, write: Operation) -> Iterator[Violation]:
        if write.outdated:
            says = f"{write.request} was done for an ETag from before the last change"
            yield Violation(Kind.ETAG, says, (write,))
        for (kind, date), amount in write.effects.items():
            self._meter(kind).slot(date).written(amount, write)
        for kind, version in write.versions.items():
            meter = self._meter(kind)
            if version <= meter.known:
                says = f"{kind}: a write reached version {version}, but version {meter.known} was there before"
                yield Violation(Kind.FELL, says, _proof(meter.known_by, write))
            meter.reach(version, write)
            meter.counts[version] = meter.count()

    def _read(self, read: Operation) -> Iterator[Violation]:
        for shown in read.shown:
            meter = self._meter(shown.type)
            yield from self._versions(read, shown, meter)
            yield from self._rows(read, shown, meter)
            yield from self._count(read, shown, meter)
            for version in (shown.version if read.passed_on else None, shown.source):
                meter.reach(version or 0, read)
        yield from self._same(read)

    def _versions(self, read: Operation, shown: Shown, meter: MeterState) -> Iterator[Violation]:
        """No version below one that was acknowledged or shown before: of what must be in the view, or of the meter."""
        said = [shown.source] if shown.source is not None else []
        if shown.version is not None and (read.consistent or read.passed_on):
            said.append(shown.version)
        for version in said:
            if version < meter.known:
                own = meter.known_by is not None and bool(meter.known_by.effects)
                says = f"{shown.type}: {read.request} shows version {version}, known was {meter.known}"
                yield Violation(Kind.UNREAD if own else Kind.FELL, says, _proof(meter.known_by, read))
        if shown.stored and shown.version is not None:
            if shown.version < meter.stored:
                says = f"{shown.type}: a stored view of version {shown.version} came after one of {meter.stored}"
                yield Violation(Kind.FELL, says, _proof(meter.stored_by, read))
            else:
                meter.stored, meter.stored_by = shown.version, read

    def _rows(self, read: Operation, shown: Shown, meter: MeterState) -> Iterator[Violation]:
        dates = {*shown.rows, *meter.slots} if shown.whole else shown.rows
        for date in dates:
            slot, amount = meter.slot(date), shown.rows.get(date)
            if not slot.seen(amount, read):
                place = f"{shown.type} {date:%Y-%m-%dT%H:%MZ}"
                says = f"{place}: {read.request} shows {_said({amount})}, not {_said(slot.possible)}"
                yield Violation(_kind(read, slot), says, _proof(slot.by, read))

    def _count(self, read: Operation, shown: Shown, meter: MeterState) -> Iterator[Violation]:
        """A view of a version that nobody has written (the sides were brought together) has no count of its own."""
        if shown.count is None or shown.version is None:
            return
        now = meter.count() if shown.version >= meter.known else None
        least, most = now or meter.counts.get(shown.version, (0, shown.count))
        if not least <= shown.count <= most:
            wanted = f"{least}" if least == most else f"{least} to {most}"
            says = (
                f"{shown.type} at version {shown.version}: {read.request} counts {shown.count} readings, not {wanted}"
            )
            yield Violation(Kind.UNREAD, says, _proof(meter.known_by, read))

    def _same(self, read: Operation) -> Iterator[Violation]:
        """One ETag is one body; and in the end both backends answer the same."""
        if not read.digest:
            return
        if read.etag:
            before = self._bodies.setdefault((read.resource, read.etag), read)
            if before.digest != read.digest:
                says = f"{read.resource} {read.etag}: one ETag stands for two bodies"
                yield Violation(Kind.ETAG, says, (before, read))
        if read.final:
            other = self._finals.setdefault(read.resource, read)
            if other.digest != read.digest:
                says = f"{read.resource}: {other.backend} and {read.backend} answer differently"
                yield Violation(Kind.UNEQUAL, says, (other, read))


def check(histories: Iterable[Iterable[Operation]], doubt_seconds: float) -> list[Violation]:
    """Every violation in the histories of several people, each in the order of its operations.

    ``doubt_seconds``: how long after its end a write of unknown outcome may still happen.
    """
    found: list[Violation] = []
    for operations in histories:
        history = PersonHistory(doubt_seconds)
        for operation in operations:
            found += history.judge(operation)
    return found


def _kind(read: Operation, slot: SlotState) -> Kind:
    if slot.possible == {None}:
        return Kind.BACK
    return Kind.LOST if read.final else Kind.UNREAD


def _proof(before: Operation | None, after: Operation) -> tuple[Operation, ...]:
    return (after,) if before is None else (before, after)


def _said(amounts: Iterable[Amount]) -> str:
    return " or ".join(sorted("nothing" if amount is None else f"{amount:f}" for amount in amounts))
