"""Nothing is deployed without the project's decorators, and every function works alone."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from app import app
from chalicelib.api.routes import AUTHENTICATED
from chalicelib.domain.events.contracts import EnergyEvent
from chalicelib.handlers import (
    account_eraser,
    census_taker,
    comparer,
    range_worker,
    rollout_carrier,
    status_reporter,
    sweeper,
    sync_job,
)
from chalicelib.handlers.event_function import MODEL, QUEUED
from tests.functional.handlers.deployed import EVENT_FUNCTIONS, FUNCTIONS, SCHEDULES, WORKERS, model_of

ROOT = Path(__file__).parents[3]
PUBLIC = {
    "/",
    "/ops-console",
    "/assets/{digest}/{folder}/{name}",
    "/service-worker.js",
    "/health",
    "/v1/openapi.json",
    "/v2/openapi.json",
    "/components/openapi.json",
    "/ops/openapi.json",
}
# Of each: the seconds that it gives itself, and those between two runs.
TIMES = {
    "SyncJob": (sync_job.BUDGET_SECONDS, 300),
    "Sweeper": (sweeper.BUDGET_SECONDS, 60),
    "AccountEraser": (account_eraser.BUDGET_SECONDS, 60),
    "StatusReporter": (status_reporter.BUDGET_SECONDS, 60),
    "RolloutCarrier": (rollout_carrier.BUDGET_SECONDS, 60),
    "BackendComparer": (comparer.BUDGET_SECONDS, 300),
    "CensusTaker": (census_taker.BUDGET_SECONDS, 180),
}
ROUTES = [(path, method) for path, methods in app.routes.items() for method in methods]
# What an interpreter must manage that has imported nothing of the project, as Lambda does: import the module by itself,
# find its functions, decorated. Libraries take long to import: they are there before.
IMPORT_ALONE = """
import importlib, json, os, sys
import aws_lambda_powertools, boto3, chalice, pydantic, pymongo
for module, mark, functions in json.loads(sys.argv[1]):
    if not os.fork():
        found = importlib.import_module(module)
        assert "app" not in sys.modules, "the module needs app"
        assert not [name for name in sys.modules if name.startswith("types_")], "what is for mypy alone is not deployed"
        wrapped = [getattr(found, name).func._original_func for name in functions]
        print(json.dumps([module, [str(getattr(function, mark)) for function in wrapped]]))
        sys.exit()
    assert os.wait()[1] == 0, module
