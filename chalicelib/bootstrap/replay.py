"""Composes the replay, on MongoDB and an event bus."""

from typing import TYPE_CHECKING

from chalicelib.bootstrap.operations import REQUEST_SECONDS, now, shell_calculation
from chalicelib.events.eventbridge import EventBridgePublisher
from chalicelib.repositories.database import MongoDatabase
from chalicelib.repositories.register import MongoMeterRegister
from chalicelib.repositories.transactions import MongoTransactions
from chalicelib.services.refresh.recalculation import RecalculationService
from chalicelib.services.refresh.replay import ReplayService

if TYPE_CHECKING:
    from types_boto3_events.client import EventBridgeClient


def shell_replay(database: MongoDatabase, bus: "EventBridgeClient", bus_name: str) -> ReplayService:
    """The replay, for a shell that reaches the event bus."""
    transactions = MongoTransactions(database, REQUEST_SECONDS)
    recalculation = RecalculationService(transactions, shell_calculation(database), now)
    publisher = EventBridgePublisher(lambda: bus, bus_name, counted=lambda _metric, _value: None)
    return ReplayService(MongoMeterRegister(database, REQUEST_SECONDS), recalculation, publisher.send, now)
