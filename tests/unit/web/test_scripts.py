"""Runs the tests of the page's scripts (tests/web), in Node with a document but no browser."""

import subprocess
from pathlib import Path

import pytest

from infra.local.environments import FOLDER

ROOT = Path(__file__).parents[3]
TESTS = sorted((ROOT / "tests" / "web").rglob("*.test.js"))


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.name)
def test_a_script_keeps_its_promises(file: Path) -> None:
    node = FOLDER / "javascript" / "bin" / "node"
    options = [
        "--test",
        "--test-force-exit",
        "--test-timeout=120000",
        "--test-reporter=tap",
    ]  # a sign-in's timer is long
    done = subprocess.run([node, *options, file], capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n# pass 0\n" not in done.stdout


def test_there_are_such_tests() -> None:
    assert TESTS
