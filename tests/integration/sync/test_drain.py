"""The drain: as long as the server may take to end a transaction that began in the mode before."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import OperationFailure
from pymongo.server_api import ServerApi

from chalicelib.domain.backends.sync_mode import DRAIN_SECONDS, SyncMode, drain_of
from chalicelib.repositories.control import sync_state
from chalicelib.repositories.database import open_database
from chalicelib.repositories.sync_control import LIFETIME, MongoSyncControl
from infra.local.throwaway import mongod
from infra.local.waiting import wait_until
from migrations import runner
from tests.integration.deployment import Deployment

LIMIT = 2
WRITES = 8


@pytest.fixture(scope="module")
def impatient() -> Iterator[str]:
    """A server that lets a transaction live two seconds."""
    with mongod() as uri:
        with MongoClient[dict[str, Any]](uri) as client:
            client.admin.command({"setParameter": 1, LIFETIME: LIMIT})
        yield uri


@pytest.fixture
def database(impatient: str) -> Iterator[Database[Any]]:
    database = open_database(impatient, f"test_{uuid4().hex[:12]}")
    runner.up(database)
    yield database
    database.client.close()


def test_the_drain_follows_the_servers_own_limit(database: Database[Any]) -> None:
    state = Deployment(database).operations.modes.set(SyncMode.OLD_ONLY, "test")
    assert state.full_drain_seconds == drain_of(LIMIT) < DRAIN_SECONDS
    assert sync_state(database) == state


def test_a_server_that_does_not_say_its_limit_is_given_the_time_of_the_default(impatient: str) -> None:
    """A strict client plays a user who may not ask: the server refuses the same question."""
    with MongoClient[dict[str, Any]](impatient, server_api=ServerApi("1", strict=True)) as client:
        database = client["strict"]
        assert MongoSyncControl(database).transaction_seconds() is None
        state = Deployment(database).operations.modes.set(SyncMode.DUAL_WRITE, "test")
        assert state.full_drain_seconds == DRAIN_SECONDS


def test_when_it_is_over_no_write_of_the_mode_before_can_commit_any_more(database: Database[Any]) -> None:
    modes = Deployment(database).operations.modes
    with ExitStack() as sessions:
        begun = [sessions.enter_context(database.client.start_session()) for _ in range(WRITES)]
        for session in begun:
            _begin_write(database, session)
        modes.set(SyncMode.OLD_ONLY, "while writes are under way")
        assert wait_until(lambda: modes.show().drain_seconds == 0, 30)
        for session in begun:
            with pytest.raises(OperationFailure, match="aborted"):
                session.commit_transaction()
    assert database["energies"].count_documents({}) == 0


def _begin_write(database: Database[Any], session: ClientSession) -> None:
    """What a write does first, by a process that is then held up for as long as anybody can be."""
    session.start_transaction()
    assert sync_state(database, session).mode is SyncMode.DUAL_WRITE
    database["energies"].insert_one({"userId": "late"}, session=session)
