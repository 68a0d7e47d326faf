"""Every query that the services issue is answered by an index: no collection scan, no sort in memory.

The use cases run in every sync mode on a migrated database with many users, a listener keeps the commands, and
``explain`` says how the server would go about each.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from bson.decimal128 import Decimal128
from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from chalicelib.api.auth import TokenVerifier
from chalicelib.bootstrap import Container, compose, mongo_ports, now
from chalicelib.domain.ports import PageRequest, ReadingFilter, UserSettings
from chalicelib.domain.readings import EnergyType, to_ms
from chalicelib.domain.sync import Side, SyncMode
from chalicelib.repositories.control import sync_document
from chalicelib.repositories.database import open_database
from chalicelib.services.configuration import ExchangeDraft
from chalicelib.services.display import Timeline
from chalicelib.services.energy_crud import ReadingCorrection, ReadingDraft
from tests.fakes.publisher import FakePublisher

POWER, GAS = EnergyType.POWER, EnergyType.GAS
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
    "key",
    "hint",
}
START = datetime(2020, 1, 1, tzinfo=UTC)
FILE = b"date,type,amount\n2023-05-01,power,5000\n2023-05-02,power,5001\n2023-05-01,gas,70\n"


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
            for day in range(60)
        ]
        database["energies"].insert_many(documents)
        new = {"source": "manual", "revision": 1, "importBatchId": None}
        database["source_energy_readings"].insert_many([{**document, **new} for document in documents])
        meters = [{"_id": f"{owner}|{kind}", "userId": owner, "type": kind.value} for kind in EnergyType]
        database["meters"].insert_many([{**meter, "sourceVersion": 1, "displayVersion": 1} for meter in meters])


def use_everything(container: Container, user: str) -> None:
    """Each use case that asks the database something, lists in each of their forms."""
    first = container.energy.create(user, ReadingDraft(POWER, "2023-01-01", Decimal(900)))
    other = container.energy.create(user, ReadingDraft(POWER, "2023-02-01", Decimal(950)))
    container.energy.update(user, first.reading.id, ReadingCorrection(date="2023-01-02", amount=Decimal(901)))
    container.energy.delete(user, other.reading.id)
    container.imports.bulk_create(user, FILE)
    exchange, _ = container.configuration.add_exchange(user, ExchangeDraft(POWER, "2023-06-01", Decimal(9000)))
    container.configuration.remove_exchange(user, exchange.id)
    tolerance = (container.configuration.settings(user).tolerance_days + 1) % 10
    wanted = UserSettings(ZoneInfo("UTC"), tolerance)
    container.configuration.change(user, wanted, {POWER: Decimal(100_000 + tolerance), GAS: None})
    for kind in EnergyType:
        container.calculation.refresh(user, kind)
        container.display.monthly(user, kind, 2020)
        container.display.monthly(user, kind, 2031)
        container.display.histogram(user, kind, Timeline())
        container.display.histogram(user, kind, Timeline(to_ms(START), None, 7))
        container.display.summary(user, kind)
        container.old.monthly(user, kind, 2020)
        container.old.histogram(user, kind, Timeline())
        container.old.summary(user, kind)
        container.old.readings(user, kind)
    container.old.readings(user, None)
    container.calculation.catch_up()
    for request in requests():
        for side in Side:
            container.queries.page(user, request, side)
    container.queries.get(user, first.reading.id, Side.NEW)
    container.energy.delete(user, first.reading.id)
    assert user in set(container.flags.changes.users.known_users())
    for flag in (None, "energy_table_new_backend"):
        container.flags.overview.changes(flag, 5)


def requests() -> Iterator[PageRequest]:
    """Lists of all or one type, the whole or a range, upwards and downwards, the first page and another."""
    for kind in (None, POWER):
        for first, last in ((None, None), (to_ms(START), to_ms(START + timedelta(days=30))), (to_ms(START), None)):
            for descending in (False, True):
                for after in (None, (to_ms(START + timedelta(days=9)), "5" * 24)):
                    yield PageRequest(ReadingFilter(kind, first, last), descending, 10, after)


def stages(answer: Any) -> Iterator[str]:
    """The stages of the plans that win, at every depth: a pipeline may have several."""
    if isinstance(answer, dict):
        yield from (value for key, value in answer.items() if key == "stage")
        answer = [value for key, value in answer.items() if key not in {"rejectedPlans", "command"}]
    if isinstance(answer, list):
        for item in answer:
            yield from stages(item)


def explained(database: Database[Any], command: dict[str, Any]) -> list[str]:
    """How the server would go about a command."""
    codec_options = database.codec_options
    answer = database.command({"explain": command, "verbosity": "queryPlanner"}, codec_options=codec_options)
    return [*stages(answer)]


@pytest.mark.parametrize("mode", SyncMode)
def test_every_query_of_the_services_uses_an_index(mongodb_uri: str, migrated: Database[Any], mode: SyncMode) -> None:
    user = uuid4().hex
    fill(migrated, user)
    migrated["control"].replace_one({"_id": "sync_mode"}, sync_document(mode, now()), upsert=True)
    commands = Commands()
    watched = open_database(mongodb_uri, migrated.name, commands)
    use_everything(compose(mongo_ports(watched, FakePublisher()), cast(TokenVerifier, None), now), user)
    watched.client.close()
    assert {next(iter(command)) for command in commands.seen} >= {
        "find",
        "aggregate",
        "update",
        "delete",
        "findAndModify",
    }
    for command in commands.seen:
        found = explained(migrated, command)
        assert found, command
        assert not {"COLLSCAN", "SORT"} & set(found), (command, found)


def test_a_query_without_an_index_would_be_noticed(migrated: Database[Any]) -> None:
    fill(migrated, uuid4().hex)
    scan = {"find": "energies", "filter": {"amount": 5}}
    sort = {"find": "energies", "filter": {"userId": "x"}, "sort": {"amount": 1}}
    assert "COLLSCAN" in explained(migrated, scan)
    assert "SORT" in explained(migrated, sort)
