"""The status on a real database: what it asks, that nothing is scanned, and what is recorded for it."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.operations import shell_ports
from chalicelib.bootstrap.status import status_service
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.migration.records.comparison_log import Outcome, Replay
from chalicelib.domain.migration.status.blocks import Block, Status
from chalicelib.domain.migration.status.records import RollbackDrill
from chalicelib.domain.readings import to_ms
from chalicelib.repositories.database import MongoDatabase, open_database
from chalicelib.repositories.figures import TAIL_ROWS
from chalicelib.repositories.status_records import SCRIPTS, MongoStatusRecords
from infra.operations.drill import not_recorded
from infra.targets.target import Target
from migrations.scripts import scripts
from tests.integration.repositories.explaining import WITHOUT_INDEX, Commands, Plan, explanation, fill, planned

RECORD = RollbackDrill(1_700_000_000_000, "energy_forms", "code", 100, 0, 14.5, passed=True)
NOW = datetime.now(UTC)
# What may be looked at without an index: a ping has none, and what is few by nature.
PASSES = frozenset[str]()


def away() -> Any:
    raise UnavailableError("not asked for here")


def status_of(database: MongoDatabase) -> Status:
    return status_service(shell_ports(database), away, away, away, away).status(24)


def test_the_scripts_that_must_be_applied_are_those_that_there_are() -> None:
    assert [script.name for script in scripts()] == [*SCRIPTS]


def test_a_drill_is_recorded_in_the_database_of_its_target(migrated: Database[Any], mongodb_uri: str) -> None:
    target = Target(None, None, None, mongodb_uri, migrated.name, must_agree=False)
    assert not_recorded(target, RECORD) is None
    assert MongoStatusRecords(migrated).drill() == RECORD
    assert status_of(migrated).drill.writes == 100


@pytest.fixture
def plans(migrated: Database[Any], mongodb_uri: str) -> Iterator[list[Plan]]:
    """What the status asks of a database with much in it."""
    fill(migrated, "alice")
    migrated["backend_comparisons"].insert_many([comparison(number) for number in range(2_000)])
    migrated["feedback"].insert_many([feedback(number) for number in range(500)])
    with planned(mongodb_uri, migrated.name) as (database, seen):
        status = status_of(database)
        assert [part for part in vars_of(status) if part.problem and "not asked" not in part.problem] == []
        yield seen


def vars_of(status: Status) -> list[Any]:
    """Its parts, those of each component too."""
    wholes: list[Any] = [status, *status.components]
    return [
        part
        for whole in wholes
        for part in (getattr(whole, field.name) for field in fields(whole))
        if isinstance(part, Block)
    ]


def comparison(number: int) -> dict[str, Any]:
    differs = number % 100 == 0
    difference = {
        "fingerprint": f"f{number % 300}",
        "kind": "value",
        "place": "readings[].amount",
        "exactPlace": "readings[0].amount",
        "control": "number:1",
        "candidate": "number:2",
    }
    return {
        "at": NOW - timedelta(minutes=number),
        "component": "energy_table",
        "user": uuid4().hex,
        "outcome": "different" if differs else "equal",
        "differences": [difference] if differs else [],
    }


def feedback(number: int) -> dict[str, Any]:
    return {
        "at": NOW - timedelta(minutes=5 * number),
        "userId": "alice",
        "user": "pseudonym",
        "component": "energy_table",
        "parameters": {},
        "backend": "old",
        "reason": "component_off",
        "meters": [],
        "open": number % 2 == 0,
        "attempts": 0,
        "outcome": None,
        "fingerprints": [],
        "comparedAt": None,
    }


@pytest.mark.plans
def test_nothing_is_looked_up_without_an_index(plans: list[Plan]) -> None:
    assert len(plans) > 15
    scanned = {str(plan) for plan in plans if plan.stages & (WITHOUT_INDEX - {"SORT", "$sort"})}
    assert scanned == PASSES


def test_of_all_comparisons_only_the_outcomes_are_counted_row_by_row(migrated: Database[Any], mongodb_uri: str) -> None:
    """Of 1,800 in the last 30 hours 18 differed, and one was asked again."""
    comparisons = migrated["backend_comparisons"]
    comparisons.insert_many([comparison(number) for number in range(3_000)])
    ports = shell_ports(migrated)
    ports.comparisons.audit(Replay("f0", "olga", to_ms(NOW), {Outcome.EQUAL: 1}, 0))
    commands = Commands()
    listening = open_database(mongodb_uri, migrated.name, commands)
    report = shell_ports(listening).comparisons.report(to_ms(NOW - timedelta(hours=30)))
    listening.client.close()
    assert sum(group.answers for group in report.groups) == 19
    assert len(report.replays) == 1
    asked = [command for command in commands.seen if "backend_comparisons" in command.values()]
    looks = [explanation(migrated, command, "executionStats") for command in asked]
    stats = [look.get("executionStats") or look["stages"][0]["$cursor"]["executionStats"] for look in looks]
    assert [each["totalDocsExamined"] for each in stats] == [pytest.approx(1_802, abs=1), 1, 19]


@pytest.mark.plans
def test_neither_users_nor_readings_are_asked_for_and_of_answers_the_latest_alone(plans: list[Plan]) -> None:
    asked = {collection_of(plan) for plan in plans}
    rollout = {"backend_comparisons", "feedback", "flag_changes", "rollouts"}
    usage = {"usage_hours", "usage_people", "backend_usage_logs"}
    assert asked == {"control", "migrations", "meters", "gate_evidence", *rollout, *usage}
    tails = [plan.command for plan in plans if collection_of(plan) == "backend_usage_logs"]
    assert {find.get("limit") for find in tails} == {TAIL_ROWS + 1}
    assert all(isinstance(find["filter"]["component"], str) and "$gt" in find["filter"]["at"] for find in tails)


def collection_of(plan: Plan) -> str:
    return str(next(iter(plan.command.values())))


@pytest.mark.parametrize("mode_of_damage", ["sync_mode", "verified", "rollback_drill", "events_not_published"])
def test_a_damaged_record_is_the_problem_of_its_part_or_none(migrated: Database[Any], mode_of_damage: str) -> None:
    migrated["control"].replace_one({"_id": mode_of_damage}, {"at": "what", "mode": 5}, upsert=True)
    status = status_of(migrated)
    problems = [part for part in vars_of(status) if part.problem and "not asked" not in part.problem]
    damaged = mode_of_damage == "sync_mode"
    assert [type(part).__name__ for part in problems] == (["SyncBlock", "DisplayBlock"] if damaged else [])
