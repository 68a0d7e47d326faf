"""Makes the file of a new script."""

import re
from pathlib import Path

from migrations.errors import MigrationError
from migrations.scripts import FOLDER, scripts

TEMPLATE = '''"""{title}."""

from typing import Any

from pymongo.database import Database

from migrations.scripts import QUIET, Direction, Run, Step

# True only if an interrupted 'up' or 'down' may simply be run again.
RESUMABLE = False


def refusal(database: Database[Any], direction: Direction) -> str | None:
    """Why it cannot run now and what to do about it; None: it can."""
    return None


def preview(database: Database[Any], direction: Direction) -> list[Step]:
    """What it would do and how many documents it touches. Changes nothing."""
    return []


def up(database: Database[Any], run: Run = QUIET) -> None:
    """Do it."""


def down(database: Database[Any], run: Run = QUIET) -> None:
    """Undo it."""
'''


def create(title: str, folder: Path = FOLDER) -> Path:
    """Write the next script, doing nothing yet; ``title`` is what it does: ``add meter location``.

    Raises:
        MigrationError: the title has no letter or digit, or there are 999 scripts.
    """
    words = re.findall(r"[a-z0-9]+", title.lower())
    if not words:
        raise MigrationError("say in a few words what the script does: create 'add meter location'")
    last = max((script.name for script in scripts(folder)), default="000")
    if last.startswith("999"):
        raise MigrationError(f"{last} is the last script that a number is left for")
    number = int(last[:3]) + 1
    path = folder / f"{number:03}_{'_'.join(words)}.py"
    path.write_text(TEMPLATE.format(title=" ".join(words).capitalize()))
    return path
