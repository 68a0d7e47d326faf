"""The whole application on fakes, in memory: what its routes and functions use, and what stands behind them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, Ports, Rollout, compose, using
from chalicelib.domain.ports import Clock
from infra.simulation.memory.migration.sides import FakeSides, fake_ports
from infra.simulation.memory.migration.usage import FakeUsageLog
from infra.simulation.memory.publisher import FakePublisher
from infra.simulation.memory.store import FakeStore
from tests.fakes.operating import FakeAws
from tests.fakes.rollout import FakeFlags


@dataclass
class Application:
    """The fakes, and the container made of them."""

    store: FakeStore
    publisher: FakePublisher
    sides: FakeSides
    flags: FakeFlags
    usage: FakeUsageLog
    aws: FakeAws
    ports: Ports
    container: Container


@contextmanager
def application(verifier: TokenVerifier, clock: Clock) -> Iterator[Application]:
    """Let routes and functions of this process use a new application, for as long as the block runs."""
    store, publisher = FakeStore(clock), FakePublisher()
    sides, flags = FakeSides(store, clock), FakeFlags()
    ports = fake_ports(store, publisher, sides)
    usage = cast(FakeUsageLog, ports.usage)
    aws = FakeAws()
    container = compose(ports, verifier, clock, Rollout(flags), aws.outside())
    with using(container):
        yield Application(store, publisher, sides, flags, usage, aws, ports, container)
