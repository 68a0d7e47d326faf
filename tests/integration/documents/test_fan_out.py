"""Walks in ranges: their documents field by field, and how long a claim holds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.meters.fan_out import FanOut, RangeProgress
from chalicelib.domain.meters.walks import Finding, Verification, Walk
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.fan_out import MongoFanOutRecords

GAS, POWER = EnergyType.GAS, EnergyType.POWER
WALK = Walk.VERIFY
FAN_OUT = FanOut(WALK, "ab", 5, 4, SyncMode.NEW_ONLY, "c1", 6, (("anna", POWER), ("berta", POWER)), True, 7, 8)
DOCUMENT: dict[str, Any] = {
    "_id": "fan_out:verify",
    "walk": "verify",
    "id": "ab",
    "started": 5,
    "since": 4,
    "mode": "new_only",
    "code": "c1",
    "upTo": 6,
    "bounds": [["anna", "power"], ["berta", "power"]],
    "paused": True,
    "finished": 7,
    "sent": 8,
}
FINDING = Finding("anna", GAS, "meters", "anna|gas", "is wrong", "wrong")
SEEN = Verification(SyncMode.NEW_ONLY, 7, 2, 1, (FINDING,), kinds=((("meters", GAS, "wrong"), 3),), up_to=6)
RANGE: dict[str, Any] = {
    "_id": "fan_out:verify:ab:000001",
    "number": 1,
    "mode": "new_only",
    "meters": 7,
    "lagging": 2,
    "differences": 1,
    "findings": [
        {
            "user_id": "anna",
            "type": "gas",
            "collection": "meters",
            "document": "anna|gas",
            "problem": "is wrong",
            "kind": "wrong",
        }
    ],
    "kinds": [["meters", "gas", "wrong", 3]],
    "upTo": 6,
    "after": ["anna", "gas"],
    "done": False,
    "tries": 0,
}


@pytest.fixture
def records(migrated: Database[Any]) -> MongoFanOutRecords:
    return MongoFanOutRecords(migrated)


def control(database: Database[Any]) -> list[dict[str, Any]]:
    return [*database["control"].find({"_id": {"$regex": "^fan_out:"}}, sort=[("_id", 1)])]


def test_a_walk_is_this_document_and_read_from_it(records: MongoFanOutRecords, migrated: Database[Any]) -> None:
    records.begin(FAN_OUT)
    assert control(migrated) == [DOCUMENT]
    assert records.fan_out(WALK) == FAN_OUT
    assert records.fan_out(Walk.REBUILD) is None


def test_a_walk_that_begins_takes_the_ranges_of_the_one_before(
    records: MongoFanOutRecords, migrated: Database[Any]
) -> None:
    ids = ["fan_out:verify:x", "fan_out:verify:y:1", "fan_out:verify2:x", "fan_out:rebuild:x"]
    migrated["control"].insert_many([{"_id": key} for key in ids])
    records.begin(FAN_OUT)
    assert [found["_id"] for found in control(migrated)] == ["fan_out:rebuild:x", "fan_out:verify", "fan_out:verify2:x"]
    migrated["control"].insert_one({"_id": "fan_out:verify:z"})
    records.forget(WALK)
    assert [found["_id"] for found in control(migrated)] == ["fan_out:rebuild:x", "fan_out:verify2:x"]


def test_a_range_is_this_document(records: MongoFanOutRecords, migrated: Database[Any]) -> None:
    records.begin(FAN_OUT)
    before = datetime.now(UTC)
    claim = records.claim(FAN_OUT, 1, 60)
    assert claim is not None
    _, found = control(migrated)
    until = found.pop("claimedUntil")
    assert timedelta(seconds=30) < until - before < timedelta(seconds=90)
    begun = {"meters": 0, "lagging": 0, "differences": 0, "findings": [], "kinds": [], "after": None}
    claimed = {"token": claim.token, "claimed": True, "tries": 1}
    assert found == RANGE | begun | claimed
    assert (claim.key, claim.tries) == ("fan_out:verify:ab:000001", 1)
    assert records.claim(FAN_OUT, 1, 60) is None
    assert records.save(claim, RangeProgress(1, SEEN, ("anna", GAS)))
    _, found = control(migrated)
    assert found == RANGE | {"token": claim.token, "claimed": True, "claimedUntil": until}
    records.release(claim)
    _, found = control(migrated)
    assert found == RANGE | {"claimed": True}
    assert not records.save(claim, RangeProgress(1, SEEN, None, True))
    assert list(records.progress(FAN_OUT)) == [RangeProgress(1, SEEN, ("anna", GAS), False, False)]


@pytest.mark.parametrize(
    ("seconds", "done", "is_free"), [(-5, False, True), (600, False, False), (-5, True, False), (600, True, False)]
)
def test_a_range_is_free_when_its_claim_is_over_and_it_is_not_done(
    records: MongoFanOutRecords, migrated: Database[Any], seconds: int, done: bool, is_free: bool
) -> None:
    records.begin(FAN_OUT)
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    stored = RANGE | {"token": "x", "claimedUntil": until, "done": done, "tries": 3}
    migrated["control"].insert_one(stored)
    [progress] = records.progress(FAN_OUT)
    assert (progress.claimed, progress.done) == (not done and not is_free, done)
    claim = records.claim(FAN_OUT, 1, 60)
    assert (claim is not None) is is_free
    if claim is not None:
        assert (claim.tries, claim.progress) == (4, RangeProgress(1, SEEN, ("anna", GAS), False, True))


def test_ranges_come_in_order_with_the_first_findings_alone(
    records: MongoFanOutRecords, migrated: Database[Any]
) -> None:
    records.begin(FAN_OUT)
    many = [RANGE["findings"][0] | {"document": str(number)} for number in range(700)]
    migrated["control"].insert_many(
        RANGE | {"_id": f"fan_out:verify:ab:{number:06}", "number": number, "findings": many, "claimed": False}
        for number in (3, 1, 2)
    )
    migrated["control"].insert_one(RANGE | {"_id": "fan_out:verify:other:000001", "claimed": False})
    for number in (0, 9):  # what nobody can read takes no place
        migrated["control"].insert_one(RANGE | {"_id": f"fan_out:verify:ab:{number:06}", "findings": "x"})
    found = list(records.progress(FAN_OUT))
    assert [(each.number, len(each.seen.findings)) for each in found] == [(1, 700), (2, 300), (3, 0)]
    assert [finding.document for finding in found[1].seen.findings] == [str(number) for number in range(300)]


def test_silence_is_measured_by_the_clock_of_the_server(records: MongoFanOutRecords, migrated: Database[Any]) -> None:
    records.begin(FAN_OUT)
    now = int(datetime.now(UTC).timestamp() * 1000)
    migrated["control"].update_one({"_id": "fan_out:verify"}, {"$set": {"sent": now - 30_000}})
    assert not records.sending(FAN_OUT, 60)
    assert records.sending(FAN_OUT, 10)
    [found] = control(migrated)
    assert abs(found["sent"] - now) < 30_000
    records.lost(FAN_OUT)
    [found] = control(migrated)
    assert found["sent"] is None
    assert records.sending(FAN_OUT, 60)
    records.finish(FAN_OUT)
    [found] = control(migrated)
    assert abs(found["finished"] - now) < 60_000
    assert records.pause(FAN_OUT, paused=False)
    [found] = control(migrated)
    assert found["paused"] is False
