"""What is added to the template: an alarm for each rule and member, whom they notify, and the dashboard."""

import json
import re
from typing import Any

from chalicelib.domain.backends.component import Component
from infra.alarms.alarm_rule import Each
from infra.alarms.rules import FIGURES, RULES
from infra.alarms.template import members_of, watched
from tests.unit.infra.alarms.series import FUNCTION, QUEUE, TEMPLATE, WORK_QUEUE, alarm_of

ADDED = watched(TEMPLATE)
ALARMS = {name: item["Properties"] for name, item in ADDED["Resources"].items() if item["Type"].endswith("::Alarm")}


def widgets() -> list[dict[str, Any]]:
    body = json.loads(ADDED["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    found: list[dict[str, Any]] = body["widgets"]
    return found


def test_rules_are_repeated_for_what_the_template_has() -> None:
    assert members_of(TEMPLATE) == {
        None: [""],
        Each.COMPONENT: [component.value for component in Component],
        Each.FUNCTION: [FUNCTION],
        Each.SCHEDULE: [FUNCTION],
        Each.QUEUE: [QUEUE],
        Each.WORK_QUEUE: [WORK_QUEUE],
    }


def test_every_rule_has_an_alarm_for_each_member_and_nothing_of_the_template_is_lost() -> None:
    members = members_of(TEMPLATE)
    assert len(ALARMS) == sum(len(members[rule.each]) for rule in RULES)
    assert ADDED["Resources"].items() >= TEMPLATE["Resources"].items()
    assert all(re.fullmatch(r"[A-Za-z0-9]+", name) for name in ALARMS)


def test_every_alarm_is_told_to_the_topic_and_its_name_begins_with_the_stacks() -> None:
    for alarm in ALARMS.values():
        assert alarm["AlarmName"]["Fn::Sub"].startswith("${AWS::StackName}-")
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlarmTopic"}]
        assert alarm["TreatMissingData"] == "notBreaching"
        assert sum(query["ReturnData"] for query in alarm["Metrics"]) == 1
        assert len(alarm["Metrics"]) <= 10
        assert len(alarm["AlarmDescription"]) <= 1_024


def test_nobody_is_written_to_without_an_address() -> None:
    assert ADDED["Parameters"]["AlarmEmail"]["Default"] == ""
    condition, mailed, otherwise = ADDED["Resources"]["AlarmTopic"]["Properties"]["Subscription"]["Fn::If"]
    assert (mailed, otherwise) == ([{"Protocol": "email", "Endpoint": {"Ref": "AlarmEmail"}}], {"Ref": "AWS::NoValue"})
    assert ADDED["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]}


def test_an_alarm_is_for_its_member_alone() -> None:
    alarm = alarm_of("ComponentFailing")
    assert alarm["AlarmName"] == "${AWS::StackName}-ComponentFailing-energy_table"
    assert alarm["AlarmDescription"] == (
        "[critical] energy_table fails on the new backend more than half again as often as on the old one. "
        "| look: python -m infra compare times "
        '| act: python -m infra flags rollback energy_table --reason "it fails more often than before"'
    )
    asked = [query["MetricStat"]["Metric"]["Dimensions"] for query in alarm["Metrics"] if "MetricStat" in query]
    assert {item["Value"] for item in asked[0]} == {"energy-monitor", "energy_table", "new"}
    assert {item["Value"] for item in asked[1]} == {"energy-monitor", "energy_table", "old"}


def test_dead_letters_are_counted_in_the_queue_itself() -> None:
    asked = [query["MetricStat"]["Metric"] for query in alarm_of("DeadLetters")["Metrics"] if "MetricStat" in query]
    for metric, name in zip(asked, ("Visible", "NotVisible"), strict=True):
        assert metric == {
            "Namespace": "AWS/SQS",
            "MetricName": f"ApproximateNumberOfMessages{name}",
            "Dimensions": [{"Name": "QueueName", "Value": "${DeadLetterQueue.QueueName}"}],
        }


def test_the_dashboard_shows_all_alarms_a_graph_for_each_rule_and_the_other_figures() -> None:
    first, *graphs = widgets()
    assert first["properties"]["alarms"] == [f"${{{name}.Arn}}" for name in ALARMS]
    assert len(graphs) == len(RULES) + len(FIGURES)
    for rule, graph in zip(RULES, graphs, strict=False):
        assert graph["properties"]["annotations"]["horizontal"][0]["value"] == rule.threshold
    places = [(graph["x"], graph["y"]) for graph in [first, *graphs]]
    assert len(set(places)) == len(places)


def test_a_graph_of_a_formula_uses_only_ids_that_it_has() -> None:
    for widget in widgets()[1:]:
        lines = [line[-1] for line in widget["properties"]["metrics"]]
        ids = [line["id"] for line in lines if "id" in line]
        assert len(set(ids)) == len(ids)
        for line in lines:
            used = set(re.findall(r"\b[a-z]+\d*\b", line.get("expression", "")))
            assert used <= set(ids)
