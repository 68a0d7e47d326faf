"""Running the operator's commands in a test: the command line, in this process, on the test's database.

All that depends on how commands are spelled, what they ask for and how they answer is in this module.
"""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import click
from click.testing import CliRunner
from pymongo.database import Database

from chalicelib.domain.errors import EnergyMonitorError
from infra.__main__ import main
from infra.errors import OperatorError
from infra.operations.migrate.commands import cli as migrations_cli
from migrations.errors import MigrationError
from tests.integration.damage.independent import Compared
from tests.integration.damage.stored import CONTROL, Found, Key, plain

EXPECTED = (OperatorError, MigrationError, EnergyMonitorError)  # what the command lines show as a sentence
REASON = ("--reason", "the test")
UNKNOWN = 2  # click: no such command or option
LONG_AGO = timedelta(minutes=10)  # longer than any drain
RECOVER = "mode recover"


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said. ``defect``: it broke, instead of saying what is wrong."""

    command: str
    code: int
    text: str
    document: Any
    defect: BaseException | None

    def __str__(self) -> str:
        return f"{self.command}: exit code {self.code}, {self.text.strip()[-400:]} {self.defect or ''}"


class Shell:
    """A person's shell, on one database."""

    def __init__(self, database: Database[Any], uri: str) -> None:
        self._database = plain(database)
        self._environment = {"MONGODB_URI": uri, "MONGODB_DATABASE": database.name}
        self._runs: list[str] = []

    def verify(self) -> Said:
        """Compare everything."""
        return self.run("verify", "--restart", "--json")

    def plan(self) -> Said:
        """``repair`` without ``--apply``: say what would be done."""
        return self.run("repair", "--json")

    def repair(self, *options: str) -> Said:
        """``repair --apply``, with the numbers of deletions that it asks for."""
        given = ("repair", "--apply", *options, *_yes("repair"), "--json")
        said = self.run(*given)
        if asked := re.search(r"--allow-deletes[ =](\d+)", said.text if said.code else ""):
            said = self.run(*given, "--allow-deletes", asked[1])
        if said.document and "run" in said.document:
            self._runs.append(said.document["run"])
        return said

    def repair_from_new(self) -> Said:
        """The other direction."""
        return self.repair("--from", "new")

    def undo(self) -> Said | None:
        """Take back what the last repair has done; None: there was none."""
        return self.run("repair", "undo", self._runs.pop(), *_yes("repair")) if self._runs else None

    def rebuild(self) -> Said:
        """Calculate everything from the readings."""
        return self.run("rebuild", "--restart", "--json")

    def sync(self, *, full: bool = False) -> Said:
        """What the scheduled job does."""
        return self.run("sync", *(("--full",) if full else ()), "--json")

    def sweep(self) -> Said:
        """What the scheduled sweeper does, at once."""
        return self.run("sweep", "--json")

    def set_mode(self, mode: str) -> Said:
        """Change the mode; its drain is over at once."""
        return self._drained(self.run("mode", "set", mode, *REASON, *_yes("mode", "set"), "--json"))

    def recover(self) -> Said:
        """Bring back a mode that got lost."""
        reason = REASON if exists("mode", "recover", option="--reason") else ()
        return self._drained(self.run("mode", "recover", *reason, *_yes("mode", "recover")))

    def migrate(self) -> Said:
        """Apply what is pending."""
        return self._migrations("up")

    def revert(self) -> Said:
        """Revert every migration but the first, which makes the collections."""
        applied = self._database["migrations"].count_documents({"state": "applied"})
        return self._migrations("down", "--steps", str(max(1, applied - 1)))

    def _migrations(self, *arguments: str) -> Said:
        yes = _yes(arguments[0], line=migrations_cli)
        return self._invoke(migrations_cli, (*arguments, "--execute", *yes, "--json"))

    def run(self, *arguments: str) -> Said:
        """``python -m infra``."""
        return self._invoke(main, arguments)

    def _invoke(self, command: click.Command, arguments: tuple[str, ...]) -> Said:
        done = CliRunner().invoke(command, arguments, env=self._environment)
        error = None if isinstance(done.exception, SystemExit) else done.exception
        expected = isinstance(error, EXPECTED)
        text = done.output + (str(error) if expected else "")
        return Said(" ".join(arguments), done.exit_code, text, _json(done.stdout), None if expected else error)

    def _drained(self, said: Said) -> Said:
        """The drain is over: the change was made ten minutes ago."""
        control = self._database[CONTROL]
        history = (control.find_one({"_id": "sync_mode_changes"}) or {}).get("changes") or []
        found = control.find_one({"_id": "sync_mode"})
        if said.code == 0 and found and history:
            control.update_one({"_id": "sync_mode"}, {"$set": {"since": found["since"] - LONG_AGO}})
            place = f"changes.{len(history) - 1}.at"
            control.update_one({"_id": "sync_mode_changes"}, {"$set": {place: found["since"] - LONG_AGO}})
        return said


def exists(*names: str, option: str | None = None, line: click.Command = main) -> bool:
    """Whether there is such a command of a command line, and such an option of it."""
    command: click.Command | None = line
    for name in names:
        if not isinstance(command, click.Group):
            return False
        command = command.get_command(click.Context(command), name)
    return command is not None and (option is None or any(option in each.opts for each in command.params))


def _yes(*names: str, line: click.Command = main) -> tuple[str, ...]:
    return ("--yes",) if exists(*names, option="--yes", line=line) else ()


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def named(said: Said) -> set[Key]:
    """The meters that ``verify`` names."""
    return {(each["user_id"], each["type"]) for each in (said.document or {}).get("findings", [])}


def differences(said: Said) -> int:
    """How many documents differ by ``verify``."""
    return int(said.document["differences"])


def unreadable(said: Said) -> int:
    """How many unreadable documents ``verify`` counts."""
    return int(said.document["unreadable"]["count"])


def disagreement(said: Said, compared: Compared) -> str | None:
    """Where ``verify`` and the independent comparison say different things; None: nowhere."""
    if said.defect:
        return f"verify breaks: {said}"
    if compared.control:
        refused = said.code != 0 and said.document is None and RECOVER in said.text
        return None if refused else f"{compared.control}, and verify does not refuse with what to do: {said}"
    if said.document is None:
        return f"verify refuses, though the mode can be believed: {said}"
    if bool(differences(said)) != bool(compared.differences):
        return f"verify finds {said.document['findings']}, the independent comparison {compared.differences}"
    return _not_named(said, compared.differences) or _not_counted(said, compared)


def _not_named(said: Said, wrong: tuple[Found, ...]) -> str | None:
    missing = {found for found in wrong if found.meter and found.meter not in named(said)}
    return f"verify does not name {missing}" if missing else None


def _not_counted(said: Said, compared: Compared) -> str | None:
    if "unreadable" not in said.document:
        return f"verify does not count unreadable documents: {compared.unreadable}" if compared.unreadable else None
    wanted = len(compared.unreadable)
    return None if unreadable(said) == wanted else f"verify counts {unreadable(said)} unreadable, there are {wanted}"
