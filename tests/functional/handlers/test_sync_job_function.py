"""The scheduled function as Lambda calls it: what another application wrote is carried over, in the mode's limits."""

import json
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chalicelib.bootstrap.container import Container, compose, using
from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.errors import SyncModeError, SyncStoppedError, UnavailableError
from chalicelib.domain.events.contracts import EnergyReadingsSynced
from chalicelib.domain.migration.sync.reconciliation import SyncStop
from chalicelib.domain.readings import EnergyType
from chalicelib.handlers.display_data import energy_readings_synced_handler
from chalicelib.handlers.sweeper import sweeper
from chalicelib.handlers.sync_job import sync_job
from chalicelib.services.migration.sync.sync_job import SyncReport
from chalicelib.services.refresh.sweeper import SweepReport
from infra.simulation.memory.migration.sides import reading
from tests.functional.conftest import NOW, Api
from tests.functional.handlers.event_calls import Context, envelope

POWER = EnergyType.POWER
SCHEDULE = {"id": "schedule-1", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}
DAY = 1_699_315_200_000  # 2023-11-07


def run(api: Api) -> dict[str, object]:
    return dict(sync_job(SCHEDULE, Context()))


@pytest.fixture
def follows(api: Api) -> Api:
    """An application whose job has run once."""
    assert run(api)["full_difference"]
    return api


def test_a_foreign_reading_arrives_with_one_event_for_its_meter(follows: Api) -> None:
    follows.sides.write("alice", reading("a", POWER, DAY, 10))
    follows.sides.write("alice", reading("b", POWER, DAY + 1, 11))
    done = run(follows)
    assert (done["state"], done["changes"], done["full_difference"]) == ("synced", 2, False)
    (event,) = follows.publisher.events
    assert isinstance(event, EnergyReadingsSynced)
    assert (event.user_id, event.meter.source_version) == ("alice", 1)
    assert {item.amount for item in follows.store.stored.readings.values()} == {Decimal(10), Decimal(11)}


def test_its_event_brings_the_display_up_to_date(follows: Api) -> None:
    follows.sides.write("alice", reading("a", POWER, DAY, 10))
    run(follows)
    assert energy_readings_synced_handler(envelope(follows.publisher.events[-1]), Context()) == {"refreshed": 1}
    assert not follows.store.stored.meters["alice", POWER].state.stale


def test_a_foreign_delete_takes_the_reading_away(follows: Api) -> None:
    body = json.dumps({"type": "power", "date": "2023-01-31", "amount": 5})
    created = follows.request("POST", "/v2/energy", body).json_body
    follows.sides.delete(created["id"])
    assert run(follows)["state"] == "synced"
    assert follows.store.stored.readings == {}


def test_a_run_without_changes_publishes_nothing(follows: Api) -> None:
    assert run(follows)["changes"] == 0
    assert follows.publisher.events == []


def test_a_lost_position_means_comparing_everything_once(follows: Api) -> None:
    follows.sides.write("alice", reading("a", POWER, DAY, 10))
    follows.sides.forget()
    done = run(follows)
    assert (done["state"], done["full_difference"], done["meters"]) == ("synced", True, 1)
    assert not run(follows)["full_difference"]


