"""A person whose program speaks version 1: records, changes, removes, lists, and knows what must be there."""

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from itertools import count
from random import Random
from threading import Event
from typing import Any

from infra.drills.api import Reply, Sent, Transport
from infra.drills.history.operations import Amount, Outcome
from infra.drills.history.recorder import Recorder
from infra.drills.history.views import parsed
from infra.drills.history.wishes import DATES

LIST = "/v1/energy"
VIEWS = (LIST, "/v1/monthly?type=power&year=2023", "/v1/histogram?type=power", "/v1/summary?type=power")
# Both backends, each by a route of its own.
EVERYTHING = (f"{LIST}?type=power", "/v2/energy?type=power&limit=100")


class PersonOfV1(Recorder):
    """``possible``: the amounts that may be at each instant; several behind a write of unknown outcome."""

    def __init__(self, name: str, transport: Transport, doubt_seconds: float, started: float) -> None:
        super().__init__(name, transport, doubt_seconds, started)
        self.possible: dict[datetime, set[Amount]] = defaultdict(lambda: {None})
        self._ids: dict[datetime, str] = {}
        self._random = Random(name)
        self._amounts = count(1_000)

    def live_on(self, enough: Event) -> None:
        """One thing after the other until it is enough."""
        actions: dict[Callable[[], None], int] = {self.look: 64, self.keep: 28, self.remove: 8}
        while not enough.is_set():
            self._random.choices([*actions], [*actions.values()])[0]()

    def look(self) -> None:
        """At the list, or at a view."""
        self._asked(Sent("GET", self._random.choice(VIEWS), self.name))

    def keep(self) -> None:
        """Record an amount, or change it where there is one."""
        date, amount = self._random.choice(DATES), Decimal(next(self._amounts))
        if len(self.possible[date]) > 1:  # nobody knows what is there
            return
        body: dict[str, Any] = {"date": date.isoformat(), "amount": int(amount), "confirm": True}
        known = self._ids.get(date)
        sent = (
            self._sent("POST", LIST, {"type": "power", **body})
            if known is None
            else self._sent("PUT", f"{LIST}/{known}", body)
        )
        if reply := self._written(sent, date, amount):
            self._ids[date] = parsed(reply.body)["_id"]

    def remove(self) -> None:
        """Take a reading away."""
        known = [date for date in self._ids if len(self.possible[date]) == 1]
        if known:
            date = self._random.choice(known)
            if self._written(self._sent("DELETE", f"{LIST}/{self._ids[date]}"), date, None):
                del self._ids[date]

    def denied(self) -> list[str]:
        """What is not as it was acknowledged, on either backend, or was never sent."""
        found: list[str] = []
        for path in EVERYTHING:
            reply = self._asked(Sent("GET", path, self.name))
            body = [] if reply is None else parsed(reply.body)
            rows = body if isinstance(body, list) else body["readings"]
            there = {datetime.fromisoformat(row["date"]): row["amount"] for row in rows}
            found += [
                f"{self.name} {path}: {there.get(date)} at {date:%Y-%m-%d}, not {self.possible[date]}"
                for date in {*self.possible, *there}
                if there.get(date) not in self.possible[date]
            ]
        return found

    def _sent(self, method: str, path: str, body: Any = None) -> Sent:
        return Sent(method, path, self.name, b"" if body is None else json.dumps(body).encode())

    def _written(self, sent: Sent, date: datetime, amount: Amount) -> Reply | None:
        """The answer of a write that was done."""
        reply = self._asked(sent)
        outcome = self.operations[-1].outcome
        if outcome is Outcome.DONE:
            self.possible[date] = {amount}
            return reply
        if outcome is Outcome.UNKNOWN:
            self.possible[date] |= {amount}
        return None

    def _asked(self, sent: Sent) -> Reply | None:
        began, reply = self._clock(), self._transport(sent)
        self.operations.append(self._operation(sent, began, reply))
        return reply
