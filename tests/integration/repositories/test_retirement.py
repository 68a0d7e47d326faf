"""The retirement on a real database: damage, people who leave, and queries by an index."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.operations import shell_ports
from chalicelib.domain.migration.retirement.calendar import Calendar
from chalicelib.domain.migration.retirement.calendar_parts import DAY_MS, OptOut
from chalicelib.domain.migration.retirement.callers import V1Call
from chalicelib.domain.migration.retirement.errors import RetirementError
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.readings import to_datetime
from chalicelib.repositories.database import open_database
from chalicelib.repositories.retirement import MongoOptOuts, MongoRetirementRecords
from infra.local.waiting import wait_until
from tests.integration.repositories.explaining import WITHOUT_INDEX, Commands, explained, fill

AT = 1_900_000_000_000
CALENDAR = Calendar(announced_at=AT, deprecated_at=AT, sunset_at=AT + 60 * DAY_MS)
PSEUDONYMS = Pseudonyms(b"key")


def stored(day: int) -> dict[str, Any]:
    """The stored form of a brown-out of an hour."""
    start = to_datetime(AT + day * DAY_MS)
    return {"start": start, "end": start + timedelta(hours=1), "withheld": None, "withheldAt": None}


@pytest.mark.parametrize(
    "damage",
    [
        {"sunsetAt": "2030-01-01"},
        {"sunsetAt": None},
        {"brownOuts": [{"start": datetime(2030, 1, 1, tzinfo=UTC)}]},
        {"optOuts": {}},
        {"version": "1"},
        {"version": 0},
        {"sunsetAt": datetime(2020, 1, 1, tzinfo=UTC)},
        {"brownOuts": [stored(12), stored(10)]},
        {"brownOuts": [stored(10), stored(10)]},
        {"brownOuts": [stored(99)]},
    ],
)
def test_a_damaged_calendar_is_said_and_never_replaced(migrated: Database[Any], damage: dict[str, Any]) -> None:
    records = MongoRetirementRecords(migrated)
    assert records.save(CALENDAR)
    migrated["control"].update_one({"_id": "retirement"}, {"$set": damage})
    with pytest.raises(RetirementError, match=r"^control\.retirement cannot be read: ") as unreadable:
        records.calendar()
    assert str(unreadable.value).endswith(
        "; mend it there, or delete it: then nothing is announced, until python -m infra retire announce --sunset DATE "
        "--reason WHY"
    )
    assert not records.save(CALENDAR)


def test_an_erasure_takes_the_persons_opt_out_and_no_other_as_another_version(migrated: Database[Any]) -> None:
    records, place = MongoRetirementRecords(migrated), MongoOptOuts(migrated, PSEUDONYMS)
    assert place.forget("alice", lambda: 9.0) == 0
    alices, bobs = (OptOut(PSEUDONYMS.of("user", user), AT + 9) for user in ("alice", "bob"))
    read = replace(CALENDAR, opt_outs=(alices, bobs))
    records.save(read)
    assert place.forget("alice", lambda: 9.0) == 1
    assert records.calendar() == replace(read, opt_outs=(bobs,), version=2)
    assert not records.save(replace(read, version=1)), "who has read the one before cannot bring them back"
    assert place.forget("alice", lambda: 9.0) == 0
    assert place.name == "opt-outs of version 1"


def test_every_query_goes_by_an_index(migrated: Database[Any], mongodb_uri: str) -> None:
    fill(migrated, "alice")
    commands = Commands()
    watched = open_database(mongodb_uri, migrated.name, commands)
    records = MongoRetirementRecords(watched)
    records.record(V1Call("0" * 32, "curl", "GET /v1/energy"), AT)
    assert wait_until(lambda: bool(records.callers(0, 1)), 10)
    records.page_calls(AT, ["f" * 32])
    records.count_callers(AT)
    records.has_called("0" * 32)
    records.old_answers(AT)
    records.calendar()
    records.save(CALENDAR)
    records.mark_withheld(replace(CALENDAR, version=1), AT, "why", AT)
    MongoOptOuts(watched, PSEUDONYMS).forget("alice", lambda: 9.0)
    watched.client.close()
    seen = [command for command in commands.seen if next(iter(command)) in ("find", "update", "aggregate")]
    assert len(seen) >= 12
    for command in seen:
        found = explained(migrated, command)
        assert found, command
        assert not WITHOUT_INDEX & set(found), (command, found)


def test_a_callers_row_is_forgotten_with_the_account_and_exported_with_it(migrated: Database[Any]) -> None:
    ports, user = shell_ports(migrated), "alice"
    pseudonym = PSEUDONYMS.of("user", user)
    for caller in (pseudonym, PSEUDONYMS.of("user", "bob")):
        ports.retirement.record(V1Call(caller, "curl", "GET /v1/energy"), AT)
    assert wait_until(lambda: len(ports.retirement.callers(0, 0)) == 2, 10)
    exported = ports.account_export.page(user, pseudonym, None).documents["v1_callers"]
    assert [each["user"] for each in exported] == [pseudonym]
    erasure = ports.erasures.begin(user, pseudonym)
    for _ in ports.erasures.removing(erasure, lambda: 9.0):
        pass
    assert [each.call.caller for each in ports.retirement.callers(0, 0)] == [PSEUDONYMS.of("user", "bob")]
