"""A process that is killed at any step of any write leaves both collections equal, whole or untouched, and what it
left behind is caught up.
"""

from decimal import Decimal
from typing import Any, cast
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.api.auth import TokenVerifier
from chalicelib.bootstrap import Container, Ports, compose, mongo_ports, now
from chalicelib.domain.readings import EnergyType
from chalicelib.domain.sync import Side
from chalicelib.services.calculation import documents_of
from chalicelib.services.energy_crud import ReadingDraft
from chalicelib.services.views import series_of
from tests.fakes.publisher import FakePublisher
from tests.integration.crashing import CASES, WRITES, CrashPoint, readings, run

POWER = EnergyType.POWER
INITIAL = (("2023-01-31", "1000"), ("2023-02-28", "1100"), ("2023-03-31", "1300"))


@pytest.fixture
def ports(migrated: Database[Any]) -> Ports:
    return mongo_ports(migrated, FakePublisher())


@pytest.fixture
def container(ports: Ports) -> Container:
    return compose(ports, cast(TokenVerifier, None), now)


@pytest.mark.parametrize("case", CASES)
def test_wherever_the_process_dies_nothing_is_half_written(
    case: str, container: Container, ports: Ports, migrated: Database[Any], mongodb_uri: str
) -> None:
    whole = person(container)
    before = content(container, whole)
    steps = run(mongodb_uri, migrated.name, case, whole, None)
    after = content(container, whole)
    assert (before != after) is (case in WRITES)
    assert case not in WRITES or "PutEvents" in steps
    points = [CrashPoint(step, late) for step in range(len(steps)) for late in (False, True)]
    for point in points:
        user = person(container)
        run(mongodb_uri, migrated.name, case, user, point)
        end_open_transactions(migrated)
        assert content(container, user) in (before, after), f"half written at {steps[point.step]} {point}"
        assert_twins_equal(container, user)
        assert_caught_up(container, ports, user)
    print(f"{case}: {len(points)} crash points")  # noqa: T201 the number is part of the evidence


def person(container: Container) -> str:
    """A user with three readings, not refreshed yet."""
    user = uuid4().hex
    for date, amount in INITIAL:
        container.energy.create(user, ReadingDraft(POWER, date, Decimal(amount)))
    return user


def content(container: Container, user: str) -> Any:
    """What a write changes, without ids: readings, source versions, exchanges, settings."""
    kept = sorted(reading[1:] for reading in readings(container, user, Side.OLD))
    meters = [container.queries.snapshot(user, kind, Side.NEW) for kind in EnergyType]
    return (
        kept,
        [(meter.state.source_version, meter.configuration.points, meter.configuration.modulus) for meter in meters],
        meters[0].settings,
    )


def assert_twins_equal(container: Container, user: str) -> None:
    """Both collections say the same, ids included."""
    assert readings(container, user, Side.OLD) == readings(container, user, Side.NEW)


def assert_caught_up(container: Container, ports: Ports, user: str) -> None:
    """After a refresh of what is dirty the stored documents equal a fresh calculation."""
    for kind in EnergyType:
        container.calculation.refresh(user, kind)
        snapshot = container.queries.snapshot(user, kind, Side.NEW)
        if snapshot.state.source_version == 0:
            continue
        assert not snapshot.state.stale
        for fresh in documents_of(snapshot, series_of(snapshot), None, 0):
            stored, _ = ports.display.find(user, kind, fresh.data_type, fresh.year)
            assert stored is not None
            assert stored.data == fresh.data


def end_open_transactions(database: Database[Any]) -> None:
    """What the server does by itself to a transaction whose client is gone, without the 30 s of patience."""
    database.client.admin.command("killAllSessions", [])
