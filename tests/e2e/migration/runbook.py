"""The runbook's chapter about a rollout, run as it stands there, with a bug to be found on the way."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from pymongo.database import Database

from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.meters.invariants import view_id
from chalicelib.domain.readings import EnergyType
from tests.e2e.account import Account
from tests.e2e.conftest import Deployed

ROOT = Path(__file__).parents[3]
CHAPTER = "## Roll a component out, and back\n"
CHART = "/components/monthly_charts?type=power&year=2023"
PLACE = "months[].calculationDetails.spanDays"


class Readme:
    """The commands of the chapter, word by word; only the stack is another one."""

    def __init__(self, layout_name: str) -> None:
        block = (ROOT / "infra/README.md").read_text().split(CHAPTER)[1].split("```\n")[1]
        self._lines = block.splitlines()
        self._name = layout_name

    def run(self, command: str) -> str:
        """Run the line that begins so; it must succeed."""
        [line] = [line for line in self._lines if line.startswith(f"$I {command} ")]
        code, printed = self.shell(line)
        assert code == 0, f"{line}\n{printed}"
        return printed

    def shell(self, line: str) -> tuple[int, str]:
        """The exit code of a line and what it prints."""
        settings = ("MONGODB_", "API_PORT", "STACK_NAME")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(settings)}
        done = subprocess.run(
            ["bash", "-euc", f"{self._lines[0]}\n{line}"],
            cwd=ROOT,
            env=environment | {"STACK_NAME": self._name, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        return done.returncode, done.stdout if done.stdout else done.stderr


def damage(database: Database[Any], user: str) -> None:
    """A bug: the stored chart is of the present version and says something that no reading says."""
    wanted = {"_id": view_id(user, EnergyType.POWER, "monthly", 2023, CALCULATION_VERSION)}
    change = {"$set": {"data.months.2.calculationDetails.spanDays": 12345}}
    assert database["display_energy_data"].update_one(wanted, change).modified_count == 1


def look(deployed: Deployed) -> None:
    """Let the deployed comparer look at what was read since it looked before: all of it, where that is little."""
    account = Account(deployed)
    answer = account["lambda"].invoke(FunctionName=account.name_of("BackendComparer"), Payload=b"{}")
    assert json.loads(answer["Payload"].read())["state"] == "compared"


def reported(readme: Readme, place: str = PLACE) -> dict[str, Any]:
    """The difference at the damaged place, if there is one."""
    _, printed = readme.shell("$I compare report --json")
    return next((each for each in json.loads(printed)["differences"] if each["place"] == place), {})
