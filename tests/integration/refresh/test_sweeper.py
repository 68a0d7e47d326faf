"""The sweeper on a real database: what no event has refreshed is refreshed, whatever is wrong with other meters."""

import threading
from decimal import Decimal
from importlib import import_module
from typing import Any, cast
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import now
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.meters.lagging import Lag
from chalicelib.domain.ports.reading import ReadingQueries
from chalicelib.domain.ports.values import MeterSnapshot
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.services.recording.energy_crud import ReadingDraft
from chalicelib.services.refresh.refresh import DisplayDataCalculationService
from chalicelib.services.refresh.sweeper import GRACE_SECONDS, SweeperService, SweepReport
from infra.simulation.memory.publisher import FakePublisher
from tests.integration.deployment import POWER, Clock, Deployment, held

BUDGET = 60.0
MINUTE = 60


class Watch(Clock):
    """A clock that moves only when a test moves it."""

    def __init__(self) -> None:
        super().__init__()
        self.at = now() - 24 * 3_600_000  # the database lets nothing begin to lag ahead of its own clock

    def __call__(self) -> int:
        return self.at

    def database_time(self, instant: int) -> int:
        return self.at

    def drain(self) -> None:
        self.pass_by(10 * MINUTE)

    def pass_by(self, seconds: float) -> None:
        self.at += round(seconds * 1000)


class Swept(Deployment):
    """A deployment without a bus: no event ever arrives."""

    def __init__(self, database: Database[Any]) -> None:
        self.watch = Watch()
        super().__init__(database, self.watch, FakePublisher())

    def lagging(self, count: int) -> list[str]:
        """Users with a reading that nobody has shown yet, one second after the other."""
        users = [uuid4().hex for _ in range(count)]
        for user in users:
            self.watch.pass_by(1)
            self.container.energy.create(user, ReadingDraft(POWER, "2023-01-31", Decimal(1000)))
        return users

    def broken(self, count: int) -> list[str]:
        """The same, but what is stored of their exchanges is no list."""
        users = self.lagging(count)
        self.database["meters"].update_many({"userId": {"$in": users}}, {"$set": {"exchanges": "many"}})
        return users

    def mend(self, user: str) -> None:
        self.database["meters"].update_one({"userId": user}, {"$unset": {"exchanges": 1}})

    def sweep(self, limit: int = 500) -> SweepReport:
        """A run at its next scheduled time."""
        self.watch.pass_by(MINUTE)
        return self.operations.sweeper.run(BUDGET, limit)

    def shown(self, users: list[str]) -> list[str]:
        return [user for user in users if not self.ports.display.state(user, POWER).stale]

    def meter(self, user: str) -> dict[str, Any]:
        return self.database["meters"].find_one({"_id": f"{user}|power"}) or {}


@pytest.fixture
def deployed(migrated: Database[Any]) -> Swept:
    return Swept(migrated)


def test_a_meter_is_left_to_its_event_for_the_grace_period_and_swept_after_it(deployed: Swept) -> None:
    users = deployed.lagging(1)
    deployed.watch.pass_by(GRACE_SECONDS - 0.001)
    assert deployed.operations.sweeper.run(BUDGET) == SweepReport("swept", staleness_seconds=29.999)
    assert deployed.shown(users) == []
    deployed.watch.pass_by(0.001)
    assert deployed.operations.sweeper.run(BUDGET) == SweepReport("swept", 1, 30.0, refreshed=1)
    assert deployed.shown(users) == users
    assert "sweep" not in deployed.meter(users[0])


def test_a_failing_meter_is_named_and_the_others_are_refreshed_in_the_same_run(
    deployed: Swept, caplog: pytest.LogCaptureFixture
) -> None:
    broken, fine = deployed.broken(1), deployed.lagging(3)
    report = deployed.sweep()
    assert (report.lagging, report.refreshed, report.failed, report.failing) == (4, 3, 1, 1)
    assert deployed.shown(broken + fine) == fine
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    said = record.__dict__
    assert (said["meter"], said["attempt"], said["error"]) == (f"{broken[0]}|power", 1, "UnavailableError")
    count, (failing,) = deployed.operations.sweeper.failing()
    assert (count, failing.meter.id, failing.meter.attempts) == (1, f"{broken[0]}|power", 1)
    assert failing.next_attempt == deployed.watch() + MINUTE * 1000


