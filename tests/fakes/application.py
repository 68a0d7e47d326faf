"""The whole application on fakes, in memory: what its routes and functions use, and the fakes behind them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, Ports, Surroundings, compose, using
from chalicelib.domain.ports.outside import Clock
from infra.simulation.memory.migration.sides import FakeSides
from infra.simulation.memory.migration.usage import FakeUsageLog
from infra.simulation.memory.ports import fake_ports
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
    flags = FakeFlags()
    sides = FakeSides(store, clock)
    ports = fake_ports(
        store,
        publisher,
        sides,
    )
    usage = cast(FakeUsageLog, ports.usage)
    aws = FakeAws()
    around = Surroundings(
        flags=flags,
    )
    container = compose(ports, verifier, clock, around, aws.outside())
    with using(container):
        yield Application(
            store=store,
            publisher=publisher,
            sides=sides,
            flags=flags,
            usage=usage,
            aws=aws,
            ports=ports,
            container=container,
        )
