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
later acknowledged write decides; what a view of an earlier version counts may still be from before (``counts``).
Nothing that they explain is ever a violation.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from infra.drills.history.counts import Counts, bounds
from infra.drills.history.operations import Amount, Operation, Outcome, Shown
from infra.drills.history.slots import SlotState


class Kind(StrEnum):
    """What can be wrong."""

    LOST = "an acknowledged write is lost"
    BACK = "a deleted reading is back"
    UNREAD = "a person does not read their own write"
    FELL = "a shown version fell"
    ETAG = "an ETag fits that has passed"
    BODIES = "one version has two bodies"
    UNEQUAL = "the backends are unequal at the end"


@dataclass(frozen=True, slots=True)
class Violation:
    """What was found, and the operations that prove it: the last one denies those before it."""

    kind: Kind
    says: str
    operations: tuple[Operation, ...] = ()

    def as_document(self) -> dict[str, Any]:
        """Convert to JSON for programs."""
        return {
            "kind": self.kind.value,
            "says": self.says,
            "operations": [operation.as_document() for operation in self.operations],
        }


@dataclass(slots=True)
class Mark:
    """The highest version of a kind, and the operation that says it."""

    version: int = 0
    by: Operation | None = None

    def reach(self, version: int, by: Operation) -> None:
        """An operation says this version."""
        if version > self.version:
            self.version, self.by = version, by


@dataclass(slots=True)
class MeterState:
    """What a person knows of one meter.

    ``seen``: what they have written or were shown, so no view that reaches them may be older. ``reached``: what the
    meter has by any answer; a view may lag behind that and say so. ``stored``: what the stored views have.
    """

    seen: Mark = field(default_factory=Mark)
    reached: Mark = field(default_factory=Mark)
    stored: Mark = field(default_factory=Mark)
    slots: dict[datetime, SlotState] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)

    def slot(self, date: datetime) -> SlotState:
        """The slot, free where nothing is known of it."""
        return self.slots.setdefault(date, SlotState())

    def show(self, version: int, by: Operation) -> None:
        """A write or an answer has shown the person this version."""
        self.seen.reach(version, by)
        self.reached.reach(version, by)


@dataclass(slots=True)
class PersonHistory:
    """The history of one person, judged operation by operation, in the order in which they made them."""

    doubt_seconds: float
    meters: dict[str, MeterState] = field(default_factory=dict)
    _bodies: dict[tuple[str, str | int], Operation] = field(default_factory=dict)
    _finals: dict[str, Operation] = field(default_factory=dict)
    _said: set[tuple[Kind, str, int | None]] = field(default_factory=set)

    def judge(self, operation: Operation) -> Iterator[Violation]:
        """Judge one more operation: return what is wrong with it; each thing is said once."""
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
                meter, until = self._meter(kind), operation.ended + self.doubt_seconds
                meter.slot(date).doubted(amount, until)
                meter.counts.doubted(date, amount, until)
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
            if version <= meter.reached.version:
                says = (
                    f"{kind}: a write reached version {version}, but version {meter.reached.version} was there before"
                )
                yield Violation(Kind.FELL, says, _proof(meter.reached.by, write))
            meter.show(version, write)
            meter.counts.written(version, meter.slots, write)

    def _read(self, read: Operation) -> Iterator[Violation]:
        for shown in read.shown:
            meter = self._meter(shown.type)
            yield from self._versions(read, shown, meter)
            yield from self._rows(read, shown, meter)
            yield from self._count(read, shown, meter)
            if read.passed_on:
                meter.show(shown.version or 0, read)
            meter.reached.reach(shown.source or 0, read)
        yield from self._same(read)

    def _versions(self, read: Operation, shown: Shown, meter: MeterState) -> Iterator[Violation]:
        """No meter and no view of every write is below what the meter had; no other view below what was seen."""
        said = [(shown.source, meter.reached)]
        if read.consistent or read.passed_on:
            said.append((shown.version, meter.reached if read.consistent else meter.seen))
        for version, mark in said:
            if version is not None and version < mark.version:
                own = mark.by is not None and bool(mark.by.effects)
                says = f"{shown.type}: {read.request} shows version {version}, known was {mark.version}"
                yield Violation(Kind.UNREAD if own else Kind.FELL, says, _proof(mark.by, read))
        if shown.stored and shown.version is not None:
            if shown.version < meter.stored.version:
                before = meter.stored.version
                says = f"{shown.type}: a stored view of version {shown.version} came after one of {before}"
                yield Violation(Kind.FELL, says, _proof(meter.stored.by, read))
            else:
                meter.stored = Mark(shown.version, read)

    def _rows(self, read: Operation, shown: Shown, meter: MeterState) -> Iterator[Violation]:
        dates = {*shown.rows, *meter.slots} if shown.whole else shown.rows
        for date in dates:
            slot, amount = meter.slot(date), shown.rows.get(date)
            if not slot.seen(amount, read):
                place = f"{shown.type} {date:%Y-%m-%dT%H:%MZ}"
                says = f"{place}: {read.request} shows {_said({amount})}, not {_said(slot.possible)}"
                yield Violation(_kind(read, slot), says, _proof(slot.by, read))

    def _count(self, read: Operation, shown: Shown, meter: MeterState) -> Iterator[Violation]:
        """As many readings as its version had; and as many as there are, where the view lags behind nothing."""
        if shown.count is None or shown.version is None:
            return
        now = bounds(slot.possible for slot in meter.slots.values())
        least, most = meter.counts.of(shown.version, now)
        if read.consistent or shown.source == shown.version:
            least, most = max(least, now[0]), min(most, now[1])
        if not least <= shown.count <= most:
            wanted = f"{least}" if least == most else f"{least} to {most}"
            says = (
                f"{shown.type} at version {shown.version}: {read.request} counts {shown.count} readings, not {wanted}"
            )
            yield Violation(Kind.UNREAD, says, _proof(meter.seen.by, read))

    def _same(self, read: Operation) -> Iterator[Violation]:
        """One ETag is one body, and so is one version; and in the end both backends answer the same."""
        if not read.digest:
            return
        if read.etag:
            yield from self._one_body(read, read.etag, Kind.ETAG, f"{read.etag}: one ETag")
        if read.by_version:
            version = read.shown[0].version or 0
            yield from self._one_body(read, version, Kind.BODIES, f"version {version}: it")
        if read.final:
            other = self._finals.setdefault(read.resource, read)
            if other.digest != read.digest:
                says = f"{read.resource}: {other.backend} and {read.backend} answer differently"
                yield Violation(Kind.UNEQUAL, says, (other, read))

    def _one_body(self, read: Operation, name: str | int, kind: Kind, said: str) -> Iterator[Violation]:
        before = self._bodies.setdefault((read.resource, name), read)
        if before.digest != read.digest:
            yield Violation(kind, f"{read.resource} {said} has two bodies", (before, read))


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
