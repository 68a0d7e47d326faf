"""Events that are put on the bus by hand, the dead letters that come of them, and the commands about them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.e2e.conftest import Deployed, eventually

ROOT = Path(__file__).parents[2]
STACK = "energy-monitor-local"
Letter = dict[str, Any]


def infra(deployed: Deployed, *arguments: str) -> str:
    """What a command prints."""
    command = [sys.executable, "-m", "infra", *arguments, "--name", deployed.layout.name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def letters(deployed: Deployed, marker: str) -> list[Letter]:
    """The dead letters whose event carries a mark."""
    found: list[Letter] = json.loads(infra(deployed, "dlq", "ls", "--json"))
    return [letter for letter in found if letter["event"]["detail"].get("marker") == marker]


def put(deployed: Deployed, detail: dict[str, Any]) -> None:
    events = deployed.client("events", deployed.layout.localstack_url)
    entry = {"Source": "energy-monitor", "DetailType": "EnergyReadingCreated", "EventBusName": STACK}
    assert events.put_events(Entries=[{**entry, "Detail": json.dumps(detail)}])["FailedEntryCount"] == 0


def shown(deployed: Deployed, user: str, version: int) -> Any:
    """The view of 2023, once it shows the writes up to a version."""
    return eventually(lambda: deployed.display(user, 2023), lambda view: view["meta"]["displayVersion"] == version)
