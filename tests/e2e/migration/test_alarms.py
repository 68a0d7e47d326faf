"""Alarms on the deployed stack: they are there, one rings soon after its cause and reaches the topic, the commands
of the runbook run, and LocalStack evaluates as the rules are tested.
"""

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.monitoring.names import (
    NAMESPACE,
    MetricName,
)
from chalicelib.repositories.database import open_database
from infra.alarms.alarm_rule import Severity
from infra.alarms.evaluation import source_of, state_of
from infra.alarms.rules import RULES
from infra.alarms.runbook import BEGIN, END, README
from infra.local.layout import Layout
from tests.e2e.account import STACK, Account
from tests.e2e.conftest import Deployed, eventually
from tests.e2e.migration.runbook import CHART, Readme, damage, look, reported
from tests.unit.infra.alarms.series import Series, alarm_of, rule_named, sampled

pytestmark = pytest.mark.long

SOON_SECONDS = 120
SHORT_SECONDS = 30  # the longest period below a minute
FOUND = re.findall(r"`(\$I [^`]+)`", README.read_text().split(BEGIN)[1].split(END)[0])
COMMANDS = sorted({re.sub('".*"', "", command): command for command in FOUND}.values())  # one of each reason's
AWS_ALONE = "$I deploy"
# Series of which LocalStack says the same: it also counts what was above the threshold before the periods of the rule.
AGREED: list[tuple[str, Series, str]] = [
    ("BackendsDiffer", {"different": [[0, 1]]}, "ALARM"),
    ("BackendsDiffer", {"different": [[0, 0]]}, "OK"),
    ("BackendsDiffer", {}, "OK"),
    ("DataDiffer", {"differences": [[0, 3]] * 3}, "ALARM"),
    ("DataDiffer", {"differences": [[0]] * 3}, "OK"),
    ("MemoryShort", {"used": [[86], [50], [86]]}, "ALARM"),
    ("MemoryShort", {"used": [[85], [50], [99]]}, "OK"),
    ("SyncBehind", {"lag": [[900_001]] * 3}, "ALARM"),
    ("SyncBehind", {"lag": [[900_001], [900_001], [10]]}, "OK"),
]


@pytest.fixture
def cloudwatch(deployed: Deployed) -> Any:
    return deployed.client("cloudwatch", deployed.layout.localstack_url)


@pytest.fixture
def database(deployed: Deployed) -> Iterator[Database[Any]]:
    database = open_database(deployed.layout.mongodb_uri, deployed.layout.database)
    yield database
    database.client.close()


@pytest.fixture
def readme(deployed: Deployed) -> Readme:
    return Readme(deployed.layout.name)


@pytest.fixture
def told(deployed: Deployed) -> Iterator[Any]:
    """The messages of the topic: a function that waits for the next one."""
    sns, sqs = (deployed.client(name, deployed.layout.localstack_url) for name in ("sns", "sqs"))
    queue = sqs.create_queue(QueueName=f"told-{uuid4().hex}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = Account(deployed).name_of("AlarmTopic")
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]

    def messages() -> list[dict[str, Any]]:
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
        return [json.loads(json.loads(message["Body"])["Message"]) for message in found]

    yield messages
    sns.unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=queue)


@pytest.fixture
def user(deployed: Deployed) -> str:
    """Somebody whose display is up to date."""
    name = f"person-{uuid4().hex}"
    for date, amount in (("2023-01-31", 1000), ("2023-02-28", 1100.5), ("2023-04-30", 1300)):
        assert deployed.record(name, date, amount).status == 201
    eventually(lambda: deployed.display(name, 2023), lambda view: view["meta"]["displayVersion"] == 3, 60)
    return name


def deployed_alarms(cloudwatch: Any) -> dict[str, Any]:
    found = cloudwatch.describe_alarms(AlarmNamePrefix=f"{STACK}-")["MetricAlarms"]
    return {alarm["AlarmName"].removeprefix(f"{STACK}-"): alarm for alarm in found}


def test_every_rule_is_deployed_says_what_to_do_and_is_judged(cloudwatch: Any) -> None:
    found = eventually(
        lambda: deployed_alarms(cloudwatch),
        lambda now: all(alarm["StateValue"] in {"OK", "ALARM"} for alarm in now.values()),
        SOON_SECONDS,
    )
    assert {name.split("-")[0] for name in found} == {rule.name for rule in RULES}
    assert "DeadLetters-DeadLetterQueue" in found
    severities = "|".join(Severity)
    for alarm in found.values():
        assert re.fullmatch(rf"\[({severities})\] .+\. \| look: .+ \| act: .+", alarm["AlarmDescription"])


