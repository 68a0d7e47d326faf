"""The scripts themselves: what 001 reports and leaves alone, when 002 is refused, and the way back."""

from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import now
from chalicelib.domain.backends.sync_mode import Side, SyncMode
from chalicelib.domain.errors import LostModeError
from chalicelib.repositories.control import sync_state
from chalicelib.repositories.database import open_database
from infra.local.demo import old_energies
from migrations import (
    runner,
)
from migrations.errors import RefusedError
from migrations.ledger import State
from migrations.runner import Options
from migrations.scripts import FOLDER, Direction, QuietRun, scripts
from tests.integration.deployment import Deployment
from tests.integration.migrations.conftest import DEFECTIVE, READINGS, USERS
from tests.integration.repositories.inherited_database import assert_both_sides_equal, everything, set_mode

CREATE, BACKFILL, *LATER = (script.name for script in scripts(FOLDER))


class Heard(QuietRun):
    """Remembers what a script said, and which collections there were at that moment."""

    def __init__(self, database: Database[Any]) -> None:
        self.database = database
        self.said: list[str] = []
        self.collections: set[str] = set()

    def say(self, text: str) -> None:
        self.said.append(text)
        self.collections |= set(self.database.list_collection_names())


EXPECTED = {
    "zero amount": DEFECTIVE,
    "unusable amount": DEFECTIVE,
    "unusable date": 2 * DEFECTIVE + 1,
    "unknown type": DEFECTIVE,
    "no user": 1,
    "unusable id": 0,
    "double of one instant": 2 * DEFECTIVE,
}


def raw(database: Database[Any]) -> bytes:
    """The old collection byte for byte, unreadable dates included."""
    return b"".join(database["energies"].find_raw_batches(sort=[("_id", 1)]))


def test_the_first_script_reports_defects_before_it_changes_anything(inherited: Database[Any]) -> None:
    planned = runner.plan(inherited, "up", last="001")[0].steps
    assert {step.what.removeprefix("quarantine: "): step.documents for step in planned[: len(EXPECTED)]} == EXPECTED
    assert inherited.list_collection_names() == ["energies"]
    heard = Heard(inherited)
    runner.up(inherited, options=Options(run=heard))
    assert heard.said[: len(EXPECTED)] == [f"energies: {n} documents: {reason}" for reason, n in EXPECTED.items()]
    assert heard.collections == {"energies", "migrations"}


def test_what_cannot_be_carried_over_is_copied_with_its_reasons_and_stays(inherited: Database[Any]) -> None:
    before = raw(inherited)
    runner.up(inherited)
    assert raw(inherited) == before
    reasons: dict[str, int] = {}
    for document in inherited["quarantined_readings"].find({}, {"reasons": 1}):
        for reason in document["reasons"]:
            reasons[reason] = reasons.get(reason, 0) + 1
    assert reasons == {reason: n for reason, n in EXPECTED.items() if n}
    both = inherited["quarantined_readings"].find_one({"_id": "far future"}, {"reasons": 1, "document.userId": 1})
    assert both == {"_id": "far future", "reasons": ["no user", "unusable date"], "document": {"userId": 17}}


def test_of_doubles_all_but_the_one_updated_last_are_quarantined(inherited: Database[Any]) -> None:
    runner.up(inherited)
    user = old_energies.user_name(0)
    wanted = {"userId": user, "reasons": "double of one instant"}
    kept_out = inherited["quarantined_readings"].find(wanted, {"document.amount": 1})
    amounts = {copied["document"]["amount"] for copied in kept_out}
    assert 1001.5 not in amounts
    assert 999.5 in amounts
    assert len(amounts) == 2


def test_the_first_script_can_be_run_again(dual: Database[Any]) -> None:
    copies = everything(dual, "migrations", "control")
    quarantined = dual["quarantined_readings"].count_documents({})
    dual["migrations"].delete_one({"_id": CREATE})
    runner.up(dual, last="001")
    assert dual["quarantined_readings"].count_documents({}) == quarantined
    assert everything(dual, "control")["control"] == copies["control"]


