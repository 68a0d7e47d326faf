"""A small system in memory, for tests of drills: two sides, flipped at once, and faults on demand. No tests here."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from infra.drills.api import Api, Reply, Sent

OLD, NEW = "old", "new"
FORMS = "/components/energy_forms"
Rows = dict[str, dict[str, Any]]  # by id
Fault = Callable[[Sent, Callable[[], Reply]], Reply | None]


@dataclass
class FakeSystem:
    """Implements ``Ground`` and the transport of its ``Api``. ``fault`` may answer in its place; None: nobody does."""

    dual: bool = True
    active: str = OLD
    sides: dict[str, dict[str, Rows]] = field(default_factory=lambda: {OLD: {}, NEW: {}})
    fault: Fault = lambda _sent, answer: answer()
    control_loses: bool = True
    requests: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._ids = count()
        self._lock = threading.Lock()

    @property
    def api(self) -> Api:
        return Api(self.transport, pause=lambda _: None)

    def flip_alone(self, side: str) -> None:
        self.active, self.dual = side, not self.control_loses

    def mend(self) -> None:
        self.dual = True

    def flip(self, side: str) -> float:
        self.active = side
        return 0.5

    def roll_back(self) -> float:
        self.active = OLD
        return 0.25

    def transport(self, sent: Sent) -> Reply | None:
        with self._lock:
            self.requests[sent.method] += 1
            return self.fault(sent, lambda: self._answer(sent))

    def rows(self, side: str, user: str) -> Rows:
        return self.sides[side].setdefault(user, {})

    def _answer(self, sent: Sent) -> Reply:
        if sent.method == "GET":
            rows = [{"date": row["date"], "amount": row["amount"]} for row in self.rows(OLD, sent.user).values()]
            return self._reply(200, {"readings": rows, "nextCursor": None}, OLD)
        if sent.path.endswith("csv_import"):
            date, kind, amount = sent.body.decode().splitlines()[1].split(",")
            self._store(sent.user, str(next(self._ids)), {"type": kind, "date": date, "amount": float(amount)})
            return self._reply(200, {})
        return self._form(sent, sent.path.removeprefix(FORMS).removeprefix("/"))

    def _form(self, sent: Sent, reading_id: str) -> Reply:
        known = self.rows(self.active, sent.user)
        if sent.method == "POST":
            body = json.loads(sent.body)
            if any(row["date"] == body["date"] for row in known.values()):
                return self._reply(409, {})
            new_id = str(next(self._ids))
            self._store(sent.user, new_id, body)
            return self._reply(201, {"id": new_id})
        if reading_id not in known:
            return self._reply(404, {})
        if sent.method == "DELETE":
            for side in self._written():
                self.rows(side, sent.user).pop(reading_id, None)
            return Reply(204, self.active, b"")
        self._store(sent.user, reading_id, known[reading_id] | json.loads(sent.body))
        return self._reply(200, {})

    def _store(self, user: str, reading_id: str, row: dict[str, Any]) -> None:
        for side in self._written():
            self.rows(side, user)[reading_id] = row

    def _written(self) -> list[str]:
        return [OLD, NEW] if self.dual else [self.active]

    def _reply(self, status: int, body: Any, backend: str | None = None) -> Reply:
        return Reply(status, backend or self.active, json.dumps(body).encode())
