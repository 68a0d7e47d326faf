"""Deploys AppConfig for the feature flags: application, environment, profile and first document."""

import json
from pathlib import Path

from infra.deployment.application import Target, application_stack
from infra.deployment.cloudformation import Stack
from infra.errors import DeployError

FLAGS_TEMPLATE = Path(__file__).parents[1] / "appconfig.yaml"


def deploy_flags(target: Target, stage: str) -> bool:
    """Deploy the feature flags' home and first document; return whether CloudFormation changed anything."""
    return flags_stack(target, stage).deploy(flags_template(), {"Stage": stage})


def flags_stack(target: Target, stage: str) -> Stack:
    """Return the CloudFormation stack of the feature flags."""
    return Stack(target.client("cloudformation"), f"{application_stack(stage)}-flags")


def flags_template() -> str:
    """Return the flags' template, the application's own schema and first document put in."""
    from chalicelib.flags.document.flag_document import (
        written,  # an application that does not import must not take ``down`` along
    )
    from chalicelib.flags.document.json_schema import document_schema, first_document

    contents = {"document schema": json.dumps(document_schema()), "first document": written(first_document()).decode()}
    template = FLAGS_TEMPLATE.read_text()
    for name, content in contents.items():
        template = template.replace(f'"{{{name}}}"', json.dumps(content))  # a JSON string is a YAML one
    return template


def flags_parameters(target: Target, stage: str) -> dict[str, str]:
    """Return where the flags are, as parameters of the template. Raises DeployError where there are none."""
    outputs = flags_stack(target, stage).outputs()
    if not outputs:
        raise DeployError(
            f"The flags of stage {stage} were never deployed: there is no stack {application_stack(stage)}-flags."
        )
    return {f"Flags{name}": outputs[name] for name in ("ApplicationId", "EnvironmentId", "ProfileId", "StrategyId")}
