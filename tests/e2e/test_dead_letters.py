"""Events that a function fails on, on the deployed stack: kept, looked at, sent again, taken away; the rest goes on."""

import json
from uuid import uuid4

import pytest

from app import app
from chalicelib.repositories.database import open_database
from tests.e2e.conftest import Answer, Deployed, eventually
from tests.e2e.dead_letters import STACK, infra, letters, put, shown

pytestmark = pytest.mark.long


@pytest.fixture
def user() -> str:
    return f"person-{uuid4().hex}"


def test_what_any_function_fails_on_for_good_goes_to_the_dead_letter_queue(deployed: Deployed) -> None:
    """As Lambda itself says it, for every function of app.py."""
    functions = deployed.client("lambda", deployed.layout.localstack_url)
    resources = deployed.client("cloudformation", deployed.layout.localstack_url).describe_stack_resources(
        StackName=STACK
    )["StackResources"]
    names = {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in resources}
    for function in app.pure_lambda_functions:
        settings = functions.get_function_event_invoke_config(FunctionName=names[function.name])
        destination = settings["DestinationConfig"]["OnFailure"]["Destination"]
        assert destination.rpartition(":")[2] == names["DeadLetterQueue"].rpartition("/")[2]
        assert settings["MaximumRetryAttempts"] == 2


def test_a_poison_event_ends_in_the_queue_while_others_go_on_and_can_be_sent_again_or_discarded(
    deployed: Deployed, user: str
) -> None:
    marker = uuid4().hex
    put(deployed, {"version": 1, "marker": marker, "meter": "none"})
    assert deployed.record(user, "2023-01-31", 1000).status == 201
    shown(deployed, user, 1)
    (first,) = eventually(lambda: letters(deployed, marker), lambda found: len(found) == 1, 60)
    assert (first["eventType"], first["condition"]) == ("EnergyReadingCreated", "RetriesExhausted")
    assert first["error"].startswith("ValidationError")
    assert first["id"] in infra(deployed, "dlq", "ls")
    assert json.loads(infra(deployed, "dlq", "show", first["id"]))["message"]["requestPayload"] == first["event"]

    infra(deployed, "dlq", "redrive", first["id"])
    assert deployed.record(user, "2023-02-28", 1100).status == 201
    assert shown(deployed, user, 2)["data"]["months"][1]["consumption"] == 100
    (again,) = eventually(lambda: letters(deployed, marker), lambda found: len(found) == 1, 60)
    assert (again["id"] != first["id"], again["event"]) == (True, first["event"])

    infra(deployed, "dlq", "discard", again["id"], "--reason", "made by hand")
    assert letters(deployed, marker) == []
    database = open_database(deployed.layout.mongodb_uri, deployed.layout.database)
    kept = database["discarded_events"].find_one({"_id": again["id"]})
    database.client.close()
    assert kept is not None
    assert kept["reason"] == "made by hand"
    assert kept["discardedBy"]
    assert json.loads(kept["message"])["requestPayload"] == first["event"]


def ops(deployed: Deployed, method: str, path: str, reason: str | None = None) -> Answer:
    """What an operator is answered."""
    body = None if reason is None else json.dumps({"reason": reason}).encode()
    answer = deployed.request(method, f"/ops/{path}", body, user="olga", roles=("operator",))
    assert answer.status == 200, answer.body
    return answer


def test_an_operator_looks_sends_again_and_discards_over_http(deployed: Deployed, user: str) -> None:
    marker = uuid4().hex
    put(deployed, {"version": 1, "marker": marker, "userId": user, "meter": "none"})
    (first,) = eventually(lambda: letters(deployed, marker), lambda found: len(found) == 1, 60)
    shown = ops(deployed, "GET", f"dead-letters/{first['id']}")
    assert shown.json["event"]["detail"]["marker"] == marker
    assert user not in shown.body.decode() + ops(deployed, "GET", "dead-letters").body.decode()
    assert ops(deployed, "POST", f"dead-letters/{first['id']}/redrive", "mended").json["redriven"] == first["id"]
    (again,) = eventually(lambda: letters(deployed, marker), lambda found: len(found) == 1, 60)
    ops(deployed, "POST", f"dead-letters/{again['id']}/discard", "made by hand")
    assert letters(deployed, marker) == []
    done = ops(deployed, "GET", "actions").json["actions"][:2]
    assert [(each["action"], each["subject"], each["by"]) for each in done] == [
        ("discard", again["id"], "olga"),
        ("redrive", first["id"], "olga"),
    ]


def test_an_operator_sees_the_alarms_of_the_stage(deployed: Deployed) -> None:
    alarms = ops(deployed, "GET", "alarms").json["alarms"]
    assert alarms
    assert all(alarm["name"].startswith(f"{STACK}-") for alarm in alarms)


def test_an_event_of_an_unknown_version_has_its_meter_calculated_anew(deployed: Deployed, user: str) -> None:
    assert deployed.record(user, "2023-01-31", 1000).status == 201
    shown(deployed, user, 1)
    put(deployed, {"version": 2, "userId": user, "meter": {"type": "power", "sourceVersion": 1}})
    assert shown(deployed, user, 2)["data"]["months"][0]["meterReading"] == 1000


def test_a_replay_goes_through_the_handlers_and_may_be_repeated(deployed: Deployed, user: str) -> None:
    assert deployed.record(user, "2023-01-31", 1000).status == 201
    shown(deployed, user, 1)
    for _ in range(2):
        told = json.loads(infra(deployed, "replay", "--user", user, "--json"))
        assert told == {"meters": 1, "sent": 1, "unsent": 0, "left": []}
    assert "1 meter, 1 event sent" in infra(deployed, "replay", "--user", user, "--whole")
    assert shown(deployed, user, 2)["data"]["months"][0]["meterReading"] == 1000
