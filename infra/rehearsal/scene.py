"""The scene of a rehearsal: a stack, its operator, its people, and the values that one step hands to another."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from chalicelib.repositories.database import MongoDatabase, open_database
from infra.drills.api import ATTEMPTS, OPERATOR, PAUSE_SECONDS, Api, Sent, Transport, http
from infra.drills.history.views import parsed
from infra.errors import OperatorError
from infra.local.layout import Layout
from infra.local.waiting import wait_until
from infra.rehearsal.operator import Operator, Running
from infra.rehearsal.people import People

HOUSEHOLDS, ACTIVE = 24, 3
REASON = "a rehearsal"
OPERATOR_NAME = "olga"
CONNECTIONS = 16


@dataclass
class Scene:
    """``late``: commits a write that began before the sync mode was changed. ``drill``: the one under way.

    ``victim``: whose figure the planted bug makes wrong; ``fingerprint``: how the comparison calls it.
    """

    layout: Layout
    drill: Running | None = None
    late: Callable[[], None] | None = None
    victim: str = ""
    fingerprints: tuple[str, ...] = ()
    _ends: list[Callable[[], None]] = field(default_factory=list)

    @cached_property
    def operator(self) -> Operator:
        """Who operates it."""
        return Operator(self.layout)

    @cached_property
    def people(self) -> People:
        """Who lives there."""
        return People(Api(self.transport), self.get, HOUSEHOLDS, ACTIVE)

    @cached_property
    def database(self) -> MongoDatabase:
        """What it keeps, past every rule: for what nobody may do and somebody does."""
        database = open_database(self.layout.mongodb_uri, self.layout.database)
        self.ends_with(database.client.close)
        return database

    @cached_property
    def transport(self) -> Transport:
        """How everybody reaches it."""
        return http(self.layout, CONNECTIONS)

    def get(self, sent: Sent) -> Any:
        """What comes back, its numbers exact. Raises OperatorError for another answer than 200."""
        for _ in range(ATTEMPTS):
            reply = self.transport(sent)
            if reply is not None and reply.status < 500:
                break
            time.sleep(PAUSE_SECONDS)
        if reply is None or reply.status != 200:
            found = "no answer" if reply is None else f"{reply.status} {reply.body.decode(errors='replace')[:200]}"
            raise OperatorError(f"{sent}: {found}")
        return parsed(reply.body)

    def look(self, path: str) -> Any:
        """An operator looks over HTTP, which takes no start of a program. Raises OperatorError."""
        return self.get(Sent("GET", path, OPERATOR_NAME, role=OPERATOR))

    def order(self, path: str, **body: Any) -> Any:
        """An operator changes something over HTTP; the reason is added. Raises OperatorError."""
        content = json.dumps({"reason": REASON, **body}).encode()
        return self.get(Sent("POST", path, OPERATOR_NAME, content, role=OPERATOR))

    def check(self) -> None:
        """Raise what was wrong beside the steps: an answer to one of the people."""
        self.people.check()

    def ends_with(self, end: Callable[[], None]) -> None:
        """Do this in the end, whatever becomes of the rehearsal."""
        self._ends.append(end)

    def end(self) -> None:
        """The latest first."""
        while self._ends:
            self._ends.pop()()


def require(holds: object, problem: str) -> None:
    """Raise OperatorError with the problem unless something holds."""
    if not holds:
        raise OperatorError(problem)


def arrives(condition: Callable[[], bool], seconds: float, problem: Callable[[], str]) -> None:
    """Wait until a condition holds. Raises OperatorError with the problem where it does not within these seconds."""
    if not wait_until(condition, seconds):
        raise OperatorError(f"not within {seconds:.0f} s: {problem()}")
