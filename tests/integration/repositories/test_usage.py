"""The usage log on a real MongoDB: what a row says, that nobody waits for it, and that it goes by itself."""

import json
import re
from collections.abc import Iterator
from typing import Any, cast
from uuid import uuid4

import pytest
from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from chalicelib.bootstrap.container import now
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.migration.records.decision import Decision, Reason
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.monitoring.metrics import flush, metrics
from chalicelib.repositories.database import open_database, together
from chalicelib.repositories.usage import MongoUsageLog
from chalicelib.services.components.component_reads import ShowTable, read_of
from chalicelib.services.migration.backends.backend_usage import BackendUsageTracker
from infra.local.waiting import wait_until
from migrations import runner
from migrations.scripts import FOLDER, QUIET, scripts

DAY = 24 * 3600
TTL = {"backend_usage_logs": 30 * DAY, "backend_comparisons": 90 * DAY}
[SCRIPT] = [script for script in scripts(FOLDER) if "usage_collections" in script.name]
AT = 1_737_000_000_000
PAGE = ShowTable(type=EnergyType.GAS, first=5, descending=True, limit=7, after=(9, "0" * 24))


def usage(user: str) -> BackendUsage:
    decision = Decision(Backend.NEW, Reason.PERCENTAGE_IN, 17, "3")
    return BackendUsage(Component.ENERGY_TABLE, user, decision, 3.25, True, None, PAGE.parameters(), "a trace")


class Inserts(CommandListener):
    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name == "insert":
            self.seen.append(dict(event.command))

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


@pytest.fixture
def inserts() -> Inserts:
    return Inserts()


@pytest.fixture
def watched(mongodb_uri: str, migrated: Database[Any], inserts: Inserts) -> Iterator[Database[Any]]:
    database = open_database(mongodb_uri, migrated.name, inserts)
    yield database
    database.client.close()


def found(database: Database[Any], user: str) -> dict[str, Any]:
    """The one row of a user; it was not waited for, so it may take a moment."""
    logs = database["backend_usage_logs"]
    assert wait_until(lambda: logs.find_one({"userId": user}) is not None, 10)
    return cast("dict[str, Any]", logs.find_one({"userId": user}, {"_id": 0}))


def test_a_row_says_who_answered_what_and_how_long_it_took(watched: Database[Any]) -> None:
    user = uuid4().hex
    pseudonyms = Pseudonyms(b"key")
    BackendUsageTracker(MongoUsageLog(watched), pseudonyms, lambda: AT).log_backend_usage(usage(user))
    row = found(watched, user)
    assert row == {
        "at": to_datetime(AT),
        "userId": user,
        "user": pseudonyms.of("user", user),
        "component": "energy_table",
        "backend": "new",
        "elapsedMs": 3.25,
        "success": True,
        "error": None,
        "reason": "percentage_in",
        "documentVersion": "3",
        "parameters": PAGE.parameters(),
        "traceId": "a trace",
    }
    assert read_of(Component.ENERGY_TABLE, row["parameters"]) == PAGE


def test_nobody_waits_for_a_row(watched: Database[Any], inserts: Inserts) -> None:
    MongoUsageLog(watched).insert(usage(uuid4().hex), "pseudonym", AT)
    [command] = inserts.seen
    assert command["writeConcern"] == {"w": 0}


def test_a_server_that_is_away_fails_nobody_and_what_is_not_noted_is_said(
    unreachable: Database[Any], caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics().clear_metrics()
    BackendUsageTracker(MongoUsageLog(unreachable), Pseudonyms(b"key"), now).log_backend_usage(usage("somebody"))
    assert [record.getMessage() for record in caplog.records] == ["usage of a backend was not noted"]
    flush()
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert (line["component"], line["backend"], line["BackendDuration"], line["BackendFailures"]) == (
        "energy_table",
        "new",
        [3.25],
        [0.0],
    )


def test_a_server_is_looked_for_no_longer_than_a_fifth_of_a_second(unreachable: Database[Any]) -> None:
    with pytest.raises(UnavailableError) as raised:
        MongoUsageLog(unreachable).insert(usage("somebody"), "pseudonym", AT)
    waited = re.search(r"Timeout: ([\d.]+)s", str(raised.value.__cause__))
    assert waited
    assert 0.1 < float(waited[1]) <= 0.2


@pytest.fixture
def unreachable() -> Iterator[Database[Any]]:
    database = open_database("mongodb://127.0.0.1:1/?replicaSet=rs0", "nowhere")
    yield database
    database.client.close()


def expiries(database: Database[Any]) -> dict[str, Any]:
    """The seconds that the documents of a collection are kept."""
    return {name: database[name].index_information().get("at_1", {}).get("expireAfterSeconds") for name in TTL}


def test_both_collections_forget_by_themselves(migrated: Database[Any]) -> None:
    assert expiries(migrated) == TTL


def test_rows_from_before_the_migration_are_forgotten_too(migrated: Database[Any]) -> None:
    for name in TTL:
        migrated.drop_collection(name)
    migrated["backend_usage_logs"].insert_one({"at": to_datetime(AT)})
    migrated["migrations"].delete_one({"_id": SCRIPT.name})
    assert runner.up(migrated) == [SCRIPT.name]
    assert expiries(migrated) == TTL
    assert migrated["backend_usage_logs"].count_documents({}) == 1


def test_the_way_back_takes_both_away_and_nothing_else(migrated: Database[Any]) -> None:
    before = set(migrated.list_collection_names())
    SCRIPT.load().down(migrated, QUIET)
    assert before - set(migrated.list_collection_names()) == set(TTL)


def test_the_answer_that_took_the_whole_time_of_its_request_has_its_row_too(migrated: Database[Any]) -> None:
    user = uuid4().hex
    with together(0.05):
        wait_until(lambda: False, 0.1)
        MongoUsageLog(migrated).insert(usage(user), "a pseudonym", AT)
    assert wait_until(lambda: migrated["backend_usage_logs"].count_documents({"userId": user}) == 1, 5)
