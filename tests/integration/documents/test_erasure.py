"""The end of an account: its fence and its receipt field by field, and what goes in how many steps."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from chalicelib.domain.errors import AccountErasedError, LostModeError
from chalicelib.domain.people.account import Erasure
from chalicelib.repositories import erasure as module
from chalicelib.repositories.erasure import MongoErasures
from chalicelib.repositories.transactions import MongoTransactions
from tests.integration.repositories.sent_commands import sent_commands

HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
READING: dict[str, Any] = {
    "userId": "anna",
    "type": "power",
    "date": datetime(2023, 1, 1, tzinfo=UTC),
    "amount": Decimal(1),
}
BARE = [
    {"_id": "anna|gas", "userId": "anna", "type": "gas", "bare": True},
    {"_id": "anna|power", "userId": "anna", "type": "power", "bare": True},
]


@pytest.fixture
def erasures(migrated: Database[Any]) -> MongoErasures:
    return MongoErasures(migrated, 20)


def fence_of(database: Database[Any]) -> dict[str, Any]:
    [found] = database["control"].find({"_id": {"$regex": r"^erasure\|"}})
    return dict(found)


def whole(erasures: MongoErasures, erasure: Erasure) -> int:
    """Remove everything; in how many steps."""
    return sum(1 for _ in erasures.removing(erasure, lambda: 60.0))


def test_the_fence_is_this_document(erasures: MongoErasures, migrated: Database[Any]) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    erasure = erasures.begin("anna", "pseudonym")
    fence = fence_of(migrated)
    requested, opens, receipt = fence.pop("requestedAt"), fence.pop("opensAt"), fence.pop("receipt")
    assert before < requested < before + timedelta(seconds=60)
    assert opens - requested == HOUR
    assert len(receipt) == 32
    assert fence == {
        "_id": erasure.fence,
        "userId": "anna",
        "user": "pseudonym",
        "erasedAt": None,
        "deleted": {"meters": 0, "user_settings": 0},
    }


def test_whoever_had_nothing_has_bare_meters_and_settings_which_go_uncounted(
    erasures: MongoErasures, migrated: Database[Any]
) -> None:
    erasure = erasures.begin("anna", "pseudonym")
    assert [*migrated["meters"].find(sort=[("_id", 1)])] == BARE
    assert [*migrated["user_settings"].find()] == [{"_id": "anna", "userId": "anna", "bare": True}]
    whole(erasures, erasure)
    assert [*migrated["meters"].find()] == [*migrated["user_settings"].find()] == []
    assert fence_of(migrated)["deleted"] == {"meters": 0, "user_settings": 0}


def test_meters_and_settings_are_counted_as_the_fence_takes_their_place(
    erasures: MongoErasures, migrated: Database[Any]
) -> None:
    meter = {"userId": "anna", "sourceVersion": 1, "displayVersion": 1}
    migrated["meters"].insert_many([{"_id": "anna|gas", **meter}, {"_id": "anna|power", **meter}])
    migrated["user_settings"].insert_one({"_id": "anna", "userId": "anna", "zone": "UTC"})
    erasures.begin("anna", "pseudonym")
    assert [*migrated["meters"].find(sort=[("_id", 1)])] == BARE
    assert fence_of(migrated)["deleted"] == {"meters": 2, "user_settings": 1}


def test_a_fence_is_read_field_by_field(erasures: MongoErasures, migrated: Database[Any]) -> None:
    at = datetime(2023, 11, 14, 22, 13, 20, 1_000, UTC)
    fence: dict[str, Any] = {"_id": "erasure|a", "receipt": "r", "user": "p", "requestedAt": at, "opensAt": at + HOUR}
    done = fence | {"erasedAt": at + QUARTER, "deleted": {"meters": 2}}
    early = fence | {"_id": "erasure|b", "userId": "anna", "erasedAt": None, "deleted": {}, "requestedAt": at - HOUR}
    late = early | {"_id": "erasure|c", "userId": "berta", "requestedAt": at}
    migrated["control"].insert_many([late, done, early])
    t = 1_700_000_000_001
    assert erasures.standing("erasure|a") == Erasure(
        "erasure|a", "r", t, t + 3_600_000, None, "p", t + 900_000, {"meters": 2}
    )
    assert erasures.standing("erasure|x") is None
    assert [each.user_id for each in erasures.unfinished()] == ["anna", "berta"]


def test_what_went_elsewhere_is_added_while_it_is_known_who_it_was(
    erasures: MongoErasures, migrated: Database[Any]
) -> None:
    erasure = erasures.begin("anna", "pseudonym")
    erasures.note(erasure, "the queue", 2)
    erasures.note(erasure, "the queue", 3)
    assert fence_of(migrated)["deleted"]["the queue"] == 5
    erasures.finish(erasure)
    erasures.note(erasure, "the queue", 4)
    assert fence_of(migrated)["deleted"]["the queue"] == 5


def test_the_receipt_says_nothing_of_who_it_was(erasures: MongoErasures, migrated: Database[Any]) -> None:
    erasure = erasures.begin("anna", "pseudonym")
    erasures.finish(erasure)
    fence = fence_of(migrated)
    [receipt] = migrated["erasures"].find()
    assert receipt == {
        "_id": erasure.receipt,
        "requestedAt": fence["requestedAt"],
        "erasedAt": fence["erasedAt"],
        "deleted": {"meters": 0, "user_settings": 0},
    }
    assert "userId" not in fence
    assert timedelta() <= fence["erasedAt"] - fence["requestedAt"] < timedelta(seconds=60)
    erasures.finish(erasure)
    assert [*migrated["erasures"].find()] == [receipt]


@pytest.mark.parametrize(("opened", "later"), [(HOUR, HOUR), (timedelta(), QUARTER)])
def test_a_fence_stays_for_an_hour_and_a_quarter_of_one_after_its_end(
    erasures: MongoErasures, migrated: Database[Any], opened: timedelta, later: timedelta
) -> None:
    erasure = erasures.begin("anna", "pseudonym")
    requested = fence_of(migrated)["requestedAt"]
    migrated["control"].update_one({"_id": erasure.fence}, {"$set": {"opensAt": requested + opened}})
    erasures.finish(erasure)
    fence = fence_of(migrated)
    assert timedelta() <= fence["opensAt"] - requested - later < timedelta(seconds=60)


def test_readings_go_on_both_sides_and_are_counted_by_side(erasures: MongoErasures, migrated: Database[Any]) -> None:
    keys = [ObjectId() for _ in range(6)]
    nobodys = {"_id": keys[0], "type": "power"}
    of_another = READING | {"_id": keys[1], "userId": "berta"}
    migrated["energies"].insert_many([nobodys, of_another, *(READING | {"_id": key} for key in keys[2:])])
    twins = [READING | {"_id": key, "date": READING["date"] + n * HOUR} for n, key in enumerate(keys[:4])]
    migrated["source_energy_readings"].insert_many(twins)
    whole(erasures, erasures.begin("anna", "pseudonym"))
    assert [*migrated["energies"].find()] == [of_another]
    assert [*migrated["source_energy_readings"].find()] == []
    deleted = fence_of(migrated)["deleted"]
    assert (deleted["energies"], deleted["source_energy_readings"]) == (5, 4)


@pytest.mark.parametrize("name", ["meter_series", "display_energy_data"])
def test_many_documents_of_a_meter_go_in_bounded_steps(
    erasures: MongoErasures, migrated: Database[Any], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 2)
    ids = [f"anna|power|{year}" for year in range(2018, 2023)]
    others = [{"_id": "anna|other|power|2020", "userId": "x", "type": "power", "year": 1, "n": 1}]
    mine = [{"_id": key, "userId": "anna", "type": "power", "year": int(key[-4:])} for key in ids]
    migrated[name].insert_many(mine + others)
    erasure = erasures.begin("anna", "pseudonym")
    counts = []
    for _ in erasures.removing(erasure, lambda: 60.0):
        counts.append(fence_of(migrated)["deleted"].get(name, 0))
    assert [*migrated[name].find()] == others
    assert sorted({*counts}) == [0, 2, 4, 5]


def test_many_readings_go_in_bounded_steps(
    erasures: MongoErasures, migrated: Database[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 2)
    migrated["energies"].insert_many([READING | {"_id": ObjectId()} for _ in range(5)])
    erasure = erasures.begin("anna", "pseudonym")
    counts = []
    for _ in erasures.removing(erasure, lambda: 60.0):
        counts.append(fence_of(migrated)["deleted"].get("energies", 0))
    assert sorted({*counts}) == [0, 2, 4, 5]


def test_a_document_under_anothers_id_is_given_back_or_goes_where_they_have_one_already(
    erasures: MongoErasures, migrated: Database[Any]
) -> None:
    view = {"type": "power", "dataType": "summary", "year": None, "calculationVersion": 1}
    damaged = [
        {"_id": "berta|power|summary|1", "userId": "anna", **view, "year": 5},
        {"_id": "carla|power|summary|1", "userId": "anna", **view},
        {"_id": "carla's own", "userId": "carla", **view},
    ]
    migrated["display_energy_data"].insert_many(damaged)
    whole(erasures, erasures.begin("anna", "pseudonym"))
    left = {each["_id"]: each["userId"] for each in migrated["display_energy_data"].find()}
    assert left["berta|power|summary|1"] == "berta"
    assert left["carla's own"] == "carla"
    assert "anna" not in left.values()


def test_what_is_given_back_is_acknowledged_by_a_majority(migrated: Database[Any], mongodb_uri: str) -> None:
    migrated["display_energy_data"].insert_one({"_id": "berta|power|summary|1", "userId": "anna"})
    with sent_commands(mongodb_uri, migrated.name) as (database, sent):
        erasures = MongoErasures(database, 20)
        whole(erasures, erasures.begin("anna", "pseudonym"))
    [given] = [command for command in sent if command.get("update") == "display_energy_data"]
    assert given["writeConcern"] == {"w": "majority"}


def test_steps_end_where_somebody_else_has_done_it_all(erasures: MongoErasures, migrated: Database[Any]) -> None:
    erasure = erasures.begin("anna", "pseudonym")
    erasures.finish(erasure)
    migrated["energies"].insert_one(READING | {"_id": 1})
    assert whole(erasures, erasure) == 0
    assert migrated["energies"].count_documents({}) == 1


@pytest.mark.parametrize(
    ("collection", "moment", "fields", "kept"),
    [
        ("backend_usage_logs", "at", {"user": "pseudonym"}, {"user": "another"}),
        ("usage_people", "foldedAt", {"user": "pseudonym"}, {"user": "another"}),
        ("backend_comparisons", "at", {"user": "pseudonym"}, {"user": "another"}),
        ("gate_agreements", "at", {"user": "pseudonym"}, {"user": "another"}),
        ("feedback", "at", {"user": "pseudonym"}, {"user": "another"}),
        ("page_measurements", "at", {"user": "pseudonym"}, {"user": "another"}),
        ("v1_callers", "last", {"user": "pseudonym"}, {"user": "another"}),
        ("quarantined_readings", "quarantinedAt", {"userId": "anna"}, {"userId": "berta"}),
        ("quarantined_readings", "quarantinedAt", {"document": {"userId": "anna"}}, {"document": {"userId": "berta"}}),
        ("quarantined_readings", "quarantinedAt", {"twin": {"userId": "anna"}}, {"twin": {"userId": "berta"}}),
        ("repaired_readings", "at", {"after": {"userId": "anna"}}, {"after": {"userId": "berta"}}),
    ],
)
def test_what_comes_late_goes_from_an_hour_before_the_fence_on(
    erasures: MongoErasures, migrated: Database[Any], collection: str, moment: str, fields: Any, kept: Any
) -> None:
    erasures.finish(erasures.begin("anna", "pseudonym"))
    since = fence_of(migrated)["requestedAt"] - HOUR
    unique = [{"_id": name} for name in ("late", "long ago", "of another")]
    documents = [
        unique[0] | {moment: since, **fields},
        unique[1] | {moment: since - timedelta(milliseconds=1), **fields},
        unique[2] | {moment: since + HOUR, **kept},
    ]
    migrated[collection].insert_many(documents)
    assert erasures.tidy(opens=True) == 0
    assert [*migrated[collection].find(sort=[("_id", 1)])] == documents[1:]


@pytest.mark.parametrize(("ago", "gone"), [(timedelta(seconds=1), 1), (-HOUR, 0)])
def test_fences_go_when_their_time_is_over_if_they_are_done(
    erasures: MongoErasures, migrated: Database[Any], ago: timedelta, gone: int
) -> None:
    done, under_way = erasures.begin("anna", "p"), erasures.begin("berta", "q")
    erasures.finish(done)
    opens = datetime.now(UTC) - ago
    migrated["control"].update_many({"_id": {"$regex": r"^erasure\|"}}, {"$set": {"opensAt": opens}})
    assert erasures.tidy(opens=False) == 0
    assert erasures.tidy(opens=True) == gone
    assert (erasures.standing(done.fence) is None) is bool(gone)
    assert erasures.standing(under_way.fence) is not None


def test_who_has_a_fence_is_known_by_their_id(erasures: MongoErasures) -> None:
    assert erasures.closed() is None
    assert erasures.tidy(opens=True) == 0
    erasures.begin("anna", "pseudonym")
    closed = erasures.closed()
    assert closed is not None
    assert [closed(name) for name in ("anna", "berta", "anna|power")] == [True, False, False]


def test_behind_the_fence_no_write_begins(erasures: MongoErasures, migrated: Database[Any]) -> None:
    erasures.begin("anna", "pseudonym")
    with pytest.raises(AccountErasedError, match="being erased"):
        MongoTransactions(migrated, 20).run("anna", lambda _: None)
    MongoTransactions(migrated, 20).run("berta", lambda _: None)


def test_where_the_mode_is_lost_no_fence_is_put_up(erasures: MongoErasures, migrated: Database[Any]) -> None:
    migrated["control"].update_one({"_id": "sync_mode"}, {"$set": {"mode": "sideways"}})
    with pytest.raises(LostModeError):
        erasures.begin("anna", "pseudonym")
    assert [*migrated["control"].find({}, ["_id"])] == [{"_id": "sync_mode"}]
    assert migrated["meters"].count_documents({}) == 0
