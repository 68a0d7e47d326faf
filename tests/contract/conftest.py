"""Both stores behind the same ports: the fake and MongoDB."""

from typing import Any, cast
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import Ports, mongo_ports, now
from tests.fakes.publisher import FakePublisher
from tests.fakes.sides import FakeSides, fake_ports
from tests.fakes.store import FakeStore


@pytest.fixture(params=["fake", "mongo"])
def ports(request: pytest.FixtureRequest) -> Ports:
    """The ports on one of the two stores."""
    if request.param == "fake":
        store = FakeStore()
        return fake_ports(store, FakePublisher(), FakeSides(store, now))
    database = cast("Database[Any]", request.getfixturevalue("migrated"))
    return mongo_ports(database, FakePublisher())


@pytest.fixture
def user() -> str:
    """A user nobody else has: tests run side by side and on used databases."""
    return f"user|{uuid4().hex}"
