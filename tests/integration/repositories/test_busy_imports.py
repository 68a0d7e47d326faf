"""Imports beside short writes to the same meters that never pause, on a real database."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.ports.writing import (
    EnergyRepository,
    Expected,
    ImportRecords,
    MeterRepository,
    SettingsWriter,
    WriteTransaction,
)
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.transactions import MongoTransactions
from chalicelib.services.recording.csv_import import CsvImportService
from tests.integration.deployment import Deployment, equal_sides

T = TypeVar("T")
POWER, GAS = EnergyType
BOTH_METERS = b"date,type,amount\n2020-01-31,gas,1\n2020-02-29,gas,2\n2020-01-31,power,3\n"
ONE_METER = b"date,type,amount\n2020-01-31,power,1\n2020-02-29,power,2\n"


class NeverAtRest:
    """Transactions that others come into: whenever a meter's instants have been read, both meters are written.

    A writer that finds a meter taken gives up after a moment.
    """

    def __init__(self, database: Database[Any]) -> None:
        self._transactions = MongoTransactions(database, timeout_seconds=10)
        self._others = MongoTransactions(database, timeout_seconds=0.2)

    def run(self, user_id: str, work: Callable[[WriteTransaction], T], expected: Expected | None = None) -> T:
        return self._transactions.run(
            user_id, lambda transaction: work(self._disturbed(user_id, transaction)), expected
        )

    def _disturbed(self, user_id: str, transaction: WriteTransaction) -> WriteTransaction:
        readings = Disturbed(transaction.readings, lambda: self._write(user_id))
        return Bound(readings, transaction.meters, transaction.settings, transaction.imports)

    def _write(self, user_id: str) -> None:
        for kind in EnergyType:
            with suppress(UnavailableError):
                self._others.run(user_id, partial(_marked, kind))


def _marked(kind: EnergyType, transaction: WriteTransaction) -> int:
    return transaction.meters.mark_changed(kind, 1, 1, 1)


@dataclass(frozen=True)
class Bound:
    readings: EnergyRepository
    meters: MeterRepository
    settings: SettingsWriter
    imports: ImportRecords


@dataclass(frozen=True)
class Disturbed:
    readings: EnergyRepository
    write: Callable[[], None]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.readings, name)

    def instants_between(self, energy_type: EnergyType, first: int, last: int) -> set[int]:
        found = self.readings.instants_between(energy_type, first, last)
        self.write()
        return found


@pytest.mark.parametrize("file", [ONE_METER, BOTH_METERS], ids=["one meter", "both meters"])
def test_an_import_beside_writes_that_never_pause_is_stored_nonetheless(migrated: Database[Any], file: bytes) -> None:
    deployed, user = Deployment(migrated), uuid4().hex
    busy = NeverAtRest(migrated)
    imports = CsvImportService(
        busy, deployed.ports.settings, deployed.ports.queries, deployed.publisher, deployed.clock
    )
    report = imports.bulk_create(user, file)
    assert report.success == len(equal_sides(migrated)) == file.count(b"\n") - 1
    [event] = deployed.publisher.events
    for meter in event.meters:  # type: ignore[attr-defined]
        assert meter.source_version == deployed.ports.display.state(user, meter.type).source_version
