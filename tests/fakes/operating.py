"""Fakes of the AWS services that operators look at, in memory."""

from dataclasses import dataclass, field

from chalicelib.alarm_states.board import AlarmBoard
from chalicelib.bootstrap.operators import Outside
from chalicelib.dead_letters.operated import DeadLetterQueue
from tests.fakes.alarms import FakeCloudWatch
from tests.fakes.dead_letters import Functions
from tests.fakes.sqs import FakeSqs

STACK = "energy-monitor-test"


@dataclass
class FakeAws:
    """A queue of dead letters, functions that can be called again, and alarms."""

    sqs: FakeSqs = field(default_factory=FakeSqs)
    functions: Functions = field(default_factory=Functions)
    cloudwatch: FakeCloudWatch = field(default_factory=FakeCloudWatch)

    def outside(self) -> Outside:
        letters = DeadLetterQueue(lambda: self.sqs, lambda: self.functions, "url", wait_seconds=0)
        return Outside(letters, AlarmBoard(lambda: self.cloudwatch, STACK))
