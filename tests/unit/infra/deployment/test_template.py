"""The deployed template: who may do what, where logs and dead letters go, how much comes through."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.monitoring.memory import Memory
from chalicelib.services.refresh.fan_out import SILENT_SECONDS
from infra.deployment import template as completing
from infra.deployment.packaging import template_alone
from infra.deployment.rights import RIGHTS
from infra.deployment.template import completed
from infra.errors import DeployError
from tests.functional.handlers.deployed import EVENT_FUNCTIONS, FUNCTIONS, WORKERS

Template = dict[str, Any]

OWN = {"logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage"}
SECRET = {"secretsmanager:GetSecretValue"}
PUBLISH = {"events:PutEvents"}
READ_FLAGS = {"appconfig:StartConfigurationSession", "appconfig:GetLatestConfiguration"}
LOOK_AT_FLAGS = {
    "appconfig:ListDeployments",
    "appconfig:GetDeployment",
    "appconfig:ListHostedConfigurationVersions",
    "appconfig:GetHostedConfigurationVersion",
}
DEPLOY_FLAGS = {
    "appconfig:CreateHostedConfigurationVersion",
    "appconfig:StartDeployment",
    "appconfig:StopDeployment",
}
COUNT_LETTERS = {"sqs:GetQueueAttributes"}
TAKE_LETTERS = {"sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage"}
ERASE = {
    *READ_FLAGS,
    *LOOK_AT_FLAGS,
    *DEPLOY_FLAGS,
    "appconfig:DeleteHostedConfigurationVersion",
    *COUNT_LETTERS,
    *TAKE_LETTERS,
}
# What each function may do beyond its own log and the dead-letter queue, and the secret; the others may no more.
MORE = {
    "APIHandler": {
        *PUBLISH,
        *READ_FLAGS,
    },
    "OperatorsApi": {
        *PUBLISH,
        *READ_FLAGS,
        *LOOK_AT_FLAGS,
        *DEPLOY_FLAGS,
        *COUNT_LETTERS,
        *TAKE_LETTERS,
        "lambda:InvokeFunction",
        "sqs:GetQueueUrl",
        "cloudwatch:DescribeAlarms",
    },
    "AccountApi": ERASE,
    "AccountEraser": ERASE,
    "SyncJob": PUBLISH,
    **dict.fromkeys((*EVENT_FUNCTIONS, "Sweeper"), PUBLISH),
    "RangeWorker": PUBLISH | {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
    "StatusReporter": LOOK_AT_FLAGS | COUNT_LETTERS,
    "RolloutCarrier": READ_FLAGS | LOOK_AT_FLAGS | DEPLOY_FLAGS | COUNT_LETTERS | {"cloudwatch:DescribeAlarms"},
}
APIS = {"APIHandler", "OperatorsApi", "AccountApi"}


@pytest.fixture(scope="module")
def template() -> Template:
    return template_alone()


@pytest.fixture(scope="module")
def resources(template: Template) -> Template:
    found: Template = template["Resources"]
    return found


def of_type(resources: Template, kind: str) -> Template:
    """The properties of all resources of a type."""
    return {name: item["Properties"] for name, item in resources.items() if item["Type"] == kind}


def functions(resources: Template) -> Template:
    return of_type(resources, "AWS::Serverless::Function")


def statements(resources: Template, function: str) -> list[dict[str, Any]]:
    """What the role of a function allows."""
    role, attribute = functions(resources)[function]["Role"]["Fn::GetAtt"]
    assert attribute == "Arn"
    (policy,) = resources[role]["Properties"]["Policies"]
    assert "ManagedPolicyArns" not in resources[role]["Properties"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def integrations(resources: Template) -> Iterator[tuple[str, str]]:
    """Each path, and the function that answers there."""
    for path, methods in resources["RestAPI"]["Properties"]["DefinitionBody"]["paths"].items():
        for method in methods.values():
            uri = method["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
            (function,) = re.findall(r"\$\{(\w+)\.Arn\}", uri)
            yield path, function


def test_a_role_belongs_to_one_function_and_every_function_has_a_line_in_the_table(resources: Template) -> None:
    assert set(functions(resources)) == APIS | set(FUNCTIONS)
    assert set(RIGHTS) == APIS | set(FUNCTIONS)
    roles = [function["Role"]["Fn::GetAtt"][0] for function in functions(resources).values()]
    assert len(set(roles)) == len(roles)


@pytest.mark.parametrize("function", sorted(APIS | set(FUNCTIONS)))
def test_a_function_may_do_exactly_what_it_needs(resources: Template, function: str) -> None:
    allowed = statements(resources, function)
    actions = [action for statement in allowed for action in statement["Action"]]
    assert {statement["Effect"] for statement in allowed} == {"Allow"}
    assert set(actions) == OWN | SECRET | MORE.get(function, set())
    each = [(action, json.dumps(statement["Resource"])) for statement in allowed for action in statement["Action"]]
    assert len(set(each)) == len(each)


def test_only_those_that_must_deploy_flags_call_functions_or_take_letters(resources: Template) -> None:
    def who(action: str) -> set[str]:
        return {name for name in functions(resources) if action in json.dumps(statements(resources, name))}

    assert who("appconfig:StartDeployment") == {"OperatorsApi", "AccountApi", "AccountEraser", "RolloutCarrier"}
    assert who("appconfig:Delete") == {"AccountApi", "AccountEraser"}
    assert who("sqs:ReceiveMessage") == {"OperatorsApi", "AccountApi", "AccountEraser", "RangeWorker"}
    assert who("WorkQueue") == {"OperatorsApi", "RangeWorker", "Sweeper"}
    assert who("lambda:InvokeFunction") == {"OperatorsApi"}
    assert who("cloudwatch:DescribeAlarms") == {
        "OperatorsApi",
        "RolloutCarrier",
    }


def test_a_worker_takes_ranges_and_no_letters(resources: Template) -> None:
    queues = {
        queue["Fn::GetAtt"][0]: set(statement["Action"])
        for statement in statements(resources, "RangeWorker")
        for queue in statement["Resource"]
        if "Queue" in json.dumps(queue) and statement["Sid"] != "SendRanges"
    }
    assert queues["DeadLetterQueue"] == {"sqs:SendMessage"}
    assert "sqs:ReceiveMessage" in queues["WorkQueue"]


def test_what_is_lost_is_sent_again_when_its_message_could_be_seen_again(resources: Template) -> None:
    assert resources["WorkQueue"]["Properties"]["VisibilityTimeout"] == SILENT_SECONDS


BEHIND = (
    'FlagsEnvironmentId}/deployment/*"}',
    'FlagsProfileId}/hostedconfigurationversion/*"}',
    'function:${AWS::StackName}-*"}',
    ':alarm:*"}',
)


def test_no_right_is_for_everything(resources: Template) -> None:
    """A star is only where ids follow: behind the stage's own flags, functions and group, and all alarms."""
    for function in functions(resources):
        for statement in statements(resources, function):
            assert "*" not in "".join(statement["Action"])
            for resource in map(json.dumps, statement["Resource"]):
                assert resource.count("*") == 0 or resource.endswith(BEHIND), resource


