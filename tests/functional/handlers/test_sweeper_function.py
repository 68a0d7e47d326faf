"""The scheduled function as Lambda calls it: what never arrived is shown, and how far the display lags is measured."""

import json
from itertools import count
from typing import Any, cast

import pytest

from chalicelib.bootstrap.container import compose, using
from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.meters.walks import Walk
from chalicelib.domain.readings import EnergyType
from chalicelib.handlers.sweeper import sweeper
from chalicelib.services.refresh.fan_out import SILENT_SECONDS
from chalicelib.services.refresh.sweeper import SweepReport
from infra.simulation.memory.fan_out import FakeRangeQueue
from tests.functional.conftest import (
    NOW,
    Api,
)
from tests.functional.handlers.event_calls import Context, recorded
from tests.functional.handlers.scheduled_calls import SCHEDULE, later

POWER = EnergyType.POWER


def run(api: Api, elapsed_ms: int = 60_000) -> dict[str, Any]:
    with later(api, elapsed_ms):
        return dict(sweeper(SCHEDULE, Context()))


def differences(api: Api) -> int:
    """What the last comparison of all meters has found."""
    last = api.ports.sync_control.verified()
    assert last is not None
    return last.differences


def metrics(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """The values of the line that CloudWatch reads metrics from."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    (line,) = [line for line in lines if "MetersLagging" in line]
    names = ("DisplayStaleness", "MetersLagging", "MetersSwept", "MetersFailing")
    return {name: line[name][0] for name in names}


def test_what_never_arrived_is_shown(api: Api) -> None:
    recorded(api)
    assert run(api) == SweepReport("swept", 1, 60.0, refreshed=1).as_document()
    assert not api.store.stored.meters["alice", POWER].state.stale
    assert run(api) == SweepReport("swept").as_document()


def test_an_event_has_time_to_arrive(api: Api) -> None:
    recorded(api)
    assert run(api, 29_000)["refreshed"] == 0
    assert api.store.stored.meters["alice", POWER].state.stale


def test_a_range_whose_message_was_lost_is_sent_again(api: Api) -> None:
    recorded(api)
    api.container.operations.fan_out.begin(Walk.REBUILD, 2)
    queue = cast(FakeRangeQueue, api.ports.range_queue)
    lost = [*queue.sent]
    queue.sent.clear()
    run(api)
    assert queue.sent == []
    run(api, round(SILENT_SECONDS * 1000))
    assert queue.sent == lost


def test_the_lag_and_what_fails_are_metrics(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(api)
    run(api)
    swept = {"DisplayStaleness": 60_000, "MetersLagging": 1, "MetersSwept": 1, "MetersFailing": 0}
    assert metrics(capsys) == swept
    run(api)
    assert metrics(capsys) == dict.fromkeys(swept, 0)


def test_what_differs_is_noticed_though_nobody_runs_verify(api: Api) -> None:
    recorded(api)
    run(api)
    assert differences(api) == 0
    api.store.stored.display.clear()
    run(api, 60_000 + 3_600_000)
    assert differences(api) > 0


def test_a_comparison_that_is_out_of_time_takes_nothing_from_the_refreshes(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise UnavailableError("out of time")

    monkeypatch.setattr(api.sides, "meters", fail)
    recorded(api)
    assert run(api)["refreshed"] == 1
    assert api.ports.sync_control.verified() is None


def test_a_run_that_took_its_time_compares_nothing_more(api: Api) -> None:
    """Each look at the clock costs 36 s here."""
    ticks = count(NOW, 36_000)
    with using(compose(api.ports, api.container.verifier, lambda: next(ticks))):
        assert sweeper(SCHEDULE, Context())["state"] == "swept"
    assert api.ports.sync_control.verified() is None


def test_while_the_new_side_rests_nothing_is_done_and_nothing_lags(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded(api)
    api.store.stored.sync = SyncState(SyncMode.OLD_ONLY)
    assert run(api)["state"] == "resting"
    assert "MetersLagging" not in capsys.readouterr().out


def test_a_database_that_is_gone_is_a_failure_that_lambda_sees_and_the_next_run_goes_on(api: Api) -> None:
    recorded(api)
    api.store.down = True
    with pytest.raises(UnavailableError):
        run(api)
    api.store.down = False
    assert run(api)["refreshed"] == 1
