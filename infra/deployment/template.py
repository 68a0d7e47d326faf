"""Completes the template that Chalice and infra/resources.yaml make: with what every function, route and rule needs.

Whatever is added to app.py or infra/resources.yaml gets it too: a role of its own, a log group, a dead-letter queue.
What only some have is in infra/resources.yaml, the rights of each function in ``rights``.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from infra.deployment.rights import ACCOUNT_API, API, OPERATORS_API, RIGHTS, statements
from infra.errors import DeployError

Resources = dict[str, dict[str, Any]]

# Chalice makes one function for all routes. Those below these paths are answered by a function of the same code that
# may do more.
OWN_FUNCTION = {"/ops": OPERATORS_API, "/v2/account": ACCOUNT_API}
PERMISSION = "InvokePermission"
# Routes that take a file, and so the most work for one request.
IMPORTS = (
    "/v1/energy/import",
    "/v2/energy/import",
    "/components/csv_import",
)
NO_VALUE = {"Ref": "AWS::NoValue"}


def completed(template: dict[str, Any]) -> dict[str, Any]:
    """Return the template that is deployed. Raises DeployError where a function has no rights."""
    result = deepcopy(template)
    resources: Resources = result["Resources"]
    for function in OWN_FUNCTION.values():
        _add_api_function(resources, function)
    paths = resources["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    for path, methods in paths.items():
        _answer_by_own_function(path, methods)
    resources["RestAPI"]["Properties"]["MethodSettings"] = [*_throttling(paths)]
    _limit_concurrency(resources)
    for function in _named(resources, "AWS::Serverless::Function"):
        _add_role_and_log(resources, function)
    for rule in _named(resources, "AWS::Events::Rule"):
        for target in resources[rule]["Properties"]["Targets"]:
            target["DeadLetterConfig"] = {"Arn": {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}}
    return result


def _add_api_function(resources: Resources, function: str) -> None:
    resources[function] = deepcopy(resources[API])
    own = resources[function]["Properties"].setdefault("Environment", {}).setdefault("Variables", {})
    own["API_FUNCTION"] = function  # its metrics say whose they are
    permission = deepcopy(resources[f"{API}{PERMISSION}"])
    permission["Properties"]["FunctionName"] = {"Ref": function}
    resources[f"{function}{PERMISSION}"] = permission


def _answer_by_own_function(path: str, methods: dict[str, Any]) -> None:
    for method in methods.values():
        if function := _own_function(path):
            integration = method["x-amazon-apigateway-integration"]
            uri = integration["uri"]["Fn::Sub"]
            integration["uri"] = {"Fn::Sub": uri.replace(f"${{{API}.Arn}}", f"${{{function}.Arn}}")}


def _own_function(path: str) -> str | None:
    return next((function for start, function in OWN_FUNCTION.items() if f"{path}/".startswith(f"{start}/")), None)


def _throttling(paths: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """How many requests the stage takes a second, and those of its routes that take fewer."""
    yield _throttled("/*", "*", "")
    for path, methods in paths.items():
        if _own_function(path) == OPERATORS_API:
            yield from (_throttled(path, method, "Operators") for method in methods if "summary" in methods[method])
    for path in IMPORTS:
        if "post" not in paths.get(path, {}):
            raise DeployError(f"There is no POST {path}: change IMPORTS in infra/deployment/template.py.")
        yield _throttled(path, "post", "Import")


def _throttled(path: str, method: str, which: str) -> dict[str, Any]:
    return {
        "ResourcePath": path if path == "/*" else f"/{path.replace('/', '~1')}",
        "HttpMethod": method.upper(),
        "ThrottlingRateLimit": {"Ref": f"{which}ThrottlingRate"},
        "ThrottlingBurstLimit": {"Ref": f"{which}ThrottlingBurst"},
    }


def _limit_concurrency(resources: Resources) -> None:
    """Reserve for the API, and for each function that an event calls, what the parameters say."""
    _reserve(resources, API, "Api")
    for rule in _named(resources, "AWS::Events::Rule"):
        properties = resources[rule]["Properties"]
        if "EventPattern" in properties:
            for target in properties["Targets"]:
                _reserve(resources, target["Arn"]["Fn::GetAtt"][0], "Handler")


def _reserve(resources: Resources, function: str, which: str) -> None:
    reserved = {"Fn::If": [f"{which}ConcurrencyReserved", {"Ref": f"{which}Concurrency"}, NO_VALUE]}
    resources[function]["Properties"]["ReservedConcurrentExecutions"] = reserved


def _add_role_and_log(resources: Resources, function: str) -> None:
    """The log group is there before the function is, so that it always has its retention; its name begins like those
    that Lambda gives, but is no function's: a group that Lambda has made before is in nobody's way.
    """
    if function not in RIGHTS:
        raise DeployError(
            f"Nobody says what the function {function} may do: give it a line in infra/deployment/rights.py."
        )
    role, log = f"{function}Role", f"{function}Log"
    resources[log] = {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {
            "LogGroupName": {"Fn::Sub": f"/aws/lambda/${{AWS::StackName}}-{function}"},
            "RetentionInDays": {"Ref": "LogRetentionDays"},
        },
    }
    resources[role] = {"Type": "AWS::IAM::Role", "Properties": _role(statements(function, log))}
    properties = resources[function]["Properties"]
    properties["Role"] = {"Fn::GetAtt": [role, "Arn"]}
    properties["LoggingConfig"] = {"LogGroup": {"Ref": log}}


def _role(allowed: list[dict[str, Any]]) -> dict[str, Any]:
    lambda_alone = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [lambda_alone]},
        "Policies": [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": allowed}}],
    }


def _named(resources: Resources, kind: str) -> list[str]:
    return [name for name, resource in resources.items() if resource["Type"] == kind]
