"""The stated limit of an import holds on the stack's server; a smaller one refuses it and keeps nothing of it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.domain.errors import TooLargeError
from chalicelib.repositories.database import Collections, open_database
from infra.local.throwaway import mongod
from migrations import runner
from tests.integration.deployment import Deployment

pytestmark = pytest.mark.long

LIMIT = 50_000
START = datetime(2015, 1, 1, tzinfo=UTC)


def file_of(rows: int) -> bytes:
    lines = (f"{START + timedelta(hours=hour):%Y-%m-%dT%H:%MZ};{hour}" for hour in range(rows))
    return "\n".join(["Datum;Strom", *lines]).encode()


def test_the_largest_file_is_imported_in_one_transaction(migrated: Database[Any]) -> None:
    deployed, user = Deployment(migrated), uuid4().hex
    report = deployed.container.imports.bulk_create(user, file_of(LIMIT))
    assert report.success == LIMIT
    for name in (Collections.ENERGIES, Collections.READINGS):
        assert migrated[name].count_documents({"userId": user}) == LIMIT


def test_a_server_with_too_small_a_cache_says_so_and_nothing_is_written() -> None:
    with mongod() as uri:
        database = open_database(uri, "small")
        database.client.admin.command("setParameter", 1, wiredTigerEngineRuntimeConfig="cache_size=256M")
        runner.up(database)
        deployed = Deployment(database)
        with pytest.raises(TooLargeError, match="split the file"):
            deployed.container.imports.bulk_create("alice", file_of(LIMIT))
        for name in (Collections.ENERGIES, Collections.READINGS, Collections.METERS, Collections.IMPORTS):
            assert database[name].find_one() is None
        assert deployed.container.imports.bulk_create("alice", file_of(100)).success == 100
        database.client.close()
