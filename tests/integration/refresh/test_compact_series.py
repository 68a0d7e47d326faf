"""The compact series beside the display documents: what a refresh reads of it, and what happens when it is wrong."""

from array import array
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast
from uuid import uuid4

import pytest
from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, Ports, compose, mongo_ports, now
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.meters.display_documents import DisplayUpdate, SeriesUpdate
from chalicelib.domain.ports.values import PageRequest, ReadingFilter
from chalicelib.domain.readings import EnergyType
from chalicelib.domain.readings.compact import CompactReadings, falls_in
from chalicelib.repositories.database import open_database
from chalicelib.services.recording.energy_crud import ReadingDraft
from infra.simulation.memory.publisher import FakePublisher

POWER = EnergyType.POWER
EVERYTHING = PageRequest(ReadingFilter(POWER), descending=False, limit=0)


class FoundReadings(CommandListener):
    """Collects the filters of what is read of the readings."""

    def __init__(self) -> None:
        self.filters: list[Any] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command.get("find") == "source_energy_readings":
            self.filters.append(event.command["filter"])

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


@pytest.fixture
def found() -> FoundReadings:
    return FoundReadings()


@pytest.fixture
def container(migrated: Database[Any], mongodb_uri: str, found: FoundReadings) -> Any:
    database = open_database(mongodb_uri, migrated.name, found)
    yield compose(mongo_ports(database, FakePublisher()), cast(TokenVerifier, None), now)
    database.client.close()


@pytest.fixture
def user(container: Container) -> str:
    """Somebody with readings of three years, up to date."""
    user = uuid4().hex
    rows = [
        f"{year}-{month:02}-01,power,{(year - 2020) * 120 + month * 10}"
        for year in (2021, 2022, 2023)
        for month in range(1, 13)
    ]
    container.imports.bulk_create(user, "\n".join(["date,type,amount", *rows]).encode())
    container.calculation.refresh(user, POWER)
    return user


def record(container: Container, user: str, date: str, amount: str = "250") -> None:
    container.energy.create(user, ReadingDraft(POWER, date, Decimal(amount), confirm=True))


def assert_series_says_what_the_readings_say(container: Container, user: str) -> None:
    kept, read = (
        snapshot(user, POWER, Backend.NEW) for snapshot in (container.queries.snapshot, container.queries.full_snapshot)
    )
    assert (kept.kept, read.kept) == (True, False)
    assert kept.readings == read.readings


