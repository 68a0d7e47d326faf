"""Composes the services behind operators' routes beside flags, on MongoDB, SQS, Lambda and CloudWatch."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any, NoReturn

from chalicelib.alarm_states.board import AlarmBoard
from chalicelib.alarm_states.client import cloudwatch
from chalicelib.bootstrap.operations import (
    Operations,
    Ports,
    now,
)
from chalicelib.dead_letters.client import functions, sqs
from chalicelib.dead_letters.operated import DeadLetterQueue
from chalicelib.dead_letters.over_http import LetterCommands
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.operating import OperatorActions
from chalicelib.domain.ports.outside import Clock
from chalicelib.services.migration.retirement.commands import RetirementCommands
from chalicelib.services.migration.sync.sync_modes import SyncModeService

# For a comparison, and a page of it may take as long again: API Gateway gives up after 29 s.
STEP_SECONDS = 10.0


def _nobody(*_: Any) -> NoReturn:
    raise UnavailableError("this process knows no AWS of a deployment")


@dataclass(frozen=True, slots=True)
class Outside:
    """What is kept in AWS and looked at by operators; by itself there is nothing."""

    letters: DeadLetterQueue = field(default_factory=lambda: DeadLetterQueue(_nobody, _nobody, ""))
    alarms: AlarmBoard = field(default_factory=lambda: AlarmBoard(_nobody, ""))


@dataclass(frozen=True, slots=True)
class Operators:
    """What operators look at and decide."""

    letters: LetterCommands
    alarms: AlarmBoard
    actions: OperatorActions
    modes: SyncModeService  # which compares for no longer than a request may take
    retirement: RetirementCommands


def operators(
    outside: Outside,
    ports: Ports,
    operations: Operations,
    clock: Clock = now,
) -> Operators:
    """Put it together."""
    consistency = operations.consistency
    modes = SyncModeService(
        ports.sync_control,
        partial(consistency.count_differences_within, STEP_SECONDS),
        consistency.sides_are_equal,
        ports.twins.count_readings,
    )
    return Operators(
        LetterCommands(outside.letters, ports.operator_actions),
        outside.alarms,
        ports.operator_actions,
        modes,
        RetirementCommands(ports.retirement, clock),
    )


def deployed_outside(queue_url: str, stack: str) -> Outside:
    """That of a deployment; nothing is asked before somebody wants to know."""
    return Outside(DeadLetterQueue(sqs, functions, queue_url), AlarmBoard(cloudwatch, stack))
