"""Deploying through change sets, on answers as CloudFormation gives them."""

import json

import pytest

from infra.deployment.cloudformation import Stack
from infra.errors import DeployError
from tests.unit.infra.deployment.scripted_cloudformation import ScriptedCloudFormation


def template(queue: str) -> str:
    resource = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Queue"}}}
    outputs = {"Name": {"Value": {"Ref": "Queue"}}}
    parameters = {"Queue": {"Type": "String", "Default": queue}}
    return json.dumps({"Parameters": parameters, "Resources": {"TheQueue": resource}, "Outputs": outputs})


def event(resource: str, status: str, reason: str) -> dict[str, str]:
    return {
        "LogicalResourceId": resource,
        "ResourceType": "AWS::Some::Thing",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


READY = {"Status": "CREATE_COMPLETE"}


@pytest.mark.parametrize(
    ("statuses", "kind"),
    [
        (["", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"], "CREATE"),
        (["REVIEW_IN_PROGRESS", "CREATE_COMPLETE"], "CREATE"),
        (["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"], "UPDATE"),
    ],
)
def test_a_stack_is_created_or_updated_and_waited_for(statuses: list[str], kind: str) -> None:
    client = ScriptedCloudFormation(READY, statuses)
    assert Stack(client, "sample").deploy(template("one"), {})
    assert client.asked["ChangeSetType"] == kind


def test_parameters_that_the_template_does_not_declare_are_left_out() -> None:
    client = ScriptedCloudFormation(READY, ["CREATE_COMPLETE"])
    Stack(client, "sample").deploy(template("one"), {"Queue": "two", "Unknown": "x"})
    assert client.asked["Parameters"] == [{"ParameterKey": "Queue", "ParameterValue": "two"}]


def test_a_stack_says_what_it_was_deployed_with() -> None:
    assert Stack(ScriptedCloudFormation(READY, ["CREATE_COMPLETE"]), "sample").parameters() == {"Queue": "one"}


def test_a_stack_that_does_not_exist_has_neither_status_nor_id() -> None:
    nothing = Stack(ScriptedCloudFormation(READY, [""]), "sample")
    assert (nothing.status(), nothing.id(), nothing.outputs(), nothing.parameters()) == ("", "", {}, {})
    there = Stack(ScriptedCloudFormation(READY, ["CREATE_COMPLETE"]), "sample")
    assert (there.status(), there.id(), there.outputs()) == ("CREATE_COMPLETE", "id", {"Name": "one"})


def test_a_failure_names_the_resource_that_failed_first() -> None:
    newest_first = [
        event("sample", "ROLLBACK_IN_PROGRESS", "resources failed"),
        event("Second", "CREATE_FAILED", "Resource creation cancelled"),
        event("First", "CREATE_FAILED", "name already taken"),
    ]
    statuses = ["REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"]
    client = ScriptedCloudFormation(READY, statuses, newest_first)
    with pytest.raises(DeployError, match=r"ROLLBACK_COMPLETE: First \(AWS::Some::Thing\): name already taken"):
        Stack(client, "sample").deploy(template("one"), {})


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information.",
        "No updates are to be performed.",
    ],
)
def test_a_change_set_without_changes_is_no_failure(reason: str) -> None:
    client = ScriptedCloudFormation({"Status": "FAILED", "StatusReason": reason}, ["UPDATE_COMPLETE"])
    assert Stack(client, "sample").deploy(template("one"), {}) is False
    assert client.deleted == ["change set"]


def test_a_change_set_that_fails_otherwise_says_why() -> None:
    client = ScriptedCloudFormation({"Status": "FAILED", "StatusReason": "Transform failed"}, ["UPDATE_COMPLETE"])
    with pytest.raises(DeployError, match="Transform failed"):
        Stack(client, "sample").deploy(template("one"), {})


def test_what_is_left_of_a_failed_creation_is_removed_first() -> None:
    statuses = ["ROLLBACK_COMPLETE", "DELETE_COMPLETE", "CREATE_COMPLETE"]
    client = ScriptedCloudFormation(READY, statuses)
    assert Stack(client, "sample").deploy(template("one"), {})
    assert client.deleted == ["stack"]
