"""Databases of a test's own, as the old application left them."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.repositories.database import open_database
from infra.local.demo import old_energies
from migrations import runner
from tests.integration.repositories.inherited_database import set_mode

USERS, DEFECTIVE, READINGS = 6, 2, 30


@pytest.fixture
def inherited(mongodb_uri: str) -> Iterator[Database[Any]]:
    """A database of this test's own, as the old application left it."""
    database = open_database(mongodb_uri, f"test_{uuid4().hex[:12]}")
    old_energies.fill(database, USERS, READINGS, DEFECTIVE)
    # written by hand: a date that Python cannot hold would stop everybody who reads it
    database["energies"].aggregate(
        [
            {"$limit": 1},
            {"$set": {"_id": "far future", "date": {"$toDate": 10**15}, "userId": 17}},
            {"$merge": {"into": "energies"}},
        ]
    )
    yield database
    database.client.drop_database(database.name)
    database.client.close()


@pytest.fixture
def dual(inherited: Database[Any]) -> Database[Any]:
    """The same after 001, in ``dual_write``, drained."""
    runner.up(inherited)
    set_mode(inherited, SyncMode.DUAL_WRITE)
    return inherited
