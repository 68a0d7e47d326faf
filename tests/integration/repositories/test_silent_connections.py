"""Connections on which nothing comes any more: readers get their answer all the same, writes are done once."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database
from pymongo.uri_parser import parse_uri

from chalicelib.domain.errors import DuplicateReadingError, UnavailableError
from chalicelib.repositories.database import open_database
from chalicelib.repositories.transactions import in_transaction
from chalicelib.services.recording.energy_crud import ReadingDraft
from tests.integration.deployment import POWER, Deployment
from tests.integration.repositories.silent_network import SilentNetwork, silent_network

SLOW = 4  # seconds: longer than a silent connection is borne


@pytest.fixture
def network(mongodb_uri: str) -> Iterator[SilentNetwork]:
    _, port = parse_uri(mongodb_uri)["nodelist"][0]
    with silent_network(port) as network:
        yield network


@pytest.fixture
def beyond(network: SilentNetwork, migrated: Database[Any]) -> Iterator[Deployment]:
    """The application as it reaches the database through the network."""
    database = open_database(f"mongodb://127.0.0.1:{network.port}/?directConnection=true", migrated.name)
    yield Deployment(database)
    database.client.close()


def draft(day: int) -> ReadingDraft:
    return ReadingDraft(POWER, f"2023-05-{day:02}T00:00Z", Decimal(day), confirm=True)


def test_a_reader_gets_an_answer_within_the_time_of_a_read(beyond: Deployment, network: SilentNetwork) -> None:
    """A read has five seconds: it must have noticed, and asked again, well before."""
    user = uuid4().hex
    beyond.create(user, "2023-05-01T00:00Z", 1)
    beyond.container.calculation.refresh(user, POWER)
    before = beyond.container.display.monthly(user, POWER, 2023).data
    for _ in range(2):
        network.lose_connections()
        assert beyond.container.display.monthly(user, POWER, 2023).data == before
        assert beyond.container.display.monthly(user, POWER, 2023, consistent=True).data == before


def test_a_write_is_done_once_or_said_not_to_be(
    beyond: Deployment, network: SilentNetwork, migrated: Database[Any]
) -> None:
    user = uuid4().hex
    for day in (1, 2, 3):
        network.lose_connections()
        try:
            beyond.container.energy.create(user, draft(day))
        except (UnavailableError, DuplicateReadingError):
            continue
        assert migrated["energies"].count_documents({"userId": user, "amount": Decimal(day)}) == 1
    for side in ("energies", "source_energy_readings"):
        amounts = [reading["amount"] for reading in migrated[side].find({"userId": user})]
        assert len(amounts) == len(set(amounts))
    assert beyond.container.energy.create(user, draft(9)).reading.amount == 9


def test_a_command_that_takes_long_is_no_silence(beyond: Deployment) -> None:
    """A transaction may take its whole time, and one command of it too, as long as the server gives signs of life."""
    meters = beyond.database["meters"]

    def work(session: Any) -> int:
        meters.insert_one({"_id": "slow", "userId": "slow"}, session=session)
        return len(list(meters.find({"_id": "slow", "$where": f"sleep({SLOW * 1000}) || true"}, session=session)))

    assert in_transaction(beyond.database, 20, work) == 1
