"""An index for the sweeper: which lagging meters were never tried, and which failing ones are due again.

Without it the sweeper works all the same, but walks over every failing meter to the others.
"""

from typing import Any

from pymongo.database import Database

from chalicelib.repositories.database import Collections
from migrations.scripts import QUIET, Direction, Run, Step

RESUMABLE = True
# Only dirty meters are in it: of those never tried the longest waiting first, then the others by their next attempt.
KEYS = [("sweep.nextAttempt", 1), ("dirtySince", 1)]
NAME = "sweep.nextAttempt_1_dirtySince_1"
ONLY_DIRTY = {"dirtySince": {"$exists": True}}


def refusal(database: Database[Any], direction: Direction) -> str | None:  # noqa: ARG001
    """Nothing is in its way."""
    return None


def preview(database: Database[Any], direction: Direction) -> list[Step]:
    """The dirty meters, which are all that it holds."""
    dirty = database[Collections.METERS].count_documents(ONLY_DIRTY)
    return [Step(f"{'index' if direction == 'up' else 'drop the index of'} the attempts on dirty meters", dirty)]


def up(database: Database[Any], run: Run = QUIET) -> None:
    """Create the index; running it again changes nothing."""
    run.check()
    database[Collections.METERS].create_index(KEYS, name=NAME, partialFilterExpression=ONLY_DIRTY)


def down(database: Database[Any], run: Run = QUIET) -> None:
    """Drop the index, and what was noted about attempts."""
    run.check()
    if NAME in database[Collections.METERS].index_information():
        database[Collections.METERS].drop_index(NAME)
    database[Collections.METERS].update_many({"sweep": {"$exists": True}}, {"$unset": {"sweep": ""}})
