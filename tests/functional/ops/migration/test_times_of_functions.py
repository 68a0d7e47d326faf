"""What the functions of the migration ask for, with how much time, and what they say of it: on stand-ins."""

import json
from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chalicelib.bootstrap.container import Container, using
from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import ComparisonError
from chalicelib.domain.migration.records.comparison_log import Outcome
from chalicelib.handlers.census_taker import census_taker
from chalicelib.handlers.comparer import backend_comparer
from chalicelib.handlers.rollout_carrier import rollout_carrier
from chalicelib.handlers.status_reporter import status_reporter
from chalicelib.monitoring.metrics import metrics
from chalicelib.monitoring.names import MetricName
from chalicelib.services.migration.figures.gauges import Gauge
from chalicelib.services.migration.gate.census import CensusState, CensusTaken
from tests.functional.handlers.event_calls import Context
from tests.functional.handlers.scheduled_calls import SCHEDULE

NOW = 1_700_000_000_000


class Asked:
    """Stands for every service: notes what it is asked for, and answers or refuses."""

    def __init__(self, answer: object, error: Exception | None = None, takes_ms: int = 0) -> None:
        self.answer, self.error, self.takes_ms = answer, error, takes_ms
        self.asked: list[tuple[float, ...]] = []
        self.now = NOW

    def run(self, *seconds: float) -> Any:
        self.asked.append(seconds)
        if self.error:
            raise self.error
        return self.answer

    def read(self) -> Any:
        self.now += self.takes_ms
        return self.answer

    def fold(self, seconds: float) -> int:
        self.asked.append((seconds,))
        return 7

    def stopped(self) -> int:
        return 3

    def use(self) -> Any:
        """Let functions use it for everything."""
        parts = dict.fromkeys(("census", "comparer", "gauges", "folding"), self)
        stand_in = SimpleNamespace(**parts, flags=SimpleNamespace(carrier=self), clock=lambda: self.now)
        return using(cast(Container, stand_in))


def counted(out: str, component: str | None = None) -> dict[str, tuple[float, str]]:
    """What was counted of a component, or without one, and in which unit."""
    lines = [json.loads(line) for line in out.splitlines() if '"_aws"' in line]
    dimensions = [["service"]] if component is None else [["service", "component"]]
    return {
        metric["Name"]: (line[metric["Name"]][0], metric["Unit"])
        for line in lines
        for group in line["_aws"]["CloudWatchMetrics"]
        for metric in group["Metrics"]
        if group["Dimensions"] == dimensions and (component is None or line["component"] == component)
    }


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    metrics().clear_metrics()


def test_a_census_has_90_s_and_is_claimed_until_its_run_is_surely_over() -> None:
    asked = Asked(CensusTaken(CensusState.UNDER_WAY, 5))
    with asked.use():
        assert census_taker(SCHEDULE, Context()) == {"state": "under way", "users": 5}
    assert asked.asked == [(90.0, 180.0)]


@pytest.mark.parametrize("function", [census_taker, backend_comparer])
def test_a_mode_that_forbids_it_is_an_answer(function: Any) -> None:
    with Asked(None, ComparisonError("the mode is old_only")).use():
        assert function(SCHEDULE, Context()) == {"state": "refused", "reason": "the mode is old_only"}


def test_a_comparer_has_90_s_and_every_outcome_is_a_metric(capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = Counter({outcome: number for number, outcome in enumerate(Outcome)})
    asked = Asked(outcomes)
    with asked.use():
        done = backend_comparer(SCHEDULE, Context())
    assert done == {"state": "compared", **{outcome.value: number for outcome, number in outcomes.items()}}
    assert asked.asked == [(90.0,)]
    names = {
        "ComparisonsEqual": Outcome.EQUAL,
        "ComparisonsDifferent": Outcome.DIFFERENT,
        "ComparisonsIgnored": Outcome.IGNORED,
        "ComparisonsLag": Outcome.LAG,
        "ComparisonsOtherCalculation": Outcome.OTHER_CALCULATION,
        "ComparisonsFailed": Outcome.FAILED,
    }
    assert counted(capsys.readouterr().out) == {name: (outcomes[outcome], "Count") for name, outcome in names.items()}


def test_a_carrier_has_40_s_and_says_how_many_rollouts_have_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    asked = Asked({"dashboard": "waits"})
    with asked.use():
        assert rollout_carrier(SCHEDULE, Context()) == {"dashboard": "waits"}
    assert asked.asked == [(40.0,)]
    assert counted(capsys.readouterr().out) == {"RolloutsStopped": (3.0, "Count")}


def test_a_reporter_folds_with_what_the_gauges_have_left_of_38_s_and_reports_each_in_its_unit(
    capsys: pytest.CaptureFixture[str],
) -> None:
    gauges = [
        Gauge(MetricName.FLAG_PERCENT, 12.5, Component.DASHBOARD),
        Gauge(MetricName.NEW_SHARE, 1.5, Component.DASHBOARD),
        Gauge(MetricName.DIFFERENCES_OPEN, 4.0, Component.DASHBOARD),
        Gauge(MetricName.FEEDBACK_OPEN, 2.0),
    ]
    asked = Asked(gauges, takes_ms=5_500)
    with asked.use():
        assert status_reporter(SCHEDULE, Context()) == {"gauges": 4, "folded": 7}
    assert asked.asked == [(32.5,)]
    out = capsys.readouterr().out
    assert counted(out, "dashboard") == {
        "FlagPercent": (12.5, "Percent"),
        "NewShare": (1.5, "Percent"),
        "DifferencesOpen": (4.0, "Count"),
    }
    assert counted(out) == {"FeedbackOpen": (2.0, "Count")}
