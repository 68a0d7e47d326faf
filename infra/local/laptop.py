"""Brings a stack up, step by step. May be repeated at any time: only what is missing or changed is done.

When a step fails, what this run started is ended again, so that nothing is left half running, and the stack goes
on remembering how it came up last.
"""

from datetime import timedelta
from pathlib import Path

from rich.console import Console

from infra.deployment.packaging import Package, package
from infra.errors import OperatorError, expected_errors
from infra.local.cloud import EmulatedCloud
from infra.local.demo.household import (
    HISTORICAL_USER,
    USER,
    DemoHousehold,
    historical_readings,
    readings_until,
    yesterday,
)
from infra.local.identity import Identity
from infra.local.layout import Layout
from infra.local.processes import mongod
from infra.local.processes.emulators import answers
from infra.local.processes.logs import last_lines
from infra.local.processes.pieces import Processes
from infra.local.steps import Step, Steps
from infra.local.waiting import wait_until

API_SECONDS = 120.0  # a cold start on a busy machine


def up(layout: Layout, console: Console, *, demo: bool = True) -> None:
    """Start, deploy and fill the stack. Raises one of ``expected_errors``; nothing new is left running then."""
    processes = Processes(layout)
    with layout.exclusively():
        try:
            _bring_up(layout, processes, Steps(console), demo=demo)
        except BaseException:
            processes.supervisor.stop_what_was_started()
            raise
        processes.stop_unneeded()
        layout.remember()


def down(layout: Layout) -> list[str]:
    """End everything that ``up`` started; return the names of what ran. The data stays."""
    if not layout.folder.exists():
        return []
    with layout.exclusively():
        return Processes(layout).stop()


def token(layout: Layout, user: str, roles: tuple[str, ...] = (), hours: float = 12.0) -> str:
    """Return a token for ``user`` that this stack's API accepts."""
    return Identity.of(layout).token(user, roles, timedelta(hours=hours))


def _bring_up(layout: Layout, processes: Processes, steps: Steps, *, demo: bool) -> None:
    if layout.external_mongodb:
        steps.run("mongodb", lambda: _check_external(layout))
    packages: list[Package] = []
    processes.start(steps, {"package": lambda: _package_into(packages)})
    cloud = EmulatedCloud(layout)
    mongod_log, localstack = map(processes.supervisor.log_of, ("mongod", "localstack"))
    appconfig = processes.supervisor.log_of("appconfig")
    steps.run_together(
        {
            "database": _explained(lambda: _prepare_database(layout), mongod_log),
            "secrets": _explained(cloud.put_secrets, localstack),
            "flags": _explained(cloud.deploy_flags, appconfig),
        }
    )
    steps.run("deploy", _explained(lambda: cloud.deploy_application(packages[0]), localstack))
    steps.run("api", _explained(lambda: _wait_for_api(layout), layout.functions_log, localstack))
    if demo:
        steps.run("demo", _explained(lambda: _import_households(layout), layout.functions_log, localstack))


def _explained(step: Step, *logs: Path) -> Step:
    """Return the step with the last lines of the log that knows more behind the message of its failure."""

    def explained() -> str:
        try:
            return step()
        except expected_errors() as error:
            raise OperatorError(f"{error}{last_lines(*logs)}") from error

    return explained


def _check_external(layout: Layout) -> str:
    mongod.require_replica_set(layout.external_mongodb)
    return (
        f"{layout.mongodb_hosts}, database {layout.database} "
        f"(the stack's own server instead: make up{layout.argument} MONGODB_URI=)"
    )


def _package_into(packages: list[Package]) -> str:
    packages.append(package())
    return f"the application as {packages[0].digest[:12]}"


def _prepare_database(layout: Layout) -> str:
    try:
        from infra.local import database  # see there
    except Exception as error:  # a module may fail in any way while it is imported
        raise OperatorError(f"The application cannot be imported: {type(error).__name__}: {error}") from error
    return database.prepare(layout)


def _import_households(layout: Layout) -> str:
    home = household(layout, USER)
    imported = household(layout, HISTORICAL_USER).import_readings(historical_readings())
    imported += home.import_readings(readings_until(yesterday(), home.first_year()))
    users = f"{HISTORICAL_USER} and {USER}"
    return f"{imported} readings imported for {users}" if imported else f"the households of {users} are there already"


def household(layout: Layout, user: str) -> DemoHousehold:
    """A demo user's side of a stack's API."""
    return DemoHousehold(layout.base_url, token(layout, user))


def _wait_for_api(layout: Layout) -> str:
    # Patiently: a question that is given up leaves a function starting behind, and the next one starts another.
    if not wait_until(lambda: answers(f"{layout.base_url}/health", API_SECONDS), API_SECONDS):
        raise OperatorError(f"{layout.base_url}/health does not answer 200.")
    return f"{layout.base_url} answers"
