"""A database as the old application left it, and what must be true of it after the backfill."""

from typing import Any, cast

from pymongo.database import Database

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import (
    REQUEST_SECONDS,
    Container,
    compose,
    mongo_ports,
    now,
)
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side, SyncMode
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.repositories.control import SYNC_MODE, sync_document
from chalicelib.repositories.reconciliation import MongoReconciliationRepository
from chalicelib.services.display.view_data import series_of
from chalicelib.services.refresh.refresh import documents_of
from infra.simulation.memory.publisher import FakePublisher

Document = dict[str, Any]


def container_of(database: Database[Any]) -> Container:
    return compose(mongo_ports(database, FakePublisher()), cast(TokenVerifier, None), now)


def set_mode(database: Database[Any], mode: SyncMode, since: int = 0, catching_up: Side | None = None) -> None:
    """The mode as ``python -m infra mode set`` leaves it, by default long drained."""
    database["control"].replace_one({"_id": SYNC_MODE}, sync_document(mode, since, catching_up), upsert=True)


def everything(database: Database[Any], *names: str) -> dict[str, list[Document]]:
    """All documents of collections, by id."""
    return {name: sorted(database[name].find(), key=lambda document: str(document["_id"])) for name in names}


def assert_both_sides_equal(database: Database[Any]) -> int:
    """Twins are equal and every display document equals a fresh calculation; returns how many meters there are."""
    twins = MongoReconciliationRepository(database, REQUEST_SECONDS, now)
    container = container_of(database)
    meters = list(twins.meters())
    for meter in meters:
        assert twins.differences(meter) == []
        snapshot = container.queries.snapshot(*meter, Backend.NEW)
        assert not snapshot.state.stale
        fresh = documents_of(snapshot, series_of(snapshot), None, 0)
        whole = container.queries.whole(*meter, CALCULATION_VERSION)
        assert whole is not None
        stored = {(document.data_type, document.year): document.data for document in whole.displayed}
        assert stored == {(document.data_type, document.year): document.data for document in fresh}
    return len(meters)
