"""A database with two households, an empty one, and the commands."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import mongo_ports, now
from chalicelib.repositories.database import open_database
from chalicelib.services.recording.configuration import ExchangeDraft
from tests.contract.migration.flag_changes import change
from tests.integration.deployment import GAS, POWER, Deployment
from tests.integration.infra.backup.backing_up import READINGS, Commands
from tests.integration.infra.operator_shell import Shell


@pytest.fixture
def deployed(migrated: Database[Any]) -> Deployment:
    """Two households; one has another zone and an exchanged meter, and corrected a reading."""
    deployment = Deployment(migrated)
    for user in (uuid4().hex, uuid4().hex):
        for kind in (POWER, GAS):
            ids = [deployment.create(user, date, amount, kind) for date, amount in READINGS]
        deployment.change(user, ids[2], amount=1700)
    deployment.container.configuration.add_exchange(user, ExchangeDraft(POWER, "2024-03-01", Decimal(2400), Decimal(3)))
    migrated["quarantined_readings"].insert_one({"_id": uuid4().hex, "reasons": ["x"], "amount": 5.0})
    mongo_ports(migrated, deployment.publisher).flag_history.save(change(now(), "one"), b"{}")
    deployment.operations.sweeper.run_at_once(60)
    return deployment


@pytest.fixture
def empty(mongodb_uri: str) -> Iterator[Database[Any]]:
    """A database that nobody has used."""
    database = open_database(mongodb_uri, f"test_{uuid4().hex[:12]}")
    yield database
    database.client.drop_database(database.name)
    database.client.close()


@pytest.fixture
def commands(
    mongodb_uri: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Commands:
    monkeypatch.setenv("MONGODB_URI", mongodb_uri)
    return Commands(monkeypatch, Shell(capsys), tmp_path)
