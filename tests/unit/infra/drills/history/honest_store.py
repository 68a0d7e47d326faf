"""A store that never lies, and a life on it: writes whose answers get lost, some of them late, and stale views.

Not here: tests.
"""

from datetime import datetime
from decimal import Decimal
from random import Random

from infra.drills.history.operations import Amount, Operation
from infra.drills.history.wishes import DATES
from tests.unit.infra.drills.history.recorded import DOUBT_SECONDS, History

SLOTS = DATES[:6]
Rows = dict[datetime, Amount]


class HonestStore:
    """One meter: ``states`` holds its readings at each version, ``display`` is the version of the stored views."""

    def __init__(self) -> None:
        self.states: list[Rows] = [{}]
        self.display = 0
        self._coming: list[tuple[float, datetime, Amount]] = []

    @property
    def version(self) -> int:
        return len(self.states) - 1

    def write(self, date: datetime, amount: Amount) -> None:
        rows = {**self.states[-1], date: amount}
        self.states.append({date: row for date, row in rows.items() if row is not None})

    def write_at(self, moment: float, date: datetime, amount: Amount) -> None:
        self._coming.append((moment, date, amount))

    def let_happen(self, now: float) -> None:
        """What was to come until now."""
        for write in sorted((write for write in self._coming if write[0] <= now), key=lambda write: write[0]):
            self._coming.remove(write)
            if write[2] is not None or write[1] in self.states[-1]:
                self.write(*write[1:])


class Life:
    """One person's history. ``doubts``: the share of writes whose answers get lost.

    A backend that ``miscounts`` or ``misdraws`` does so in stored views, and says the right version; ``wrong`` is the
    number of such answers.
    """

    def __init__(
        self, seed: int, length: int, *, doubts: float = 0.25, miscounts: bool = False, misdraws: bool = False
    ) -> None:
        self.history = History()
        self.wrong = 0
        self._random = Random(seed)
        self._store = HonestStore()
        self._seen = 0
        self._doubts, self._miscounts, self._misdraws = doubts, miscounts, misdraws
        for amount in range(1, length + 1):
            self._live(Decimal(amount))

    @property
    def operations(self) -> list[Operation]:
        return self.history.operations

    @property
    def has_two_bodies(self) -> bool:
        """Whether one version was shown with two of them."""
        bodies: dict[tuple[str, int | None], set[str]] = {}
        for view in (operation for operation in self.operations if operation.digest):
            bodies.setdefault((view.resource, view.shown[0].version), set()).add(view.digest)
        return any(len(of_one) > 1 for of_one in bodies.values())

    def _live(self, amount: Decimal) -> None:
        self.history.wait(self._random.random())
        self._store.let_happen(self.history.now + self._random.random())
        if self._chance(0.4):
            self._store.display = self._random.randint(self._store.display, self._store.version)
        if self._chance(0.4):
            self._write(amount)
        elif self._chance(0.3):
            self.history.table(dict(self._store.states[-1]))
        else:
            self._look()

    def _write(self, amount: Amount) -> None:
        date, now = self._random.choice(SLOTS), self.history.now
        if date in self._store.states[-1] and self._chance(0.3):
            amount = None
        if not self._chance(self._doubts):
            self._store.write(date, amount)
            self._seen = self._store.version
            self.history.write(amount, self._seen, date)
            return
        if self._chance(0.6):
            self._store.write_at(self._random.uniform(now, now + DOUBT_SECONDS + 1), date, amount)
        self.history.doubt(amount, date)
        self._store.let_happen(self.history.now)

    def _look(self) -> None:
        """At a component, or at version 2, which says the meter's version too; at stored views or at what is there."""
        consistent, by_v2 = self._chance(0.4), self._chance(0.4)
        stored = not consistent and (by_v2 or self._chance(0.6))
        version = self._store.display if stored else self._store.version
        rows = self._store.states[version]
        passed_on = consistent or version >= self._seen
        if passed_on:
            self._seen = max(self._seen, version)
        miscounts, misdraws = stored and self._miscounts, stored and self._misdraws
        self.wrong += miscounts
        self.history.view(
            version,
            consistent=consistent,
            passed_on=passed_on,
            count=len(rows) + miscounts,
            resource="/v2/months" if by_v2 else "/months",
            digest=f"{sorted(rows.items())}{misdraws}",
            by_version=True,
            **({"source": self._store.version, "stored": stored} if by_v2 else {}),
        )

    def _chance(self, share: float) -> bool:
        return self._random.random() < share
