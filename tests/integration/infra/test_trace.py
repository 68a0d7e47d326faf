"""``trace`` as somebody types it, on a database of its own: what it finds by indexes, and what it cannot ask."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import (
    Ports,
    mongo_ports,
    now,
)
from chalicelib.dead_letters.letter import DeadLetter
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import ComparisonResult, Outcome, Request
from chalicelib.domain.migration.records.decision import FORCED_OLD, Reason
from chalicelib.domain.migration.records.differences import Difference, DifferenceKind
from chalicelib.domain.migration.records.feedback import Feedback
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.readings import to_datetime
from chalicelib.monitoring.trace import trace_id
from chalicelib.repositories.database import open_database
from chalicelib.repositories.operator_actions import MongoOperatorActions
from infra.local import layout
from infra.local.layout import Layout
from infra.local.waiting import wait_until
from infra.operations.trace.path import MOST
from infra.operations.trace.rows import KEPT, rows
from infra.simulation.memory.publisher import FakePublisher
from infra.targets.database import opened
from infra.targets.target import Target
from tests.contract.migration.flag_changes import change
from tests.fakes.dead_letters import record
from tests.integration.infra.operator_shell import Shell
from tests.integration.repositories.explaining import WITHOUT_INDEX, Commands, explained

TRACE, OTHER = uuid4().hex, uuid4().hex
CHARTS = Component.MONTHLY_CHARTS
HIDDEN = Pseudonyms(b"a key")
DIFFERENCE = Difference(DifferenceKind.VALUE, ("months", 1, "meterReading"), 4711, 4712)


@pytest.fixture(autouse=True)
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mongodb_uri: str, migrated: Database[Any]) -> Layout:
    """A laptop stack that has come up once, with this database; its LocalStack is down."""
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    monkeypatch.setenv("STACK_NAME", "sample")
    monkeypatch.setenv("MONGODB_URI", mongodb_uri)
    monkeypatch.setenv("MONGODB_DATABASE", migrated.name)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    made = Layout.chosen("sample", {"localstack": "1"})
    made.remember()
    return made


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


def fill(database: Database[Any], trace_id: str, at: int) -> None:
    """A row of each kind, as the application writes them."""
    ports: Ports = mongo_ports(database, FakePublisher())
    ports.usage.insert(
        BackendUsage(CHARTS, "alice", FORCED_OLD, 3.25, True, None, {"year": 2023}, trace_id), "a user", at
    )
    request = Request(CHARTS, "alice", {"year": 2023}, trace_id=trace_id)
    ports.comparisons.add(ComparisonResult(request, Outcome.DIFFERENT, (DIFFERENCE,)), HIDDEN, at + 1)
    seen = Feedback(CHARTS, {"year": 2023}, Backend.NEW, Reason.PERCENTAGE_IN, {}, trace_id)
    ports.feedback.add("alice", seen, "a user", at + 2)
    kept = {"userId": "alice", "form": "csv", "success": 2, "replaced": 0, "skipped": 1, "errors": 3, "undone": None}
    database["imports"].insert_one({"_id": uuid4().hex, "at": to_datetime(at + 4), "traceId": trace_id, **kept})
    ports.flag_history.save(replace(change(at + 3, "energy_table"), trace_id=trace_id), b"{}")
    event = json.loads(record())
    event["requestPayload"]["detail"] = {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}
    letter = DeadLetter(uuid4().hex, at, json.dumps(event), "")
    MongoOperatorActions(database).keep_discarded(letter.discarded("olga", "never will"))
    assert wait_until(lambda: database["backend_usage_logs"].find_one({"traceId": trace_id}) is not None, 10)


def test_every_row_of_a_trace_is_found_in_the_order_of_time_and_nothing_of_another(
    migrated: Database[Any], shell: Shell, stack: Layout
) -> None:
    at = now() - 60_000
    fill(migrated, TRACE, at)
    fill(migrated, OTHER, at)
    stack.functions_log.parent.mkdir(parents=True)
    said = {"timestamp": "2020-01-01T00:00:00.000+00:00", "message": "request", "status": 200}
    lines = [json.dumps({**said, "trace_id": trace_id}) for trace_id in (TRACE, OTHER)]
    stack.functions_log.write_text("\n".join(["2020-01-01 00:00:00,000 energy-monitor-local-APIHandler-1", *lines, ""]))
    code, path = shell.run("trace", f"00-{TRACE}-00f067aa0ba902b7-01")
    assert (code, path["trace"]) == (0, TRACE)
    fingerprint = DIFFERENCE.fingerprint(CHARTS)
    assert [(step["where"], step["what"]) for step in path["steps"][:-1]] == [
        ("log of APIHandler", "request (status 200)"),
        ("backend_usage_logs", "monthly_charts by the old backend (forced_old) in 3.25 ms, user a user"),
        ("backend_comparisons", f"monthly_charts compared: different {fingerprint}"),
        ("feedback", "monthly_charts looks wrong, answered by the new backend (percentage_in): open, user a user"),
        ("flag_changes", "set energy_table by olga@laptop, started: as planned"),
        ("imports", "import of csv: success 2, replaced 0, skipped 1, errors 3"),
    ]
    assert [step["afterMs"] - path["steps"][1]["afterMs"] for step in path["steps"][1:6]] == [0, 1, 2, 3, 4]
    last = path["steps"][-1]
    assert (last["where"], last["what"].rpartition(" ")[2]) == ("discarded_events", "will")
    assert [(each["where"], "is down" in each["problem"]) for each in path["problems"]] == [("dead letters", True)]
    assert "alice" not in json.dumps(path)
    code, printed = shell.say("trace", TRACE)
    assert (code, len(printed.splitlines())) == (0, len(path["steps"]) + 1)


def test_each_command_is_a_trace_of_its_own(stack: Layout) -> None:
    seen = set()
    for _ in range(3):
        with opened(Target.of_stack(stack)):
            seen.add(trace_id())
    assert len(seen - {None}) == 3


def test_nothing_is_said_and_ends_with_exit_code_1(shell: Shell) -> None:
    code, path = shell.run("trace", TRACE)
    assert (code, path["steps"]) == (1, [])
    assert [each["where"] for each in path["problems"]] == ["logs", "dead letters"]
    assert f"nothing is known of the trace {TRACE}" in shell.errors


def test_what_is_no_trace_is_refused_in_words(shell: Shell) -> None:
    code, _ = shell.say("trace", "everything")
    assert code == 2
    assert "32 hexadecimal digits" in shell.errors


def test_a_database_alone_is_asked_alone(
    migrated: Database[Any], shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STACK_NAME")
    fill(migrated, TRACE, now())
    code, path = shell.run("trace", TRACE)
    assert (code, len(path["steps"])) == (0, len(KEPT))
    assert {each["where"]: "a database alone" in each["problem"] for each in path["problems"]} == {
        "logs": True,
        "dead letters": True,
    }


def test_a_database_that_is_away_is_said_and_the_rest_is_shown(
    shell: Shell, stack: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONGODB_URI", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100")
    monkeypatch.delenv("MONGODB_DATABASE")
    stack.functions_log.parent.mkdir(parents=True)
    said = {"timestamp": "2020-01-01T00:00:00.000+00:00", "message": "request", "trace_id": TRACE}
    stack.functions_log.write_text(json.dumps(said) + "\n")
    code, path = shell.run("trace", TRACE)
    assert (code, len(path["steps"])) == (0, 1)
    assert "did not answer" in path["problems"][0]["problem"]


def test_rows_are_found_by_indexes_alone_and_no_more_than_are_shown(mongodb_uri: str, migrated: Database[Any]) -> None:
    for number in range(60):
        fill(migrated, uuid4().hex, now() + number)
    migrated["feedback"].insert_many([{"traceId": TRACE, "at": datetime.now(UTC)} for _ in range(MOST + 9)])
    commands = Commands()
    watched = open_database(mongodb_uri, migrated.name, commands)
    assert len([*rows(watched, TRACE)]) == MOST + 1
    watched.client.close()
    assert [command["find"] for command in commands.seen] == [*KEPT]
    for command in commands.seen:
        assert not WITHOUT_INDEX & {*explained(migrated, command)}, command
