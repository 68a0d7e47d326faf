"""The walk of migrations/README.md: its commands run word by word, there and back again.

Only the server differs: one of this test's own, which ends transactions sooner, so that the drain is shorter.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from chalicelib.repositories.database import Collections, open_database
from chalicelib.repositories.sync_control import LIFETIME
from infra.local.layout import Ports
from infra.local.throwaway import mongod
from migrations import runner
from tests.integration.versions.both_versions import V1, V2, BothVersions

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]
CHAPTER = "## Walk through it\n"
FOLLOWING = "## Roll a component out, and back\n"
TRANSACTION_SECONDS = 2
SOME = 10  # of these users, half have documents that no backend shows
# What ``down`` leaves: the old readings, the versions that ETags come from, settings, the mode, the two records.
LEFT = {"energies", "meters", "user_settings", "control", "migrations", "quarantined_readings"}


@dataclass(frozen=True)
class Walk:
    """The commands of a chapter, there and back, and the variables that they share."""

    variables: tuple[str, ...]
    there: tuple[str, ...]
    back: tuple[str, ...]

    @classmethod
    def of(cls, readme: str, server: str) -> "Walk":
        chapter = readme.split(CHAPTER)[1].split("\n## ")[0]
        address = f"127.0.0.1:{Ports().mongodb}"
        assert address in chapter, "the chapter names the laptop stack's server"
        there, back = (block.splitlines() for block in re.findall(r"^```\n(.*?)^```", chapter, re.M | re.S))
        variables = [line.replace(address, server) for line in there if re.match(r"export |[A-Z]+='", line)]
        commands = [line for line in there if line.startswith(("$", "."))]
        assert len(variables) + len(commands) == len([line for line in there if not line.startswith("#")])
        return cls(tuple(variables), tuple(commands), tuple(back))

    def run(self, command: str) -> str:
        """What a command prints; it must succeed."""
        script = "\n".join((*self.variables, command))
        others = {name: value for name, value in os.environ.items() if not name.startswith("MONGODB_")}
        environment = others | {"COLUMNS": "200"}  # so that no table folds its lines
        done = subprocess.run(
            ["bash", "-euc", script],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server without anything; host and port."""
    with mongod() as uri:
        with MongoClient[dict[str, Any]](uri) as client:
            client.admin.command({"setParameter": 1, LIFETIME: TRANSACTION_SECONDS})
        yield uri.split("/")[2]


@pytest.fixture
def walk(server: str) -> Walk:
    return Walk.of((ROOT / "migrations/README.md").read_text(), server)


@pytest.fixture
def database(walk: Walk) -> Iterator[Database[Any]]:
    """The database that the chapter names."""
    uri, name = walk.run('echo "$MONGODB_URI $MONGODB_DATABASE"').split()
    database = open_database(uri, name)
    yield database
    database.client.close()


def contents(database: Database[Any]) -> dict[str, int]:
    """The collections that hold anything, except the ledger in which version 1 notes who asks."""
    names = set(database.list_collection_names()) - {Collections.V1_CALLERS}
    counts = {name: database[name].estimated_document_count() for name in names}
    return {name: count for name, count in counts.items() if count}


def test_whoever_follows_the_readme_gets_equal_answers_from_both_backends_and_comes_back(
    walk: Walk, database: Database[Any]
) -> None:
    fill, *there = walk.there
    walk.run(fill)
    asked = BothVersions(database)
    energies = list(database["energies"].find())
    users = asked.users()
    before = asked.answers(V1, users[:SOME])

    plan = walk.run(there[0])
    assert contents(database) == {"energies": len(energies)}, "without --execute nothing changes"
    for defect in ("double of one instant", "zero amount", "unknown type"):
        assert defect in plan
    for command in there[1:]:
        walk.run(command)
    assert [row.state for row in runner.status(database)] == ["applied"] * len(runner.status(database))
    moved = asked.answers(V1, users)
    assert len(moved) == 50
    assert moved == asked.answers(V2, users)
    assert moved == moved | before

    for command in walk.back:
        walk.run(command)
    assert runner.pending(database) == [row.name for row in runner.status(database)]
    assert contents(database).keys() <= LEFT
    assert list(database["energies"].find()) == energies
    assert asked.answers(V1, users[:SOME]) == before


def test_the_rollout_in_the_same_shell_is_about_the_stacks_own_database(walk: Walk) -> None:
    lines = (ROOT / "infra/README.md").read_text().split(FOLLOWING)[1].split("```\n")[1].splitlines()
    settings = [line for line in lines if re.match(r"unset |[A-Z]+='", line)]
    assert len(settings) > 1
    assert walk.run("\n".join((*settings, 'echo "${MONGODB_URI-}${MONGODB_DATABASE-}"'))).strip() == ""
