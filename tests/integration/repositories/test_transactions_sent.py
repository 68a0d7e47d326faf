"""What a write's transaction asks the server for: one snapshot, and an end that a majority has."""

from decimal import Decimal
from typing import Any

from pymongo.database import Database

from chalicelib.domain.ports.values import NewReading
from chalicelib.domain.ports.writing import WriteTransaction
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.transactions import MongoTransactions
from tests.integration.repositories.sent_commands import sent_commands


def test_a_write_is_at_one_snapshot_and_acknowledged_by_a_majority(migrated: Database[Any], mongodb_uri: str) -> None:
    def work(transaction: WriteTransaction) -> None:
        transaction.readings.add(NewReading(EnergyType.POWER, 1_709_251_200_000, Decimal(5), "manual"), 1)

    with sent_commands(mongodb_uri, migrated.name) as (database, sent):
        MongoTransactions(database, 20).run("alice", work)
    within = [command for command in sent if "lsid" in command]
    first, *others, commit = within
    assert (first["startTransaction"], first["readConcern"]["level"]) == (True, "snapshot")
    assert not any("readConcern" in command or "startTransaction" in command for command in others)
    assert len({(command["lsid"]["id"], command["txnNumber"]) for command in within}) == 1
    assert ("commitTransaction" in commit, commit["writeConcern"]["w"]) == (True, "majority")
