"""Clocks that differ by ten minutes, both ways: nothing that decides about data follows one of them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, compose, mongo_ports, now
from chalicelib.domain.backends.sync_mode import SyncMode, drain_of
from chalicelib.domain.errors import SyncModeError
from chalicelib.domain.meters.display_documents import DisplayUpdate
from chalicelib.domain.meters.walks import Walk
from chalicelib.domain.ports.values import NewReading
from chalicelib.domain.ports.writing import WriteTransaction
from chalicelib.domain.readings import EnergyType
from chalicelib.services.recording.energy_crud import ReadingDraft
from infra.simulation.memory.publisher import FakePublisher
from migrations import runner
from tests.integration.repositories.inherited_database import set_mode

OLD_ONLY, DUAL_WRITE, NEW_ONLY = SyncMode
POWER = EnergyType.POWER
DRAIN = drain_of(30)  # the limit that the tests' server is started with
MINUTE = 60_000
SKEWS = pytest.mark.parametrize("skew", [-10 * MINUTE, 10 * MINUTE], ids=["behind", "ahead"])


def at(database: Database[Any], skew_ms: int) -> Container:
    """The use cases on a machine whose clock is wrong."""
    return compose(mongo_ports(database, FakePublisher()), cast(TokenVerifier, None), lambda: now() + skew_ms)


def create(container: Container, user: str) -> str:
    draft = ReadingDraft(POWER, "2024-01-31", Decimal(5), True)
    return container.energy.create(user, draft).reading.id


@SKEWS
@pytest.mark.parametrize("other", [-10 * MINUTE, 0, 10 * MINUTE])
def test_a_drain_takes_as_long_for_everybody(migrated: Database[Any], skew: int, other: int) -> None:
    at(migrated, skew).operations.modes.set(OLD_ONLY, "test")
    assert DRAIN - 15 < at(migrated, other).operations.modes.show().drain_seconds <= DRAIN


@SKEWS
def test_a_write_that_is_under_way_while_the_mode_changes_is_not_lost(migrated: Database[Any], skew: int) -> None:
    """The job must not say that it is done, nor may energies go on alone, while the write may still arrive."""
    set_mode(migrated, NEW_ONLY)
    user, operator, function = uuid4().hex, at(migrated, skew), at(migrated, 0)

    def work(transaction: WriteTransaction) -> None:
        if function.queries.sync().mode is NEW_ONLY:
            operator.operations.modes.set(DUAL_WRITE, "back")
            assert function.operations.sync.run(10).state == "draining"
            for container in (function, operator):
                with pytest.raises(SyncModeError, match="catches up"):
                    container.operations.modes.set(OLD_ONLY, "back")
                with pytest.raises(SyncModeError, match="may still arrive"):
                    container.operations.consistency.verify()
        transaction.meters.mark_changed(POWER, 1, 1, 1)
        transaction.readings.add_many([NewReading(POWER, 1, Decimal(5), "manual")], 1)

    mongo_ports(migrated, FakePublisher()).transactions.run(user, work)
    assert migrated["source_energy_readings"].count_documents({"userId": user}) == 1


@SKEWS
def test_new_only_and_repair_wait_for_the_drain(migrated: Database[Any], skew: int) -> None:
    operator = at(migrated, skew)
    operator.operations.modes.set(OLD_ONLY, "test")
    operator.operations.modes.set(DUAL_WRITE, "test")
    migrated["control"].update_one({"_id": "sync_mode"}, {"$set": {"catchingUp": None}})
    for container in (operator, at(migrated, -skew)):
        with pytest.raises(SyncModeError, match=r"wait \d\d s"):
            container.operations.modes.set(NEW_ONLY, "test")
        with pytest.raises(SyncModeError, match=r"wait \d\d s"):
            container.operations.consistency.repair()


@SKEWS
def test_a_backfill_waits_for_the_drain(migrated: Database[Any], skew: int) -> None:
    set_mode(migrated, OLD_ONLY)
    runner.down(migrated, last="001")
    at(migrated, skew).operations.modes.set(DUAL_WRITE, "test")
    assert "a write of the mode before may still come; try again in" in (runner.refusal(migrated, "up") or "")


@SKEWS
def test_an_event_has_its_time_to_arrive_and_no_more(migrated: Database[Any], skew: int) -> None:
    user = uuid4().hex
    create(at(migrated, skew), user)
    meter = migrated["meters"].find_one({"userId": user})
    assert meter is not None
    assert meter["dirtySince"] <= datetime.now(UTC) + timedelta(seconds=1)
    since = datetime.now(UTC) - timedelta(seconds=10)
    migrated["meters"].update_one({"userId": user}, {"$set": {"dirtySince": since}})
    assert at(migrated, -skew).operations.sweeper.run(35).refreshed == 0
    since = datetime.now(UTC) - timedelta(seconds=40)
    migrated["meters"].update_one({"userId": user}, {"$set": {"dirtySince": since}})
    assert at(migrated, -skew).operations.sweeper.run(35).refreshed == 1


@SKEWS
def test_a_meter_that_was_shown_lags_by_the_clock_of_the_database_too(migrated: Database[Any], skew: int) -> None:
    container, user = at(migrated, skew), uuid4().hex
    create(container, user)
    assert container.calculation.refresh(user, POWER)
    container.energy.create(user, ReadingDraft(POWER, "2024-02-29", Decimal(6), True))
    meter = migrated["meters"].find_one({"userId": user})
    assert meter is not None
    assert meter["dirtySince"] <= datetime.now(UTC) + timedelta(seconds=1)


@SKEWS
def test_a_failing_meter_is_due_after_its_pause_for_every_sweeper(migrated: Database[Any], skew: int) -> None:
    since = datetime.now(UTC) - timedelta(seconds=40)
    migrated["meters"].insert_one({"_id": "u|water", "userId": "u", "type": "water", "dirtySince": since})
    assert at(migrated, skew).operations.sweeper.run(35).failed == 1
    meter = migrated["meters"].find_one({"_id": "u|water"})
    assert meter is not None
    pause = meter["sweep"]["nextAttempt"] - datetime.now(UTC)
    assert timedelta(seconds=30) < pause <= timedelta(seconds=61)


@pytest.mark.parametrize(("minutes", "skew", "resumed"), [(55, 10, True), (65, -10, False)])
def test_an_interrupted_walk_is_taken_up_within_an_hour(
    migrated: Database[Any], minutes: int, skew: int, resumed: bool
) -> None:
    for user in ("a", "b"):
        create(at(migrated, 0), user)
    started, since = now() - minutes * MINUTE, 0
    progress = {"started": started, "since": since, "after": ["a", "power"], "mode": "dual_write", "meters": 1}
    rest = {"lagging": 1, "differences": 0, "findings": []}
    migrated["control"].insert_one({"_id": Walk.VERIFY.value, **progress, **rest})
    seen = at(migrated, skew * MINUTE).operations.consistency.verify()
    assert (seen.resumed is not None) is resumed
    assert seen.meters == 2


@SKEWS
def test_a_refresh_that_a_write_overtakes_leaves_a_meter_that_is_due_in_time(
    migrated: Database[Any], skew: int
) -> None:
    user = uuid4().hex
    container = at(migrated, skew)
    create(container, user)
    ports = mongo_ports(migrated, FakePublisher())
    ports.transactions.run(user, lambda transaction: transaction.meters.mark_changed(POWER, 1, 1, now()))
    assert ports.display.publish(user, POWER, DisplayUpdate(1, [], range(0), as_of=now() + skew))
    meter = migrated["meters"].find_one({"userId": user})
    assert meter is not None
    assert meter["dirtySince"] <= datetime.now(UTC) + timedelta(seconds=1)