def conditions_of(wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A filter and all that it joins by ``$and``."""
    yield wanted
    for each in wanted.get("$and", ()):
        yield from conditions_of(each)


def test_a_refresh_reads_the_changed_readings_and_no_others(
    container: Container, user: str, found: FoundReadings
) -> None:
    record(container, user, "2022-06-15T00:00:00Z")
    found.filters.clear()
    assert container.calculation.refresh(user, POWER)
    [wanted] = found.filters
    dates = [each["date"] for each in conditions_of(wanted) if "date" in each]
    day = datetime(2022, 6, 15, tzinfo=UTC)
    assert any((found.get("$gte"), found.get("$lte")) == (day, day) for found in dates)
    assert_series_says_what_the_readings_say(container, user)


def test_a_view_that_is_not_stored_is_calculated_without_reading_the_readings(
    container: Container, user: str, found: FoundReadings
) -> None:
    found.filters.clear()
    assert len(container.display.monthly(user, POWER, 1950).data["months"]) == 12
    assert found.filters == []


def test_a_snapshot_between_write_and_refresh_already_has_the_write(container: Container, user: str) -> None:
    record(container, user, "2024-01-01")
    container.energy.delete(user, container.queries.page(user, EVERYTHING, Backend.NEW)[0].id)
    assert_series_says_what_the_readings_say(container, user)
    container.calculation.refresh(user, POWER)
    assert_series_says_what_the_readings_say(container, user)


def test_a_series_that_lacks_a_part_is_not_believed(container: Container, user: str, migrated: Database[Any]) -> None:
    migrated["meter_series"].delete_one({"userId": user, "year": 2022})
    assert not container.queries.snapshot(user, POWER, Backend.NEW).kept
    record(container, user, "2024-01-01")
    container.calculation.refresh(user, POWER)
    assert_series_says_what_the_readings_say(container, user)


def test_a_series_with_another_amount_is_not_believed(container: Container, user: str, migrated: Database[Any]) -> None:
    part = migrated["meter_series"].find_one({"userId": user, "year": 2022}) or {}
    amounts = bytes([part["amounts"][0] ^ 1]) + part["amounts"][1:]
    migrated["meter_series"].update_one({"_id": part["_id"]}, {"$set": {"amounts": amounts}})
    assert not container.queries.snapshot(user, POWER, Backend.NEW).kept
    record(container, user, "2024-01-01")
    container.calculation.refresh(user, POWER)
    assert_series_says_what_the_readings_say(container, user)


@pytest.mark.parametrize(
    "damage",
    [
        {"$set": {"instants": b"short"}},
        {"$set": {"amounts": b"12345678"}},
        {"$unset": {"amounts": ""}},
        {"$set": {"decimals": "three"}},
    ],
)
def test_a_series_that_cannot_be_read_is_kept_anew(
    container: Container, user: str, migrated: Database[Any], damage: Any
) -> None:
    migrated["meter_series"].update_one({"userId": user, "year": 2022}, damage)
    assert not container.queries.snapshot(user, POWER, Backend.NEW).kept
    record(container, user, "2024-01-01")
    assert container.calculation.refresh(user, POWER)
    assert_series_says_what_the_readings_say(container, user)


def test_a_series_of_another_version_than_what_is_displayed_is_not_believed(
    container: Container, user: str, migrated: Database[Any]
) -> None:
    migrated["meters"].update_one({"_id": f"{user}|power"}, {"$inc": {"displayVersion": 1, "sourceVersion": 1}})
    assert not container.queries.snapshot(user, POWER, Backend.NEW).kept


def test_amounts_that_do_not_fit_keep_no_series_and_are_calculated_all_the_same(
    container: Container, user: str, migrated: Database[Any]
) -> None:
    record(container, user, "2024-01-01", "0.00000000000001")
    record(container, user, "2024-02-01", "999999999999")
    assert container.calculation.refresh(user, POWER)
    assert migrated["meter_series"].count_documents({"userId": user}) == 0
    assert not container.queries.snapshot(user, POWER, Backend.NEW).kept
    assert container.display.monthly(user, POWER, 2024).data["months"][0]["meterReading"] == Decimal(999999999999)


def test_a_year_that_loses_its_last_reading_loses_its_part(
    container: Container, user: str, migrated: Database[Any]
) -> None:
    for reading in container.queries.page(user, EVERYTHING, Backend.NEW):
        if reading.instant >= 1_672_531_200_000:  # 2023 in UTC
            container.energy.delete(user, reading.id)
    container.calculation.refresh(user, POWER)
    assert sorted(part["year"] for part in migrated["meter_series"].find({"userId": user})) == [2020, 2021, 2022]
    assert_series_says_what_the_readings_say(container, user)


def test_a_year_of_very_many_readings_that_all_fall_fits_into_its_documents(
    container: Container, ports: Ports, user: str, migrated: Database[Any]
) -> None:
    first = 1_735_689_600_000  # 2025 begins in UTC
    falling = array("q", range(800_000, 0, -1))
    year = CompactReadings(array("q", range(first, first + 800_000)), falling, 3, falls_in(falling))
    record(container, user, "2024-01-01")
    before = container.queries.snapshot(user, POWER, Backend.NEW)
    update = SeriesUpdate([(2023, 2025)], {2025: year}, 25 + 800_000, before.digests)
    assert ports.display.publish(user, POWER, DisplayUpdate(before.state.source_version, [], range(0), update))
    parts = list(migrated["meter_series"].find({"userId": user, "year": 2025}, sort=[("_id", 1)]))
    assert [part["_id"] for part in parts] == [f"{user}|power|2025", *(f"{user}|power|2025|p0{n}" for n in (1, 2))]
    after = container.queries.snapshot(user, POWER, Backend.NEW)
    assert after.kept
    assert after.readings.between(first, first + 800_000) == year
    whole = ports.queries.whole(user, POWER, CALCULATION_VERSION)
    assert whole is not None
    assert not whole.violations
