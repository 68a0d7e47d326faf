"""The rehearsal's operator: runs commands of the command line, calls functions, switches rules off.

Nothing here knows what a rehearsal is.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from infra.errors import OperatorError
from infra.local.layout import ROOT, Layout
from infra.targets.deployment import Deployment
from infra.targets.target import Target

COMMAND_SECONDS = 900.0
ENDING_SECONDS = 300.0  # one that brings up a stack comes to the end of a step first
TARGETS = ("MONGODB_URI", "MONGODB_DATABASE", "STACK_NAME")  # what would lead a command elsewhere


@dataclass(frozen=True, slots=True)
class Said:
    """What a command has said: its exit code, its JSON (None: it printed none), and everything that it printed."""

    code: int
    body: Any
    text: str


class Running:
    """A command under way."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._command = command
        self._process = subprocess.Popen(  # noqa: S603 - our own command line
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def said(self, known: Collection[int] = (0,)) -> Said:
        """Wait for its end. Raises OperatorError for another exit code than the ``known`` ones."""
        try:
            out, error = self._process.communicate(timeout=COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            self.end()
            raise OperatorError(f"{self}: not done within {COMMAND_SECONDS:.0f} s") from None
        said = Said(self._process.returncode, _json(out), out)
        if said.code not in known or (said.code and said.body is None):  # what is only bad news is JSON all the same
            raise OperatorError(f"{self}: exit {said.code}: {_last(error) or _last(out)}")
        return said

    def end(self) -> None:
        """Let it end in order, what it has started included; nothing where it has said what it had to."""
        if self._process.stdout is None or self._process.stdout.closed:
            return
        self._process.send_signal(signal.SIGTERM)  # nothing happens where it has ended
        try:
            self._process.communicate(timeout=ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def __str__(self) -> str:
        return " ".join(self._command[2:])


@dataclass(frozen=True, slots=True)
class Operator:
    """Works on one laptop stack."""

    layout: Layout

    def infra(self, *arguments: str, known: Collection[int] = (0,)) -> Said:
        """A command of ``python -m infra``, on this stack. Raises OperatorError for an exit code that is not known."""
        return self.begin(*arguments).said(known)

    def begin(self, *arguments: str) -> Running:
        """Start a command, without waiting for it."""
        return Running(_command("infra", *arguments, "--name", self.layout.name), _environment())

    def migrations(self, *arguments: str, known: Collection[int] = (0,)) -> Said:
        """A command of ``python -m migrations``, on the database alone: the stack may not have come up yet."""
        database = {"MONGODB_URI": self.layout.mongodb_uri, "MONGODB_DATABASE": self.layout.database}
        return Running(_command("migrations", *arguments), _environment() | database).said(known)

    def alone(self, *arguments: str) -> str:
        """What a command of ``python -m infra`` prints that works on no stack and knows no JSON."""
        return Running([sys.executable, "-m", "infra", *arguments], _environment()).said().text

    def call(self, function: str) -> Any:
        """One run of a deployed function, now, instead of its next one by schedule. Raises OperatorError."""
        answer = self._deployment.client("lambda").invoke(FunctionName=self._name_of(function), Payload=b"{}")
        body = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise OperatorError(f"{function} failed: {body}")
        return body

    def unschedule(self, function: str) -> None:
        """Its schedule calls a function no more. The targets go: LocalStack calls those of a disabled schedule too."""
        events, rule = self._deployment.client("events"), self._name_of(f"{function}Schedule")
        targets = events.list_targets_by_rule(Rule=rule)["Targets"]
        events.remove_targets(Rule=rule, Ids=[target["Id"] for target in targets])

    def switch_off(self, rule: str) -> None:
        """The application's bus passes nothing on by this rule any more."""
        self._deployment.client("events").disable_rule(**self._rule(rule))

    def switch_on(self, rule: str) -> None:
        """It does so again."""
        self._deployment.client("events").enable_rule(**self._rule(rule))

    @property
    def _deployment(self) -> Deployment:
        return Deployment.of(Target.of_stack(self.layout))

    def _rule(self, rule: str) -> dict[str, str]:
        return {"Name": self._name_of(rule).rpartition("|")[2], "EventBusName": self._deployment.stack}

    def _name_of(self, resource: str) -> str:
        found = self._deployment.client("cloudformation").describe_stack_resource(
            StackName=self._deployment.stack, LogicalResourceId=resource
        )
        return str(found["StackResourceDetail"]["PhysicalResourceId"])


def _command(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments, "--json"]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in TARGETS}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _last(text: str) -> str:
    return " ".join(text.strip().splitlines()[-3:])[:600]
