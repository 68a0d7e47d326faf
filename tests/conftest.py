"""Fixtures that several layers of tests share."""

import locale
import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from random import Random
from typing import Any

import pytest
import time_machine
from botocore.loaders import JSONFileLoader
from hypothesis import HealthCheck, settings
from pymongo.database import Database

from chalicelib.repositories import measurements, retirement, usage
from infra.targets.naming import name_stack
from tests.depth import DEEP, depth
from tests.migrated_databases import MigratedDatabases

# Tables are printed as wide as here, whatever window the tests run in.
os.environ["COLUMNS"] = "200"
# Speed is measured by the benches: a busy machine must not turn a test red.
settings.register_profile(
    "untimed", max_examples=depth(50, 1000), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("untimed")
# What 'make test-deep' sets.
ORDER, DAYS_AHEAD = os.environ.get("TESTS_ORDER", ""), int(os.environ.get("TESTS_DAYS_AHEAD", "0"))


def pytest_configure() -> None:
    """Dates and numbers are printed as the locale has them, where a program asks for that."""
    if DEEP:
        locale.setlocale(locale.LC_ALL, "")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files in random order, and the tests of each, so that none needs what another has left."""
    if ORDER:
        place = {name: Random(f"{ORDER} {name}").random() for item in items for name in (item.nodeid, item.location[0])}
        items.sort(key=lambda item: (place[item.location[0]], place[item.nodeid]))


@pytest.fixture(scope="session", autouse=True)
def _later() -> Iterator[None]:
    """The clock of this process some days ahead; those of other processes are right."""
    if not DAYS_AHEAD:
        yield
        return
    with time_machine.travel(datetime.now(UTC) + timedelta(days=DAYS_AHEAD)):
        yield


@pytest.fixture(scope="session", autouse=True)
def _descriptions_of_aws_are_read_once() -> Iterator[None]:
    """Each session reads what the services are like from large files; the next one of this process has it already."""
    read = cache(partial(JSONFileLoader.load_file, JSONFileLoader()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda _, path: read(path))
        yield


@pytest.fixture(scope="session")
def mongodb_uri() -> Iterator[str]:
    """A MongoDB server of this test run's own."""
    from infra.local.throwaway import mongod

    # What tests write is years old, and each minute a monitor would delete what an index lets expire.
    with mongod("--setParameter", "ttlMonitorEnabled=false", in_memory=True) as uri:
        yield uri


@pytest.fixture(scope="session")
def migrated_databases(mongodb_uri: str) -> Iterator[MigratedDatabases]:
    with closing(MigratedDatabases(mongodb_uri)) as databases:
        yield databases


@pytest.fixture
def migrated(
    request: pytest.FixtureRequest, migrated_databases: MigratedDatabases, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database[Any]]:
    """A migrated database of this test's own; on a busy machine too, what is noted in it arrives."""
    for module in (usage, measurements, retirement):
        monkeypatch.setattr(module, "PATIENCE_SECONDS", 10.0)
    with migrated_databases.one(unused=request.node.get_closest_marker("plans") is not None) as database:
        yield database


@pytest.fixture(autouse=True)
def _a_stack_is_named_for_one_test() -> Iterator[None]:
    """A test may run commands in this process: the stack that they name is not in the messages of the next test."""
    yield
    name_stack(None)
