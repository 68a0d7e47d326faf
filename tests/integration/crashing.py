"""Runs one use case in a process of its own that is killed at a chosen step.

A step is a command to MongoDB or a call to AWS; the drivers themselves list them, so a use case that sends a new
command gets new crash points by itself. Processes come from a fork server that has imported everything already.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from multiprocessing.connection import Connection
from typing import Any, cast

import boto3
from moto import mock_aws
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from chalicelib.api.auth import TokenVerifier
from chalicelib.bootstrap import Container, compose, mongo_ports
from chalicelib.domain.ports import PageRequest, ReadingFilter, UserSettings
from chalicelib.domain.readings import EnergyType
from chalicelib.domain.sync import Side
from chalicelib.events.eventbridge import EventBridgePublisher
from chalicelib.repositories.database import open_database
from chalicelib.services.configuration import ExchangeDraft
from chalicelib.services.energy_crud import ReadingCorrection, ReadingDraft

POWER = EnergyType.POWER
CSV = b"date,type,amount\n2023-05-31,power,1500\n2023-06-30,power,1600\n2023-06-30,gas,20\n"
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])


def create(container: Container, user: str) -> None:
    container.energy.create(user, ReadingDraft(POWER, "2023-04-30", Decimal("1400.5")))


def update(container: Container, user: str) -> None:
    reading = container.old.readings(user, POWER)[1]
    container.energy.update(user, reading.id, ReadingCorrection(date="2023-02-27", amount=Decimal("1090.25")))


def delete(container: Container, user: str) -> None:
    container.energy.delete(user, container.old.readings(user, POWER)[1].id)


def import_file(container: Container, user: str) -> None:
    container.imports.bulk_create(user, CSV)


def exchange(container: Container, user: str) -> None:
    container.configuration.add_exchange(user, ExchangeDraft(POWER, "2023-02-14T12:00Z", Decimal(1050)))


def settings(container: Container, user: str) -> None:
    container.configuration.change(user, UserSettings(tolerance_days=1), {POWER: Decimal(100000)})


def refresh(container: Container, user: str) -> None:
    container.calculation.refresh(user, POWER)


WRITES: dict[str, Callable[[Container, str], None]] = {
    case.__name__: case for case in (create, update, delete, import_file, exchange, settings)
}
CASES = {**WRITES, refresh.__name__: refresh}


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
    """Run a use case in a process of its own; returns its steps, or nothing where it was killed."""
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
    steps = Steps(crash)
    with mock_aws():
        client = boto3.client("events", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        client.create_event_bus(Name="energy")
        client.meta.events.register("before-call.events", steps.before_call)
        client.meta.events.register("after-call.events", steps.after_call)
        ports = mongo_ports(open_database(uri, database, steps), EventBridgePublisher(lambda: client, "energy"))
        CASES[case](compose(ports, cast(TokenVerifier, None), lambda: 1_700_000_000_000), user)
    sender.send(steps.names)
    sender.close()


def readings(container: Container, user: str, side: Side) -> list[tuple[str, str, int, Decimal]]:
    """Everything a side has of a user."""
    return [
        (reading.id, reading.type.value, reading.instant, reading.amount)
        for kind in EnergyType
        for reading in container.queries.page(user, PageRequest(ReadingFilter(kind), descending=False, limit=0), side)
    ]
