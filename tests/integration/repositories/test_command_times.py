"""What the database takes is measured by collection, and what a view takes by itself."""

import json
from contextlib import suppress
from typing import Any, cast

import pytest
from pymongo.database import Database

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import compose, mongo_ports, now
from chalicelib.domain.errors import DuplicateReadingError
from chalicelib.domain.readings import EnergyType
from chalicelib.monitoring.metrics import flush, metrics
from chalicelib.repositories.command_times import CommandTimes
from chalicelib.repositories.database import Collections, open_database
from infra.simulation.memory.publisher import FakePublisher

FILE = b"Datum;Strom\n01.01.2023;1000\n01.02.2023;1100\n"


@pytest.fixture
def times(mongodb_uri: str, migrated: Database[Any]) -> Any:
    times = CommandTimes()
    database = open_database(mongodb_uri, migrated.name, times)
    metrics().clear_metrics()
    yield times, compose(mongo_ports(database, FakePublisher()), cast(TokenVerifier, None), now), database
    database.client.close()
    metrics().clear_metrics()


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, list[float]]:
    """The values of each collection; where there is none, of a metric without a dimension of its own."""
    capsys.readouterr()
    flush()
    found: dict[str, list[float]] = {}
    for line in map(json.loads, capsys.readouterr().out.splitlines()):
        if "RepositoryDuration" in line:
            found[line["collection"]] = line["RepositoryDuration"]
        if "DisplayQueryDuration" in line:
            found["a view"] = line["DisplayQueryDuration"]
    return found


def test_commands_are_timed_by_collection_and_the_end_of_a_transaction_too(
    times: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    listener, container, _ = times
    container.imports.bulk_create("alice", FILE)
    found = said(capsys)
    assert {"meters", "energies", "control", "transactions"} <= set(found)
    assert set(found) <= {*map(str, Collections), "transactions"}
    assert all(value > 0 for values in found.values() for value in values)
    assert not listener._running


def test_a_view_is_timed_when_it_is_read(times: Any, capsys: pytest.CaptureFixture[str]) -> None:
    _, container, _ = times
    container.imports.bulk_create("alice", FILE)
    container.calculation.refresh("alice", EnergyType.POWER)
    said(capsys)
    container.display.monthly("alice", EnergyType.POWER, 2023)
    found = said(capsys)
    assert len(found["a view"]) == 1
    assert found["a view"] >= found["meters"] > [0]


def test_what_fails_is_timed_too_and_what_is_no_collection_of_ours_is_not(
    times: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    listener, container, database = times
    container.ping()
    database["another"].find_one({})
    assert said(capsys) == {}
    for _ in range(2):
        with suppress(DuplicateReadingError):
            container.imports.bulk_create("alice", FILE)
    with pytest.raises(Exception, match="unknown top level operator"):
        database[Collections.IMPORTS].find_one({"$nonsense": 1})
    assert "imports" in said(capsys)
    assert not listener._running
