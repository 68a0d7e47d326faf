"""The deployed system on LocalStack: started on ports of its own, ended afterwards."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, TypeVar

import psutil
import pytest
from localstack_client.session import Session

from chalicelib.domain.backends.component import Component
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.flag_document import written
from chalicelib.flags.document.json_schema import first_document
from chalicelib.flags.document.names import COMPONENT_FLAGS, GLOBAL
from infra.local import laptop
from infra.local.layout import Layout
from infra.local.processes.pieces import Processes
from infra.local.throwaway import localstack as throwaway_localstack
from infra.local.throwaway import stack as throwaway_stack
from infra.local.waiting import wait_until
from infra.targets.flags import Flags, flags_at

TABLE = COMPONENT_FLAGS[Component.ENERGY_TABLE]
INTERVAL_SECONDS = 0.2  # each question takes a part of the machine from what is waited for
T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Deployed:
    """The running stack, as a person with a token reaches it."""

    layout: Layout

    def client(self, service: str, endpoint: str) -> Any:
        """An AWS client for the emulator behind ``endpoint``."""
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("AWS_ENDPOINT_URL", endpoint)  # where localstack-client looks
            return Session().client(service)

    def token(self, user: str, roles: tuple[str, ...] = ()) -> str:
        return laptop.token(self.layout, user, roles)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        user: str | None = None,
        content_type: str = "application/json",
        roles: tuple[str, ...] = (),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:
        request = urllib.request.Request(self.layout.base_url + path, body, {**headers}, method=method)
        request.add_header("Content-Type", content_type)
        if user:
            request.add_header("Authorization", f"Bearer {self.token(user, roles)}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    def record(self, user: str, date: str, amount: float) -> Answer:
        body = json.dumps({"type": "power", "date": date, "amount": amount}).encode()
        return self.request("POST", "/v2/energy", body, user=user)

    def display(self, user: str, year: int) -> Any:
        path = f"/v2/display?type=power&year={year}&dataType=monthly"
        answer = self.request("GET", path, user=user)
        assert answer.status == 200, answer.body
        return answer.json

    def process(self, piece: str) -> psutil.Process:
        """The process of a piece that runs."""
        process = Processes(self.layout).supervisor.process_of(piece)
        assert process is not None, f"{piece} does not run"
        return process

    def functions(self) -> list[psutil.Process]:
        """The processes of functions, idle ones too."""
        children = self.process("localstack").children(recursive=True)
        return [child for child in children if "awslambdaric" in command_of(child)]

    def kill(self, piece: str) -> None:
        process = self.process(piece)
        process.kill()
        process.wait(10)


def command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has just ended
        return ""


@pytest.fixture(scope="session")
def deployed() -> Iterator[Deployed]:
    """One stack for the tests that do not change it, demo household included."""
    with throwaway_stack(demo=True) as layout:
        yield Deployed(layout)


@pytest.fixture(scope="session")
def fragile() -> Iterator[Deployed]:
    """A stack whose pieces may be killed."""
    with throwaway_stack() as layout:
        yield Deployed(layout)


@pytest.fixture(scope="session")
def emulator() -> Iterator[Layout]:
    """One LocalStack for the tests that bring what they need, under names of their own."""
    with throwaway_localstack() as layout:
        yield layout


@pytest.fixture
def flags(deployed: Deployed) -> Iterator[Flags]:
    """The stack's flags, as the command line reaches them; off again afterwards, for the tests that follow."""
    with flags_at(deployed.layout) as flags:
        yield flags
        deploy_table(flags, enabled=False)


def deploy_table(flags: Flags, *, enabled: bool) -> None:
    """The table for everybody or nobody, nothing else, without a wait and without asking the data."""
    table = Flag(TABLE, 0, 0, enabled=enabled, rollout_percent=Decimal(100))
    document = first_document().with_flags(Flag(GLOBAL, 0, 0, enabled=enabled), table)
    deployment = flags.operations.changes.publishing.deployment
    deployment.complete(deployment.deploy(written(document), deployment.settled(stop=True), "a test"))


def eventually(ask: Callable[[], T], good: Callable[[T], bool], seconds: float = 30.0) -> T:
    """Ask until the answer is good; fails with the last answer at the deadline."""
    latest: list[T] = []

    def arrived() -> bool:
        latest[:] = [ask()]
        return good(latest[0])

    assert wait_until(arrived, seconds, INTERVAL_SECONDS), f"not within {seconds} s: {latest[0]}"
    return latest[0]