"""


@cache
def template() -> dict[str, Any]:
    """``infra/resources.yaml``, intrinsic functions reduced to their arguments."""

    class Loader(yaml.SafeLoader):
        pass

    def plain(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return loader.construct_scalar(node)
        return loader.construct_sequence(node) if isinstance(node, yaml.SequenceNode) else None

    Loader.add_multi_constructor("!", plain)
    found: dict[str, Any] = yaml.load((ROOT / "infra" / "resources.yaml").read_text(), Loader)
    return found


def resources() -> dict[str, Any]:
    """What is deployed around the functions."""
    found: dict[str, Any] = template()["Resources"]
    return found


def test_there_are_event_functions() -> None:
    assert FUNCTIONS


@pytest.mark.long
def test_event_functions_wear_the_decorator_and_their_module_imports_alone() -> None:
    (module,) = {FUNCTIONS[name].rpartition(".")[0] for name in EVENT_FUNCTIONS}
    assert imported_alone()[module] == [str(model_of(name)) for name in EVENT_FUNCTIONS]


@pytest.mark.long
@pytest.mark.parametrize("name", [*SCHEDULES, *WORKERS])
def test_a_function_that_no_event_calls_wears_its_decorator_and_imports_alone(name: str) -> None:
    assert imported_alone()[FUNCTIONS[name].rpartition(".")[0]] == ["True"]


@pytest.mark.parametrize(("name", "queue"), WORKERS.items())
def test_a_message_is_hidden_until_its_worker_and_its_claim_are_surely_over(name: str, queue: str) -> None:
    configuration = json.loads((ROOT / ".chalice" / "config.json").read_text())
    limit_seconds = configuration["lambda_functions"][name]["lambda_timeout"]
    hidden_seconds = resources()[queue]["Properties"]["VisibilityTimeout"]
    assert limit_seconds / 2 <= range_worker.BUDGET_SECONDS < limit_seconds
    assert limit_seconds < range_worker.CLAIM_SECONDS < hidden_seconds
    assert hidden_seconds == 6 * limit_seconds


@pytest.mark.parametrize(("name", "queue"), WORKERS.items())
def test_a_queue_calls_its_worker_and_what_it_gives_up_on_is_a_dead_letter(name: str, queue: str) -> None:
    properties = resources()[queue]["Properties"]
    assert properties["RedrivePolicy"] == {"deadLetterTargetArn": "DeadLetterQueue.Arn", "maxReceiveCount": 5}
    assert properties["SqsManagedSseEnabled"] is True
    mapping = resources()[f"{name}Mapping"]["Properties"]
    assert (mapping["EventSourceArn"], mapping["FunctionName"], mapping["BatchSize"]) == (f"{queue}.Arn", name, 1)


@cache
def imported_alone() -> dict[str, list[str]]:
    """What a decorator has left on the functions of each module, each imported by itself."""
    marks = dict.fromkeys(EVENT_FUNCTIONS, MODEL) | dict.fromkeys(SCHEDULES, "__scheduled__")
    marks |= dict.fromkeys(WORKERS, QUEUED)
    modules = dict[tuple[str, str], list[str]]()
    for name, mark in marks.items():
        module, _, function = FUNCTIONS[name].rpartition(".")
        modules.setdefault((module, mark), []).append(function)
    wanted = json.dumps([(*module, functions) for module, functions in modules.items()])
    command = [sys.executable, "-c", IMPORT_ALONE, wanted]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(map(json.loads, done.stdout.splitlines()))


@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_a_route_wears_the_decorator_and_asks_for_a_token(path: str, method: str) -> None:
    view = app.routes[path][method].view_function
    authenticated = getattr(view, AUTHENTICATED)
    answers_data = path not in PUBLIC and view.__name__ not in {"method_not_allowed", "unknown_route"}
    assert authenticated is answers_data


def test_importing_the_application_opens_nothing_and_reads_no_settings() -> None:
    command = (
        "import app, sys; from chalicelib.bootstrap import container; "
        "assert not container._deployed.cache_info().currsize"
    )
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=ROOT, env={}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_event_has_a_rule_that_calls_a_function_of_its_kind() -> None:
    routed = {rule["EventPattern"]["detail-type"][0]: target_of(rule) for rule in rules() if "EventPattern" in rule}
    handled = {model_of(name).__name__: name for name in EVENT_FUNCTIONS}
    assert routed == handled
    assert set(handled) == {model.__name__ for model in kinds(EnergyEvent)}


def test_every_scheduled_function_has_a_rule_that_says_how_often() -> None:
    found = {target_of(rule): rule["ScheduleExpression"] for rule in rules() if "ScheduleExpression" in rule}
    assert found == SCHEDULES


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_scheduled_function_ends_before_its_time_is_up_and_that_before_the_next_run(name: str) -> None:
    configuration = json.loads((ROOT / ".chalice" / "config.json").read_text())
    budget_seconds, period_seconds = TIMES[name]
    limit_seconds = configuration["lambda_functions"][name]["lambda_timeout"]
    assert limit_seconds / 2 <= budget_seconds < limit_seconds <= period_seconds


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_a_function_fails_on_for_good_goes_to_the_dead_letter_queue(name: str) -> None:
    """SAM gives what Globals has to every function; one with settings of its own would not have it."""
    own = template()["Resources"].get(name, {}).get("Properties", {})
    assert "EventInvokeConfig" not in own
    configuration = template()["Globals"]["Function"]["EventInvokeConfig"]
    assert configuration["DestinationConfig"]["OnFailure"] == {"Type": "SQS", "Destination": "DeadLetterQueue.Arn"}
    assert configuration["MaximumRetryAttempts"] == 2
    assert 60 <= configuration["MaximumEventAgeInSeconds"] <= 21_600


def test_dead_letters_are_kept_encrypted_for_14_days() -> None:
    queue = resources()["DeadLetterQueue"]["Properties"]
    assert queue == {"MessageRetentionPeriod": 14 * 24 * 3600, "SqsManagedSseEnabled": True}


def test_every_rule_may_call_its_function() -> None:
    found = resources()
    names = {name for name, item in found.items() if item.get("Type") == "AWS::Events::Rule"}
    permitted = {
        item["Properties"]["SourceArn"].split(".")[0]
        for item in found.values()
        if item.get("Type") == "AWS::Lambda::Permission"
    }
    assert names == permitted


def rules() -> list[dict[str, Any]]:
    """The properties of all EventBridge rules."""
    return [item["Properties"] for item in resources().values() if item.get("Type") == "AWS::Events::Rule"]


def target_of(rule: dict[str, Any]) -> str:
    """The function that a rule calls."""
    name: str = rule["Targets"][0]["Arn"].split(".")[0]
    return name


def kinds(model: type[EnergyEvent]) -> set[type[EnergyEvent]]:
    """The events that are published: the leaves of the tree."""
    children = model.__subclasses__()
    return set().union(*(kinds(child) for child in children)) if children else {model}