def test_an_index_of_the_old_application_with_these_keys_is_taken_as_it_is(inherited: Database[Any]) -> None:
    inherited["energies"].create_index([("userId", 1), ("type", 1), ("date", 1)], name="mongoose_made_me")
    runner.up(inherited)
    assert set(inherited["energies"].index_information()) == {"_id_", "mongoose_made_me", "userId_1_date_1__id_1"}


BY_DATE = [("userId", 1), ("date", 1), ("_id", 1)]


def indexes(database: Database[Any], keys: list[tuple[str, int]]) -> list[str]:
    """The names of the indexes with these keys on either side."""
    sides = (database["energies"].index_information(), database["source_energy_readings"].index_information())
    return [name for known in sides for name, index in known.items() if [*index["key"]] == keys]


def planned(database: Database[Any], direction: Direction) -> list[tuple[str, int]]:
    """What the script about the date index would do."""
    [script] = runner.plan(database, direction, last="003" if direction == "up" else "002")
    return [(step.what, step.documents) for step in script.steps]


def test_the_date_index_goes_and_comes_back(dual: Database[Any]) -> None:
    runner.up(dual, "002")
    sides = {name: dual[name].estimated_document_count() for name in ("energies", "source_energy_readings")}
    assert planned(dual, "up") == [(f"drop index userId+date+_id of {name}", n) for name, n in sides.items()]
    assert len(indexes(dual, BY_DATE)) == 2
    runner.up(dual, "003")
    assert indexes(dual, BY_DATE) == []
    assert planned(dual, "down") == [(f"create index userId+date+_id of {name}", n) for name, n in sides.items()]
    runner.down(dual)
    assert len(indexes(dual, BY_DATE)) == 2
    assert len(indexes(dual, [("userId", 1), ("type", 1), ("date", 1)])) == 2


def test_a_date_index_that_the_old_application_made_stays(inherited: Database[Any]) -> None:
    inherited["energies"].create_index(BY_DATE, name="made_by_mongoose")
    runner.up(inherited)
    set_mode(inherited, SyncMode.DUAL_WRITE)
    runner.up(inherited, "003")
    assert indexes(inherited, BY_DATE) == ["made_by_mongoose"]
    runner.down(inherited, last="002")
    assert indexes(inherited, BY_DATE) == ["made_by_mongoose", "userId_1_date_1__id_1"]


@pytest.mark.parametrize(
    ("collection", "mode"),
    [(None, SyncMode.DUAL_WRITE), ("energies", SyncMode.OLD_ONLY), ("source_energy_readings", SyncMode.NEW_ONLY)],
)
def test_the_first_mode_believes_the_readings_that_are_there(
    mongodb_uri: str, collection: str | None, mode: SyncMode
) -> None:
    database = open_database(mongodb_uri, f"test_{uuid4().hex[:12]}")
    if collection:
        database[collection].insert_one({"userId": "u", "type": "power"})
    if mode is SyncMode.NEW_ONLY:
        with pytest.raises(LostModeError, match=r"a document in source_energy_readings says that there was one"):
            runner.up(database)
        Deployment(database).operations.modes.recover(None, "restored")
    applied = runner.up(database)
    assert sync_state(database).mode is mode
    assert applied == ([CREATE, BACKFILL, *LATER] if mode is SyncMode.DUAL_WRITE else [CREATE])
    database.client.drop_database(database.name)
    database.client.close()


@pytest.mark.parametrize(
    ("mode", "since", "catching_up", "reason"),
    [
        (
            SyncMode.OLD_ONLY,
            0,
            None,
            "the mode is old_only, it must be dual_write: python -m infra mode set dual_write",
        ),
        (SyncMode.NEW_ONLY, 0, None, "the mode is new_only"),
        (SyncMode.DUAL_WRITE, None, Side.OLD, "a write of the mode before may still come; try again in"),
        (SyncMode.DUAL_WRITE, 0, Side.NEW, "first: python -m infra sync"),
    ],
)
def test_the_backfill_waits_for_dual_write_and_its_drain(
    dual: Database[Any], mode: SyncMode, since: int | None, catching_up: Side | None, reason: str
) -> None:
    set_mode(dual, mode, now() if since is None else since, catching_up)
    assert runner.up(dual) == []
    assert reason in str(runner.refusal(dual, "up"))
    assert dual["source_energy_readings"].count_documents({}) == 0


