"""The deployed routes as people use them: each write is sent until its outcome is known."""

import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import urllib3

from infra.errors import OperatorError
from infra.local import laptop
from infra.local.layout import Layout

ATTEMPTS = 60
PAUSE_SECONDS = 0.25
REQUEST_SECONDS = 30.0
CONNECTIONS = 8
OPERATOR = "operator"
OLD = "old"
PAGE = "/components/energy_table?forceOld=true&limit=500"
Content = dict[datetime, Decimal]  # amounts by date


@dataclass(frozen=True, slots=True)
class Sent:
    """One request of a person, or of an operator in a person's place."""

    method: str
    path: str
    user: str
    body: bytes = b""
    content_type: str = "application/json"
    role: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """For messages: whose it is does not matter."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; the names of ``headers`` are in small letters."""

    status: int
    backend: str | None
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The known outcome of a write. ``surely_first``: no attempt before it can have done anything."""

    status: int
    backend: str
    body: Any
    surely_first: bool


Transport = Callable[[Sent], Reply | None]  # None: the connection was cut, or there was none


class Api:
    """What people ask, and what they do when nobody knows what became of it."""

    def __init__(self, transport: Transport, pause: Callable[[float], None] = time.sleep) -> None:
        self._transport = transport
        self._pause = pause

    def send(self, sent: Sent, known: Collection[int]) -> Outcome:
        """Send until the outcome is known; ``known`` are the statuses that say so. Raises OperatorError."""
        for attempt in range(ATTEMPTS):
            reply = self._transport(sent)
            if reply is not None and reply.status in known:
                body = json.loads(reply.body, parse_float=Decimal) if reply.body else None
                return Outcome(reply.status, _backend(sent, reply), body, surely_first=attempt == 0)
            if reply is not None and reply.status < 500:
                raise OperatorError(f"{sent}: {reply.status} {reply.body.decode(errors='replace')[:300]}")
            self._pause(PAUSE_SECONDS)
        raise OperatorError(f"{sent}: no usable answer in {ATTEMPTS} attempts")

    def old_table(self, user: str) -> Content:
        """Everything that the old backend shows of a user. Raises OperatorError."""
        shown: Content = {}
        path = PAGE
        while True:
            page = self._old_page(Sent("GET", path, user, role=OPERATOR))
            rows = page["readings"]
            shown |= {datetime.fromisoformat(row["date"]): Decimal(row["amount"]) for row in rows}
            if page["nextCursor"] is None:
                return shown
            path = f"{PAGE}&cursor={page['nextCursor']}"

    def _old_page(self, sent: Sent) -> Any:
        """A function goes by the mode before for a second: until then the new backend may still answer."""
        for _ in range(ATTEMPTS):
            outcome = self.send(sent, {200})
            if outcome.backend == OLD:
                return outcome.body
            self._pause(PAUSE_SECONDS)
        raise OperatorError(f"{sent}: the old backend does not answer, though nothing else may")


def _backend(sent: Sent, reply: Reply) -> str:
    if reply.backend is None:
        raise OperatorError(f"{sent}: {reply.status} without X-Backend: the answer is not the application's")
    return reply.backend


def http(layout: Layout, connections: int = CONNECTIONS) -> Transport:
    """Over HTTP to a laptop stack, with tokens that it has signed."""
    pool = urllib3.PoolManager(maxsize=connections, retries=False, timeout=REQUEST_SECONDS)
    tokens: dict[tuple[str, str | None], str] = {}

    def transport(sent: Sent) -> Reply | None:
        if (sent.user, sent.role) not in tokens:
            roles = () if sent.role is None else (sent.role,)
            tokens[sent.user, sent.role] = laptop.token(layout, sent.user, roles)
        own = {"Authorization": f"Bearer {tokens[sent.user, sent.role]}", "Content-Type": sent.content_type}
        try:
            url, headers = layout.base_url + sent.path, {**sent.headers, **own}
            answer = pool.request(sent.method, url, body=sent.body or None, headers=headers)
        except urllib3.exceptions.HTTPError:
            return None
        said = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(answer.status, said.get("x-backend"), answer.data, said)

    return transport
