"""The answers of a component to a person between two instants, on the fake and on MongoDB."""

from chalicelib.bootstrap.container import Ports
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.decision import Decision, Reason
from chalicelib.domain.migration.records.usage import Answered, BackendUsage
from chalicelib.domain.readings import to_datetime
from chalicelib.repositories.usage import document_of
from infra.local.waiting import wait_until

AT = 1_737_000_000_000
TABLE = Component.ENERGY_TABLE
DECISION = Decision(Backend.NEW, Reason.PERCENTAGE_IN, 17, "a document")


def insert(ports: Ports, user: str, at: int, component: Component = TABLE, *, success: bool = True) -> None:
    """Rows are not acknowledged."""
    usage = BackendUsage(component, user, DECISION, 3.25, success, trace_id="a trace")
    ports.usage.insert(usage, "pseudonym", at)
    assert wait_until(lambda: bool(ports.usage.between(user, component, at, at, 1)), 10)


def test_answers_come_in_order_and_say_who_decided_how(ports: Ports, user: str) -> None:
    insert(ports, user, AT + 5, success=False)
    insert(ports, user, AT)
    found = ports.usage.between(user, TABLE, AT, AT + 5, 10)
    assert list(found) == [
        Answered(AT, Backend.NEW, "percentage_in", "a document", True, 3.25, "a trace"),
        Answered(AT + 5, Backend.NEW, "percentage_in", "a document", False, 3.25, "a trace"),
    ]
    assert list(ports.usage.between(user, TABLE, AT, AT + 5, 1)) == list(found[:1])


def test_nobody_elses_answers_come_and_those_of_no_other_component_or_time(ports: Ports, user: str) -> None:
    insert(ports, f"{user}|other", AT)
    insert(ports, user, AT, Component.DASHBOARD)
    insert(ports, user, AT + 11)
    assert list(ports.usage.between(user, TABLE, AT - 10, AT + 10, 10)) == []
    assert [each.at for each in ports.usage.between(user, TABLE, AT, AT + 11, 10)] == [AT + 11]


def test_a_row_says_who_was_answered_by_what_and_how() -> None:
    usage = BackendUsage(TABLE, "alice", DECISION, 3.25, False, "TypeError", {"year": 2023}, "a trace")
    assert document_of(usage, "pseudonym", AT) == {
        "at": to_datetime(AT),
        "component": "energy_table",
        "backend": "new",
        "user": "pseudonym",
        "elapsedMs": 3.25,
        "success": False,
        "error": "TypeError",
        "reason": "percentage_in",
        "documentVersion": "a document",
        "parameters": {"year": 2023},
        "traceId": "a trace",
    }
