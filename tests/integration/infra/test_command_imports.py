"""What a command imports, in a fresh interpreter: nobody waits for what another command needs."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.database import Database

pytestmark = pytest.mark.long

PROGRAM = """
import json, sys
from infra import __main__ as command_line
try:
    command_line.run(sys.argv[1:])
except SystemExit as exited:
    code = exited.code
print(json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules})]), file=sys.stderr)
"""
AWS = {"boto3", "botocore"}
APPLICATION = {"chalice", "aws_lambda_powertools", "jwt"}
NEITHER = AWS | APPLICATION


def imported(*arguments: str, **environment: str) -> tuple[int, set[str]]:
    """The exit code of a command, and the packages that it has imported in the end."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    code, packages = json.loads(done.stderr.splitlines()[-1])
    return code, set(packages)


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["no-such-command"]])
def test_the_list_of_commands_imports_none_of_them(arguments: list[str]) -> None:
    _, packages = imported(*arguments)
    assert packages.isdisjoint(NEITHER | {"pymongo", "pydantic", "rich", "chalicelib", "migrations"})


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["mode", "show"], 0),
        (["mode", "set", "old_only", "--reason", "x"], 0),
        (["sync"], 0),
        (["verify"], 0),
        (["verify", "--last"], 0),
        (["repair"], 0),
        (["rebuild", "--check"], 0),
        (["sweep"], 0),
    ],
)
def test_a_command_on_the_database_imports_no_aws_no_web_and_no_powertools(
    command: list[str], code: int, mongodb_uri: str, migrated: Database[Any]
) -> None:
    mode = {"_id": "sync_mode", "mode": "dual_write", "since": datetime(2020, 1, 1, tzinfo=UTC), "catchingUp": None}
    migrated["control"].replace_one({"_id": "sync_mode"}, mode, upsert=True)
    ended, packages = imported(*command, MONGODB_URI=mongodb_uri, MONGODB_DATABASE=migrated.name)
    assert ended == code
    assert packages & NEITHER == set()


@pytest.mark.parametrize("command", [["mode", "show"], ["verify", "--last"]])
def test_a_database_that_is_down_is_said_without_importing_more(command: list[str]) -> None:
    code, packages = imported(*command, MONGODB_URI="mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100")
    assert code == 1
    assert packages & NEITHER == set()


@pytest.mark.parametrize("command", [["flags", "list"], ["dlq", "ls"], ["replay", "--all"]])
def test_a_command_that_asks_aws_imports_no_web_framework_and_signs_no_tokens(command: list[str]) -> None:
    _, packages = imported(
        *command,
        "--stage=dev",
        MONGODB_URI="mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100",
        AWS_ENDPOINT_URL="http://127.0.0.1:1",
        AWS_DEFAULT_REGION="us-east-1",
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_MAX_ATTEMPTS="1",
    )
    assert "boto3" in packages
    assert packages.isdisjoint({"chalice", "jwt"})
