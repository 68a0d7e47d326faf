"""Brings a stack up, step by step. May be repeated at any time: only what is missing or changed is done.

When a step fails, whatever this run started is ended again, so that nothing is left half running.
"""

from datetime import timedelta

from rich.console import Console

from infra.deployment.packaging import Package, package
from infra.local import database, mongod
from infra.local.cloud import EmulatedCloud
from infra.local.demo_household import USER, DemoHousehold
from infra.local.emulators import answers
from infra.local.errors import StackError
from infra.local.identity import Identity
from infra.local.layout import Layout
from infra.local.processes import Processes
from infra.local.steps import Steps
from infra.local.waiting import wait_until

API_SECONDS = 30.0


def up(layout: Layout, console: Console, *, demo: bool = True) -> None:
    """Start, deploy and fill the stack. Raises StackError or DeployError; nothing new is left running then."""
    processes = Processes(layout)
    with layout.exclusively():
        try:
            _bring_up(layout, processes, Steps(console), demo=demo)
        except BaseException:
            processes.supervisor.stop_what_was_started()
            raise


def down(layout: Layout) -> list[str]:
    """End whatever ``up`` started; return the names of what ran. The data stays."""
    if not layout.folder.exists():
        return []
    with layout.exclusively():
        return Processes(layout).stop()


def _bring_up(layout: Layout, processes: Processes, steps: Steps, *, demo: bool) -> None:
    if layout.external_mongodb:
        steps.run("mongodb", lambda: _check_external(layout))
    packages: list[Package] = []
    processes.start(steps, {"package": lambda: _package_into(packages)})
    cloud = EmulatedCloud(layout)
    steps.run_together(
        {"database": lambda: database.prepare(layout), "secrets": cloud.put_secrets, "flags": cloud.deploy_flags}
    )
    steps.run("deploy", lambda: cloud.deploy_application(packages[0]))
    steps.run("api", lambda: _wait_for_api(layout))
    if demo:
        token = Identity(layout.folder / "keys").token(USER)
        steps.run("demo", DemoHousehold(layout.base_url, token).import_readings)


def token(layout: Layout, user: str, roles: tuple[str, ...] = (), hours: float = 12.0) -> str:
    """Return a token for ``user`` that this stack's API accepts."""
    return Identity(layout.folder / "keys").token(user, roles, timedelta(hours=hours))


def _check_external(layout: Layout) -> str:
    mongod.require_replica_set(layout.external_mongodb)
    return "the replica set that MONGODB_URI names"


def _package_into(packages: list[Package]) -> str:
    packages.append(package())
    return f"the application as {packages[0].digest[:12]}"


def _wait_for_api(layout: Layout) -> str:
    if not wait_until(lambda: answers(f"{layout.base_url}/health"), API_SECONDS):
        log = Processes(layout).supervisor.log_of("localstack")
        raise StackError(f"{layout.base_url}/health does not answer 200. Log: {log}")
    return f"{layout.base_url} answers"
