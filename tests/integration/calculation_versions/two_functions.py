"""Two functions whose code has two calculation versions, on one database that the former release has written."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, cast
from uuid import uuid4
from zoneinfo import ZoneInfo

from pymongo.database import Database

from chalicelib.bootstrap.container import Container, now
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.ports.values import MeterSnapshot, MeterState
from chalicelib.domain.ports.writing import Transactions
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.display import MongoDisplayDataRepository
from chalicelib.repositories.lagging import MongoLaggingMeters
from chalicelib.repositories.queries import MongoReadingQueries
from chalicelib.services.display.display import DisplayService, Timeline, View
from chalicelib.services.migration.backends.old_backend import OldBackend
from chalicelib.services.recording.csv_import import CsvImportService
from chalicelib.services.recording.energy_crud import EnergyCrudService, ReadingDraft
from chalicelib.services.refresh.refresh import DisplayDataCalculationService
from chalicelib.services.refresh.sweeper import SweeperService
from tests.integration.calculation_versions.release_1 import settle, spoil

POWER, GAS = EnergyType.POWER, EnergyType.GAS
OURS, NEXT = CALCULATION_VERSION, CALCULATION_VERSION + 1
YEARS = range(2020, 2026)
SHOWN = YEARS[1::2]
SECONDS = 60.0
LOOKED_AT = (
    1_708_423_200_000  # 2024-02-20T10:00Z: the power meter was last read 18 days before, so its cards say something
)


def another(database: Database[Any], user: str) -> str:
    """One more household of the former release."""
    settle(database, user, uuid4().hex[:8])
    spoil(database, user)
    return user


def displayed(database: Database[Any]) -> list[Any]:
    """All that refreshes write."""
    return [list(database[name].find(sort=[("_id", 1)])) for name in ("meters", "display_energy_data", "meter_series")]


@dataclass
class Rules:
    """Reading as a calculation version does: the next one reads dates in another zone, so that its figures differ.

    ``meanwhile`` happens between a snapshot and what is made of it.
    """

    queries: MongoReadingQueries
    zone: ZoneInfo | None
    meanwhile: list[Callable[[], Any]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.queries, name)

    def snapshot(self, user: str, kind: EnergyType, backend: Backend) -> MeterSnapshot:
        found = self.full_snapshot(user, kind, backend, self.queries.snapshot)
        if self.meanwhile:
            self.meanwhile.pop()()
        return found

    def snapshot_of_year(self, *_: object) -> None:
        """None: all readings are asked."""

    snapshot_around = snapshot_of_year

    def full_snapshot(self, user: str, kind: EnergyType, backend: Backend, read: Any = None) -> MeterSnapshot:
        found: MeterSnapshot = (read or self.queries.full_snapshot)(user, kind, backend)
        return found if self.zone is None else replace(found, settings=replace(found.settings, zone=self.zone))


class Function:
    """The application under one number: what it reads, refreshes and sweeps."""

    def __init__(self, database: Database[Any], number: int, zone: ZoneInfo | None = None) -> None:
        self.number = number
        self.rules = Rules(MongoReadingQueries(database, 20), zone)
        self.lagging = MongoLaggingMeters(database, 20, number)
        self.repository = MongoDisplayDataRepository(database, 20, number)
        self.calculation = DisplayDataCalculationService(self.repository, self.rules, now, number)
        self.display = DisplayService(self.repository, self.rules, lambda: LOOKED_AT, number)
        nobody = cast(EnergyCrudService, None), cast(CsvImportService, None)
        self.old = OldBackend(self.rules, lambda: LOOKED_AT, *nobody, number)
        self.sweeper = SweeperService(self.lagging, self.rules, self.calculation, now)

    def state(self, user: str, kind: EnergyType = POWER) -> MeterState:
        return self.repository.state(user, kind)

    def assert_right(self, user: str, kind: EnergyType) -> None:
        """Whatever is not stale is what this version calculates from the readings themselves."""
        fresh = views(self.old, user, kind)
        for name, shown in views(self.display, user, kind).items():
            assert shown.etag.startswith(f'"{self.number}.'), name
            if not shown.state.stale:
                assert shown.data == fresh[name].data, (self.number, name)
        for name, shown in views(self.display, user, kind, consistent=True).items():
            assert (shown.data, shown.etag) == (fresh[name].data, fresh[name].etag), (self.number, name)


def views(service: Any, user: str, kind: EnergyType, **how: bool) -> dict[str, View]:
    """Every view of a meter."""
    years = {str(year): service.monthly(user, kind, year, **how) for year in SHOWN}
    histogram = service.histogram(user, kind, Timeline(), **how)
    return {**years, "histogram": histogram, "summary": service.summary(user, kind, **how)}


@dataclass
class Functions:
    """Two versions on one database that the former release has left."""

    database: Database[Any]
    user: str
    ours: Function
    next: Function
    transactions: Transactions
    container: Container

    def write(self, kind: EnergyType, year: int, month: int, day: int) -> None:
        draft = ReadingDraft(kind, f"{year}-{month:02}-{day:02}", Decimal(random.Random(day).randint(1, 900)), True)
        try:
            self.container.energy.create(self.user, draft)
        except Exception as error:
            if "already" not in str(error):
                raise


def spoil_if_stored(database: Database[Any], user: str) -> None:
    """What the former release has just stored is of other rules."""
    change = {"$set": {"data.months.11.meterReading": Decimal(123456)}}
    database["display_energy_data"].update_many(
        {"userId": user, "calculationVersion": 1, "dataType": "monthly"}, change
    )
