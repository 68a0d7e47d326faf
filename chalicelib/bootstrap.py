"""The composition root: the only place that names concrete adapters. Nothing is opened before it is used."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from time import time_ns

from aws_lambda_powertools.utilities import parameters
from pydantic import BaseModel, ConfigDict, SecretStr
from pydantic.alias_generators import to_camel

from chalicelib.api.auth import KeyStore, TokenVerifier, fetch_key_set
from chalicelib.domain.ports import (
    Clock,
    DisplayDataRepository,
    EventPublisher,
    SettingsRepository,
    Transactions,
)
from chalicelib.events.client import eventbridge
from chalicelib.events.eventbridge import EventBridgePublisher
from chalicelib.monitoring.logger import logger
from chalicelib.repositories.database import MongoDatabase, open_database, ping
from chalicelib.repositories.display import MongoDisplayDataRepository
from chalicelib.repositories.settings import MongoSettingsRepository
from chalicelib.repositories.transactions import MongoTransactions
from chalicelib.services.calculation import DisplayDataCalculationService
from chalicelib.services.display import DisplayService
from chalicelib.services.energy_crud import EnergyCrudService
from chalicelib.settings import Settings

# For transactions and snapshots: API Gateway gives up after 29 s, and an import of 50,000 rows takes a while.
REQUEST_SECONDS = 20.0


class Secrets(BaseModel):
    """What a deployment keeps in Secrets Manager, as one JSON document."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, hide_input_in_errors=True)

    mongodb_uri: SecretStr
    pseudonym_key: SecretStr


@dataclass(frozen=True, slots=True)
class Ports:
    """The adapters that the use cases run on: concrete ones in Lambda, fakes in tests."""

    transactions: Transactions
    settings: SettingsRepository
    display: DisplayDataRepository
    publisher: EventPublisher
    ping: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Container:
    """What routes and event functions use."""

    verifier: TokenVerifier
    energy: EnergyCrudService
    display: DisplayService
    calculation: DisplayDataCalculationService
    ping: Callable[[], None]
    clock: Clock


def compose(ports: Ports, verifier: TokenVerifier, clock: Clock) -> Container:
    """Put the use cases together on given adapters."""
    return Container(
        verifier=verifier,
        energy=EnergyCrudService(ports.transactions, ports.settings, ports.publisher, clock),
        display=DisplayService(ports.display),
        calculation=DisplayDataCalculationService(ports.display, clock),
        ping=ports.ping,
        clock=clock,
    )


def mongo_ports(database: MongoDatabase, publisher: EventPublisher) -> Ports:
    """The adapters on MongoDB."""
    return Ports(
        transactions=MongoTransactions(database, REQUEST_SECONDS),
        settings=MongoSettingsRepository(database),
        display=MongoDisplayDataRepository(database, REQUEST_SECONDS),
        publisher=publisher,
        ping=partial(ping, database),
    )


def now() -> int:
    """The wall clock as UTC epoch milliseconds."""
    return time_ns() // 1_000_000


def container() -> Container:
    """The container of this process; tests put another in its place with ``using``."""
    return _overrides[-1] if _overrides else _deployed()


@contextmanager
def using(replacement: Container) -> Iterator[None]:
    """Let routes and event functions use another container, for as long as the block runs."""
    _overrides.append(replacement)
    try:
        yield
    finally:
        _overrides.remove(replacement)


_overrides: list[Container] = []


@cache
def _deployed() -> Container:
    settings = Settings.from_environment()
    logger().setLevel(settings.log_level)
    secrets = Secrets.model_validate(parameters.get_secret(settings.secret_id, transform="json"))
    publisher = EventBridgePublisher(eventbridge, settings.event_bus_name)
    database = open_database(secrets.mongodb_uri.get_secret_value(), settings.mongodb_database)
    ports = mongo_ports(database, publisher)
    keys = KeyStore(partial(fetch_key_set, settings.auth_jwks_url))
    verifier = TokenVerifier(keys, settings.auth_issuer, settings.auth_audience)
    return compose(ports, verifier, now)
