"""One emulator for the tests of a module, a stage for each."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.flags import FlagOperations
from infra.deployment.application import Target
from infra.local.layout import REGION, Layout
from infra.local.throwaway import appconfig as throwaway_appconfig
from tests.integration.flags.stage import Shell, Stage, verify


@pytest.fixture(scope="module")
def emulator() -> Iterator[Layout]:
    with throwaway_appconfig() as layout:
        yield layout


@pytest.fixture
def stage(emulator: Layout) -> Stage:
    return Stage(Target(REGION, emulator.appconfig_url), f"test-{uuid4().hex[:8]}")


@pytest.fixture
def operator(stage: Stage, migrated: Database[Any]) -> FlagOperations:
    verify(migrated)
    return stage.operator(migrated)


@pytest.fixture
def shell(
    stage: Stage,
    emulator: Layout,
    mongodb_uri: str,
    migrated: Database[Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    """As on AWS: the stage by its name, the person's own credentials."""
    environment = {
        "MONGODB_URI": mongodb_uri,
        "MONGODB_DATABASE": migrated.name,
        "AWS_ENDPOINT_URL": emulator.appconfig_url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "COLUMNS": "200",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Shell(capsys, ["--stage", stage.name])
