"""The lock by a clock that stands where a test puts it, on records that only remember what they were asked."""

import os
import re
import socket
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from migrations import lock as lock_module
from migrations.errors import LockedError
from migrations.lock import Lock, holder

START = 1_000.0
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
AT = datetime(2024, 5, 1, 12, 30, 1, tzinfo=UTC)
HOLDER = {
    "owner": "host:1:ab",
    "acquiredAt": AT,
    "heartbeatAt": AT.replace(second=2),
    "expiresAt": AT.replace(second=32),
}


class Records:
    """Takes each update as these say: how many documents match, or what fails."""

    def __init__(self, *matched: int | Exception, holds: dict[str, Any] | None = None) -> None:
        self.matched, self.holds = [*matched], holds
        self.asked: list[Any] = []

    def update_one(self, which: Any, change: Any, *, upsert: bool = False) -> Any:
        self.asked.append((which, change, upsert))
        matched = self.matched.pop(0) if self.matched else 1
        if isinstance(matched, Exception):
            raise matched
        return SimpleNamespace(matched_count=matched)

    def find_one(self, which: Any) -> dict[str, Any] | None:
        self.asked.append(which)
        return self.holds


class Waiting:
    """The event by which a lock ends its thread: it lets some rounds pass."""

    def __init__(self, rounds: int) -> None:
        self.rounds, self.waited = rounds, list[float]()

    def wait(self, seconds: float) -> bool:
        self.waited.append(seconds)
        self.rounds -= 1
        return self.rounds < 0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the clock says, in seconds."""
    clock = [START]
    monkeypatch.setattr(lock_module, "monotonic", lambda: clock[0])
    return clock


def of(records: Records, seconds: float = 30.0) -> Lock:
    made: Any = records
    return Lock(made, seconds)


def alive(seconds: float) -> dict[str, Any]:
    return {"heartbeatAt": "$$NOW", "expiresAt": {"$add": ["$$NOW", int(1_000 * seconds)]}}


def test_a_lock_is_taken_where_it_has_expired_and_given_back_by_its_owner_alone() -> None:
    records = Records()
    with of(records, 20.5) as lock:
        assert re.fullmatch(rf"{re.escape(socket.gethostname())}:{os.getpid()}:[0-9a-f]{{8}}", lock.owner)
    assert records.asked == [
        ({"_id": "lock"}, {"$setOnInsert": {"expiresAt": LONG_AGO}}, True),
        (
            {"_id": "lock", "$expr": {"$lte": ["$expiresAt", "$$NOW"]}},
            [{"$set": {"owner": lock.owner, "acquiredAt": "$$NOW", **alive(20.5)}}],
            False,
        ),
        ({"_id": "lock", "owner": lock.owner}, {"$set": {"expiresAt": LONG_AGO}}, False),
    ]


def test_a_runner_that_says_nothing_else_has_half_a_minute() -> None:
    records: Any = Records()
    with Lock(records):
        [_, (_, [taken], _)] = records.asked
    assert taken["$set"]["expiresAt"] == {"$add": ["$$NOW", 30_000]}


def test_a_database_that_is_away_at_the_end_lets_the_lock_expire() -> None:
    with of(Records(1, 1, AutoReconnect("away"))):
        pass


def test_a_lock_is_good_for_its_seconds_and_not_a_moment_longer(clock: list[float]) -> None:
    lost = r"^this runner has lost its lock \(it could not renew it in time\); run the command again$"
    with pytest.raises(LockedError, match=lost):
        of(Records()).check()
    with of(Records()) as lock:
        clock[0] = START + 29.9
        lock.check()
        clock[0] = START + 30.0
        with pytest.raises(LockedError, match=lost):
            lock.check()


@pytest.mark.parametrize(
    ("holds", "said"),
    [
        (None, "another runner has just held the lock; run the command again"),
        (
            HOLDER,
            "host:1:ab has held the lock since 2024-05-01 12:30:01 UTC (last sign of life 12:30:02); wait for it. If "
            "that process is dead, its lock ends by itself at 12:30:32 UTC",
        ),
    ],
)
def test_who_comes_second_learns_who_holds_it(holds: dict[str, Any] | None, said: str) -> None:
    lock = of(Records(1, 0, holds=holds))
    with pytest.raises(LockedError) as refused, lock:
        pass
    assert str(refused.value) == said
    assert not lock._thread.is_alive()


def kept_alive(clock: list[float], *rounds: int | Exception) -> tuple[Lock, Records, Waiting]:
    """A lock after these rounds of its thread, one second after the other, beginning a second after it was taken."""
    records, waiting = Records(*rounds), Waiting(len(rounds))
    lock = of(records)
    lock._valid_until = START + 30
    real = waiting.wait

    def wait(seconds: float) -> bool:
        clock[0] += 1
        return real(seconds)

    released: Any = SimpleNamespace(wait=wait)
    lock._released = released
    lock._keep_alive()
    return lock, records, waiting


def test_a_lock_is_renewed_three_times_in_its_seconds(clock: list[float]) -> None:
    lock, records, waiting = kept_alive(clock, 1, 1)
    assert waiting.waited == [10.0] * 3
    assert records.asked == [({"_id": "lock", "owner": lock.owner}, [{"$set": alive(30)}], False)] * 2
    assert lock._valid_until == START + 2 + 30


def test_a_database_that_is_away_is_asked_again_and_the_lock_is_good_as_long_as_it_was(clock: list[float]) -> None:
    lock, records, _ = kept_alive(clock, AutoReconnect("away"), AutoReconnect("away"))
    assert (len(records.asked), lock._valid_until) == (2, START + 30)
    assert kept_alive(clock, AutoReconnect("away"), 1)[0]._valid_until == clock[0] - 1 + 30


def test_a_lock_that_somebody_else_has_is_lost_at_once(clock: list[float]) -> None:
    lock, _, _ = kept_alive(clock, 0)
    with pytest.raises(LockedError):
        lock.check()


def test_who_holds_a_lock_is_in_its_document_until_it_expires() -> None:
    records: Any = Records(holds=HOLDER)
    assert holder(records) == HOLDER
    assert records.asked == [{"_id": "lock", "$expr": {"$gt": ["$expiresAt", "$$NOW"]}}]
