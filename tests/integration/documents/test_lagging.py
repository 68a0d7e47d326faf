"""Meters that lag: what is kept of an attempt, which meters are looked at, and what is asked of the server."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.domain.meters.lagging import FailingMeter, Lag, LaggingMeter
from chalicelib.repositories.lagging import MongoLaggingMeters
from tests.integration.documents.conftest import Sent

T, AT = 1_700_000_000_001, datetime(2023, 11, 14, 22, 13, 20, 1_000, UTC)
SOONER = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
NEVER = datetime(9999, 12, 31, 23, 59, 59, 999_000, UTC)
DIRTY = {
    "_id": "anna|power",
    "userId": "anna",
    "type": "power",
    "sourceVersion": 3,
    "displayVersion": 2,
    "dirtySince": AT,
    "dirtyFrom": AT,
    "dirtyTo": AT,
}
OUTDATED = {
    "_id": "berta|gas",
    "userId": "berta",
    "type": "gas",
    "sourceVersion": 3,
    "displayVersion": 3,
    "series": {"version": 3, "calculation": 1},
}
SWEEP = {"attempts": 2, "nextAttempt": AT, "error": "ValueError: x"}


@pytest.fixture
def lagging(migrated: Database[Any]) -> MongoLaggingMeters:
    return MongoLaggingMeters(migrated, 20, 2)


def test_an_attempt_is_these_fields(lagging: MongoLaggingMeters, migrated: Database[Any]) -> None:
    migrated["meters"].insert_many([DIRTY, OUTDATED])
    for key, rest in (("anna|power", DIRTY), ("berta|gas", OUTDATED)):
        meter = LaggingMeter(key, outdated=rest is OUTDATED)
        assert lagging.claim(meter, T)
        first = {"attempts": 1, "nextAttempt": AT, "error": None}
        assert migrated["meters"].find_one({"_id": key}) == rest | {"sweep": first}
        assert not lagging.claim(meter, T)
        lagging.failed(meter.claimed, "ValueError: x")
        assert migrated["meters"].find_one({"_id": key}) == rest | {"sweep": first | {"error": "ValueError: x"}}
        lagging.failed(meter, "of an attempt before")
        assert migrated["meters"].find_one({"_id": key}) == rest | {"sweep": first | {"error": "ValueError: x"}}


def test_a_meter_is_read_with_its_attempts(lagging: MongoLaggingMeters, migrated: Database[Any]) -> None:
    migrated["meters"].insert_many([DIRTY | {"sweep": SWEEP}, OUTDATED | {"sweep": SWEEP}])
    dirty = LaggingMeter("anna|power", 2, "ValueError: x")
    outdated = LaggingMeter("berta|gas", 2, "ValueError: x", outdated=True)
    assert lagging.waiting(T, T, 9) == [*lagging.every(T)] == [dirty]
    assert lagging.waiting(T, T - 1, 9) == lagging.waiting(T - 1, T, 9) == []
    assert lagging.waiting_outdated(T, 9) == [*lagging.every_outdated()] == [outdated]
    assert lagging.waiting_outdated(T - 1, 9) == []
    assert lagging.outdated() == 1
    assert lagging.failing(9) == (2, [FailingMeter(dirty, T, T), FailingMeter(outdated, None, T)])
    assert lagging.failing(1) == (2, [FailingMeter(dirty, T, T)])
    migrated["meters"].insert_one(OUTDATED | {"_id": "carla|gas", "userId": "carla", "sweep": SWEEP})
    count, failing = lagging.failing(2)
    assert (count, len(failing), failing[0].meter) == (3, 2, dirty)


@pytest.mark.parametrize(
    ("damage", "count"),
    [
        ({"dirtySince": NEVER}, 1),
        ({"dirtySince": "x"}, 0),
        ({"dirtySince": None}, 0),
        ({"series": {"version": 2, "calculation": 3}}, 0),
        ({"series": {"version": 2, "calculation": 2}}, 1),
    ],
)
def test_the_lag_is_of_dirty_meters_that_no_newer_calculation_shows(
    lagging: MongoLaggingMeters, migrated: Database[Any], damage: dict[str, Any], count: int
) -> None:
    migrated["meters"].insert_one(DIRTY | damage)
    at = T if damage.get("dirtySince") is None and count else None
    if damage.get("dirtySince") is NEVER:
        assert lagging.lag(T).meters == 0
    else:
        assert lagging.lag(T) == Lag(count, at)


@pytest.mark.parametrize(
    "sweep",
    [
        {"attempts": 2, "nextAttempt": AT},
        {"attempts": 2, "error": "x"},
        {"nextAttempt": "x", "error": "x"},
        {"nextAttempt": AT, "error": None},
    ],
)
def test_a_meter_without_an_error_or_a_next_attempt_does_not_fail(
    lagging: MongoLaggingMeters, migrated: Database[Any], sweep: dict[str, Any]
) -> None:
    migrated["meters"].insert_many([DIRTY | {"sweep": sweep}, OUTDATED | {"sweep": sweep}])
    assert lagging.failing(9) == (0, [])


def test_what_fails_comes_by_its_next_attempt(lagging: MongoLaggingMeters, migrated: Database[Any]) -> None:
    sooner = SWEEP | {"nextAttempt": SOONER}
    late, early = DIRTY | {"sweep": SWEEP}, DIRTY | {"_id": "zoe|gas", "sweep": sooner}
    migrated["meters"].insert_many([late, early])
    count, failing = lagging.failing(9)
    assert (count, [each.meter.id for each in failing]) == (2, ["zoe|gas", "anna|power"])
    assert [meter.id for meter in lagging.waiting(T, T, 9)] == ["zoe|gas", "anna|power"]


def test_only_what_is_looked_at_is_asked_for_and_no_more_than_that(seen: Database[Any], sent: Sent) -> None:
    seen["meters"].insert_many([DIRTY | {"_id": f"u{number:02}|gas"} for number in range(21)])
    lagging = MongoLaggingMeters(seen, 20, 2)
    sent.commands.clear()
    lagging.lag(T)
    lagging.waiting(T, T, 30)
    assert len([*lagging.every(T)]) == 21
    since, *to_try, every = sent.of("find")
    assert (since["projection"], since["sort"]) == ({"dirtySince": 1}, {"dirtySince": 1})
    assert [(each["projection"], each["limit"]) for each in to_try] == [
        ({"sweep": 1, "dirtySince": 1}, 30),
        ({"sweep": 1, "dirtySince": 1}, 9),
    ]
    assert (every["projection"], every["batchSize"]) == ({"sweep": 1, "dirtySince": 1}, 20)
    assert len(sent.of("getMore")) == 1
