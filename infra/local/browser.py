"""Chromium without windows for the browser tests: found on PATH, else Debian's package, where this user may install it.

Standard library only, like ``environments``, which asks for it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Run = Callable[[Sequence[str]], object]

NAME = "chromium-headless-shell"
PACKAGES = (NAME, "fonts-dejavu-core")
REMEDY = f"Debian: sudo apt-get install {' '.join(PACKAGES)}"


def program() -> str | None:
    """Return the path of Chromium, or None."""
    return shutil.which(NAME)


def ensure(say: Callable[[str], None], run: Run | None = None) -> bool:
    """Install Chromium where it is missing; return whether it is there. Where it cannot be, one line says so."""
    if program():
        return True
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        say(f"BROWSER TESTS WILL BE SKIPPED: there is no {NAME}, and installing it takes root and apt-get. {REMEDY}")
        return False
    say(f"Installing {' and '.join(PACKAGES)} for the browser tests ...")
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES]):
        (run or _run)(["apt-get", *command])
    if program():
        return True
    say(f"BROWSER TESTS WILL BE SKIPPED: apt-get has not brought {NAME}. {REMEDY}")
    return False


def _run(command: Sequence[str]) -> None:
    silent = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, env=silent, capture_output=True, check=False)  # noqa: S603
