"""The calendar of the retirement, the ledger of callers and the old backend's answers, on the fake and on MongoDB."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import Ports
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.decision import FORCED_OLD, Decision, Reason
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.migration.retirement.calendar import Calendar
from chalicelib.domain.migration.retirement.calendar_parts import DAY_MS, BrownOut, Entry, OptOut
from chalicelib.domain.migration.retirement.callers import KEPT_DAYS, PLACES, SEVERAL, V1Call, V1Caller
from chalicelib.repositories.retirement import MongoRetirementRecords
from infra.local.waiting import wait_until
from tests.integration.repositories.sent_commands import sent_commands

AT = 1_900_000_000_000  # not yet over: no index forgets it
PLAIN = Calendar(announced_at=AT, deprecated_at=AT + 1, sunset_at=AT + 9)
WHOLE = replace(
    PLAIN,
    brown_outs=(BrownOut(AT + 2, AT + 3), BrownOut(AT + 4, AT + 5, "the page calls", AT + 4)),
    opt_outs=(OptOut("0" * 32, AT + 9),),
    rehearsal=True,
    log=(Entry(AT, "用户", "sunset", "why"), Entry(AT + 1, "olga", "brown-out", "because")),
)
CALL = V1Call("0" * 32, "curl", "PUT /v1/energy/{reading_id}")
OLD, NEW = Decision(Backend.OLD, Reason.PERCENTAGE_OUT), Decision(Backend.NEW, Reason.PERCENTAGE_IN)


def record(ports: Ports, call: V1Call, *instants: int) -> None:
    """Rows are not acknowledged."""
    for at in instants:
        ports.retirement.record(call, at)
    assert wait_until(lambda: calls_of(ports, call) >= len(instants), 10)


def answered(ports: Ports, user: str, component: Component, decision: Decision, at: int) -> None:
    ports.usage.insert(BackendUsage(component, user, decision, 1.0, True), "pseudonym", at)
    assert wait_until(lambda: bool(ports.usage.between(user, component, at, at, 1)), 10)


def calls_of(ports: Ports, call: V1Call) -> int:
    return sum(each.calls for each in ports.retirement.callers(0, 0) if each.call == call)


def test_a_calendar_is_kept_whole(ports: Ports) -> None:
    assert ports.retirement.calendar() is None
    for version, calendar in enumerate((PLAIN, WHOLE, PLAIN)):
        assert ports.retirement.save(replace(calendar, version=version))
        assert ports.retirement.calendar() == replace(calendar, version=version + 1)


def test_of_two_who_have_read_the_same_one_is_kept(ports: Ports) -> None:
    assert ports.retirement.save(PLAIN)
    assert not ports.retirement.save(WHOLE)
    assert ports.retirement.save(replace(WHOLE, version=1))
    assert not ports.retirement.save(replace(PLAIN, version=1))
    assert ports.retirement.calendar() == replace(WHOLE, version=2)


def test_a_brown_out_that_is_withheld_is_marked_once_and_as_another_version(ports: Ports) -> None:
    ports.retirement.save(WHOLE)
    read = replace(WHOLE, version=1)
    ports.retirement.mark_withheld(read, AT + 2, "components", AT + 2)
    assert wait_until(lambda: (ports.retirement.calendar() or PLAIN).version == 2, 10)
    ports.retirement.mark_withheld(read, AT + 2, "too late", AT + 3)
    ports.retirement.mark_withheld(replace(read, version=2), AT + 2, "marked already", AT + 3)
    ports.retirement.mark_withheld(replace(read, version=2), AT + 4, "marked already", AT + 3)
    ports.retirement.mark_withheld(replace(read, version=2), AT + 7, "no such brown-out", AT + 3)
    first, second = WHOLE.brown_outs
    marked = replace(first, withheld="components", withheld_at=AT + 2)
    assert ports.retirement.save(replace(WHOLE, brown_outs=(marked, second), version=2)), "nothing else was stored"
    found = ports.retirement.calendar()
    assert found is not None
    assert found.brown_outs == (marked, second)


def test_calls_are_counted_by_day_with_the_first_and_the_last(ports: Ports) -> None:
    record(ports, CALL, AT + DAY_MS, AT, AT)
    [found] = [each for each in ports.retirement.callers(AT, 0) if each.call == CALL]
    assert found == V1Caller(CALL, AT, AT + DAY_MS, {"2030-03-17": 2, "2030-03-18": 1})


def test_calls_of_the_days_that_are_asked_for_are_listed(ports: Ports) -> None:
    record(ports, CALL, AT, AT + DAY_MS, AT + 2 * DAY_MS)
    [found] = ports.retirement.callers(AT + DAY_MS, 0)
    assert found == V1Caller(CALL, AT, AT + 2 * DAY_MS, {"2030-03-18": 1, "2030-03-19": 1})


def test_days_that_nobody_can_ask_for_any_more_are_forgotten(ports: Ports) -> None:
    for day in range(KEPT_DAYS + 9):
        ports.retirement.record(CALL, AT + day * DAY_MS)
    last = AT + (KEPT_DAYS + 8) * DAY_MS
    assert wait_until(lambda: bool(ports.retirement.callers(last, 0)), 10)
    [found] = ports.retirement.callers(0, 0)
    assert (found.first, found.last) == (AT, last)
    assert len(found.days) == KEPT_DAYS + 1, "today, and as many before it"
    assert min(found.days) == "2030-03-25"


def test_whoever_calls_by_many_names_takes_few_rows(ports: Ports) -> None:
    named = [replace(CALL, client=f"app-{number}") for number in range(99)]
    for number, call in enumerate([CALL, *named, replace(CALL, client="page")]):
        ports.retirement.record(call, AT + number)
    assert wait_until(lambda: sum(each.calls for each in ports.retirement.callers(0, 0)) == 101, 10)
    page, *others = ports.retirement.callers(0, 0)
    assert (page.call.client, page.calls) == ("page", 1)
    assert [each.call for each in others] == [replace(CALL, client=SEVERAL)] * PLACES
    assert ports.retirement.count_callers(AT) == PLACES + 1
    assert ports.retirement.count_callers(AT + 100) == 1


def test_each_person_client_and_route_has_a_row_and_the_latest_come_first(ports: Ports) -> None:
    others = [CALL, replace(CALL, caller="1" * 32), replace(CALL, client="page"), replace(CALL, route="GET /v1/energy")]
    for number, call in enumerate(others):
        record(ports, call, AT + number)
    assert [each.call for each in ports.retirement.callers(AT + 1, 0)] == others[:0:-1]
    assert [each.call for each in ports.retirement.callers(AT, 2)] == others[:1:-1]


def test_the_page_has_called_a_route_when_it_did_last_whoever_used_it_but_who_is_spared(ports: Ports) -> None:
    users = [V1Call(f"{number:032x}", "page", CALL.route) for number in range(40)]
    other = V1Call("e" * 32, "page", "GET /v1/energy")
    for number, call in enumerate([*users, other, CALL]):
        record(ports, call, AT + number)
    later = {other.route: AT + 40}
    assert ports.retirement.page_calls(AT, []) == {CALL.route: AT + 39} | later
    assert ports.retirement.page_calls(AT + 40, []) == later
    assert ports.retirement.page_calls(AT + 41, []) == {}
    assert ports.retirement.page_calls(AT, [users[39].caller, "f" * 32]) == {CALL.route: AT + 38} | later
    assert ports.retirement.page_calls(AT, [each.caller for each in users]) == later


def test_who_has_a_row_has_called(ports: Ports) -> None:
    record(ports, CALL, AT)
    assert ports.retirement.has_called(CALL.caller)
    assert not ports.retirement.has_called("1" * 32)


def test_of_the_old_backends_answers_the_last_that_people_asked_for_counts(ports: Ports, user: str) -> None:
    for number, (component, decision) in enumerate(
        [
            (Component.DASHBOARD, OLD),
            (Component.DASHBOARD, OLD),
            (Component.DASHBOARD, FORCED_OLD),
            (Component.ENERGY_TABLE, NEW),
            (Component.CSV_IMPORT, FORCED_OLD),
        ]
    ):
        answered(ports, user, component, decision, AT + number)
    assert ports.retirement.old_answers(AT) == {"dashboard": AT + 1}
    assert ports.retirement.old_answers(AT + 1) == {"dashboard": AT + 1}
    assert ports.retirement.old_answers(AT + 2) == {}


def moment(ms: int) -> datetime:
    return datetime(2030, 3, 17, 17, 46, 40, ms * 1000, tzinfo=UTC)


MONGO = pytest.mark.parametrize("ports", ["mongo"], indirect=True)


@MONGO
def test_the_calendars_document_is_what_other_releases_read(ports: Ports, migrated: Database[Any]) -> None:
    assert ports.retirement.save(WHOLE)
    assert migrated["control"].find_one({"_id": "retirement"}) == {
        "_id": "retirement",
        "announcedAt": moment(0),
        "deprecatedAt": moment(1),
        "sunsetAt": moment(9),
        "brownOuts": [
            {"start": moment(2), "end": moment(3), "withheld": None, "withheldAt": None},
            {"start": moment(4), "end": moment(5), "withheld": "the page calls", "withheldAt": moment(4)},
        ],
        "optOuts": [{"caller": "0" * 32, "until": moment(9)}],
        "rehearsal": True,
        "log": [
            {"at": moment(0), "by": "用户", "what": "sunset", "reason": "why"},
            {"at": moment(1), "by": "olga", "what": "brown-out", "reason": "because"},
        ],
        "version": 1,
    }


@MONGO
def test_a_callers_row_is_what_other_releases_read(ports: Ports, migrated: Database[Any]) -> None:
    record(ports, CALL, AT, AT + DAY_MS)
    [row] = migrated["v1_callers"].find({}, {"_id": 0})
    assert row == {
        "user": "0" * 32,
        "client": "curl",
        "route": "PUT /v1/energy/{reading_id}",
        "first": moment(0),
        "last": moment(0).replace(day=18),
        "days": {"2030-03-17": 1, "2030-03-18": 1},
    }


def test_the_calendar_is_acknowledged_by_a_majority_and_a_call_by_nobody(
    migrated: Database[Any], mongodb_uri: str
) -> None:
    with sent_commands(mongodb_uri, migrated.name) as (database, sent):
        records = MongoRetirementRecords(database)
        assert records.save(PLAIN)
        assert records.save(replace(WHOLE, version=1))
        records.mark_withheld(replace(WHOLE, version=2), AT + 2, "components", AT + 2)
        records.record(CALL, AT)
    writes = [command for command in sent if {"insert", "update"} & command.keys()]
    majority, nobody = {"w": "majority"}, {"w": 0}
    assert [command.get("writeConcern") for command in writes] == [majority, majority, nobody, nobody]
