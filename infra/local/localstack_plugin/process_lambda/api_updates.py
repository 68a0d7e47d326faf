"""Lets LocalStack's CloudFormation change an API that is deployed already, as AWS does.

LocalStack can make a REST API and its stage, but not update them: a stack whose routes change could not be deployed
again. Here the API takes its new document and the stage moves to the new deployment, under the same ids.
"""

import json
from contextlib import suppress
from typing import Any

from localstack.runtime import hooks
from localstack.services.apigateway.resource_providers.aws_apigateway_deployment import ApiGatewayDeploymentProvider
from localstack.services.apigateway.resource_providers.aws_apigateway_restapi import ApiGatewayRestApiProvider
from localstack.services.apigateway.resource_providers.aws_apigateway_stage import ApiGatewayStageProvider
from localstack.services.cloudformation.resource_provider import OperationStatus, ProgressEvent

_create_stage = ApiGatewayStageProvider.create
_delete_stage = ApiGatewayStageProvider.delete


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # LocalStack is not installed where mypy runs
def update_deployed_apis() -> None:
    """Give LocalStack's resource providers what they lack."""
    ApiGatewayRestApiProvider.update = _update_api
    ApiGatewayStageProvider.create = _create_or_move_stage
    ApiGatewayStageProvider.update = _move_stage
    ApiGatewayStageProvider.delete = _delete_stage_unless_moved
    ApiGatewayDeploymentProvider.delete = _delete_deployment


def _update_api(_provider: Any, request: Any) -> Any:
    api_id = request.previous_state["RestApiId"]
    request.aws_client_factory.apigateway.put_rest_api(
        restApiId=api_id,
        mode="overwrite",
        parameters={"basepath": "ignore"},
        body=json.dumps(request.desired_state["Body"]).encode(),
    )
    known = {"RestApiId": api_id, "RootResourceId": _root_of(request, api_id)}
    return _done(request, {**request.desired_state, **known})


def _root_of(request: Any, api_id: str) -> str:
    resources = request.aws_client_factory.apigateway.get_resources(restApiId=api_id)["items"]
    return next(str(resource["id"]) for resource in resources if resource["path"] == "/")


def _create_or_move_stage(provider: Any, request: Any) -> Any:
    """A stage keeps its name when it is replaced, so it is there already."""
    return _move_stage(provider, request) if _deployment_of(request) else _create_stage(provider, request)


def _move_stage(_provider: Any, request: Any) -> Any:
    stage = request.desired_state
    request.aws_client_factory.apigateway.update_stage(
        restApiId=stage["RestApiId"],
        stageName=stage["StageName"],
        patchOperations=[{"op": "replace", "path": "/deploymentId", "value": stage["DeploymentId"]}],
    )
    return _done(request, stage)


def _delete_stage_unless_moved(provider: Any, request: Any) -> Any:
    """What is cleaned up behind a replacement is the stage that has just moved."""
    deployment = _deployment_of(request)
    if deployment and deployment != request.desired_state["DeploymentId"]:
        return _done(request, request.desired_state)
    return _delete_stage(provider, request)


def _delete_deployment(_provider: Any, request: Any) -> Any:
    """A deployment alone: LocalStack would take every stage of the API with it."""
    api, deployment = request.aws_client_factory.apigateway, request.desired_state
    with suppress(api.exceptions.NotFoundException):
        api.delete_deployment(restApiId=deployment["RestApiId"], deploymentId=deployment["DeploymentId"])
    return _done(request, deployment)


def _deployment_of(request: Any) -> str:
    """The deployment that a stage of this name serves now; nothing where there is none."""
    api, stage = request.aws_client_factory.apigateway, request.desired_state
    try:
        return str(api.get_stage(restApiId=stage["RestApiId"], stageName=stage["StageName"])["deploymentId"])
    except api.exceptions.NotFoundException:
        return ""


def _done(request: Any, model: Any) -> Any:
    return ProgressEvent(OperationStatus.SUCCESS, model, custom_context=request.custom_context)