def test_in_new_only_the_refusal_is_an_answer_and_no_failure(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.store.stored.sync = SyncState(SyncMode.NEW_ONLY)
    done = run(api)
    assert done["state"] == "refused"
    assert "new_only" in str(done["reason"])
    assert '"SyncStopped":[0.0]' in capsys.readouterr().out


def test_a_stop_that_waits_for_an_answer_is_an_answer_and_no_failure(follows: Api) -> None:
    follows.ports.sync_control.save_stop(SyncStop(NOW, "40 of 50 readings are gone"))
    assert run(follows) == {"state": "stopped", "reason": "40 of 50 readings are gone"}


def test_a_stop_is_a_metric_of_each_run_until_somebody_has_answered(
    follows: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    control = follows.ports.sync_control
    control.save_stop(SyncStop(NOW, "40 of 50 readings are gone"))
    for _ in range(2):
        run(follows)
        assert '"SyncStopped":[1.0]' in capsys.readouterr().out
    control.answer_stop("repair", NOW)
    run(follows)
    assert '"SyncStopped":[0.0]' in capsys.readouterr().out


def test_in_old_only_there_is_nothing_to_do(api: Api) -> None:
    api.store.stored.sync = SyncState(SyncMode.OLD_ONLY)
    nothing = dict.fromkeys(("meters", "changes", "inserted", "replaced", "deleted", "lag_seconds", "wait_seconds"), 0)
    assert run(api) == {"state": "resting", "full_difference": False, "notice": None, "run": "", **nothing}


def test_after_a_change_of_mode_the_job_waits_for_the_drain_and_then_ends_the_catching_up(api: Api) -> None:
    api.store.stored.sync = SyncState(SyncMode.DUAL_WRITE, NOW - 91_000 + 1, Side.OLD)
    assert (run(api)["state"], api.store.stored.sync.catching_up) == ("draining", Side.OLD)
    api.store.stored.sync = SyncState(SyncMode.DUAL_WRITE, NOW - 91_000, Side.OLD)
    assert (run(api)["state"], api.store.stored.sync.catching_up) == ("synced", None)


def test_progress_and_lag_are_in_the_log_and_the_lag_is_a_metric(
    follows: Api, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    follows.sides.write("alice", reading("a", POWER, DAY, 10))
    caplog.clear()
    run(follows)
    (progress,) = [record.__dict__["progress"] for record in caplog.records if "progress" in record.__dict__]
    assert (progress["changes"], progress["inserted"], progress["lag_seconds"]) == (1, 1, 0)
    assert '"SyncLag":[0.0]' in capsys.readouterr().out


def test_the_lag_is_the_age_of_the_last_change_in_milliseconds(
    follows: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    follows.sides.write("alice", reading("a", POWER, DAY, 10))
    with using(compose(follows.ports, follows.container.verifier, lambda: NOW + 5_000)):
        assert run(follows)["lag_seconds"] == 5.0
    assert '"SyncLag":[5000.0]' in capsys.readouterr().out


def test_a_failure_is_raised_so_that_lambda_knows_and_the_next_run_goes_on(follows: Api) -> None:
    follows.sides.write("alice", reading("a", POWER, DAY, 10))
    follows.store.down = True
    with pytest.raises(UnavailableError):
        run(follows)
    follows.store.down = False
    assert run(follows)["inserted"] == 1


class Asked:
    """Stands for the services of a run: notes the time that it is given, and refuses as a test says."""

    def __init__(self, error: Exception | None = None, takes_ms: int = 0, swept: Any = "swept") -> None:
        self.error, self.takes_ms, self.swept = error, takes_ms, swept
        self.asked: list[float] = []
        self.now = NOW

    def run(self, seconds: float, progress: Callable[[SyncReport], None] | None = None) -> Any:
        if progress is None:
            self.now += self.takes_ms
            return SweepReport(self.swept, refreshed=3)
        self.asked.append(seconds)
        progress(SyncReport("unfinished", changes=4))
        if self.error:
            raise self.error
        return SyncReport("synced", lag_seconds=2.5)

    def send_lost(self) -> int:
        return 0

    def verify_by_schedule(self, seconds: float) -> None:
        self.asked.append(seconds)
        if self.error:
            raise self.error

    def use(self) -> Any:
        operations = SimpleNamespace(sync=self, sweeper=self, fan_out=self, consistency=self)
        return using(cast(Container, SimpleNamespace(operations=operations, clock=lambda: self.now)))


def test_a_run_has_240_s_and_its_progress_is_logged(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("INFO")
    asked = Asked()
    with asked.use():
        assert sync_job(SCHEDULE, Context())["state"] == "synced"
    assert asked.asked == [240.0]
    [record] = [record for record in caplog.records if record.message == "sync job goes on"]
    assert record.__dict__["progress"]["changes"] == 4
    said = capsys.readouterr().out
    assert '"SyncLag":[2500.0]' in said
    assert '"SyncStopped":[0.0]' in said


@pytest.mark.parametrize(
    ("error", "state", "stopped"),
    [(SyncStoppedError("a person must answer"), "stopped", 1.0), (SyncModeError("not in old_only"), "refused", 0.0)],
)
def test_a_run_that_may_not_go_on_says_why_and_only_one_that_is_stopped_rings(
    error: Exception,
    state: str,
    stopped: float,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Asked(error).use():
        assert sync_job(SCHEDULE, Context()) == {"state": state, "reason": str(error)}
    errors = [(record.message, record.__dict__["reason"]) for record in caplog.records if record.levelname == "ERROR"]
    assert errors == ([("the sync job is stopped until a person answers", str(error))] if stopped else [])
    said = capsys.readouterr().out
    assert f'"SyncStopped":[{stopped}]' in said
    assert "SyncLag" not in said


@pytest.mark.parametrize(
    ("takes_ms", "compared"),
    [(0, 15.0), (20_000, 15.0), (20_001, 14.999), (34_500, 0.5), (34_999, 0.001), (35_000, None), (40_000, None)],
)
def test_the_comparison_behind_a_sweep_has_what_is_left_and_15_s_at_most(takes_ms: int, compared: float | None) -> None:
    asked = Asked(takes_ms=takes_ms)
    with asked.use():
        sweeper(SCHEDULE, Context())
    assert asked.asked == ([] if compared is None else [pytest.approx(compared, abs=1e-6)])


@pytest.mark.parametrize("swept", ["resting", "unfinished"])
def test_nothing_is_compared_before_all_that_lags_is_refreshed(swept: str) -> None:
    asked = Asked(swept=swept)
    with asked.use():
        sweeper(SCHEDULE, Context())
    assert asked.asked == []


@pytest.mark.parametrize("error", [SyncModeError("the mode is changing"), UnavailableError("out of time")])
def test_a_comparison_that_cannot_be_made_now_is_logged_and_takes_nothing_from_the_sweep(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with Asked(error).use():
        assert sweeper(SCHEDULE, Context())["refreshed"] == 3
    [warning] = [record for record in caplog.records if record.levelname == "WARNING"]
    assert warning.message == "the comparison of all meters goes on with the next run"
    assert warning.__dict__["reason"] == str(error)
