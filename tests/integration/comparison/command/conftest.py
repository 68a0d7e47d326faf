"""A laptop stack with a person, and one whose stored chart is damaged."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import Container, Ports
from chalicelib.domain.readings import EnergyType
from infra.local import layout
from infra.local.layout import Layout
from tests.integration.comparison.command.running import FILE
from tests.integration.comparison.planted_faults import MONTHS, Place


@pytest.fixture(autouse=True)
def _stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mongodb_uri: str, migrated: Database[Any]) -> None:
    """A laptop stack that has come up once, with this database."""
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    monkeypatch.setenv("STACK_NAME", "sample")
    monkeypatch.setenv("MONGODB_URI", mongodb_uri)
    monkeypatch.setenv("MONGODB_DATABASE", migrated.name)
    monkeypatch.delenv("PSEUDONYM_KEY", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    Layout.chosen("sample", {}).remember()


@pytest.fixture
def user(container: Container) -> str:
    """Somebody with readings, the display up to date."""
    name = f"alice-{uuid4().hex}"
    container.imports.bulk_create(name, FILE)
    for energy_type in EnergyType:
        container.calculation.refresh(name, energy_type)
    return name


@pytest.fixture
def damaged(migrated: Database[Any], ports: Ports, container: Container, user: str) -> str:
    """The same, but a stored chart says something that no reading says."""
    place = Place(migrated, ports, container, user)
    data = place.stored(MONTHS)
    data["months"][0]["meterReading"] = 4712
    place.store(MONTHS, data)
    return user
