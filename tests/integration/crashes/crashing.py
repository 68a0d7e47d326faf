"""Runs one case in a process of its own that is killed at a chosen step.

A step is a command to MongoDB or a call to EventBridge; the drivers themselves list them, so a use case that sends a
new command gets new crash points by itself. Processes come from a fork server that has imported everything already.
"""

import multiprocessing
import os
import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, cast

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from chalicelib.repositories.database import open_database
from tests.fakes.bus import FakeBus
from tests.integration.crashes.crash_cases import play

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["__main__", "tests.integration.crashes.crash_preparation"])


@dataclass(frozen=True)
class CrashPoint:
    """Die before the step with this number is sent, or after its answer has come."""

    step: int
    after: bool


class Steps(CommandListener):
    """Counts every command and call, and ends the process at the crash point."""

    def __init__(self, crash: CrashPoint | None) -> None:
        self._crash = crash
        self.names: list[str] = []

    def begin(self, name: str) -> None:
        self.names.append(name)
        self._die_at(CrashPoint(len(self.names) - 1, after=False))

    def end(self) -> None:
        self._die_at(CrashPoint(len(self.names) - 1, after=True))

    def started(self, event: CommandStartedEvent) -> None:
        self.begin(event.command_name)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        self.end()

    def failed(self, event: CommandFailedEvent) -> None:
        self.end()

    def before_call(self, model: Any, **_: Any) -> None:
        self.begin(model.name)

    def after_call(self, **_: Any) -> None:
        self.end()

    def _die_at(self, here: CrashPoint) -> None:
        if here == self._crash:
            os.kill(os.getpid(), signal.SIGKILL)


def run(uri: str, database: str, case: str, user: str, crash: CrashPoint | None) -> list[str]:
    """Run a case in a process of its own; returns its steps, or nothing where it was killed."""
    receiver, sender = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=_run, args=(uri, database, case, user, crash, sender))
    process.start()
    sender.close()
    process.join(60)
    expected = 0 if crash is None else -signal.SIGKILL
    assert process.exitcode == expected, f"{case} at {crash} ended with {process.exitcode}"
    process.close()
    return cast("list[str]", receiver.recv()) if crash is None else []


def _run(uri: str, database: str, case: str, user: str, crash: CrashPoint | None, sender: Connection) -> None:
    steps, bus = Steps(crash), FakeBus()
    bus.client.meta.events.register("before-call.events", steps.before_call)
    bus.client.meta.events.register("after-call.events", steps.after_call)
    play(case, bus, open_database(uri, database, steps), user)
    sender.send(steps.names)
    sender.close()
