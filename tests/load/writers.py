"""Many writers to one meter at the same moment: each gets an answer in time, or a refusal that says when to retry."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Barrier

from infra.drills.api import Sent, Transport
from infra.drills.history.views import parsed
from infra.local.waiting import wait_until

WRITERS = 40
WARM_SECONDS = 120.0
GATEWAY_SECONDS = 29.0  # API Gateway waits for no longer
BEGIN = datetime(2022, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Written:
    """One write: where, what came (None: nothing), whether it says when to come again, and after how many seconds."""

    date: datetime
    status: int | None
    says_when: bool
    seconds: float

    @property
    def is_answered(self) -> bool:
        """Done, or refused as the application states it, within the gateway's time."""
        stated = self.status == 201 or (self.status == 503 and self.says_when)
        return stated and self.seconds < GATEWAY_SECONDS


def write_together(transport: Transport, user: str, writers: int = WRITERS, rounds: int = 1) -> list[Written]:
    """Each writer records readings of their own, one after another, all in one meter."""
    gate = Barrier(writers)

    def writes(number: int) -> list[Written]:
        gate.wait()
        return [_write(transport, user, BEGIN + timedelta(days=number * rounds + turn)) for turn in range(rounds)]

    with ThreadPoolExecutor(writers) as threads:
        return [written for each in threads.map(writes, range(writers)) for written in each]


def warm(transport: Transport, at_once: int) -> None:
    """Ask ``at_once`` times at the same moment until each is answered: then as many functions have started."""

    def asks(number: int) -> bool:
        return wait_until(
            lambda: _status(transport, Sent("GET", "/v2/settings", f"warm-{number}")) == 200, WARM_SECONDS
        )

    with ThreadPoolExecutor(at_once) as threads:
        list(threads.map(asks, range(at_once)))


def _status(transport: Transport, sent: Sent) -> int:
    reply = transport(sent)
    return 0 if reply is None else reply.status


def _write(transport: Transport, user: str, date: datetime) -> Written:
    body = {"type": "power", "date": date.isoformat(), "amount": (date - BEGIN).days + 1, "confirm": True}
    began = time.monotonic()
    reply = transport(Sent("POST", "/v2/energy", user, json.dumps(body).encode()))
    seconds = time.monotonic() - began
    if reply is None:
        return Written(date, None, False, seconds)
    return Written(date, reply.status, "retry-after" in reply.headers, seconds)


def denied(transport: Transport, user: str, written: Sequence[Written]) -> list[str]:
    """What is not as it was answered on either backend: after anything but 201 the reading may be there or not."""
    wanted = {each.date for each in written if each.status == 201}
    unsure = {each.date for each in written} - wanted
    found: list[str] = []
    for path in ("/v1/energy?type=power", "/v2/energy?type=power&limit=500"):
        reply = transport(Sent("GET", path, user))
        body = [] if reply is None else parsed(reply.body)
        rows = body if isinstance(body, list) else body["readings"]
        there = {datetime.fromisoformat(row["date"]) for row in rows}
        wrong = (there ^ wanted) - unsure
        found += [f"{path}: {date:%Y-%m-%d} is {'there' if date in there else 'not there'}" for date in sorted(wrong)]
    return found


def said(written: Sequence[Written]) -> str:
    """How many ended how, in words."""
    counts = Counter("no answer" if each.status is None else str(each.status) for each in written)
    return ", ".join(f"{number} x {status}" for status, number in sorted(counts.items()))
