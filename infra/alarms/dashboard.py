"""The dashboard: all alarms first, then a graph for each rule with its threshold, then the other figures."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.alarms.alarm_rule import MEMBER, Each, Metric, Rule

Members = Mapping[Each | None, Sequence[str]]
Figure = tuple[str, Metric, Each | None]
WIDTH, HEIGHT, ACROSS = 8, 6, 3
PERIOD_SECONDS = 300


def body(rules: Sequence[Rule], figures: Sequence[Figure], members: Members, alarms: Sequence[str]) -> str:
    """Return the dashboard's body as JSON, with what ``Fn::Sub`` puts in. ``alarms`` are resources of the template."""
    arns = [f"${{{alarm}.Arn}}" for alarm in alarms]
    graphs = [_graph_of_rule(rule, members[rule.each]) for rule in rules]
    graphs += [_graph_of_figure(figure, members[figure[2]]) for figure in figures]
    ringing = {"type": "alarm", "x": 0, "y": 0, "width": WIDTH * ACROSS, "height": HEIGHT}
    return json.dumps(
        {"widgets": [ringing | {"properties": {"title": "Alarms", "alarms": arns}}, *map(_placed, enumerate(graphs))]}
    )


def _placed(numbered: tuple[int, dict[str, Any]]) -> dict[str, Any]:
    row, column = divmod(numbered[0], ACROSS)
    place = {"x": column * WIDTH, "y": HEIGHT * (row + 1), "width": WIDTH, "height": HEIGHT}
    properties = {"view": "timeSeries", "region": "${AWS::Region}", **numbered[1]}
    return {"type": "metric", **place, "properties": properties}


def _graph_of_rule(rule: Rule, members: Sequence[str]) -> dict[str, Any]:
    return {
        "title": f"{rule.name}: {rule.sentence}".replace(MEMBER, f"a {rule.each}"),
        "period": rule.period_seconds,
        "metrics": [line for number, member in enumerate(members) for line in _lines(rule, member, number)],
        "annotations": {"horizontal": [{"label": f"{rule.severity} above", "value": rule.threshold}]},
    }


def _graph_of_figure(figure: Figure, members: Sequence[str]) -> dict[str, Any]:
    title, metric, _ = figure
    lines = [_line(metric, member, {"label": member or title}) for member in members]
    return {"title": title, "period": PERIOD_SECONDS, "metrics": lines}


def _lines(rule: Rule, member: str, number: int) -> Iterator[list[Any]]:
    """A member's metrics, hidden where a formula of them is shown; each id carries the member's number."""
    label, is_alone = member or rule.name, rule.formula in rule.metrics
    for name, metric in rule.metrics.items():
        yield _line(metric, member, {"id": f"{name}{number}", "label": label, "visible": is_alone})
    if not is_alone:
        names = "|".join(rule.metrics)
        formula = re.sub(rf"\b({names})\b", rf"\g<1>{number}", rule.formula)
        yield [{"id": f"watched{number}", "expression": formula, "label": label}]


def _line(metric: Metric, member: str, shown: Mapping[str, Any]) -> list[Any]:
    dimensions = [part for dimension in metric.of(member).items() for part in dimension]
    return [metric.namespace, metric.name, *dimensions, {"stat": metric.statistic, **shown}]
