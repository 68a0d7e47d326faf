"""Sending a request, finding out its outcome, and recording both."""

import time
from collections.abc import Iterable

from infra.drills.api import Reply, Sent, Transport
from infra.drills.history.operations import Operation, Outcome, Slot
from infra.errors import OperatorError

REFUSALS = frozenset({404, 409, 412})
NO_ANSWER_YET = 429  # the gateway has not passed it on


class Recorder:
    """``operations`` is the history of one person. ``started``: when it began, by the monotonic clock."""

    def __init__(self, name: str, transport: Transport, doubt_seconds: float, started: float) -> None:
        self.name = name
        self.operations: list[Operation] = []
        self._transport = transport
        self._doubt_seconds = doubt_seconds
        self._started = started
        self._versions: dict[str, int] = {}
        self._doubted: dict[Slot, float] = {}

    def _operation(
        self, sent: Sent, began: float, reply: Reply | None, more: Iterable[int] = frozenset[int]()
    ) -> Operation:
        """What is recorded of every request. Raises OperatorError for an answer that nobody expects."""
        status = None if reply is None else reply.status
        outcome = Outcome.UNKNOWN
        if status is not None and (status < 300 or status in more):
            outcome = Outcome.DONE
        elif status in REFUSALS:
            outcome = Outcome.REFUSED
        elif reply is not None and reply.status < 500 and reply.status != NO_ANSWER_YET:
            raise OperatorError(f"{sent}: {reply.status} {reply.body.decode(errors='replace')[:300]}")
        return Operation(
            number=len(self.operations),
            person=self.name,
            request=str(sent),
            began=began,
            ended=self._clock(),
            outcome=outcome,
            status=status,
            backend=None if reply is None else reply.backend,
            etag=None if reply is None else reply.headers.get("etag"),
        )

    def _is_doubted(self, slot: Slot) -> bool:
        return self._clock() <= self._doubted.get(slot, -1.0)

    def _reach(self, kind: str, version: int) -> None:
        self._versions[kind] = max(version, self._versions.get(kind, 0))

    def _clock(self) -> float:
        return time.monotonic() - self._started
