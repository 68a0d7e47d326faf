"""What is usual is kept with the meter's series, not searched (CALCULATION.md, 9): what a question costs to decide."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any, cast
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, Ports, compose, mongo_ports, now
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import ImplausibleReadingError
from chalicelib.domain.ports.writing import WriteTransaction
from chalicelib.domain.readings import DAY_MS, EnergyType, to_ms
from chalicelib.domain.readings.compact import CompactReadings
from chalicelib.repositories.control import sync_document
from chalicelib.repositories.database import open_database
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft
from infra.simulation.memory.publisher import FakePublisher
from tests.integration.repositories.explaining import Commands

POWER = EnergyType.POWER
START = datetime(2022, 11, 1, 6, tzinfo=UTC)
DAYS = 300  # of two years (UTC)


@pytest.fixture
def commands() -> Commands:
    return Commands()


@pytest.fixture(params=[SyncMode.DUAL_WRITE, SyncMode.NEW_ONLY])
def ports(
    request: pytest.FixtureRequest, migrated: Database[Any], mongodb_uri: str, commands: Commands
) -> Iterator[Ports]:
    migrated["control"].replace_one({"_id": "sync_mode"}, sync_document(request.param, now()), upsert=True)
    database = open_database(mongodb_uri, migrated.name, commands)
    yield mongo_ports(database, FakePublisher())
    database.client.close()


@pytest.fixture
def container(ports: Ports) -> Container:
    return compose(ports, cast(TokenVerifier, None), now)


@pytest.fixture
def user(container: Container) -> str:
    """Somebody who uses 8 kWh a day and reads twice a day, up to date."""
    user = uuid4().hex
    rows = (f"{START + timedelta(hours=12 * half):%Y-%m-%dT%H:%M}Z,power,{4 * half}" for half in range(2 * DAYS))
    container.imports.bulk_create(user, "\n".join(["date,type,amount", *rows]).encode())
    container.calculation.refresh(user, POWER)
    return user


def draft(day: float, amount: float, **more: Any) -> ReadingDraft:
    return ReadingDraft(POWER, (START + timedelta(days=day)).isoformat(), Decimal(str(amount)), **more)


def usual_in_a_question(container: Container, user: str, day: float) -> Decimal:
    with pytest.raises(ImplausibleReadingError) as caught:
        container.energy.create(user, draft(day, 900_000_000))
    return caught.value.doubt.usual_per_day


def searches(commands: Commands) -> list[Any]:
    """What reads readings of more than a day."""
    collections = ("source_energy_readings", "energies")
    found = [command["filter"] for command in commands.seen if command.get("find") in collections]
    return [wanted for wanted in found if any(_is_long(each) for each in _conditions(wanted))]


def _is_long(conditions: Any) -> bool:
    match conditions.get("date"):
        case {"$gte": first, "$lte": last}:
            return bool(last - first > timedelta(days=1))
    return False


def _conditions(wanted: Any) -> Iterator[Any]:
    yield wanted
    for each in wanted.get("$and", ()):
        yield from _conditions(each)


def test_a_believable_reading_reads_neither_the_past_nor_the_series(
    container: Container, user: str, commands: Commands
) -> None:
    commands.seen.clear()
    container.energy.create(user, draft(DAYS, 8 * DAYS + 40))
    assert not searches(commands)
    assert not [command for command in commands.seen if command.get("find") == "meter_series"]


def test_a_question_reads_the_series_and_does_not_search(container: Container, user: str, commands: Commands) -> None:
    commands.seen.clear()
    assert usual_in_a_question(container, user, DAYS) == 8
    assert not searches(commands)
    assert len([command for command in commands.seen if command.get("find") == "meter_series"]) == 1


def test_what_was_not_displayed_yet_counts(container: Container, user: str) -> None:
    container.energy.create(user, draft(DAYS, 8 * DAYS + 70, confirm=True))
    assert usual_in_a_question(container, user, DAYS + 1) == 74
    assert usual_in_a_question(container, user, DAYS - 0.1) == 8  # before it


@pytest.mark.parametrize("damage", [{"instants": b"1"}, {"amounts": "x"}, {"decimals": None}, None])
def test_without_a_series_that_can_be_read_the_readings_are_asked(
    container: Container, user: str, migrated: Database[Any], commands: Commands, damage: dict[str, Any] | None
) -> None:
    if damage is None:
        migrated["meters"].update_one({"_id": f"{user}|power"}, {"$unset": {"series": ""}})
    else:
        migrated["meter_series"].update_many({}, {"$set": damage})
    commands.seen.clear()
    assert usual_in_a_question(container, user, DAYS) == 8
    assert searches(commands)


def test_the_series_says_what_a_search_says_whatever_was_written_since(
    container: Container, user: str, ports: Ports
) -> None:
    random = Random(12)
    for _ in range(25):
        _write_something(random, container, user)
        if random.random() < 0.3:
            container.calculation.refresh(user, POWER)
        first = to_ms(START) + random.randrange(DAYS) * DAY_MS
        last = first + random.randrange(366) * DAY_MS
        found = ports.transactions.run(user, partial(_between, first=first, last=last))
        everything = ports.queries.full_snapshot(user, POWER, Backend.NEW).readings
        assert found == everything.between(first, last)
        assert len(everything) > DAYS


def _between(transaction: WriteTransaction, first: int, last: int) -> CompactReadings:
    transaction.meters.mark_changed(POWER, first, first, now())
    return transaction.readings.between(POWER, first, last)


def _write_something(random: Random, container: Container, user: str) -> None:
    day = random.randrange(DAYS) + 0.25 + random.random() / 10
    recorded = container.energy.create(user, draft(day, round(8 * day, 3), confirm=True)).reading
    if random.random() < 0.5:
        moved = (START + timedelta(days=random.randrange(DAYS) + 0.7)).isoformat()
        container.energy.update(user, recorded.id, ReadingCorrection(moved, confirm=True))
    if random.random() < 0.3:
        container.energy.delete(user, recorded.id)
