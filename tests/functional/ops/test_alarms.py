"""The deployment's alarms over HTTP."""

import pytest

from tests.fakes.alarms import FakeCloudWatch
from tests.fakes.operating import STACK
from tests.functional.conftest import Api
from tests.functional.ops.operating import Operator

SAID = "[{severity}] Meters cannot be refreshed | look: python -m infra sweep --list | act: python -m infra sweep"


@pytest.fixture
def cloudwatch(api: Api) -> FakeCloudWatch:
    return api.aws.cloudwatch


@pytest.fixture
def operator(api: Api) -> Operator:
    return Operator(api)


def test_an_alarm_says_what_it_means_and_which_commands_look_and_act(
    operator: Operator, cloudwatch: FakeCloudWatch
) -> None:
    cloudwatch.add(f"{STACK}-MetersFailing", "ALARM", SAID.format(severity="critical"))
    assert operator.sees("alarms")["alarms"] == [
        {
            "name": f"{STACK}-MetersFailing",
            "state": "ALARM",
            "since": "2024-05-01T00:00:00.000Z",
            "severity": "critical",
            "reason": "ALARM because",
            "meaning": "Meters cannot be refreshed",
            "command": "python -m infra sweep --list",
            "act": "python -m infra sweep",
        }
    ]


def test_those_that_ring_come_first_and_critical_ones_before_others(
    operator: Operator, cloudwatch: FakeCloudWatch
) -> None:
    said = {
        "d": ("OK", "critical"),
        "c": ("INSUFFICIENT_DATA", "critical"),
        "b": ("ALARM", "warning"),
        "a": ("ALARM", "critical"),
    }
    for name, (state, severity) in said.items():
        cloudwatch.add(f"{STACK}-{name}", state, SAID.format(severity=severity))
    listed = operator.sees("alarms")["alarms"]
    assert [alarm["name"][-1] for alarm in listed] == ["a", "b", "c", "d"]
    assert [alarm["severity"] for alarm in listed] == ["critical", "warning", "critical", "critical"]


def test_alarms_of_other_stages_are_not_ours(operator: Operator, cloudwatch: FakeCloudWatch) -> None:
    for name in (f"{STACK}2-X", "other-X", STACK):
        cloudwatch.add(name)
    assert operator.sees("alarms") == {"alarms": []}


@pytest.mark.parametrize("description", [None, "A function failed: python -m infra dlq ls", "| | look", "[loud] x"])
def test_an_alarm_of_another_form_counts_as_critical(
    operator: Operator, cloudwatch: FakeCloudWatch, description: str | None
) -> None:
    cloudwatch.add(f"{STACK}-X", "ALARM", description)
    [alarm] = operator.sees("alarms")["alarms"]
    assert (alarm["severity"], alarm["command"], alarm["act"]) == ("critical", None, None)
    assert alarm["meaning"] == (description or "").split(" | ")[0]


def test_more_alarms_than_a_page_has_are_read_up_to_a_bound(operator: Operator, cloudwatch: FakeCloudWatch) -> None:
    for number in range(250):
        cloudwatch.add(f"{STACK}-{number}")
    assert len(operator.sees("alarms")["alarms"]) == 250
    for number in range(100):
        cloudwatch.add(f"{STACK}-more-{number}")
    assert len(operator.sees("alarms")["alarms"]) == 300


def test_cloudwatch_that_is_away_is_503_and_says_so(operator: Operator, cloudwatch: FakeCloudWatch) -> None:
    cloudwatch.down = True
    assert "CloudWatch did not answer" in operator.refused("GET", "alarms", None, 503)["detail"]
