"""Each rule on series of metric data: what makes its alarm ring, and what must not."""

import pytest

from chalicelib.monitoring.names import NAMESPACE, SERVICE, MetricName
from infra.alarms.alarm_rule import MEMBER, Rule, Severity
from infra.alarms.evaluation import ALARM, OK, source_of, state_of
from infra.alarms.rules import FIGURES, RULES
from tests.unit.infra.alarms.series import CASES, NOW, Series, alarm_of, rule_named, sampled

RINGS = [(name, series) for name, cases in CASES.items() for series in cases.rings]
QUIET = [(name, series) for name, cases in CASES.items() for series in cases.quiet]
METRICS = [metric for rule in RULES for metric in rule.metrics.values()] + [metric for _, metric, _ in FIGURES]


def state(name: str, series: Series) -> str:
    return state_of(alarm_of(name), source_of(sampled(rule_named(name), series)), NOW)


def test_every_rule_has_a_series_that_rings_and_one_that_does_not() -> None:
    assert set(CASES) == {rule.name for rule in RULES}
    assert all(cases.rings and cases.quiet for cases in CASES.values())


@pytest.mark.parametrize(("name", "series"), RINGS)
def test_a_rule_rings(name: str, series: Series) -> None:
    assert state(name, series) == ALARM


@pytest.mark.parametrize(("name", "series"), QUIET)
def test_a_rule_does_not_ring(name: str, series: Series) -> None:
    assert state(name, series) == OK


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.name != "ScheduleSilent"], ids=lambda rule: rule.name)
def test_what_has_no_data_does_not_ring(rule: Rule) -> None:
    """Only a schedule's silence is itself what is looked for."""
    assert state(rule.name, {}) == OK


def test_a_schedule_is_not_silent_before_anybody_could_have_heard_it() -> None:
    source = source_of(sampled(rule_named("ScheduleSilent"), {}))
    assert state_of(alarm_of("ScheduleSilent"), source, NOW, known_from=NOW - 1_199) == OK
    assert state_of(alarm_of("ScheduleSilent"), source, NOW, known_from=NOW - 1_200) == ALARM


def test_metrics_are_the_applications_own_or_those_of_aws() -> None:
    for metric in METRICS:
        if metric.namespace == NAMESPACE:
            assert metric.name in set(MetricName)
            assert metric.dimensions["service"] == SERVICE
        else:
            assert metric.namespace.startswith("AWS/")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_says_what_it_means_where_to_look_and_what_to_do(rule: Rule) -> None:
    assert rule.sentence.endswith(".")
    assert rule.look.startswith("python -m infra ")
    assert rule.act.startswith("python -m infra ")
    said = rule.description("energy_table")
    assert said.startswith("[critical] " if rule.severity is Severity.CRITICAL else "[warning] ")
    head, look, act = said.split(" | ")
    assert (look.partition(": ")[0], act.partition(": ")[0]) == ("look", "act")
    assert MEMBER not in said
    assert (MEMBER in rule.sentence) == (rule.each is not None)
    assert head
