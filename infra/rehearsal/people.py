"""Simulated people of the inherited households: they read and write all the time, and check what is shown to them.

Each is on a thread of their own. What was acknowledged is in their ledger; each table that they see is held against it
at once, and everything in the end.
"""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from infra.drills.api import Api, Content, Sent
from infra.drills.writing import Person, fill_form, send_file
from infra.errors import OperatorError
from infra.local.demo.old_energies import FIRST, TYPES, meter, user_name

READINGS = 30  # of each inherited meter
DEFECTIVE = 3  # households with defects as well
FIRST_NUMBER = 5_000  # above every inherited register, and after every inherited date
FILE_EVERY = 7
PAUSE_SECONDS = 2.0
TABLE = "/components/energy_table?type=power&limit=500"
VIEWS = (
    "/components/dashboard",
    "/components/timeline_slider?type=power",
    "/components/monthly_charts?type=power&year=2023",
    "/components/energy_forms?type=power",
    "/components/csv_import/export?format=json&type=power",
)
Slot = tuple[str, datetime]  # the type of a meter, and an instant
Ledger = dict[Slot, Decimal]


def inherited(number: int) -> Ledger:
    """What a household had with the old application; of doubles the one that was updated last counts."""
    kept: Ledger = {}
    for kind in TYPES:
        for row in meter(user_name(number), kind, READINGS, start=1000.0 + number):
            kept[kind, row["date"]] = Decimal(str(row["amount"]))
    if number < DEFECTIVE:
        kept["power", FIRST] = Decimal("1001.5")
    return kept


@dataclass(slots=True)
class Resident:
    """One person of a household. ``uses_v1``: their own program still reads by version 1."""

    person: Person
    others: Ledger  # what they do not change
    uses_v1: bool = False
    number: int = FIRST_NUMBER
    looks: int = 0
    backends: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, number: int) -> "Resident":
        """The person of an inherited household."""
        had = inherited(number)
        power = {date: amount for (kind, date), amount in had.items() if kind == "power"}
        return cls(
            Person(user_name(number), power), {slot: amount for slot, amount in had.items() if slot[0] != "power"}
        )

    @property
    def ledger(self) -> Ledger:
        """Everything that must be stored."""
        return {("power", date): amount for date, amount in self.person.content.items()} | self.others

    def turn(self, api: Api, get: Callable[[Sent], Any]) -> None:
        """One write, one table, one other view. Raises OperatorError: a wrong answer, with who gave it."""
        self.number += 1
        write = send_file if self.number % FILE_EVERY == 0 else fill_form
        self.backends[write(api, self.person, self.number)] += 1
        self.look_at_table(api)
        api.send(Sent("GET", VIEWS[self.number % len(VIEWS)], self.person.name), {200})
        if self.uses_v1:
            self.look_at_v1(get)
        self.looks += 2

    def look_at_v1(self, get: Callable[[Sent], Any]) -> None:
        """Everything by version 1. Raises OperatorError where it is not what was acknowledged."""
        rows = get(Sent("GET", "/v1/energy?type=power", self.person.name))
        self._check(_content(rows), "version 1")

    def look_at_table(self, api: Api) -> str:
        """The whole table; returns who answered. Raises OperatorError where it is not what was acknowledged."""
        shown: Content = {}
        path, backend = TABLE, ""
        while path:
            outcome = api.send(Sent("GET", path, self.person.name), {200})
            page, backend = outcome.body, outcome.backend
            shown |= _content(page["readings"])
            path = page["nextCursor"] and f"{TABLE}&cursor={page['nextCursor']}"
        self.backends[backend] += 1
        self._check(shown, f"the {backend} backend")
        return backend

    def _check(self, shown: Content, who: str) -> None:
        if missed := self.person.missed(shown):
            raise OperatorError(
                f"{who} showed {self.person.name} a wrong table: {missed} readings are not as acknowledged"
            )


class People:
    """Those who read and write while everything goes on, and those who only have what they inherited."""

    def __init__(self, api: Api, get: Callable[[Sent], Any], households: int, active: int) -> None:
        self.residents = [Resident.of(number) for number in range(households)]
        self.active, self.quiet = self.residents[:active], self.residents[active:]
        self.api, self._get = api, get
        self._ends = threading.Event()
        self._threads = ThreadPoolExecutor(active, thread_name_prefix="resident")
        self._running: list[Future[None]] = []

    def begin(self) -> None:
        """Everybody active goes on until ``end``; the first of them with a program of version 1."""
        self.active[0].uses_v1 = True
        self._running = [self._threads.submit(self._keep_going, resident) for resident in self.active]

    def look(self, resident: Resident) -> str:
        """Somebody looks at their table now; returns who answered. Raises OperatorError where it is wrong."""
        return resident.look_at_table(self.api)

    def leave_v1(self) -> None:
        """Nobody's program uses version 1 any more, from their next turn on."""
        for resident in self.active:
            resident.uses_v1 = False

    def end(self) -> None:
        """Everybody comes to the end of their turn."""
        self._ends.set()
        self._threads.shutdown()

    def check(self) -> None:
        """Raise what ended somebody's turns: a wrong answer, or none."""
        for thread in self._running:
            if thread.done() and (error := thread.exception()):
                raise error

    def writes(self) -> int:
        """How many turns were taken: an acknowledged write each."""
        return sum(resident.number - FIRST_NUMBER for resident in self.active)

    def answers(self) -> Counter[str]:
        """Who answered so far, writes and tables."""
        return sum((resident.backends.copy() for resident in self.active), Counter())

    def lost(self, shown: Callable[[str], Ledger]) -> list[str]:
        """Who misses something of their ledger, or sees what they never had, with how much."""
        missed = {each.person.name: _differing(each.ledger, shown(each.person.name)) for each in self.residents}
        return [f"{name}: {count}" for name, count in missed.items() if count]

    def _keep_going(self, resident: Resident) -> None:
        while not self._ends.is_set():
            resident.turn(self.api, self._get)
            self._ends.wait(PAUSE_SECONDS)


def ledger_shown(get: Callable[[Sent], Any], user: str) -> Ledger:
    """Everything that version 2 has of a user."""
    shown: Ledger = {}
    path = "/v2/energy?limit=500"
    while path:
        page = get(Sent("GET", path, user))
        shown |= {
            (row["type"], datetime.fromisoformat(row["date"])): Decimal(row["amount"]) for row in page["readings"]
        }
        path = page["nextCursor"] and f"/v2/energy?limit=500&cursor={page['nextCursor']}"
    return shown


def _differing(kept: Ledger, shown: Ledger) -> int:
    return sum(kept.get(slot) != shown.get(slot) for slot in {*kept, *shown})


def _content(rows: Any) -> Content:
    return {datetime.fromisoformat(row["date"]): Decimal(row["amount"]) for row in rows}
