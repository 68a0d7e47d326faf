"""What several layers of tests share."""

import os
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from pymongo.database import Database

from chalicelib.repositories.database import open_database
from migrations import runner

# Tables are printed as wide as here, whatever window the tests run in.
os.environ["COLUMNS"] = "200"
# Speed is measured by the benches: a busy machine must not turn a test red.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def mongodb_uri() -> Iterator[str]:
    """A MongoDB server of this test run's own."""
    from infra.local.throwaway import mongod

    with mongod() as uri:
        yield uri


@pytest.fixture
def migrated(mongodb_uri: str) -> Iterator[Database[Any]]:
    """A migrated database of this test's own."""
    database = open_database(mongodb_uri, f"test_{uuid4().hex[:12]}")
    runner.up(database)
    yield database
    database.client.drop_database(database.name)
    database.client.close()