def test_a_function_writes_into_its_own_log_group_alone_which_forgets(resources: Template) -> None:
    groups = of_type(resources, "AWS::Logs::LogGroup")
    for name, function in functions(resources).items():
        group = function["LoggingConfig"]["LogGroup"]["Ref"]
        assert groups[group]["LogGroupName"] == {"Fn::Sub": f"/aws/lambda/${{AWS::StackName}}-{name}"}
        (own,) = [each for each in statements(resources, name) if "logs:PutLogEvents" in each["Action"]]
        assert own["Resource"] == [{"Fn::GetAtt": [group, "Arn"]}]
    assert {str(group["RetentionInDays"]) for group in groups.values()} == {str({"Ref": "LogRetentionDays"})}
    assert len(groups) == len(functions(resources)) + 1  # and the access log


def test_operators_and_the_end_of_an_account_are_answered_by_functions_of_their_own(resources: Template) -> None:
    own = {"/ops/": "OperatorsApi", "/v2/account/": "AccountApi"}
    answered = dict(integrations(resources))
    assert {"/ops/staleness", "/v2/account", "/v2/account/export", "/v2/energy"} <= set(answered)
    for path, function in integrations(resources):
        expected = [name for start, name in own.items() if f"{path}/".startswith(start)]
        assert [function] == (expected or ["APIHandler"]), path


