"""What the database says when it refuses a person's documents, and what of it reaches a function's lines: no id."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import using
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.readings import (
    EnergyType,
    to_datetime,
)
from chalicelib.handlers.display_data import energy_reading_created_handler
from chalicelib.handlers.sweeper import sweeper
from chalicelib.handlers.sync_job import sync_job
from chalicelib.repositories.control import sync_document
from chalicelib.services.recording.energy_crud import ReadingDraft
from tests.functional.handlers.event_calls import Context, envelope
from tests.integration.deployment import Clock, Deployment

SCHEDULE = {"id": "schedule-1", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}
MARK = uuid4().hex
USER = f"auth0|用户\"'{MARK}"
Printed = Callable[[], str]


def refuse(database: Database[Any], collection: str) -> None:
    """The server refuses every document, and the driver quotes what it was sent."""
    database.command("collMod", collection, validator={"never": {"$exists": True}})


def allow_one_of_a_person(database: Database[Any], collection: str) -> None:
    """The server refuses a second document of a person, and says which key is taken."""
    database[collection].create_index("userId", unique=True)


@pytest.fixture
def deployment(migrated: Database[Any]) -> Deployment:
    """Somebody has a reading that is not shown yet."""
    migrated["control"].replace_one({"_id": "sync_mode"}, sync_document(SyncMode.DUAL_WRITE, 0), upsert=True)
    deployment = Deployment(migrated, Clock())
    deployment.container.energy.create(USER, ReadingDraft(EnergyType.POWER, "2023-01-31", Decimal(1000)))
    return deployment


@pytest.fixture
def printed(capfd: pytest.CaptureFixture[str]) -> Printed:
    return lambda: "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("damage", "collection"),
    [
        (refuse, "display_energy_data"),
        (refuse, "meter_series"),
        (refuse, "meters"),
        (allow_one_of_a_person, "display_energy_data"),
    ],
)
def test_a_refresh_that_the_database_refuses_names_nobody(
    deployment: Deployment, printed: Printed, damage: Callable[[Database[Any], str], None], collection: str
) -> None:
    damage(deployment.database, collection)
    event = envelope(deployment.publisher.events[-1])
    with using(deployment.container), pytest.raises(Exception) as caught:
        energy_reading_created_handler(event, Context())
    text = f"{printed()} {caught.value!s} {caught.value!r}"
    assert "event failed" in text
    assert MARK not in text


def test_a_sync_job_that_the_database_refuses_names_nobody(deployment: Deployment, printed: Printed) -> None:
    refuse(deployment.database, "source_energy_readings")
    foreign = {"userId": USER, "type": "gas", "date": to_datetime(1_700_000_000_000), "amount": 5.0}
    deployment.database["energies"].insert_one(foreign)
    with using(deployment.container), pytest.raises(Exception) as caught:
        sync_job(SCHEDULE, Context())
    text = f"{printed()} {caught.value!s} {caught.value!r}"
    assert "schedule failed" in text
    assert MARK not in text


def test_a_sweeper_whose_refresh_the_database_refuses_names_nobody(deployment: Deployment, printed: Printed) -> None:
    refuse(deployment.database, "display_energy_data")
    deployment.clock.drain()
    with using(deployment.container):
        assert sweeper(SCHEDULE, Context())["failed"] == 1
    text = printed()
    assert "a meter cannot be refreshed" in text
    assert MARK not in text
