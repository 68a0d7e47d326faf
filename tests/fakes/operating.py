"""The record of what operators have done, and what they look at in AWS, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from chalicelib.alarms.board import AlarmBoard
from chalicelib.bootstrap.desk import Outside
from chalicelib.dead_letters.operated import DeadLetterQueue
from chalicelib.domain.operating import Discarded, Done
from tests.fakes.alarms import FakeCloudWatch
from tests.fakes.dead_letters import Functions
from tests.fakes.sqs import FakeSqs
from tests.fakes.store import FakeStore

STACK = "energy-monitor-test"


class FakeOperatorActions:
    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self.done: list[Done] = []
        self.discarded: dict[str, Discarded] = {}

    def keep(self, done: Done) -> None:
        self._store.ping()
        self.done.append(replace(done, at=self._store.stored.clock()))

    def keep_discarded(self, letter: Discarded) -> None:
        self._store.ping()
        self.discarded[letter.id] = letter

    def newest(self, limit: int) -> Sequence[Done]:
        self._store.ping()
        return self.done[: -limit - 1 : -1]


@dataclass
class FakeAws:
    """A queue of dead letters, functions that can be called again, and alarms."""

    sqs: FakeSqs = field(default_factory=FakeSqs)
    functions: Functions = field(default_factory=Functions)
    cloudwatch: FakeCloudWatch = field(default_factory=FakeCloudWatch)

    def outside(self) -> Outside:
        letters = DeadLetterQueue(lambda: self.sqs, lambda: self.functions, "url", wait_seconds=0)
        return Outside(letters, AlarmBoard(lambda: self.cloudwatch, STACK))
