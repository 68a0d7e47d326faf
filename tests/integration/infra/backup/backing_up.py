"""Backing up and restoring in this process, and what is compared afterwards."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from infra import __main__ as command_line
from infra.errors import OperatorError
from infra.operations.backup import data as backup_data
from infra.operations.backup.data import restore, take
from infra.operations.backup.file import Writer, inspected, new_file
from tests.integration.infra.operator_shell import Shell

OLD, NEW = "energies", "source_energy_readings"
READINGS = (("2022-12-31", 1000), ("2023-01-31", 1100), ("2023-06-30", 1600), ("2024-01-31", 2300))
COMPARED = tuple(name for name in backup_data.CARRIED if name not in ("meters", "control"))


@dataclass
class Commands:
    """The command line, on one database and then another."""

    monkeypatch: pytest.MonkeyPatch
    shell: Shell
    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "sample.backup"

    def run(self, database: Database[Any], *arguments: str) -> tuple[int | str | None, str]:
        """Exit code and everything that is printed."""
        self.monkeypatch.setenv("MONGODB_DATABASE", database.name)
        code: int | str | None = 0
        try:
            command_line.main([*arguments], standalone_mode=False)
        except SystemExit as exited:
            code = exited.code
        except OperatorError as error:
            return 1, str(error)
        printed = self.shell._capsys.readouterr()
        return code, printed.out + printed.err


def saved(database: Database[Any], path: Path) -> Path:
    with new_file(path) as packed:
        take(database, lambda header: Writer(packed, header), lambda _: None)
    return path


def put_back(database: Database[Any], path: Path) -> None:
    restore(database, path, inspected(path), "olga", lambda _: None)


def stored(database: Database[Any], names: tuple[str, ...] = COMPARED) -> dict[str, list[Any]]:
    """What is in the database, except revisions, which go on from the restore, and the lock of migrations."""
    hidden = {"revision": 0}
    condition = {"_id": {"$ne": "lock"}}
    return {name: list(database[name].find(condition, hidden, sort=[("_id", 1)])) for name in names}


class Killed(BaseException):
    """The process ends here."""


def killed_after(inserts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real, done = backup_data._Restore._insert, [0]

    def insert(self: Any, name: str, batch: list[Any]) -> None:
        if done[0] == inserts:
            raise Killed
        done[0] += 1
        real(self, name, batch)

    monkeypatch.setattr(backup_data._Restore, "_insert", insert)
