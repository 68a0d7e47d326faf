"""What nobody may forget is acknowledged by a majority of the replica set; rows that may be lost wait for nobody."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymongo.collection import Collection
from pymongo.database import Database

from chalicelib.repositories.census import MongoCensusRecords
from chalicelib.repositories.database import open_database
from chalicelib.repositories.erasure import MongoErasures
from chalicelib.repositories.fan_out import MongoFanOutRecords
from chalicelib.repositories.flag_changes import MongoFlagHistory
from chalicelib.repositories.operator_actions import MongoOperatorActions
from chalicelib.repositories.sync_control import MongoSyncControl
from chalicelib.repositories.walk_control import MongoWalkControl

OF_MAJORITY: list[Callable[[Database[Any]], Any]] = [
    MongoCensusRecords,
    MongoFanOutRecords,
    MongoFlagHistory,
    MongoOperatorActions,
    MongoSyncControl,
    MongoWalkControl,
    lambda database: MongoErasures(database, 1.0),
]


@pytest.fixture
def nowhere() -> Iterator[Database[Any]]:
    database = open_database("mongodb://127.0.0.1:1/", "nowhere")
    yield database
    database.client.close()


@pytest.mark.parametrize("records", OF_MAJORITY)
def test_records_are_acknowledged_by_a_majority(nowhere: Database[Any], records: Callable[[Any], Any]) -> None:
    held = [each for each in vars(records(nowhere)).values() if isinstance(each, Collection)]
    assert held
    assert [each.write_concern.document for each in held] == [{"w": "majority"}] * len(held)


def test_what_is_read_is_committed_by_a_majority(nowhere: Database[Any]) -> None:
    assert nowhere.read_concern.document == {"level": "majority"}