def test_a_planted_bug_makes_its_alarm_ring_soon_and_the_topic_tells_it(
    deployed: Deployed,
    database: Database[Any],
    cloudwatch: Any,
    told: Any,
    user: str,
    readme: Readme,
    request: pytest.FixtureRequest,
) -> None:
    look(deployed)  # of what others have read it takes a sample: they come first
    damage(database, user)
    request.addfinalizer(lambda: readme.shell(f"$I rebuild --user {user}"))  # others compare everything
    assert deployed.request("GET", CHART, user=user).status == 200
    rows = database["backend_usage_logs"]  # written without waiting: the comparer looks past what is not there yet
    eventually(lambda: rows.count_documents({"userId": user}), lambda found: found > 0)
    look(deployed)
    caused = time.monotonic()
    ringing = eventually(
        lambda: deployed_alarms(cloudwatch)["BackendsDiffer"],
        lambda alarm: alarm["StateValue"] == "ALARM",
        SOON_SECONDS,
    )
    assert time.monotonic() - caused < SOON_SECONDS
    assert ringing["StateReason"] == "1 of 1 periods above 0"
    heard = eventually(told, lambda messages: f"{STACK}-BackendsDiffer" in {each["AlarmName"] for each in messages})
    assert {each["NewStateValue"] for each in heard if each["AlarmName"].endswith("BackendsDiffer")} == {"ALARM"}

    bug = reported(readme)
    assert readme.shell(f"$I rebuild --user {user}")[0] == 0
    again = f"$I compare replay {bug['fingerprint']}"
    eventually(lambda: readme.shell(again), lambda said: said[0] == 0, 60)  # what lags meanwhile is asked once more


def test_an_event_that_fails_for_good_makes_its_alarm_ring_soon(deployed: Deployed, cloudwatch: Any) -> None:
    sqs, queue = deployed.client("sqs", deployed.layout.localstack_url), Account(deployed).name_of("DeadLetterQueue")
    sqs.send_message(QueueUrl=queue, MessageBody="made by hand")
    eventually(
        lambda: deployed_alarms(cloudwatch)["DeadLetters-DeadLetterQueue"]["StateValue"],
        lambda state: state == "ALARM",
        SOON_SECONDS,
    )
    sqs.purge_queue(QueueUrl=queue)


def test_what_functions_measure_is_in_cloudwatch(deployed: Deployed, cloudwatch: Any, user: str) -> None:
    assert deployed.request("GET", CHART, user=user).status == 200
    dimensions = {"service": "energy-monitor", "component": "monthly_charts", "backend": "old"}

    def listed() -> list[dict[str, str]]:
        asked = cloudwatch.list_metrics(Namespace=NAMESPACE, MetricName=MetricName.BACKEND_DURATION)["Metrics"]
        return [{item["Name"]: item["Value"] for item in metric["Dimensions"]} for metric in asked]

    assert eventually(listed, lambda found: dimensions in found)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_runbook_runs(readme: Readme, command: str) -> None:
    """It succeeds, or ends with 1 and says what it has found; the one that is for AWS alone explains itself."""
    known = command.replace("COMPONENT", "energy_table")
    code, printed = readme.shell(f"{known} --help" if known == AWS_ALONE else f"echo y | {known}")
    assert (code in {0, 1}, "Traceback" in printed) == (True, False), printed
    assert printed


@pytest.mark.parametrize(("name", "series", "expected"), AGREED)
def test_localstack_evaluates_a_rule_in_the_same_way(
    emulator: Layout, name: str, series: Series, expected: str
) -> None:
    """Only its period is shorter, and the dimension another: each series has a metric of its own."""
    client = Deployed(emulator).client("cloudwatch", emulator.localstack_url)
    alarm, now, run = alarm_of(name), time.time(), uuid4().hex
    [query] = alarm.pop("Metrics")
    stat = query["MetricStat"] | {"Period": SHORT_SECONDS}
    for metric, periods in series.items():
        for number, values in enumerate(reversed(periods)):
            at = datetime.fromtimestamp(now - SHORT_SECONDS * (number + 0.5), UTC)
            for value in values:
                put(client, rule_named(name).metrics[metric].name, run, at, value)
    client.put_metric_alarm(
        AlarmName=run,
        Namespace=NAMESPACE,
        MetricName=stat["Metric"]["MetricName"],
        Dimensions=[{"Name": "run", "Value": run}],
        Statistic=stat["Stat"],
        Period=SHORT_SECONDS,
        **{key: value for key, value in alarm.items() if key not in {"AlarmName", "AlarmActions", "OKActions"}},
    )
    found = eventually(
        lambda: client.describe_alarms(AlarmNames=[run])["MetricAlarms"][0]["StateValue"],
        lambda state: state != "INSUFFICIENT_DATA",
        10,
    )
    ours = state_of(alarm_of(name), source_of(sampled(rule_named(name), series, now)), now)
    assert (found, ours) == (expected, expected)
    client.delete_alarms(AlarmNames=[run])


def put(client: Any, name: str, run: str, at: datetime, value: float) -> None:
    dimensions = [{"Name": "run", "Value": run}]
    datum = {"MetricName": name, "Dimensions": dimensions, "Timestamp": at, "Value": value}
    client.put_metric_data(Namespace=NAMESPACE, MetricData=[datum])
