"""Every query that the services issue is answered by an index: no collection scan, no sort in memory.

The use cases run in every sync mode on a migrated database with many users, a listener keeps the commands, and
``explain`` says how the server would go about each.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from pymongo.database import Database

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import (
    Container,
    Ports,
    compose,
    mongo_ports,
    now,
)
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import (
    ComparisonError,
    ImplausibleReadingError,
    NotFoundError,
)
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.migration.records.comparison_log import ComparisonResult, IgnoreRule, Outcome, Replay, Request
from chalicelib.domain.migration.records.decision import FORCED_OLD, Reason
from chalicelib.domain.migration.records.differences import Difference, DifferenceKind
from chalicelib.domain.migration.records.feedback import Feedback
from chalicelib.domain.migration.records.measurements import MeasurementKind, PageMeasurement
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.ports.values import PageRequest, ReadingFilter, UserSettings
from chalicelib.domain.readings import EnergyType, to_ms
from chalicelib.repositories import partial_snapshots
from chalicelib.repositories.control import sync_document
from chalicelib.repositories.database import open_database
from chalicelib.repositories.lagging import MongoLaggingMeters
from chalicelib.repositories.measurements import MongoPageMeasurements
from chalicelib.services.display.display import Timeline
from chalicelib.services.recording.configuration import ExchangeCorrection, ExchangeDraft, Register
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft
from infra.local.waiting import wait_until
from infra.simulation.memory.publisher import FakePublisher
from tests.integration.repositories.explaining import LONG_LOOKUP, WITHOUT_INDEX, Commands, explained, explanation, fill

pytestmark = [pytest.mark.long, pytest.mark.plans]

POWER, GAS = EnergyType.POWER, EnergyType.GAS
FEEDBACK = Feedback(Component.ENERGY_TABLE, {"limit": 5}, Backend.NEW, Reason.PERCENTAGE_IN, {POWER: 3})
START = datetime(2020, 1, 1, tzinfo=UTC)
FILE = b"date,type,amount\n2023-05-01,power,5000\n2023-05-02,power,5001\n2023-05-01,gas,70\n"
CORRECTED = b"date,type,amount\n2023-05-02,power,5002\n2023-05-03,power,5003\n"
REPLACE = ImportOptions(on_conflict="replace", confirm=True)


def use_everything(container: Container, user: str) -> None:
    """Each use case that asks the database something, lists in each of their forms."""
    first = container.energy.create(user, ReadingDraft(POWER, "2023-01-01", Decimal(900)))
    other = container.energy.create(user, ReadingDraft(POWER, "2023-02-01", Decimal(950)))
    container.energy.update(user, first.reading.id, ReadingCorrection(date="2023-01-02", amount=Decimal(901)))
    container.energy.delete(user, other.reading.id)
    container.imports.bulk_create(user, FILE, REPLACE)
    container.imports.bulk_create(user, CORRECTED, REPLACE)
    container.imports.bulk_create(user, CORRECTED, replace(REPLACE, preview=True))
    newest, *_ = container.import_history.page(user, 1)
    container.import_history.page(user, 10, (newest.at, newest.id))
    outcome = container.import_history.undo(user, newest.id).outcome
    assert (outcome.removed, outcome.restored) == (1, 1)
    exchange, _ = container.configuration.add_exchange(user, ExchangeDraft(POWER, "2023-06-01", Decimal(9000)))
    container.configuration.correct_exchange(user, exchange.id, ExchangeCorrection("2023-06-02"))
    container.configuration.remove_exchange(user, exchange.id)
    before = container.configuration.configuration(user, POWER).modulus
    register = Register(Decimal(100_000) if before is None else before + 1)
    container.configuration.change(user, UserSettings(ZoneInfo("UTC")), {POWER: register, GAS: Register()})
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
    with pytest.raises(ImplausibleReadingError):  # what is usual decides
        container.energy.create(user, ReadingDraft(POWER, "2023-05-03", Decimal(90_000)))
    container.operations.sweeper.run(60)
    container.operations.sweeper.run_at_once(60)
    container.operations.sweeper.failing()
    for request in requests():
        for side in Backend:
            container.queries.page(user, request, side)
    for read in (container.old.page, container.new.page):
        container.exports.page(user, read, ReadingFilter(POWER), (to_ms(START), "5" * 24))
        container.exports.page(user, read, ReadingFilter())
    container.queries.get(user, first.reading.id, Backend.NEW)
    container.energy.delete(user, first.reading.id)
    assert user in set(container.flags.changes.users.known_users())
    for flag in (None, "energy_table_new_backend"):
        container.flags.overview.changes(flag, 5)
    container.flags.rollouts.all()
    container.flags.carrier.run(1)
    with pytest.raises(NotFoundError):
        container.flags.rollouts.one(Component.DASHBOARD)


def requests() -> Iterator[PageRequest]:
    """Lists of all or one type, the whole or a range, upwards and downwards, the first page and another."""
    for kind in (None, POWER):
        for first, last in ((None, None), (to_ms(START), to_ms(START + timedelta(days=30))), (to_ms(START), None)):
            for descending in (False, True):
                for after in (None, (to_ms(START + timedelta(days=9)), "5" * 24)):
                    yield PageRequest(ReadingFilter(kind, first, last), descending, 10, after)


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
    assert_by_index(migrated, commands)


def assert_by_index(database: Database[Any], commands: Commands) -> None:
    for command in commands.seen:
        found = explained(database, command)
        assert found, command
        assert not WITHOUT_INDEX & set(found), (command, found)


def fill_comparisons(ports: Ports) -> None:
    """Noted reads and comparisons of every kind, among them what is looked for."""
    for number in range(60):
        for component in Component:
            usage = BackendUsage(component, uuid4().hex, FORCED_OLD, 1.0, success=True, parameters={"limit": number})
            ports.usage.insert(usage, "pseudonym", now())
            differing = (Difference(DifferenceKind.VALUE, ("readings", number, "amount"), number, 5),) * (number % 2)
            outcome = Outcome.DIFFERENT if differing else Outcome.EQUAL
            request = Request(component, uuid4().hex, {"limit": number})
            ports.comparisons.add(ComparisonResult(request, outcome, differing), Pseudonyms(b"key"), now())
        ports.comparisons.audit(Replay("f", "olga", now(), {Outcome.EQUAL: 1}, 0))
        ports.feedback.add(uuid4().hex, FEEDBACK, "pseudonym", now() - 1)


def test_every_query_of_the_comparer_uses_an_index(mongodb_uri: str, migrated: Database[Any]) -> None:
    fill_comparisons(mongo_ports(migrated, FakePublisher()))
    commands = Commands()
    watched = open_database(mongodb_uri, migrated.name, commands)
    container = compose(mongo_ports(watched, FakePublisher()), cast(TokenVerifier, None), now)
    comparer = container.comparer
    for _ in range(2):
        container.feedback.give("alice", FEEDBACK)
    assert next(comparer.of_user("alice")).request.feedback is not None
    assert comparer.run(60)
    assert comparer.feedback(0, 5).latest
    [group, *_] = comparer.report(now() - 60_000).groups
    comparer.ignore(IgnoreRule(group.fingerprint, "olga", "known", now() + 60_000))
    with pytest.raises(ComparisonError, match="not kept any more"):
        comparer.replay(group.fingerprint, "olga")
    watched.client.close()
    asked = {command.get("find", command.get("aggregate")) for command in commands.seen}
    assert {"backend_usage_logs", "backend_comparisons", "feedback", "control", "meters"} <= asked
    assert_by_index(migrated, commands)


def test_times_are_read_from_indexes_alone_and_no_more_than_are_asked_for(
    mongodb_uri: str, migrated: Database[Any]
) -> None:
    fill_comparisons(mongo_ports(migrated, FakePublisher()))
    measured = [PageMeasurement(component, Backend.OLD, kind, 5) for component in Component for kind in MeasurementKind]
    rows = migrated["page_measurements"]
    for _ in range(60):
        MongoPageMeasurements(migrated).insert(measured, "pseudonym", now())
    assert wait_until(lambda: rows.count_documents({}) == 60 * len(measured), 10)
    commands = Commands()
    watched = open_database(mongodb_uri, migrated.name, commands)
    pages = MongoPageMeasurements(watched)
    assert pages.measured(Component.DASHBOARD, Backend.OLD, MeasurementKind.FETCH, 0, 9).cut
    assert pages.served(Component.DASHBOARD, Backend.OLD, 0, 9).cut
    watched.client.close()
    assert_by_index(migrated, commands)
    looks = [explanation(migrated, command, "executionStats")["executionStats"] for command in commands.seen]
    assert [(look["totalDocsExamined"], look["totalKeysExamined"]) for look in looks] == [(0, 10)] * 2


def test_what_lags_of_a_large_meter_is_looked_up_by_index_reading_by_reading(
    mongodb_uri: str, migrated: Database[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partial_snapshots, "FEW", 0)
    user = uuid4().hex
    fill(migrated, user)
    commands = Commands()
    watched = open_database(mongodb_uri, migrated.name, commands)
    container = compose(mongo_ports(watched, FakePublisher()), cast(TokenVerifier, None), now)
    container.recalculation.renew(user, POWER)
    container.energy.create(user, ReadingDraft(POWER, "2020-05-01T13:00", Decimal(221), confirm=True))
    commands.seen.clear()
    assert not container.display.monthly(user, POWER, 2020, consistent=True).state.stale
    assert not container.display.summary(user, POWER, consistent=True).state.stale
    watched.client.close()
    assert_by_index(migrated, commands)
    looks = [command for command in commands.seen if command.get("aggregate") == "source_energy_readings"]
    assert len(looks) == 2
    for look in looks:
        plan = explained(migrated, look)
        assert plan.count("IXSCAN") == 1 + sum("$unionWith" in stage for stage in look["pipeline"]), plan


def test_a_query_without_an_index_would_be_noticed(migrated: Database[Any]) -> None:
    user = uuid4().hex
    fill(migrated, user)
    scan = {"find": "energies", "filter": {"amount": 5}}
    sort = {"find": "energies", "filter": {"userId": "x"}, "sort": {"amount": 1}}
    beside: dict[str, Any] = {"from": "energies", "pipeline": [{"$match": {"amount": 5}}], "as": "x"}
    looked_up = {"aggregate": "control", "pipeline": [{"$lookup": beside}], "cursor": {}}
    long: dict[str, Any] = {"$lookup": {**beside, "pipeline": [{"$match": {"userId": user}}, {"$sort": {"amount": 1}}]}}
    assert "COLLSCAN" in explained(migrated, scan)
    assert "COLLSCAN" in explained(migrated, looked_up)
    assert LONG_LOOKUP in explained(migrated, {**looked_up, "pipeline": [long]})
    assert "SORT" in explained(migrated, sort)


def test_the_sweeper_looks_at_no_more_meters_than_it_takes_however_many_fail(
    mongodb_uri: str, migrated: Database[Any]
) -> None:
    fill(migrated, uuid4().hex)
    failing = [
        {
            "_id": f"{number}|power",
            "userId": f"{number}",
            "type": "power",
            "dirtySince": START + timedelta(seconds=number),
            "sweep": {"attempts": 1, "nextAttempt": START + timedelta(days=10 * number), "error": "ValueError"},
        }
        for number in range(1_000)
    ]
    migrated["meters"].insert_many(failing)
    commands = Commands()
    watched = open_database(mongodb_uri, migrated.name, commands)
    # one that was never tried, and of those that fail half are due
    assert len(MongoLaggingMeters(watched, 20).waiting(now(), to_ms(START + timedelta(days=5_000)), 10)) == 10
    watched.client.close()
    looks = [explanation(migrated, command, "executionStats")["executionStats"] for command in commands.seen]
    assert [look["totalDocsExamined"] for look in looks] == [1, 9]
    assert sum(look["totalKeysExamined"] for look in looks) == 10
