"""Fixtures: the use cases on a real, migrated database."""

from typing import Any, cast

import pytest
from pymongo.database import Database

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, Ports, compose, mongo_ports, now
from chalicelib.repositories import change_feed
from infra.simulation.memory.publisher import FakePublisher
from tests.integration.infra.operator_shell import Shell


@pytest.fixture
def ports(migrated: Database[Any]) -> Ports:
    return mongo_ports(migrated, FakePublisher())


@pytest.fixture
def container(ports: Ports) -> Container:
    return compose(ports, cast(TokenVerifier, None), now)


@pytest.fixture(autouse=True)
def _nobody_waits_for_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that happened has happened when the sync job is called: it need not wait a second for more."""
    monkeypatch.setattr(change_feed, "AWAIT_MS", 50)


@pytest.fixture
def shell(
    mongodb_uri: str, migrated: Database[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    monkeypatch.setenv("MONGODB_URI", mongodb_uri)
    monkeypatch.setenv("MONGODB_DATABASE", migrated.name)
    return Shell(capsys)
