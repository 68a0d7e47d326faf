"""How many commands a write sends to MongoDB: each is a round trip, and while it lasts its meter is taken."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, compose, mongo_ports, now
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import ImplausibleReadingError
from chalicelib.domain.ports.values import PageRequest, ReadingFilter, UserSettings
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.control import sync_document
from chalicelib.repositories.database import open_database
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft
from infra.simulation.memory.publisher import FakePublisher

POWER = EnergyType.POWER
START = datetime(2022, 11, 1, 6, tzinfo=UTC)
DAYS = 30


class Sent(CommandListener):
    """The names of all commands, each with its collection."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.names.append(f"{event.command_name} {event.command[event.command_name]}")

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture(params=SyncMode)
def mode(request: pytest.FixtureRequest) -> SyncMode:
    return SyncMode(request.param)


@pytest.fixture
def container(mode: SyncMode, migrated: Database[Any], mongodb_uri: str, sent: Sent) -> Iterator[Container]:
    migrated["control"].replace_one({"_id": "sync_mode"}, sync_document(mode, now()), upsert=True)
    database = open_database(mongodb_uri, migrated.name, sent)
    yield compose(mongo_ports(database, FakePublisher()), cast(TokenVerifier, None), now)
    database.client.close()


def draft(day: float, amount: float, **more: Any) -> ReadingDraft:
    return ReadingDraft(POWER, f"{START + timedelta(days=day):%Y-%m-%dT%H:%M}", Decimal(str(amount)), **more)


@pytest.fixture
def user(container: Container) -> str:
    """Somebody who reads once a day and uses 8 kWh, of which everything is displayed but the last reading."""
    user = uuid4().hex
    container.imports.bulk_create(user, file_of(range(DAYS)))
    container.calculation.refresh(user, POWER)
    container.energy.create(user, draft(DAYS, 8 * DAYS))
    return user


def local(day: float) -> str:
    return f"{START + timedelta(days=day):%Y-%m-%dT%H:%M}"


def file_of(days: range) -> bytes:
    return "\n".join(["date,type,amount", *(f"{local(day)},power,{8 * day}" for day in days)]).encode()


def last_id(container: Container, user: str) -> str:
    return container.new.page(user, PageRequest(ReadingFilter(POWER), False, 0))[-1].id


Write = Callable[[Container, str, str], object]  # of a user, and the id of their last reading
STEEP = 8 * DAYS + 70  # more a day than what is asked about, unless it is usual
WRITES: dict[str, Write] = {
    "create": lambda c, user, _: c.energy.create(user, draft(DAYS + 1, 8 * DAYS + 8)),
    "create, and what is usual decides": lambda c, user, _: c.energy.create(user, draft(DAYS + 1, STEEP)),
    "the first of a meter": lambda c, *_: c.energy.create(uuid4().hex, draft(3, 24)),
    "update": lambda c, user, last: c.energy.update(user, last, ReadingCorrection(amount=Decimal(8 * DAYS + 1))),
    "update to another instant": lambda c, user, last: c.energy.update(user, last, ReadingCorrection(local(DAYS + 2))),
    "update, and what is usual decides": lambda c, user, last: c.energy.update(
        user, last, ReadingCorrection(local(DAYS + 0.5), Decimal(STEEP))
    ),
    "delete": lambda c, user, last: c.energy.delete(user, last),
    "import": lambda c, user, _: c.imports.bulk_create(user, file_of(range(DAYS + 1, DAYS + 20))),
}
MOST = {
    SyncMode.OLD_ONLY: (4, 5, 9, 4, 4, 5, 4, 16),
    SyncMode.DUAL_WRITE: (5, 7, 10, 5, 5, 7, 5, 20),
    SyncMode.NEW_ONLY: (4, 6, 9, 4, 4, 6, 4, 19),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_write_sends_no_more_commands_than_this(
    container: Container, user: str, sent: Sent, mode: SyncMode, write: str
) -> None:
    last = last_id(container, user)
    sent.names.clear()
    with suppress(ImplausibleReadingError):
        WRITES[write](container, user, last)
    assert len(sent.names) <= dict(zip(WRITES, MOST[mode], strict=True))[write], sent.names


def test_in_another_zone_than_most_peoples_a_date_costs_one_look_more(
    container: Container, user: str, sent: Sent, mode: SyncMode
) -> None:
    container.configuration.change(user, UserSettings(ZoneInfo("America/New_York")), {})
    sent.names.clear()
    container.energy.create(user, draft(DAYS + 1, 8 * DAYS + 8))
    assert len(sent.names) <= MOST[mode][0] + 1 + 2, sent.names
