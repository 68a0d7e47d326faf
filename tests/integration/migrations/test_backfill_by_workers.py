"""A backfill that workers do leaves what one process leaves, is gone on with by either, and says why it cannot end."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, cast

import pytest
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import Side, SyncMode
from chalicelib.domain.meters.walks import Walk
from chalicelib.repositories.control import sync_state
from infra.operations.fan_out.watching import walked
from infra.operations.migrate import by_workers
from infra.operations.migrate.by_workers import ByWorkers
from migrations import runner
from migrations.errors import MigrationError
from migrations.scripts import Advance, QuietRun
from tests.integration.deployment import Deployment
from tests.integration.repositories.inherited_database import assert_both_sides_equal, set_mode

METERS, RANGES = 12, 3
Workers = Callable[[Callable[[], object]], runner.Options]


class Heard(QuietRun):
    """A run that remembers what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def deployed(dual: Database[Any]) -> Deployment:
    return Deployment(dual)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def workers(deployed: Deployment, monkeypatch: pytest.MonkeyPatch, heard: Heard) -> Workers:
    """Options with workers that work while the caller waits, or do something else then."""
    monkeypatch.setattr("chalicelib.services.refresh.fan_out.METERS_OF_A_STEP", 3)
    monkeypatch.setattr(by_workers, "with_workers", lambda _: nullcontext(deployed.operations))

    def options(meanwhile: Callable[[], object] = deployed.work) -> runner.Options:
        monkeypatch.setattr(by_workers, "walked", partial(walked, sleep=lambda _: cast(None, meanwhile())))
        return runner.Options(retry=True, run=ByWorkers(heard, cast(Any, "here"), RANGES))

    return options


def ended(deployed: Deployment) -> list[bool]:
    """Of the difference and of the sweep, whether workers have ended it."""
    found = [deployed.operations.fan_out.progress(walk) for walk in (Walk.SYNC, Walk.SWEEP)]
    return [progress is not None and progress.fan_out.finished is not None for progress in found]


def test_workers_bring_both_sides_together_and_the_display_with_them(
    deployed: Deployment, workers: Workers, heard: Heard
) -> None:
    set_mode(deployed.database, SyncMode.DUAL_WRITE, 0, Side.OLD)
    done = runner.up(deployed.database, "002", workers(deployed.work))
    assert done == ["002_backfill_display_data"]
    assert ended(deployed) == [True, True]
    assert heard.said == ["workers have brought both sides together"]
    assert assert_both_sides_equal(deployed.database) == METERS
    assert sync_state(deployed.database).catching_up is None
    assert runner.up(deployed.database)[0].startswith("003")


def test_what_workers_have_left_one_process_does(deployed: Deployment, workers: Workers) -> None:
    def killed() -> None:
        deployed.operations.fan_out.work(deployed.queue.sent.pop(0), 60, 60)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner.up(deployed.database, "002", workers(killed))
    assert ended(deployed) == [False, False]
    assert runner.up(deployed.database, "002", runner.Options(retry=True)) == ["002_backfill_display_data"]
    assert assert_both_sides_equal(deployed.database) == METERS
    deployed.work()
    assert assert_both_sides_equal(deployed.database) == METERS


def test_a_sweep_that_somebody_began_before_leaves_no_meter_behind(deployed: Deployment, workers: Workers) -> None:
    """Its first ranges have seen the meters as they were before the difference."""
    deployed.operations.fan_out.begin(Walk.SWEEP, RANGES)
    while len(deployed.queue.sent) > 1:
        deployed.operations.fan_out.work(deployed.queue.sent.pop(0), 60, 60)
    deployed.queue.sent.clear()
    runner.up(deployed.database, "002", workers(deployed.work))
    assert assert_both_sides_equal(deployed.database) == METERS


def test_what_one_process_has_left_workers_do(deployed: Deployment, workers: Workers) -> None:
    class Killed(QuietRun):
        def progress(self, unit: str, total: int) -> AbstractContextManager[Advance]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner.up(deployed.database, "002", runner.Options(run=Killed()))
    assert runner.up(deployed.database, "002", workers(deployed.work)) == ["002_backfill_display_data"]
    assert assert_both_sides_equal(deployed.database) == METERS


@pytest.mark.parametrize(
    ("ends", "reason"),
    [
        (lambda deployed: set_mode(deployed.database, SyncMode.OLD_ONLY), "over before its end"),
        (lambda deployed: deployed.operations.fan_out.give_up(Walk.SYNC), "was given up"),
        (lambda deployed: deployed.operations.fan_out.pause(Walk.SYNC), "somebody has paused the sync"),
    ],
    ids=["another mode", "given up", "paused"],
)
def test_a_walk_that_cannot_end_is_said_and_begun_again(
    deployed: Deployment, workers: Workers, ends: Callable[[Deployment], object], reason: str
) -> None:
    with pytest.raises(MigrationError, match=f"002_backfill_display_data failed: .*{reason}"):
        runner.up(deployed.database, "002", workers(lambda: ends(deployed)))
    set_mode(deployed.database, SyncMode.DUAL_WRITE)
    deployed.operations.fan_out.resume(Walk.SYNC)
    assert runner.up(deployed.database, "002", workers(deployed.work)) == ["002_backfill_display_data"]
    assert assert_both_sides_equal(deployed.database) == METERS


def test_a_meter_that_cannot_be_refreshed_is_a_failure_as_it_is_for_one_process(
    deployed: Deployment, workers: Workers
) -> None:
    owner = next(user for user in deployed.database["energies"].distinct("userId") if isinstance(user, str))
    settings = deployed.database["user_settings"]
    settings.insert_one({"_id": owner, "userId": owner, "zone": "Europe/Atlantis"})
    with pytest.raises(MigrationError, match=r"002_backfill_display_data failed: .*cannot be refreshed"):
        runner.up(deployed.database, "002", workers(deployed.work))
    settings.delete_one({"_id": owner})
    assert runner.up(deployed.database, "002", workers(deployed.work)) == ["002_backfill_display_data"]
    assert assert_both_sides_equal(deployed.database) == METERS
