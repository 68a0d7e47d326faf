"""What several layers of tests share."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from pymongo.database import Database

from tests.migrated_databases import MigratedDatabases

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


@pytest.fixture(scope="session")
def migrated_databases(mongodb_uri: str) -> MigratedDatabases:
    return MigratedDatabases(mongodb_uri)


@pytest.fixture
def migrated(migrated_databases: MigratedDatabases) -> Iterator[Database[Any]]:
    """A migrated database of this test's own."""
    with migrated_databases.one() as database:
        yield database
