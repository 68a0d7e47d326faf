"""Creates the record of rollouts, found by what becomes of them: the schedule asks each minute.

``down`` drops it, and with it the plans; the flags stay as they are.
"""

from typing import Any

from pymongo.database import Database

from chalicelib.repositories.database import Collections
from migrations.scripts import QUIET, Direction, Run, Step

RESUMABLE = True
NAME = Collections.ROLLOUTS
INDEX = "state"


def refusal(database: Database[Any], direction: Direction) -> str | None:
    """A rollout that is under way has to be ended first: nobody would take it back on a breach."""
    if direction == "down" and database[NAME].find_one({INDEX: {"$in": ["running", "paused"]}}):
        return "a rollout is under way; first: python -m infra rollout abort COMPONENT --reason WHY"
    return None


def preview(database: Database[Any], direction: Direction) -> list[Step]:
    """The index, if it is missing; or what would be dropped."""
    count = database[NAME].estimated_document_count()
    if direction == "down":
        return [Step(f"drop {NAME}", count)]
    return [] if _is_there(database) else [Step(f"index {INDEX} of {NAME}", count)]


def up(database: Database[Any], run: Run = QUIET) -> None:
    """Create what is missing; running it again changes nothing."""
    run.check()
    if not _is_there(database):
        database[NAME].create_index(INDEX)


def down(database: Database[Any], run: Run = QUIET) -> None:
    """Drop it."""
    run.check()
    database.drop_collection(NAME)


def _is_there(database: Database[Any]) -> bool:
    return any(list(index["key"]) == [(INDEX, 1)] for index in database[NAME].index_information().values())
