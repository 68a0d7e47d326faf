"""Fixtures: both stores behind the same ports, the fake and MongoDB."""

from dataclasses import replace
from typing import Any, cast
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import Ports, mongo_ports
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.repositories.display import MongoDisplayDataRepository
from chalicelib.repositories.lagging import MongoLaggingMeters
from infra.simulation.memory.display import FakeDisplay
from infra.simulation.memory.lagging import FakeLaggingMeters
from infra.simulation.memory.ports import fake_ports
from infra.simulation.memory.publisher import FakePublisher
from infra.simulation.memory.store import FakeStore


@pytest.fixture(params=["fake", "mongo"])
def ports(request: pytest.FixtureRequest) -> Ports:
    """The ports on one of the two stores."""
    if request.param == "fake":
        store = FakeStore()
        return fake_ports(store, FakePublisher())
    database = cast("Database[Any]", request.getfixturevalue("migrated"))
    return mongo_ports(database, FakePublisher())


@pytest.fixture
def newer(request: pytest.FixtureRequest, ports: Ports) -> Ports:
    """The same store, as code of the next calculation version uses it."""
    number = CALCULATION_VERSION + 1
    if isinstance(ports.transactions, FakeStore):
        store = ports.transactions
        return replace(ports, display=FakeDisplay(store, number), lagging=FakeLaggingMeters(store, number))
    database = cast("Database[Any]", request.getfixturevalue("migrated"))
    display, lagging = MongoDisplayDataRepository(database, 20, number), MongoLaggingMeters(database, 20, number)
    return replace(ports, display=display, lagging=lagging)


@pytest.fixture
def user() -> str:
    """A user nobody else has: tests run side by side and on used databases."""
    return f"user|{uuid4().hex}"
