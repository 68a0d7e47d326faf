"""A year that is not stored: without its readings where they cannot reach it, and the same figures as with them."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, cast
from uuid import uuid4

import pytest
from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, compose, mongo_ports, now
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.meters.invariants import VERSION_LIMIT
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.control import sync_document
from chalicelib.repositories.database import open_database
from chalicelib.services.display.display import View
from chalicelib.services.display.view_data import monthly_data, series_of
from chalicelib.services.recording.configuration import ExchangeDraft
from chalicelib.services.recording.energy_crud import ReadingDraft
from infra.simulation.memory.publisher import FakePublisher

POWER = EnergyType.POWER
YEARS = range(2019, 2028)
MANY = frozenset({"meter_series", "source_energy_readings", "energies"})


class Asked(CommandListener):
    """Where readings were looked for."""

    def __init__(self) -> None:
        self.collections: list[str] = []

    def started(self, event: CommandStartedEvent) -> None:
        name = event.command.get("find", event.command.get("aggregate"))
        self.collections += [name] if name in MANY else []

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def container(migrated: Database[Any], mongodb_uri: str, asked: Asked) -> Iterator[Container]:
    database = open_database(mongodb_uri, migrated.name, asked)
    yield compose(mongo_ports(database, FakePublisher()), cast(TokenVerifier, None), now)
    database.client.close()


@pytest.fixture
def user(container: Container) -> str:
    """Somebody with readings from March 2021 to September 2023, shown."""
    user = uuid4().hex
    rows = [f"{2021 + n // 12}-{n % 12 + 1:02}-05,power,{1000 + n * 10}" for n in range(2, 33)]
    container.imports.bulk_create(user, "\n".join(["date,type,amount", *rows]).encode())
    container.calculation.refresh(user, POWER)
    return user


def shown(container: Container, user: str) -> dict[int, View]:
    return {year: container.display.monthly(user, POWER, year) for year in YEARS}


def assert_right(container: Container, user: str) -> None:
    """Each year shows what a calculation from all readings says."""
    snapshot = container.queries.full_snapshot(user, POWER, Backend.NEW)
    for year, view in shown(container, user).items():
        assert view.data == monthly_data(snapshot, series_of(snapshot), year), year
        assert view.state.source_version == snapshot.state.source_version
        assert not view.state.stale


def test_years_beyond_the_readings_are_shown_without_them(container: Container, user: str, asked: Asked) -> None:
    assert_right(container, user)
    for year in (2019, 2025, 2027):
        asked.collections.clear()
        view = container.display.monthly(user, POWER, year)
        assert asked.collections == []
        assert all(month["meterReading"] is None for month in view.data["months"])


def test_a_year_within_reach_is_calculated(container: Container, user: str) -> None:
    """Of the first readings the slope goes back beyond the year's end."""
    months = container.display.monthly(user, POWER, 2020).data["months"]
    assert [month["quality"] for month in months] == ["none"] * 11 + ["extrapolated"]


def test_an_exchange_beyond_the_readings_is_a_point_too(container: Container, user: str) -> None:
    container.configuration.add_exchange(user, ExchangeDraft(POWER, "2025-11-30", Decimal(9_000), confirm=True))
    container.calculation.refresh(user, POWER)
    assert_right(container, user)
    assert container.display.monthly(user, POWER, 2025).data["months"][10]["meterReading"] is not None


def test_what_the_display_does_not_show_yet_is_in_a_year_all_the_same(container: Container, user: str) -> None:
    container.energy.create(user, ReadingDraft(POWER, "2025-06-30", Decimal(9_000), confirm=True))
    months = container.display.monthly(user, POWER, 2025).data["months"]
    assert months[5]["quality"] == "measured"


def test_without_any_reading_left_no_year_asks_for_them(container: Container, asked: Asked) -> None:
    user = uuid4().hex
    recorded = container.energy.create(user, ReadingDraft(POWER, "2023-06-30", Decimal(9_000)))
    container.energy.delete(user, recorded.reading.id)
    container.calculation.refresh(user, POWER)
    assert_right(container, user)
    asked.collections.clear()
    shown(container, user)
    assert asked.collections == []


def test_where_the_old_side_is_read_its_readings_decide(
    container: Container, user: str, migrated: Database[Any]
) -> None:
    """An application that writes ``energies`` by itself counts no version."""
    known = migrated["energies"].find_one({"userId": user})
    assert known is not None
    del known["_id"]
    migrated["energies"].insert_one({**known, "date": known["date"].replace(year=2025)})
    migrated["control"].replace_one({"_id": "sync_mode"}, sync_document(SyncMode.OLD_ONLY, now()))
    months = container.display.monthly(user, POWER, 2025).data["months"]
    assert any(month["meterReading"] is not None for month in months)


@pytest.mark.parametrize("with_series", [False, True])
@pytest.mark.parametrize("kind", ["histogram", "summary"])
def test_a_meter_from_a_backup_says_nothing_of_its_years(
    container: Container, user: str, migrated: Database[Any], kind: str, with_series: bool
) -> None:
    """What every refresh writes is newer than the meter then: the readings decide, at a version nobody has seen."""
    before = migrated["meters"].find_one({"_id": f"{user}|power"})
    assert before is not None
    parts, of_meter = migrated["meter_series"], {"userId": user, "type": "power"}
    series = list(parts.find(of_meter))
    container.energy.create(user, ReadingDraft(POWER, "2025-06-30", Decimal(9_000), confirm=True))
    container.calculation.refresh(user, POWER)
    migrated["meters"].replace_one({"_id": f"{user}|power"}, before)
    if with_series:  # which holds then, and its readings are none that the newer views show
        parts.delete_many(of_meter)
        parts.insert_many(series)
    other = "histogram" if kind == "summary" else "summary"
    migrated["display_energy_data"].update_one(
        {"userId": user, "dataType": other}, {"$set": {"sourceVersion": before["displayVersion"]}}
    )
    assert container.display.monthly(user, POWER, 2027).state.source_version >= VERSION_LIMIT
