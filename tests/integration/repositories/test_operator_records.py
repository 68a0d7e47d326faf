"""Operators' records after the end of an account, on a real MongoDB: they stay, and say the person nowhere."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from bson import encode
from pymongo.database import Database

from chalicelib.bootstrap.container import Ports
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.migration.records.comparison_log import IgnoreRule, Replay
from chalicelib.domain.migration.records.flag_history import ChangeState, FlagChange
from chalicelib.domain.migration.retirement.calendar import Calendar
from chalicelib.domain.migration.retirement.calendar_parts import Entry as CalendarEntry
from chalicelib.domain.migration.rollouts.plan import Plan
from chalicelib.domain.migration.rollouts.rollout import Approval, Direction, Entry, Intent, Rollout, Seen, State
from chalicelib.domain.migration.sync.reconciliation import SyncStop
from chalicelib.domain.operating import Action, Discarded, Done
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.flag_document import read, written
from chalicelib.flags.document.json_schema import first_document
from chalicelib.flags.document.names import COMPONENT_FLAGS
from chalicelib.flags.document.people import content_without
from chalicelib.repositories.database import CODEC_OPTIONS, open_database
from chalicelib.repositories.operator_records import MongoOperatorRecords
from tests.contract.migration.flag_changes import change

GONE = "auth0|gone"
OTHERS = ("用户|1", "auth0|gone2")
TABLE = COMPONENT_FLAGS[Component.ENERGY_TABLE]
MOMENT = 1_700_000_000_000


def records(database: Database[Any]) -> MongoOperatorRecords:
    return MongoOperatorRecords(database, content_without)


def said(database: Database[Any]) -> list[str]:
    """The collections in which the id is, byte by byte."""
    everything = {name: [*database[name].find()] for name in database.list_collection_names()}
    return [
        name
        for name, found in everything.items()
        if any(GONE.encode() + b"\0" in encode(row, codec_options=CODEC_OPTIONS) for row in found)
    ]


def flags(*users: str) -> tuple[Flag, bytes]:
    """A flag with these test users, and the document with it."""
    flag = Flag(TABLE, MOMENT, MOMENT, True, Decimal(10), users, users)
    return flag, written(first_document().with_flags(flag))


def changed(at: int, before: tuple[str, ...], after: tuple[str, ...], **more: Any) -> tuple[FlagChange, bytes]:
    """A change of that flag, and the document that it deployed."""
    flag, content = flags(*after)
    sides: Any = {"before": {TABLE: flags(*before)[0].as_json()}, "after": {TABLE: flag.as_json()}}
    made: FlagChange = replace(change(at, TABLE), to_version=read(content).version, **sides, **more)
    return made, content


def test_a_change_of_flags_keeps_everything_but_the_person(ports: Ports, migrated: Database[Any]) -> None:
    everybody = (OTHERS[0], GONE, OTHERS[1])
    first = changed(MOMENT, (), everybody, state=ChangeState.DEPLOYED)
    by_them = changed(MOMENT + 1, everybody, OTHERS, by=GONE, reason=f"on behalf of {GONE}, at last", problem=GONE)
    other = changed(MOMENT + 2, OTHERS, OTHERS, state=ChangeState.FAILED, evidence={"asked": [GONE], "known": 3})
    for each in (first, by_them, other):
        ports.flag_history.save(*each)
    assert records(migrated).forget(GONE, lambda: 60.0) == 3
    assert said(migrated) == []
    without, reason = changed(MOMENT, (), OTHERS)[0], "on behalf of [erased], at last"
    assert list(ports.flag_history.changes(None, 10)) == [
        replace(other[0], evidence={"asked": [], "known": 3}),
        replace(by_them[0], before=without.after, by="erased", reason=reason, problem="erased"),
        replace(first[0], after=without.after),
    ]
    recorded = ports.flag_history.last_deployed()
    assert recorded is not None
    assert recorded.content == flags(*OTHERS)[1]
    assert recorded.change.to_version == first[0].to_version, "under the name that usage rows know"
    assert records(migrated).forget(GONE, lambda: 60.0) == 0


def test_a_document_that_cannot_be_written_again_goes_and_restore_says_so(
    ports: Ports, migrated: Database[Any]
) -> None:
    made = replace(change(MOMENT, TABLE), state=ChangeState.DEPLOYED)
    ports.flag_history.save(made, f'["{GONE}"'.encode())
    records(migrated).forget(GONE, lambda: 60.0)
    recorded = ports.flag_history.last_deployed()
    assert recorded is not None
    assert (recorded.change, recorded.content) == (made, None)


def test_modes_stops_rules_and_replays_say_that_somebody_was_erased(ports: Ports, migrated: Database[Any]) -> None:
    control, mode = ports.sync_control, SyncState(SyncMode.DUAL_WRITE)
    before = control.state()
    assert control.change(before, mode, f"as {GONE} wishes", GONE)
    assert control.change(control.state(), SyncState(SyncMode.OLD_ONLY), "back", "olga")
    control.save_stop(SyncStop(MOMENT, "most of it is gone"))
    control.answer_stop(f"repair: {GONE} says so ({GONE})", MOMENT)
    for name, owner in (("f1", GONE), ("f2", "olga")):
        ports.comparisons.save_rule(IgnoreRule(name, owner, "known", MOMENT))
    for operator in (GONE, "olga"):
        ports.comparisons.audit(Replay("f1", operator, MOMENT, {}, 0))
    history, verified = control.changes(), [*migrated["control"].find({"_id": "verified"})]
    assert records(migrated).forget(GONE, lambda: 60.0) == 4
    assert said(migrated) == []
    assert control.changes() == [
        replace(item, by="erased", reason="as [erased] wishes") if item.by == GONE else item for item in history
    ]
    assert {name: rule.owner for name, rule in ports.comparisons.rules().items()} == {"f1": "erased", "f2": "olga"}
    assert sorted(row["operator"] for row in migrated["backend_comparisons"].find()) == ["erased", "olga"]
    assert [*migrated["control"].find({"_id": "verified"})] == verified
    assert control.state().mode is SyncMode.OLD_ONLY


def test_what_operators_did_says_that_somebody_was_erased_and_the_letters_stay(
    ports: Ports, migrated: Database[Any]
) -> None:
    actions = ports.operator_actions
    for number, who in enumerate((GONE, "olga")):
        actions.keep(Done(Action.REDRIVE, who, f"{GONE} asked for it", "letter"))
        actions.keep_discarded(
            Discarded(f"letter-{number}", {"function": "f"}, f'{{"userId": "{OTHERS[0]}"}}', who, "old")
        )
    assert records(migrated).forget(GONE, lambda: 60.0) == 2
    assert said(migrated) == []
    assert [(done.by, done.reason) for done in actions.newest(5)] == [
        ("olga", "[erased] asked for it"),
        ("erased", "[erased] asked for it"),
    ]
    assert {row["discardedBy"] for row in migrated["discarded_events"].find()} == {"erased", "olga"}


def test_a_rollout_goes_on_without_the_person_and_who_has_read_it_cannot_bring_them_back(
    ports: Ports, migrated: Database[Any]
) -> None:
    entry = Entry(MOMENT, "start", GONE, f"{GONE} asked for it")
    of_others = Rollout(
        component=Component.DASHBOARD, plan=Plan(), state=State.RUNNING, by="olga", reason="why", since=MOMENT
    )
    theirs = replace(
        of_others,
        component=Component.ENERGY_TABLE,
        by=GONE,
        reason=f"because of {GONE}",
        intent=Intent(Direction.RISE, Decimal(10), MOMENT, GONE, "next"),
        approval=Approval(Decimal(10), MOMENT, GONE, "I have looked"),
        log=(entry, replace(entry, by="olga")),
        seen=Seen(MOMENT, f'{GONE} has changed the flag document meanwhile ("why")'),
    )
    for rollout in (theirs, of_others):
        assert ports.rollouts.save(rollout)
    assert records(migrated).forget(GONE, lambda: 60.0) == 1
    assert said(migrated) == []
    assert ports.rollouts.find(Component.DASHBOARD) == replace(of_others, version=1)
    found = ports.rollouts.find(Component.ENERGY_TABLE)
    assert found is not None
    assert (found.by, found.reason, found.state, found.version) == ("erased", "because of [erased]", State.RUNNING, 2)
    assert [each.by for each in found.log] == ["erased", "olga"]
    assert not ports.rollouts.save(replace(theirs, version=1))


def test_the_calendar_of_the_retirement_stays_without_the_person_as_another_version(
    ports: Ports, migrated: Database[Any]
) -> None:
    log = (
        CalendarEntry(MOMENT, GONE, "sunset", f"{GONE} asked for it"),
        CalendarEntry(MOMENT, "olga", "sunset", "why"),
    )
    read = Calendar(announced_at=MOMENT, deprecated_at=MOMENT, sunset_at=MOMENT + 1, log=log)
    assert ports.retirement.save(read)
    assert records(migrated).forget(GONE, lambda: 60.0) == 1
    assert said(migrated) == []
    found = ports.retirement.calendar()
    assert found is not None
    assert [(each.by, each.reason) for each in found.log] == [("erased", "[erased] asked for it"), ("olga", "why")]
    assert not ports.retirement.save(replace(read, version=1))


def test_a_record_that_is_written_meanwhile_is_read_again(ports: Ports, migrated: Database[Any]) -> None:
    made, content = changed(MOMENT, (GONE,), (GONE, "b"))
    finished = replace(made, state=ChangeState.DEPLOYED, after={TABLE: made.before[TABLE] or {}})
    ports.flag_history.save(made, content)

    def meanwhile(stored: bytes, user_id: str) -> bytes | None:
        if not looked:
            looked.append(1)
            ports.flag_history.save(finished, stored)
        return content_without(stored, user_id)

    looked: list[int] = []
    assert MongoOperatorRecords(migrated, meanwhile).forget(GONE, lambda: 60.0) == 1
    (found,) = ports.flag_history.changes(None, 10)
    assert (found.state, said(migrated)) == (ChangeState.DEPLOYED, [])


def test_a_database_that_does_not_answer_is_asked_again_later() -> None:
    database = open_database("mongodb://127.0.0.1:1/?directConnection=true", "energy")
    with pytest.raises(UnavailableError):
        MongoOperatorRecords(database, content_without).forget(GONE, lambda: 0.1)
    database.client.close()


def test_dates_of_the_record_stay(ports: Ports, migrated: Database[Any]) -> None:
    ports.sync_control.change(ports.sync_control.state(), SyncState(SyncMode.DUAL_WRITE), "why", GONE)
    far = {"_id": "sync_mode_changes"}
    migrated["control"].update_one(far, {"$push": {"changes": {"at": datetime(1, 1, 1, tzinfo=UTC), "by": GONE}}})
    before = migrated["control"].find_one(far) or {}
    records(migrated).forget(GONE, lambda: 60.0)
    after = migrated["control"].find_one(far) or {}
    assert [item["at"] for item in after["changes"]] == [item["at"] for item in before["changes"]]
    assert GONE not in str(after)


@pytest.mark.parametrize(
    "where", ["sync_stop", "sync_mode_changes", "comparison_rules", "operator_actions", "retirement"]
)
def test_each_word_for_a_person_is_one_wherever_it_lies(migrated: Database[Any], where: str) -> None:
    """Also within lists and documents of a record; a word that is none stays."""
    sentence, note = f"as {GONE} wishes", {"note": GONE, "user": f"as {GONE} wishes"}
    people, reasons = ("by", "owner", "operator"), ("reason", "answer", "problem", "text")
    before = {**dict.fromkeys(people, GONE), **dict.fromkeys(reasons, sentence), **note}
    after = {**dict.fromkeys(people, "erased"), **dict.fromkeys(reasons, "as [erased] wishes"), **note}
    migrated["control"].insert_one({"_id": where, "version": 3, **before, "log": [before], "open": {"deep": [before]}})
    migrated["control"].insert_one({"_id": "another", **before})
    assert records(migrated).forget(GONE, lambda: 60.0) == 1
    version = 4 if where == "retirement" else 3
    said = {"_id": where, "version": version, **after, "log": [after], "open": {"deep": [after]}}
    assert migrated["control"].find_one({"_id": where}) == said
    assert migrated["control"].find_one({"_id": "another"}) == {"_id": "another", **before}