def test_after_the_backfill_both_sides_are_equal_for_every_user(dual: Database[Any]) -> None:
    set_mode(dual, SyncMode.DUAL_WRITE, catching_up=Side.OLD)
    assert runner.up(dual) == [BACKFILL, *LATER]
    assert assert_both_sides_equal(dual) == 2 * USERS
    assert dual["source_energy_readings"].count_documents({}) == 2 * USERS * READINGS
    assert sync_state(dual).catching_up is None


@pytest.mark.parametrize("mode", [SyncMode.DUAL_WRITE, SyncMode.NEW_ONLY])
def test_nothing_is_reverted_while_the_new_side_is_written(dual: Database[Any], mode: SyncMode) -> None:
    runner.up(dual)
    runner.down(dual, steps=len(LATER))
    set_mode(dual, mode)
    before = everything(dual, "source_energy_readings", "display_energy_data", "meters")
    with pytest.raises(RefusedError, match=f"the mode is {mode}, it must be old_only"):
        runner.down(dual, steps=2)
    assert everything(dual, *before) == before


@pytest.mark.parametrize("mode", SyncMode)
def test_each_script_refuses_by_itself_to_drop_what_the_mode_still_needs(dual: Database[Any], mode: SyncMode) -> None:
    """The scripts behind it refuse too: what is asked here is each of them alone."""
    set_mode(dual, mode)
    known = {script.name: script.load() for script in scripts(FOLDER)}
    refused = {name for name in (CREATE, BACKFILL) if known[name].refusal(dual, "down")}
    assert refused == (set() if mode is SyncMode.OLD_ONLY else {CREATE, BACKFILL})


def test_the_first_script_is_not_reverted_in_dual_write_even_where_it_is_the_only_one(
    dual: Database[Any],
) -> None:
    runner.resolve(dual, BACKFILL, State.PENDING)
    before = everything(dual, "energies", "source_energy_readings", "meters")
    with pytest.raises(RefusedError, match=f"^{CREATE}: the mode is dual_write"):
        runner.down(dual, last="base")
    assert everything(dual, *before) == before


def test_down_leaves_old_readings_meters_and_settings_and_up_brings_the_rest_back(dual: Database[Any]) -> None:
    runner.up(dual)
    dual["user_settings"].insert_one({"_id": "u", "zone": "UTC"})
    dual["imports"].insert_one({"_id": "i", "userId": "u", "undone": None})
    energies, source = raw(dual), everything(dual, "source_energy_readings")
    kept = everything(dual, "user_settings", "imports")
    versions = {meter["_id"]: meter["sourceVersion"] for meter in dual["meters"].find()}
    set_mode(dual, SyncMode.OLD_ONLY)
    assert runner.down(dual, steps=len(LATER) + 1) == [*reversed(LATER), BACKFILL]
    assert dual["source_energy_readings"].count_documents({}) == dual["display_energy_data"].count_documents({}) == 0
    assert runner.down(dual) == [CREATE]
    assert {"source_energy_readings", "display_energy_data"}.isdisjoint(dual.list_collection_names())
    assert raw(dual) == energies
    assert everything(dual, "user_settings", "imports") == kept
    runner.up(dual)
    set_mode(dual, SyncMode.DUAL_WRITE)
    runner.up(dual)
    assert_both_sides_equal(dual)
    assert everything(dual, "source_energy_readings") == source
    assert everything(dual, "imports")["imports"] == kept["imports"]
    assert all(meter["sourceVersion"] > versions[meter["_id"]] for meter in dual["meters"].find())


