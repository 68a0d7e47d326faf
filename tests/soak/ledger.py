"""The ledger of one person's readings: what was acknowledged must be there; where nobody knows, either state may be.

Not here: what is asked of the system (``person``), and what is in the database (``stored``).
"""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

Slot = tuple[str, datetime]  # a type and an instant: one reading may be there
Amount = Decimal | None  # None: no reading
NOTHING: frozenset[Amount] = frozenset({None})
# A request whose answer got lost may still be at work for a moment; until then its slot is left alone.
DOUBTED_SECONDS = 15.0


@dataclass
class Ledger:
    """The slots of one person, what may be in each, and every answer that denies what was acknowledged before."""

    clock: Callable[[], float] = time.monotonic
    ids: dict[Slot, str] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    contradictions: list[str] = field(default_factory=list)
    _possible: dict[Slot, frozenset[Amount]] = field(default_factory=lambda: defaultdict(lambda: NOTHING))
    _doubted_until: dict[Slot, float] = field(default_factory=dict)

    def possible(self, slot: Slot) -> frozenset[Amount]:
        """What may be in a slot."""
        return self._possible[slot]

    def is_settled(self, slot: Slot) -> bool:
        """Whether no request whose outcome is unknown can be at work on the slot any more."""
        return self.clock() >= self._doubted_until.get(slot, 0.0)

    def known(self) -> list[Slot]:
        """Settled slots with a reading whose id is known."""
        return [slot for slot in self.ids if self.is_settled(slot)]

    def appeared(self, slot: Slot, amount: Decimal, reading_id: str) -> None:
        """A reading was recorded where there was none."""
        self._expect(slot, NOTHING)
        self._set(slot, amount, reading_id)

    def changed(self, slot: Slot, amount: Decimal, reading_id: str) -> None:
        """A reading that was there has another amount now."""
        self.taken(slot)
        self._set(slot, amount, reading_id)

    def vanished(self, slot: Slot) -> None:
        """A reading that was there is gone."""
        self.taken(slot)
        self._set(slot, None, None)

    def imported(self, slot: Slot, amount: Decimal) -> None:
        """A row of a file was stored, unless there was a reading already."""
        before = self.possible(slot)
        self._possible[slot] = (before - NOTHING) | ({amount} if None in before else frozenset())

    def found(self, slot: Slot, amount: Amount, reading_id: str | None = None) -> None:
        """An answer says what is there."""
        if self.is_settled(slot):
            self._expect(slot, {amount})
            self._set(slot, amount, reading_id)

    def taken(self, slot: Slot) -> None:
        """An answer says that there is some reading."""
        self._expect(slot, self.possible(slot) - NOTHING)

    def doubt(self, slot: Slot, amount: Amount) -> None:
        """Nobody knows whether a write has left ``amount`` there; the reading's id may have gone somewhere else."""
        self._possible[slot] |= {amount}
        self._doubted_until[slot] = self.clock() + DOUBTED_SECONDS
        self.ids.pop(slot, None)

    def reach(self, energy_type: str, version: int) -> None:
        """An acknowledged write has brought a meter to this source version."""
        self.versions[energy_type] = max(self.versions[energy_type], version)

    def require(self, condition: bool, complaint: str) -> None:
        """Note an answer that denies what was acknowledged in a way that no slot shows."""
        if not condition:
            self.contradictions.append(complaint)

    def compare(self, collection: str, stored: Mapping[Slot, Decimal]) -> None:
        """Note each slot whose content in the database is not possible."""
        for slot in {*self._possible, *stored}:
            self._check(slot, {stored.get(slot)}, collection)

    def _expect(self, slot: Slot, seen: AbstractSet[Amount]) -> None:
        """Of what may be there, only what an answer has shown still can be."""
        self._check(slot, seen, "an answer")
        self._possible[slot] = self.possible(slot) & seen or self.possible(slot)

    def _check(self, slot: Slot, seen: AbstractSet[Amount], where: str) -> None:
        expected = self.possible(slot)
        self.require(not expected.isdisjoint(seen), f"{where}: {_said(seen)} at {_place(slot)}, not {_said(expected)}")

    def _set(self, slot: Slot, amount: Amount, reading_id: str | None) -> None:
        self._possible[slot] = frozenset({amount})
        if amount is None or reading_id is None:
            self.ids.pop(slot, None)
        else:
            self.ids[slot] = reading_id


def _said(states: AbstractSet[Amount]) -> str:
    return " or ".join(sorted("nothing" if state is None else str(state) for state in states)) or "another reading"


def _place(slot: Slot) -> str:
    energy_type, instant = slot
    return f"{energy_type} {instant:%Y-%m-%dT%H:%MZ}"
