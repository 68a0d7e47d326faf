"""What each function asks for, with how much time, and what it says of it: on stand-ins for the services."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chalicelib.bootstrap.container import Container, using
from chalicelib.domain.meters.fan_out import RangeTask
from chalicelib.domain.meters.walks import Walk
from chalicelib.handlers.account_eraser import account_eraser
from chalicelib.handlers.range_worker import range_worker
from chalicelib.handlers.sweeper import sweeper
from chalicelib.monitoring.metrics import metrics
from chalicelib.services.account.erasure import EraserReport
from chalicelib.services.refresh.fan_out import RangeState
from chalicelib.services.refresh.sweeper import SweepReport
from tests.functional.handlers.event_calls import Context
from tests.functional.handlers.scheduled_calls import SCHEDULE

NOW = 1_700_000_000_000


class Asked:
    """Stands for every service: notes what it is asked for."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked: list[tuple[object, ...]] = []

    def run(self, seconds: float) -> Any:
        self.asked.append(("run", seconds))
        return self.answer

    def work(self, *asked: object) -> Any:
        self.asked.append(asked)
        return self.answer

    def send_lost(self) -> int:
        self.asked.append(("send lost",))
        return 0

    def use(self) -> Any:
        """Let functions use it for everything."""
        operations = SimpleNamespace(sweeper=self, fan_out=self)
        return using(cast(Container, SimpleNamespace(operations=operations, erasure=self, clock=lambda: NOW)))


def counted(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """What was counted without a dimension of its own."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    return {
        metric["Name"]: line[metric["Name"]][0]
        for line in lines
        for group in line["_aws"]["CloudWatchMetrics"]
        for metric in group["Metrics"]
        if group["Dimensions"] == [["service"]]
    }


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    metrics().clear_metrics()


@pytest.mark.parametrize("state", ["resting", "unfinished"])
def test_a_sweep_has_35_s_and_messages_are_sent_again_whatever_comes_of_it(state: Any) -> None:
    asked = Asked(SweepReport(state))
    with asked.use():
        assert sweeper(SCHEDULE, Context())["state"] == state
    assert asked.asked == [("run", 35.0), ("send lost",)]


def test_each_figure_of_a_sweep_is_a_metric(capsys: pytest.CaptureFixture[str]) -> None:
    report = SweepReport("unfinished", 2, 3.5, refreshed=4, failed=5, failing=6, brought_up=7, outdated=8)
    with Asked(report).use():
        assert sweeper(SCHEDULE, Context()) == report.as_document()
    assert counted(capsys) == {
        "DisplayStaleness": 3500.0,
        "MetersLagging": 2.0,
        "MetersSwept": 4.0,
        "MetersFailing": 6.0,
        "MetersOutdated": 8.0,
    }


def test_a_sweep_of_a_side_that_rests_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Asked(SweepReport("resting", 1, 1.0, 1, 1, 1, 1, 1)).use():
        sweeper(SCHEDULE, Context())
    assert counted(capsys) == {}


def test_an_eraser_has_40_s_and_says_how_many_accounts_are_left(capsys: pytest.CaptureFixture[str]) -> None:
    asked = Asked(EraserReport(erased=1, left=2, opened=3, waiting=4))
    with asked.use():
        assert account_eraser(SCHEDULE, Context()) == {"erased": 1, "left": 2, "opened": 3, "waiting": 4}
    assert asked.asked == [("run", 40.0)]
    assert counted(capsys) == {"ErasuresWaiting": 2.0}


@pytest.mark.parametrize("number", [0, 7])
def test_a_worker_has_a_minute_for_a_range_and_its_claim_ends_behind_the_function(number: int) -> None:
    asked = Asked(RangeState.PAUSED)
    body = json.dumps({"walk": "sweep", "id": "a1", "number": number})
    with asked.use():
        done = range_worker({"Records": [{"body": body}]}, Context())
    assert done == {"walk": "sweep", "number": number, "state": "paused"}
    assert asked.asked == [(RangeTask(Walk.SWEEP, "a1", number), 60.0, 130.0)]


def test_no_range_has_a_number_below_the_first() -> None:
    body = json.dumps({"walk": "sweep", "id": "a1", "number": -1})
    with Asked(RangeState.DONE).use(), pytest.raises(Exception, match="1 x greater_than_equal"):
        range_worker({"Records": [{"body": body}]}, Context())
