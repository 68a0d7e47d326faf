"""Runs the tests of the page's scripts (tests/web), in Node with a document but no browser."""

import re
import subprocess
from pathlib import Path

import pytest

from infra.local.environments import FOLDER

ROOT = Path(__file__).parents[3]
TESTS = sorted((ROOT / "tests" / "web").rglob("*.test.js"))
# One process runs almost all: starting one and loading a document takes longer than most tests.
ALONE = [file for file in TESTS if "\nbeforeEach(" in file.read_text()]  # which would be done before everybody's tests
RUNS = {file.stem: [file] for file in ALONE} | {"the others": [file for file in TESTS if file not in ALONE]}
OPTIONS = (
    "--test",
    "--test-isolation=none",
    "--test-force-exit",
    "--test-timeout=120000",  # a sign-in's timer is long
    "--test-reporter=tap",
)


@pytest.mark.parametrize("files", RUNS.values(), ids=RUNS)
def test_scripts_keep_their_promises(files: list[Path]) -> None:
    node = FOLDER / "javascript" / "bin" / "node"
    done = subprocess.run([node, *OPTIONS, *files], capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    assert passed, done.stdout
    assert int(passed[1]) >= sum(len(re.findall(r"^test\(", file.read_text(), re.MULTILINE)) for file in files) > 0


def test_there_are_such_tests() -> None:
    assert TESTS
