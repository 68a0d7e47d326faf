"""An index for the sweeper: which meters an older calculation version shows, and which of them are due again.

Without it the sweeper works all the same, but walks over every meter each minute.
"""

from typing import Any

from pymongo.database import Database

from chalicelib.repositories.database import Collections
from migrations.scripts import QUIET, Direction, Run, Step

RESUMABLE = True
# A publish leaves both as they are, so that the index costs no write; meters without a mark come first.
KEYS = [("series.calculation", 1), ("sweep.nextAttempt", 1)]
NAME = "series.calculation_1_sweep.nextAttempt_1"


def refusal(database: Database[Any], direction: Direction) -> str | None:  # noqa: ARG001
    """Nothing is in its way."""
    return None


def preview(database: Database[Any], direction: Direction) -> list[Step]:
    """All meters are in it."""
    doing = "index" if direction == "up" else "drop the index of"
    return [Step(f"{doing} the calculation versions", database[Collections.METERS].estimated_document_count())]


def up(database: Database[Any], run: Run = QUIET) -> None:
    """Create the index; running it again changes nothing."""
    run.check()
    database[Collections.METERS].create_index(KEYS, name=NAME)


def down(database: Database[Any], run: Run = QUIET) -> None:
    """Drop the index. The marks stay: they are true, and no release before reads them."""
    run.check()
    if NAME in database[Collections.METERS].index_information():
        database[Collections.METERS].drop_index(NAME)
