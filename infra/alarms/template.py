"""The alarms, the topic that they notify, and the dashboard, as sections of the CloudFormation template."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chalicelib.domain.backends.component import Component
from infra.alarms.alarm_rule import Each, Metric, Rule
from infra.alarms.dashboard import body
from infra.alarms.rules import FIGURES, RULES

Template = Mapping[str, Any]
TOPIC = {"Ref": "AlarmTopic"}
MAIL = {"Protocol": "email", "Endpoint": {"Ref": "AlarmEmail"}}
SURROUNDINGS: Template = {
    "Parameters": {
        "AlarmEmail": {
            "Type": "String",
            "Default": "",
            "Description": "Who gets a mail when an alarm rings; empty: nobody",
        }
    },
    "Conditions": {"AlarmsAreMailed": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]}},
    "Resources": {
        "AlarmTopic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"Subscription": {"Fn::If": ["AlarmsAreMailed", [MAIL], {"Ref": "AWS::NoValue"}]}},
        }
    },
    "Outputs": {"AlarmTopicArn": {"Value": TOPIC}},
}


def watched(template: Template) -> dict[str, Any]:
    """Return the template with an alarm for each rule, and for each member that a rule is repeated for."""
    members = members_of(template)
    alarms = {f"{rule.name}{_camel(member)}": _alarm(rule, member) for rule in RULES for member in members[rule.each]}
    dashboard = {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {
            "DashboardName": {"Fn::Sub": "${AWS::StackName}"},
            "DashboardBody": {"Fn::Sub": body(RULES, FIGURES, members, list(alarms))},
        },
    }
    return _merged(template, SURROUNDINGS, {"Resources": {**alarms, "Dashboard": dashboard}})


def members_of(template: Template) -> dict[Each | None, list[str]]:
    """Return what rules are repeated for; what has no such thing has one alarm, for nobody in particular."""
    rules = _of_type(template, "AWS::Events::Rule")
    schedules = [rule["Targets"][0]["Arn"]["Fn::GetAtt"][0] for _, rule in rules if "ScheduleExpression" in rule]
    queues = [*_of_type(template, "AWS::SQS::Queue")]
    return {
        None: [""],
        Each.COMPONENT: [component.value for component in Component],
        Each.FUNCTION: [name for name, _ in _of_type(template, "AWS::Serverless::Function")],
        Each.SCHEDULE: schedules,
        Each.QUEUE: [name for name, queue in queues if "RedrivePolicy" not in queue],
        Each.WORK_QUEUE: [name for name, queue in queues if "RedrivePolicy" in queue],
    }


def queries(rule: Rule, member: str) -> list[dict[str, Any]]:
    """Return what the rule looks at, as an alarm's ``Metrics``: one of them is watched, the others serve it."""
    is_alone = rule.formula in rule.metrics
    found = [
        {"Id": name, "MetricStat": _stat(metric, member, rule.period_seconds), "ReturnData": is_alone}
        for name, metric in rule.metrics.items()
    ]
    formula = {"Id": "watched", "Expression": rule.formula, "Label": rule.name, "ReturnData": True}
    return found if is_alone else [*found, formula]


def _alarm(rule: Rule, member: str) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": {"Fn::Sub": "-".join(filter(None, ["${AWS::StackName}", rule.name, member]))},
            "AlarmDescription": rule.description(member),
            "Metrics": queries(rule, member),
            "EvaluationPeriods": rule.periods,
            "DatapointsToAlarm": rule.datapoints,
            "Threshold": rule.threshold,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [TOPIC],
            "OKActions": [TOPIC],
        },
    }


def _stat(metric: Metric, member: str, period_seconds: int) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": _substituted(value)} for name, value in metric.of(member).items()]
    named = {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}
    return {"Metric": named, "Period": period_seconds, "Stat": metric.statistic}


def _substituted(value: str) -> str | dict[str, str]:
    return {"Fn::Sub": value} if "${" in value else value


def _of_type(template: Template, kind: str) -> Iterator[tuple[str, Any]]:
    for name, resource in template["Resources"].items():
        if resource["Type"] == kind:
            yield name, resource.get("Properties", {})


def _merged(template: Template, *more: Template) -> dict[str, Any]:
    sections = dict.fromkeys([*template, *(section for each in more for section in each)])
    return {section: _section(section, [template, *more]) for section in sections}


def _section(name: str, templates: Sequence[Template]) -> Any:
    found = [template[name] for template in templates if name in template]
    return {key: value for section in found for key, value in section.items()} if len(found) > 1 else found[0]


def _camel(member: str) -> str:
    """Return a member's name in the form that a resource's name allows."""
    return "".join(part[:1].upper() + part[1:] for part in member.split("_"))
