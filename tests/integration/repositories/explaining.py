"""Query plans of commands: explained afterwards, or at the moment when they are sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from bson.codec_options import DatetimeConversion
from bson.decimal128 import Decimal128
from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.database import open_database

EXPLAINED = ("find", "aggregate", "update", "delete", "findAndModify", "count", "distinct")
KEPT = {
    "filter",
    "sort",
    "projection",
    "limit",
    "skip",
    "query",
    "updates",
    "deletes",
    "update",
    "upsert",
    "new",
    "pipeline",
    "cursor",
    "fields",
    "remove",
    "key",
    "hint",
}
LONG_LOOKUP = "LONG_LOOKUP"
MOST_LOOKED_UP = 10  # documents of a lookup beside another document
WITHOUT_INDEX = frozenset({"COLLSCAN", "SORT", "$sort", LONG_LOOKUP})


class Commands(CommandListener):
    """Keeps every command that can be explained."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name in EXPLAINED:
            self.seen.extend(single(dict(event.command)))

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


def single(command: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The command as the server can explain it: without its session, and of many changes one at a time."""
    asked = {key: value for key, value in command.items() if key in EXPLAINED or key in KEPT}
    statements = next((key for key in ("updates", "deletes") if key in asked), None)
    if statements is None:
        yield asked
        return
    for statement in asked[statements]:
        yield {**asked, statements: [statement]}


def stages(answer: Any) -> Iterator[str]:
    """The stages of the plans that win, at every depth: a pipeline may have several."""
    if isinstance(answer, dict) and "$lookup" in answer:
        yield from _of_lookup(answer)
        return
    if isinstance(answer, dict):
        yield from (value if key == "stage" else key for key, value in answer.items() if key in {"stage", "$sort"})
        answer = [value for key, value in answer.items() if key not in {"rejectedPlans", "command"}]
    if isinstance(answer, list):
        for item in answer:
            yield from stages(item)


def _of_lookup(answer: dict[str, Any]) -> Iterator[str]:
    """Of a lookup the server only says what it did, where it was let do it."""
    yield "$lookup"
    if int(answer.get("collectionScans", 0)):
        yield "COLLSCAN"
    if int(answer.get("totalDocsExamined", 0)) > MOST_LOOKED_UP:
        yield LONG_LOOKUP


def explained(database: Database[Any], command: dict[str, Any]) -> list[str]:
    """How the server would go about a command."""
    names = {name for stage in command.get("pipeline", ()) for name in stage}
    looks_up = "$lookup" in names and not names & {"$merge", "$out"}
    return [*stages(explanation(database, command, "executionStats" if looks_up else "queryPlanner"))]


def explanation(database: Database[Any], command: dict[str, Any], verbosity: str) -> dict[str, Any]:
    """What the server says of a command."""
    any_date = database.codec_options.with_options(datetime_conversion=DatetimeConversion.DATETIME_AUTO)
    return database.command({"explain": command, "verbosity": verbosity}, codec_options=any_date)


@dataclass(frozen=True)
class Plan:
    """One command and the stages of its plan."""

    command: dict[str, Any]
    stages: frozenset[str]

    def __str__(self) -> str:
        """The command without its values: ``find meters dirtySince``."""
        verb, collection = next(iter(self.command.items()))
        limit = [f"limit {self.command['limit']}"] if "limit" in self.command else []
        return " ".join([verb, str(collection), *_fields(self.command), *limit])


class _Plans(CommandListener):
    """Asks for the plan of each command, over a connection of its own, before the command is sent."""

    def __init__(self, uri: str, name: str) -> None:
        self._database = open_database(uri, name)
        self.seen: list[Plan] = []
        self.failures: list[str] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name in EXPLAINED:
            database = self._database.client.get_database(event.database_name, self._database.codec_options)
            for command in single(dict(event.command)):
                Context().run(self._explain, database, command)  # outside the time limit of the work

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...

    def close(self) -> None:
        self._database.client.close()

    def _explain(self, database: Database[Any], command: dict[str, Any]) -> None:
        try:
            self.seen.append(Plan(command, frozenset(explained(database, command))))
        except Exception as error:  # noqa: BLE001 - the driver would pass over it
            self.failures.append(f"{command}: {error}")


@contextmanager
def planned(uri: str, name: str) -> Iterator[tuple[Database[Any], list[Plan]]]:
    """A database to work on, and the plans of all commands that the work sends.

    As things are at that moment: a migration asks before its own indexes are there.
    """
    plans = _Plans(uri, name)
    database = open_database(uri, name, plans)
    try:
        yield database, plans.seen
    finally:
        database.client.close()
        plans.close()
    assert plans.failures == []


def _fields(command: dict[str, Any]) -> list[str]:
    """What a command asks by: the stages of a pipeline, or the fields of a filter."""
    if "pipeline" in command:
        return [_stage(name, what) for item in command["pipeline"] for name, what in item.items()]
    changes = command.get("updates") or command.get("deletes") or [{}]
    asked = command.get("filter") or command.get("query") or changes[0].get("q") or {}
    return sorted({field for part in (asked.get("$and") or [asked]) for field in part}) or ["everything"]


def _stage(name: str, what: Any) -> str:
    return f"{name}({','.join(sorted(what)) if isinstance(what, dict) else what})"


START = datetime(2020, 1, 1, tzinfo=UTC)
DAYS = 240  # of two meters of 21 users: 10,000 documents on each side


def fill(database: Database[Any], user: str) -> None:
    """Enough documents of enough users that a scan would never be the better plan."""
    for owner in (user, *(uuid4().hex for _ in range(20))):
        documents = [
            {
                "userId": owner,
                "type": kind.value,
                "date": START + timedelta(days=day),
                "amount": Decimal128(Decimal(100 + day)),
                "updatedAt": START,
                "createdAt": START,
            }
            for kind in EnergyType
            for day in range(DAYS)
        ]
        database["energies"].insert_many(documents)
        new = {"source": "manual", "revision": 1, "importBatchId": None}
        database["source_energy_readings"].insert_many([{**document, **new} for document in documents])
        meters = [{"_id": f"{owner}|{kind}", "userId": owner, "type": kind.value} for kind in EnergyType]
        if owner != user:
            imports = [{"_id": uuid4().hex, "userId": owner, "at": START + timedelta(days=day)} for day in range(DAYS)]
            database["imports"].insert_many(imports)
        database["meters"].insert_many([{**meter, "sourceVersion": 1, "displayVersion": 1} for meter in meters])
    unknown = {"_id": f"{user}|heat", "userId": user, "type": "heat"}  # no refresh of it succeeds
    database["meters"].insert_one({**unknown, "sourceVersion": 1, "displayVersion": 0, "dirtySince": START})
