"""Histories written by hand, an operation a second. No tests here."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from infra.drills.history.checker import Kind, Violation, check
from infra.drills.history.operations import Amount, Operation, Outcome, Shown

DOUBT_SECONDS = 5.0
DATE, OTHER = datetime(2023, 1, 15, tzinfo=UTC), datetime(2023, 3, 15, tzinfo=UTC)
ONE, TWO, THREE = Decimal(1), Decimal(2), Decimal(3)
POWER = "power"


class History:
    """One person's operations, in the order in which a test names them."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.now = 0.0

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def write(self, amount: Amount, version: int, date: datetime = DATE, **more: Any) -> None:
        self._add("PUT /a", effects={(POWER, date): amount}, versions={POWER: version}, **more)

    def doubt(self, amount: Amount, date: datetime = DATE) -> None:
        self._add("PUT /a", effects={(POWER, date): amount}, outcome=Outcome.UNKNOWN)

    def refuse(self, amount: Amount, date: datetime = DATE) -> None:
        self._add("PUT /a", effects={(POWER, date): amount}, outcome=Outcome.REFUSED)

    def table(self, rows: Mapping[datetime, Amount], **more: Any) -> None:
        self._add("GET /table", shown=(Shown(POWER, rows=rows, whole=True),), **more)

    def row(self, amount: Amount, date: datetime = DATE) -> None:
        self._add("GET /row", shown=(Shown(POWER, rows={date: amount}),))

    def view(self, version: int, **more: Any) -> None:
        of_meter = {name: more.pop(name) for name in ("source", "stored", "count") if name in more}
        self._add("GET /view", shown=(Shown(POWER, version=version, **of_meter),), **more)

    def _add(self, request: str, outcome: Outcome = Outcome.DONE, **more: Any) -> None:
        number, began = len(self.operations), self.now
        self.now += 1
        self.operations.append(Operation(number, "alice", request, began, self.now, outcome, **more))

    def judged(self) -> list[Violation]:
        return check([self.operations], DOUBT_SECONDS)

    def found(self) -> list[tuple[Kind, list[int]]]:
        """What is wrong, and the numbers of the operations that prove it."""
        return [(found.kind, [proof.number for proof in found.operations]) for found in self.judged()]
