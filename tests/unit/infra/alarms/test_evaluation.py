"""The laptop's evaluation of CloudWatch's rules: periods, M of N, missing data, statistics, metric math."""

from typing import Any

import pytest

from infra.alarms.evaluation import ALARM, OK, range_seconds, source_of, state_of
from infra.alarms.metric_math import calculated
from infra.alarms.samples import Samples, Values, statistic_of

NOW, PERIOD = 1_700_000_000.0, 60


def alarm(periods: int, datapoints: int, **more: Any) -> dict[str, Any]:
    """Above 10 in ``datapoints`` of ``periods`` minutes."""
    stat = {"Metric": {"Namespace": "N", "MetricName": "M", "Dimensions": []}, "Period": PERIOD, "Stat": "Maximum"}
    return {
        "AlarmName": "sample",
        "Metrics": [{"Id": "value", "MetricStat": stat, "ReturnData": True}],
        "EvaluationPeriods": periods,
        "DatapointsToAlarm": datapoints,
        "Threshold": 10,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        **more,
    }


def state(asked: dict[str, Any], *minutes: float | None) -> str:
    """The state after these minutes, the latest last; None is a minute without data."""
    samples = Samples()
    for number, value in enumerate(reversed(minutes)):
        if value is not None:
            samples.add("N", "M", {}, NOW - PERIOD * (number + 0.5), [value])
    return state_of(asked, source_of(samples), NOW)


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ([11, 11, 11], ALARM),
        ([11, 10, 11], ALARM),
        ([11, 10, 10], OK),
        ([11, None, 11], ALARM),
        ([None, None, 11], OK),
        ([11, 11, 1, 1, 1], OK),  # too long ago
        ([11, 11, 1, None, None], ALARM),  # the latest three that have data
        ([11, 11, 11, None, None, None, None, None], OK),  # out of sight
    ],
)
def test_an_alarm_rings_when_two_of_the_last_three_periods_with_data_are_above(
    minutes: list[float | None], expected: str
) -> None:
    assert state(alarm(3, 2), *minutes) == expected


def test_other_kinds_of_alarms_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="alarm sample: only GreaterThanThreshold"):
        state(alarm(1, 1, TreatMissingData="breaching"), 1)


def test_an_alarm_looks_two_periods_or_a_third_further_back() -> None:
    assert [range_seconds(alarm(periods, 1)) // PERIOD for periods in (1, 3, 9)] == [3, 5, 12]


def test_samples_count_in_the_period_in_which_they_were_measured_until_they_are_forgotten() -> None:
    samples = Samples()
    samples.add("N", "M", {"a": "1"}, 120, [5])
    samples.add("N", "M", {"a": "1"}, 60, [1, 2])
    samples.add("N", "M", {}, 60, [99])

    def sums() -> list[float | None]:
        return samples.statistic("N", "M", {"a": "1"}, "Sum", [0, 60, 120], 60)

    assert sums() == [None, 3, 5]
    samples.forget(before=60, limit=2)
    assert sums() == [None, 2, 5]
    samples.forget(before=120, limit=2)
    assert sums() == [None, None, 5]


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [("Sum", 5050), ("Average", 50.5), ("Minimum", 1), ("Maximum", 100), ("SampleCount", 100), ("p95", 95.05)],
)
def test_statistics(statistic: str, expected: float) -> None:
    assert statistic_of(range(1, 101), statistic) == pytest.approx(expected)
    assert statistic_of([], statistic) is None


SERIES: dict[str, Values] = {"a": [1.0, None, 6.0], "b": [2.0, 2.0, 0.0]}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a", [1, None, 6]),
        ("100 * a / b", [50, None, None]),  # what is divided by zero is missing
        ("a - b + 1", [0, None, 7]),
        ("FILL(a, 0)", [1, 0, 6]),
        ("DIFF(b)", [None, 0, -2]),
        ("IF(b >= 2, a, 0)", [1, None, 0]),
        ("IF(a > 1, 5, 7)", [7, None, 5]),
        ("IF(b < 2 OR b > 3, 1, 0)", [0, 0, 1]),
        ("IF(b > 1 AND b <= 2, 1, 0)", [1, 1, 0]),
    ],
)
def test_metric_math(expression: str, expected: list[float | None]) -> None:
    assert calculated(expression, SERIES, [True] * 3) == expected


def test_nothing_is_filled_before_anybody_measured() -> None:
    assert calculated("FILL(a, 0)", {"a": [None, None]}, [False, True]) == [None, 0]


@pytest.mark.parametrize("expression", ["c", "RATE(a)", "a +", "a ** b", "'text'"])
def test_metric_math_that_is_not_known_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="metric math"):
        calculated(expression, SERIES, [True] * 3)
