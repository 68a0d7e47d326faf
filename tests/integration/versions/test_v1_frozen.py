"""Version 1 answers byte for byte the same whether the new parts are absent, failing or switched on.

The goldens were written by ``v1_goldens`` from a database that holds ``energies`` and nothing else.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast
from uuid import uuid4

import pytest
from botocore.exceptions import EndpointConnectionError
from pymongo.database import Database

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Ports, compose, mongo_ports
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.migration.sync.reconciliation import Selection
from chalicelib.domain.readings import EnergyType
from chalicelib.events.eventbridge import ATTEMPTS, EventBridgePublisher
from chalicelib.monitoring.metrics import metrics
from chalicelib.repositories.control import SYNC_MODE, sync_document, sync_state
from chalicelib.repositories.database import open_database
from chalicelib.repositories.reconcile import reconcile
from infra.simulation.memory.publisher import FakePublisher
from migrations import runner
from tests.integration.versions.v1_conversation import NOW, transcript
from tests.integration.versions.v1_goldens import configure, golden, seed
from tests.integration.versions.v1_households import CONFIGURED, HOUSEHOLD

EVERYTHING = Selection()
METERS = [(user, energy_type) for user in (HOUSEHOLD, CONFIGURED) for energy_type in EnergyType]


@pytest.fixture
def inherited(mongodb_uri: str) -> Iterator[Database[Any]]:
    """A database as the old application left it: readings and nothing else."""
    database = open_database(mongodb_uri, f"test_{uuid4().hex[:12]}")
    seed(database)
    yield database
    database.client.drop_database(database.name)
    database.client.close()


def set_mode(database: Database[Any], mode: SyncMode) -> None:
    database["control"].replace_one({"_id": SYNC_MODE}, sync_document(mode, 0), upsert=True)


def bare(database: Database[Any]) -> None:
    assert database.list_collection_names() == ["energies"]


def migrated(database: Database[Any]) -> None:
    runner.up(database)
    assert sync_state(database).mode is SyncMode.OLD_ONLY


def not_backfilled(database: Database[Any]) -> None:
    migrated(database)
    set_mode(database, SyncMode.DUAL_WRITE)


def backfilled(database: Database[Any]) -> None:
    not_backfilled(database)
    for user, energy_type in METERS:
        reconcile(database, user, energy_type, EVERYTHING, NOW, 20.0)


def switched_on(database: Database[Any]) -> None:
    """The new backend serves: twins of everything, and display documents of every meter."""
    backfilled(database)
    container = compose(mongo_ports(database, FakePublisher()), cast(TokenVerifier, None), lambda: NOW)
    for user, energy_type in METERS:
        container.calculation.refresh(user, energy_type)
    assert database["display_energy_data"].count_documents({"userId": HOUSEHOLD})


def new_only(database: Database[Any]) -> None:
    switched_on(database)
    set_mode(database, SyncMode.NEW_ONLY)


def back_again(database: Database[Any]) -> None:
    """Back from ``new_only``: the old readings have rested and nobody wrote."""
    new_only(database)
    set_mode(database, SyncMode.DUAL_WRITE)


STATES: list[Callable[[Database[Any]], None]] = [
    bare,
    migrated,
    not_backfilled,
    backfilled,
    switched_on,
    new_only,
    back_again,
]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_version_1_answers_as_ever(inherited: Database[Any], state: Callable[[Database[Any]], None]) -> None:
    state(inherited)
    answers = transcript(mongo_ports(inherited, FakePublisher()), HOUSEHOLD)
    assert answers.decode().splitlines() == golden(HOUSEHOLD).decode().splitlines()
    assert answers == golden(HOUSEHOLD)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_version_1_sees_an_exchange_a_modulus_and_a_zone_as_ever(
    inherited: Database[Any], state: Callable[[Database[Any]], None]
) -> None:
    state(inherited)
    configure(inherited)
    assert transcript(mongo_ports(inherited, FakePublisher()), CONFIGURED) == golden(CONFIGURED)


class DeadBus:
    """A bus that nobody can reach."""

    def __init__(self) -> None:
        self.calls = 0

    def put_events(self, **_: Any) -> None:
        self.calls += 1
        raise EndpointConnectionError(endpoint_url="https://events.nowhere.test")


class BrokenDisplay:
    """Stored views that cannot be read, replaced or asked for."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"version 1 has no business with the display: {name}")


def failing(database: Database[Any], bus: DeadBus) -> Ports:
    """The ports on MongoDB with everything broken that only the new backend needs."""
    publisher = EventBridgePublisher(lambda: bus, "energy")  # type: ignore[arg-type, return-value]
    return replace(mongo_ports(database, publisher), display=BrokenDisplay())


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_version_1_answers_as_ever_while_the_new_parts_fail(
    inherited: Database[Any], state: Callable[[Database[Any]], None]
) -> None:
    state(inherited)
    bus = DeadBus()
    assert transcript(failing(inherited, bus), HOUSEHOLD) == golden(HOUSEHOLD)
    assert bus.calls == 5 * ATTEMPTS, "each of the writes was sent to the bus"
    metrics().clear_metrics()


def test_dual_writes_of_version_1_leave_both_collections_equal(inherited: Database[Any]) -> None:
    switched_on(inherited)
    transcript(mongo_ports(inherited, FakePublisher()), HOUSEHOLD)
    for energy_type in EnergyType:
        mended = reconcile(inherited, HOUSEHOLD, energy_type, EVERYTHING, NOW, 20.0)
        assert mended.written == 0


def test_the_goldens_know_what_matters() -> None:
    """A golden that shows none of it would prove nothing."""
    household, configured = golden(HOUSEHOLD).decode(), golden(CONFIGURED).decode()
    for part in ('"interpolated"', '"extrapolated"', '"reset"', '"dip"', '"amount":1520.25', "legacy-17", "{recorded}"):
        assert part in household
    for hidden in ('"amount":1490', '"amount":0.0', '"amount":7.0', '"amount":77', "__v"):
        assert hidden not in household
    for part in ('"rollover"', '"exchange"'):
        assert part in configured