def test_the_pause_before_the_next_attempt_doubles_up_to_an_hour(deployed: Swept) -> None:
    (user,) = deployed.broken(1)
    pauses = []
    deployed.watch.pass_by(GRACE_SECONDS)
    for _ in range(9):
        assert deployed.operations.sweeper.run(BUDGET).failed == 1
        (failing,) = deployed.operations.sweeper.failing()[1]
        pauses.append((failing.next_attempt - deployed.watch()) // 60_000)
        deployed.watch.pass_by(pauses[-1] * MINUTE - 1)
        assert deployed.operations.sweeper.run(BUDGET).failed == 0
        deployed.watch.pass_by(1)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert deployed.meter(user)["sweep"]["attempts"] == 9


def test_more_failing_meters_than_a_run_takes_hold_up_nobody(deployed: Swept) -> None:
    broken, fine = deployed.broken(7), deployed.lagging(4)
    runs = [deployed.sweep(limit=2) for _ in range(6)]
    assert all(report.refreshed + report.failed <= 2 for report in runs)
    assert deployed.shown(fine) == fine, "eleven meters, two a run: six runs, though failing ones were due meanwhile"
    more = deployed.lagging(2)
    deployed.sweep(limit=2)
    assert deployed.shown(more) == more, "the next ones wait for no failing meter"
    assert deployed.operations.sweeper.failing()[0] == len(broken)


def test_a_run_goes_on_where_the_one_before_stopped(deployed: Swept) -> None:
    users = deployed.lagging(5)
    assert [deployed.sweep(limit=2).refreshed for _ in range(4)] == [2, 2, 1, 0]
    assert deployed.shown(users) == users


@pytest.mark.parametrize("mended_by", ["an event", "the sweeper"])
def test_a_refresh_that_succeeds_forgets_the_attempts(deployed: Swept, mended_by: str) -> None:
    (user,) = deployed.broken(1)
    assert deployed.sweep().failing == 1
    deployed.mend(user)
    if mended_by == "an event":
        assert deployed.container.calculation.refresh(user, POWER)
    else:
        assert deployed.sweep().refreshed == 1
    assert deployed.operations.sweeper.failing() == (0, [])
    assert "sweep" not in deployed.meter(user)


def test_a_meter_on_which_the_process_dies_costs_one_attempt_and_not_the_next_run(deployed: Swept) -> None:
    class Killed(BaseException): ...

    class Deadly(DisplayDataCalculationService):
        def refresh(self, user_id: str, energy_type: EnergyType, version: int | None = None) -> bool:
            raise Killed

    ports = deployed.ports
    deadly = Deadly(ports.display, ports.queries, deployed.watch)
    dies = SweeperService(ports.lagging, ports.queries, deadly, deployed.watch)
    users = deployed.lagging(3)
    for attempt in (1, 2):
        deployed.watch.pass_by(MINUTE)
        with pytest.raises(Killed):
            dies.run(BUDGET, limit=1)
        assert deployed.meter(users[attempt - 1])["sweep"]["attempts"] == 1
    again = deployed.operations.sweeper.run(BUDGET)
    assert again.refreshed == 2, "the third, and the first, whose pause is over"
    assert deployed.sweep().refreshed == 1
    assert deployed.operations.sweeper.failing()[0] == 0


def test_a_meter_that_kills_the_process_again_and_again_is_listed(deployed: Swept) -> None:
    (user,) = deployed.lagging(1)
    lagging = deployed.ports.lagging
    for _ in range(2):
        deployed.watch.pass_by(10 * MINUTE)
        (waiting,) = lagging.waiting(deployed.watch(), deployed.watch(), 10)
        assert lagging.claim(waiting, deployed.watch() + 1)
    (failing,) = lagging.failing(10)[1]
    assert (failing.meter.id, failing.meter.attempts, failing.meter.error) == (f"{user}|power", 2, "Interrupted")


def test_two_sweepers_at_once_share_the_work(deployed: Swept) -> None:
    users = deployed.lagging(60)
    deployed.watch.pass_by(MINUTE)
    reports: list[SweepReport] = []
    sweepers = [
        threading.Thread(target=lambda: reports.append(deployed.operations.sweeper.run(BUDGET))) for _ in range(2)
    ]
    for sweeper in sweepers:
        sweeper.start()
    for sweeper in sweepers:
        sweeper.join(60)
    assert len(reports) == 2
    assert sum(report.refreshed for report in reports) == 60, "no meter was refreshed twice"
    assert deployed.shown(users) == users
    assert deployed.operations.sweeper.failing()[0] == 0


def test_a_meter_that_was_refreshed_before_its_turn_keeps_no_attempt(deployed: Swept) -> None:
    (user,) = deployed.lagging(1)
    (waiting,) = deployed.ports.lagging.waiting(deployed.watch(), deployed.watch(), 10)
    assert deployed.container.calculation.refresh(user, POWER)
    assert not deployed.ports.lagging.claim(waiting, deployed.watch())
    deployed.ports.lagging.failed(waiting.claimed, "TooLate")
    assert "sweep" not in deployed.meter(user)


def test_a_meter_that_is_written_during_each_refresh_is_swept_once_a_run_and_lags_no_longer_than_that(
    deployed: Swept,
) -> None:
    class Written:
        """Somebody writes the meter, whenever it has been read."""

        def __getattr__(self, name: str) -> Any:
            return getattr(deployed.ports.queries, name)

        def snapshot(self, user_id: str, energy_type: EnergyType, backend: Backend) -> MeterSnapshot:
            found = deployed.ports.queries.snapshot(user_id, energy_type, backend)
            deployed.watch.pass_by(1)
            deployed.ports.transactions.run(
                user_id, lambda transaction: transaction.meters.mark_changed(energy_type, 0, 0, deployed.watch())
            )
            return found

    deployed.lagging(1)
    deployed.watch.pass_by(MINUTE)
    began, queries = deployed.watch(), cast(ReadingQueries, Written())
    calculation = DisplayDataCalculationService(deployed.ports.display, queries, deployed.watch)
    report = SweeperService(deployed.ports.lagging, queries, calculation, deployed.watch).run(BUDGET, limit=5)
    assert (report.state, report.refreshed) == ("swept", 1)
    assert deployed.ports.lagging.lag(began) == Lag(1, began)
    assert deployed.ports.lagging.lag(began - 1) == Lag(0, began)


def test_a_damaged_meter_is_named_too_and_holds_up_nobody(deployed: Swept) -> None:
    damaged, fine = deployed.lagging(2)
    deployed.database["meters"].update_one({"_id": f"{damaged}|power"}, {"$set": {"exchanges": "many"}})
    unknown = {"_id": "u|heat", "userId": "u", "type": "heat", "dirtySince": to_datetime(0)}
    deployed.database["meters"].insert_one(unknown)
    report = deployed.sweep()
    assert (report.refreshed, report.failed, report.failing) == (1, 2, 2)
    assert deployed.shown([fine]) == [fine]
    named = {failing.meter.id for failing in deployed.operations.sweeper.failing()[1]}
    assert named == {"u|heat", f"{damaged}|power"}


def test_at_once_means_all_that_lags_failing_ones_and_the_newest_included(deployed: Swept) -> None:
    (broken,) = deployed.broken(1)
    assert deployed.sweep().failing == 1
    newest = deployed.lagging(1)
    deployed.mend(broken)
    assert deployed.operations.sweeper.run_at_once(BUDGET).refreshed == 2
    assert deployed.shown([broken, *newest]) == [broken, *newest]


def test_a_meter_that_an_open_write_holds_is_named_and_holds_up_nobody(
    deployed: Swept, caplog: pytest.LogCaptureFixture
) -> None:
    user, fine = deployed.lagging(1), deployed.lagging(2)
    with held(deployed.database, user[0]):
        report = deployed.sweep()
    assert (report.state, report.refreshed, report.failed) == ("swept", 2, 1)
    assert deployed.shown(user + fine) == fine
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert (record.__dict__["meter"], record.__dict__["error"]) == (f"{user[0]}|power", "UnavailableError")
    assert deployed.sweep().refreshed == 1, "at the next run, without a pause"


def test_at_once_does_not_wait_for_a_failing_meter_that_an_open_write_holds_either(deployed: Swept) -> None:
    broken, fine = deployed.broken(1), deployed.lagging(1)
    assert deployed.sweep().failing == 1
    more = deployed.lagging(1)
    with held(deployed.database, broken[0]):
        report = deployed.operations.sweeper.run_at_once(BUDGET)
    assert (report.state, report.refreshed, report.failed, report.failing) == ("swept", 1, 1, 1)
    assert deployed.shown(fine + more) == fine + more


def test_in_old_only_there_is_nothing_to_show_and_the_sweeper_rests(deployed: Swept) -> None:
    deployed.to(SyncMode.OLD_ONLY)
    (user,) = deployed.lagging(1)
    assert deployed.sweep() == SweepReport("resting")
    assert deployed.meter(user)["dirtySince"]


def test_without_its_index_the_sweeper_works_and_the_script_can_be_undone_and_done_again(deployed: Swept) -> None:
    script = import_module("migrations.006_index_attempts_of_the_sweeper")
    before = deployed.database["meters"].index_information()
    broken, fine = deployed.broken(1), deployed.lagging(1)
    assert deployed.sweep().failing == 1
    assert script.preview(deployed.database, "down")[0].documents == 1
    script.down(deployed.database)
    script.down(deployed.database)
    assert "sweep" not in deployed.meter(broken[0])
    assert before.keys() - deployed.database["meters"].index_information().keys() == {script.NAME}
    assert deployed.sweep().failed == 1
    script.up(deployed.database)
    script.up(deployed.database)
    assert deployed.database["meters"].index_information() == before
    assert deployed.shown(fine) == fine


def test_the_index_of_the_calculation_versions_can_be_taken_away_and_made_again(deployed: Swept) -> None:
    script = import_module("migrations.009_index_calculation_versions")
    before = deployed.database["meters"].index_information()
    script.down(deployed.database)
    script.down(deployed.database)
    assert before.keys() - deployed.database["meters"].index_information().keys() == {script.NAME}
    deployed.database["meters"].insert_one({"_id": "somebody|power", "displayVersion": 1})
    assert deployed.operations.sweeper.outdated() == 1, "slower, and right"
    script.up(deployed.database)
    script.up(deployed.database)
    assert deployed.database["meters"].index_information() == before