def test_each_script_that_was_interrupted_goes_on_by_itself(dual: Database[Any]) -> None:
    runner.up(dual)
    for script in (CREATE, BACKFILL, *LATER):
        dual["migrations"].update_one({"_id": script}, {"$set": {"state": "applying"}})
        assert runner.up(dual) == [script]


ORDERS = {1: "", -1: "-"}
INDEXES = """
backend_comparisons: at @90
backend_comparisons: component at
backend_comparisons: differences.fingerprint at
backend_comparisons: traceId ?
backend_comparisons: user
backend_usage_logs: at @30
backend_usage_logs: component at
backend_usage_logs: component backend at elapsedMs
backend_usage_logs: traceId ?
backend_usage_logs: user
backend_usage_logs: userId
discarded_events: traceId ?
display_energy_data: userId type dataType year +
energies: userId type date
feedback: at @180
feedback: open at ?
feedback: traceId ?
feedback: user
feedback: userId -at
flag_changes: -at
flag_changes: flags -at
flag_changes: traceId ?
gate_agreements: at @90
gate_agreements: user
gate_evidence: at @366
gate_evidence: component
gate_evidence: differences.$**
imports: traceId ?
imports: userId -at -_id
meter_series: userId
meters: dirtySince ?
meters: series.calculation sweep.nextAttempt
meters: sweep.nextAttempt dirtySince ?
meters: userId
page_measurements: at @30
page_measurements: component backend kind at elapsedMs
page_measurements: user
quarantined_readings: document.userId
quarantined_readings: twin.userId
quarantined_readings: userId
repaired_readings: after.userId
repaired_readings: at @30
repaired_readings: before.userId
repaired_readings: run userId type _id
repaired_readings: userId
rollouts: state
source_energy_readings: userId type date +
usage_hours: at @90
usage_hours: component at
usage_people: at @30
usage_people: component at
usage_people: component atOnNew
usage_people: component documentVersion inside
usage_people: user
user_settings: userId
v1_callers: client last
v1_callers: last @400
v1_callers: user
"""


def test_a_migrated_database_has_the_indexes_that_its_queries_rely_on(migrated: Database[Any]) -> None:
    """``+`` is unique, ``?`` is of some documents alone, ``@`` forgets documents after a number of days."""
    found = []
    for name in sorted(migrated.list_collection_names()):
        for index in migrated[name].index_information().values():
            keys = " ".join(f"{ORDERS.get(order, order)}{field}" for field, order in index["key"])
            marks = "+" * index.get("unique", False) + "?" * ("partialFilterExpression" in index or "sparse" in index)
            days = f"@{index['expireAfterSeconds'] / 86_400:g}" if "expireAfterSeconds" in index else ""
            if keys != "_id":
                found.append(f"{name}: {keys} {marks}{days}".strip())
    assert sorted(found) == INDEXES.strip().splitlines()


def test_an_index_has_the_name_that_the_driver_would_give_it(migrated: Database[Any]) -> None:
    """So one that a person or the old application made is known as the same; ``down`` drops by name."""
    for name in migrated.list_collection_names():
        for called, index in migrated[name].index_information().items():
            assert called in ("_id_", "_".join(f"{field}_{order}" for field, order in index["key"])), (name, called)


def test_the_way_back_of_the_first_script_leaves_meters_whose_views_are_newer_than_any_of_before(
    dual: Database[Any],
) -> None:
    runner.up(dual)
    meters = dual["meters"]

    def versions() -> dict[str, int]:
        return {meter["_id"]: meter["sourceVersion"] for meter in meters.find()}

    shown = versions()
    assert shown
    set_mode(dual, SyncMode.OLD_ONLY)
    runner.down(dual, steps=len(LATER) + 1)
    without_backfill = versions()
    assert without_backfill == {meter: version + 1 for meter, version in shown.items()}
    runner.down(dual, steps=1)
    assert versions() == {meter: version + 1 for meter, version in without_backfill.items()}
    assert meters.count_documents({"dirtySince": {"$type": "date"}}) == len(shown)