@pytest.mark.parametrize("function", sorted(APIS))
def test_each_function_of_routes_measures_its_memory_under_its_own_name(resources: Template, function: str) -> None:
    own = resources[function]["Properties"].get("Environment", {}).get("Variables", {})
    assert own.get("API_FUNCTION", Memory().api_function) == function


def test_the_page_of_the_console_is_no_route_of_operators() -> None:
    assert completing._own_function("/ops-console") is None
    assert completing._own_function("/v2/accounts") is None


@pytest.mark.parametrize("function", sorted(APIS))
def test_api_gateway_may_call_each_of_the_api_functions_which_run_the_same_code(
    resources: Template, function: str
) -> None:
    permitted = of_type(resources, "AWS::Lambda::Permission")[f"{function}InvokePermission"]
    assert permitted["FunctionName"] == {"Ref": function}
    assert permitted["Principal"] == "apigateway.amazonaws.com"
    for setting in ("Handler", "CodeUri", "Timeout", "MemorySize", "Runtime"):
        assert functions(resources)[function][setting] == functions(resources)["APIHandler"][setting]


def test_what_a_rule_cannot_deliver_goes_to_the_dead_letter_queue_which_takes_it(resources: Template) -> None:
    queue = {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}
    targets = [target for rule in of_type(resources, "AWS::Events::Rule").values() for target in rule["Targets"]]
    assert len(targets) == len(FUNCTIONS) - len(WORKERS)
    assert [target["DeadLetterConfig"] for target in targets] == [{"Arn": queue}] * len(targets)
    (policy,) = of_type(resources, "AWS::SQS::QueuePolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert policy["Queues"] == [{"Ref": "DeadLetterQueue"}]
    assert (statement["Action"], statement["Resource"]) == ("sqs:SendMessage", queue)
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    sources = [
        source["Fn::Sub"].rpartition(":rule/")[2] for source in statement["Condition"]["ArnLike"]["aws:SourceArn"]
    ]
    assert sources == ["${EventBusName}/*", "${AWS::StackName}-*"]


def test_the_stage_is_throttled_and_operators_and_imports_more(template: Template, resources: Template) -> None:
    settings = resources["RestAPI"]["Properties"]["MethodSettings"]
    assert (settings[0]["ResourcePath"], settings[0]["HttpMethod"]) == ("/*", "*")
    by_kind: dict[str, set[str]] = {}
    for setting in settings:
        rate, burst = setting["ThrottlingRateLimit"]["Ref"], setting["ThrottlingBurstLimit"]["Ref"]
        assert rate.removesuffix("Rate") == burst.removesuffix("Burst")
        by_kind.setdefault(rate, set()).add(f"{setting['HttpMethod']} {setting['ResourcePath']}")
    assert by_kind["ThrottlingRate"] == {"* /*"}
    assert by_kind["ImportThrottlingRate"] == {
        "POST /~1v1~1energy~1import",
        "POST /~1v2~1energy~1import",
        "POST /~1components~1csv_import",
    }
    assert {"GET /~1ops~1staleness", "POST /~1ops~1staleness~1sweep"} <= by_kind["OperatorsThrottlingRate"]
    assert "GET /~1ops~1staleness~1sweep" not in by_kind["OperatorsThrottlingRate"]  # which answers 405
    rates = [template["Parameters"][name]["Default"] for name in ("ThrottlingRate", "OperatorsThrottlingRate")]
    assert rates[0] > rates[1] > template["Parameters"]["ImportThrottlingRate"]["Default"]


def test_the_access_log_names_routes_and_nobody(resources: Template) -> None:
    setting = resources["RestAPI"]["Properties"]["AccessLogSetting"]
    assert setting["DestinationArn"] == {"Fn::GetAtt": ["AccessLog", "Arn"]}
    names = set(json.loads(setting["Format"]).values())
    assert {"$context.requestId", "$context.httpMethod", "$context.resourcePath", "$context.status"} <= names
    for what in ("path", "identity.sourceIp", "identity.userAgent", "authorizer", "error.message"):
        assert not any(name.startswith(f"$context.{what}") for name in names)


def test_the_stage_logs_only_after_the_accounts_role_is_set_which_waits_for_the_api(resources: Template) -> None:
    assert resources["RestAPI"]["Properties"]["Variables"] == {"logsBy": {"Ref": "ApiLogAccount"}}
    account = resources["ApiLogAccount"]
    assert account["DependsOn"] == "RestAPI"
    assert account["DeletionPolicy"] == resources["ApiLogWriter"]["DeletionPolicy"] == "Retain"
    own, given = account["Properties"]["CloudWatchRoleArn"]["Fn::If"][1:]
    assert (own, given) == ({"Fn::GetAtt": ["ApiLogWriter", "Arn"]}, {"Ref": "ApiLogRoleArn"})


def test_nothing_is_traced_by_x_ray(resources: Template) -> None:
    assert {function["Tracing"] for function in functions(resources).values()} == {"PassThrough"}
    assert "TracingEnabled" not in resources["RestAPI"]["Properties"]


def test_concurrency_is_reserved_where_parameters_say_so_and_never_for_operators(
    template: Template, resources: Template
) -> None:
    reserved = {
        name: function["ReservedConcurrentExecutions"]["Fn::If"]
        for name, function in functions(resources).items()
        if "ReservedConcurrentExecutions" in function
    }
    assert set(reserved) == {"APIHandler", *EVENT_FUNCTIONS}
    for name, (condition, value, otherwise) in reserved.items():
        parameter = "ApiConcurrency" if name == "APIHandler" else "HandlerConcurrency"
        assert (value, otherwise) == ({"Ref": parameter}, {"Ref": "AWS::NoValue"})
        assert template["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}
        assert template["Parameters"][parameter]["Default"] == ""


def test_a_function_of_which_nobody_says_what_it_may_do_is_not_packaged(template: Template) -> None:
    unknown = {**template["Resources"], "Stranger": template["Resources"]["Sweeper"]}
    with pytest.raises(DeployError, match="the function Stranger may do"):
        completed({**template, "Resources": unknown})


def test_an_import_that_has_moved_is_noticed(template: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completing, "IMPORTS", ("/v2/elsewhere",))
    with pytest.raises(DeployError, match="no POST /v2/elsewhere"):
        completed(template)


def test_the_alarm_of_api_gateways_errors_looks_at_the_api_of_its_own_stack(resources: Template) -> None:
    name = {"Fn::Sub": "${AWS::StackName}"}
    assert resources["RestAPI"]["Properties"]["DefinitionBody"]["info"]["title"] == name
    looked_at = [query["MetricStat"]["Metric"] for query in resources["GatewayErrors"]["Properties"]["Metrics"][:-1]]
    assert {metric["MetricName"] for metric in looked_at} == {"Count", "5XXError"}
    assert [metric["Dimensions"] for metric in looked_at] == [[{"Name": "ApiName", "Value": name}]] * 2
