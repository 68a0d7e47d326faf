"""What is read ahead for a write: everything that it says where all is well, and nothing where it is not."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import Side, SyncMode
from chalicelib.domain.errors import AccountErasedError, LostModeError
from chalicelib.domain.ports.writing import Expected
from chalicelib.domain.readings import EnergyType, Reading
from chalicelib.repositories.control import control_of
from chalicelib.repositories.fence import fence_id
from chalicelib.repositories.prefetch import NOTHING, Prefetched, begun

POWER, GAS = EnergyType.POWER, EnergyType.GAS
START, DAY = 1_672_531_200_000, 86_400_000
IDS = [ObjectId(f"0123456789abcdef0123456{number}") for number in range(8)]
DATES = [datetime(2023, 1, day, tzinfo=UTC) for day in range(1, 9)]
SINCE = datetime(2023, 2, 1, tzinfo=UTC)
SETTINGS = {"_id": "anna", "userId": "anna", "zone": "UTC"}
METERS = [{"_id": "anna|gas", "userId": "anna"}, {"_id": "anna|power", "userId": "anna"}]
OWN = str(IDS[2])


def reading(number: int, **more: Any) -> dict[str, Any]:
    date = {"date": DATES[number], "amount": Decimal(number)}
    return {"_id": IDS[number], "userId": "anna", "type": "power", **date, **more}


def point(number: int) -> Reading:
    return Reading(START + number * DAY, Decimal(number))


Look = Callable[..., Prefetched]


@pytest.fixture
def look(migrated: Database[Any]) -> Look:
    """Look ahead in a mode, on the side that was authoritative last."""
    migrated["user_settings"].insert_many([SETTINGS, {"_id": "berta", "userId": "berta"}])
    migrated["meters"].insert_many([*METERS, {"_id": "berta|gas", "userId": "berta"}])

    def look(expected: Expected | None, side: Side = Side.OLD, mode: SyncMode = SyncMode.OLD_ONLY) -> Prefetched:
        document = {"_id": "sync_mode", "mode": mode.value, "since": SINCE}
        migrated["control"].replace_one({"_id": "sync_mode"}, document, upsert=True)
        with migrated.client.start_session() as session, session.start_transaction():
            state, prefetched = begun(control_of(migrated), session, "anna", expected, side)
        assert state.mode is mode
        assert state.since == 1_675_209_600_000
        return prefetched

    return look


SIDES = {Side.OLD: ("energies", SyncMode.OLD_ONLY), Side.NEW: ("source_energy_readings", SyncMode.NEW_ONLY)}
on_each_side = pytest.mark.parametrize("side", Side)


@on_each_side
def test_beside_a_new_reading_all_is_known_that_decides(migrated: Database[Any], look: Look, side: Side) -> None:
    name, mode = SIDES[side]
    others = [reading(5, type="gas"), reading(6, userId="berta")]
    beyond = [reading(7), reading(2, date=datetime(2022, 12, 31, tzinfo=UTC))]  # more than two decide nothing
    migrated[name].insert_many([*map(reading, (0, 1, 3, 4)), *others, *beyond])
    at = START + 2 * DAY
    found = look(Expected(POWER, at, asks=True), side, mode)
    assert found.place == (POWER, at)
    assert (found.settings, found.meters) == ([SETTINGS], METERS[1:])
    assert found.nearest(POWER, at, "before") == [point(1)]
    assert found.nearest(POWER, at, "after") == [point(3)]
    assert found.taken(POWER, at) is False
    assert [document["_id"] for document in found.found["before"]] == [IDS[1], IDS[0]]
    assert [document["_id"] for document in found.found["after"]] == [IDS[3], IDS[4]]
    assert look(Expected(POWER, at + DAY, asks=True), side, mode).taken(POWER, at + DAY) is True


@on_each_side
def test_where_nothing_is_asked_an_instant_is_looked_at_on_the_old_side_alone(
    migrated: Database[Any], look: Look, side: Side
) -> None:
    name, mode = SIDES[side]
    migrated[name].insert_many([*map(reading, (0, 1, 3))])
    found = look(Expected(POWER, START + DAY), side, mode)
    assert found.taken(POWER, START + DAY) is (True if side is Side.OLD else None)
    assert found.nearest(POWER, START + DAY, "after") is None
    assert (found.settings, found.meters) == ([SETTINGS], METERS[1:])


def test_on_the_old_side_a_stored_one_that_stays_is_looked_up_alone(migrated: Database[Any], look: Look) -> None:
    migrated["energies"].insert_many([*map(reading, (0, 2))])
    found = look(Expected(reading_id=OWN))
    assert found.place == (POWER, START + 2 * DAY)
    assert set(found.found) == {"settings", "meters", "reading", "twin"}
    assert (found.reading(OWN), found.twin) == (reading(2), [])
    assert found.reading(str(IDS[0])) is None
    assert found.meters == METERS
    moved = look(Expected(reading_id=OWN, instant=START + 9))
    assert moved.place == (POWER, START + 9)
    assert moved.taken(POWER, START + 9) is False


@on_each_side
def test_around_a_stored_reading_all_is_known_but_itself(migrated: Database[Any], look: Look, side: Side) -> None:
    name, mode = SIDES[side]
    others = [reading(5, type="gas", date=DATES[2]), reading(6, userId="berta", date=DATES[2])]
    migrated[name].insert_many([*map(reading, range(5)), *others])
    found = look(Expected(reading_id=OWN, asks=True), side, mode)
    at = START + 2 * DAY
    assert found.reading(OWN) == reading(2)
    assert found.nearest(POWER, at, "before") == [point(1)]
    assert found.nearest(POWER, at, "after") == [point(3)]
    assert found.taken(POWER, at) is False
    moved = look(Expected(reading_id=OWN, instant=START + DAY, asks=True), side, mode)
    assert moved.taken(POWER, START + DAY) is True
    assert moved.nearest(POWER, START + DAY, "before") == [point(0)]
    assert moved.nearest(POWER, START + DAY, "after") == [point(3)]


def test_the_twin_is_looked_up_beside_the_old_document(migrated: Database[Any], look: Look) -> None:
    migrated["energies"].insert_many([reading(2), reading(3)])
    migrated["source_energy_readings"].insert_many([reading(2, revision=4), reading(3, userId="berta")])
    assert look(Expected(reading_id=OWN), Side.OLD, SyncMode.DUAL_WRITE).twin == [reading(2, revision=4)]
    assert look(Expected(reading_id=str(IDS[3])), Side.OLD, SyncMode.DUAL_WRITE).twin == []
    assert look(Expected(reading_id=OWN), Side.NEW, SyncMode.NEW_ONLY).twin is None


def test_a_reading_with_a_double_says_nothing(migrated: Database[Any], look: Look) -> None:
    migrated["energies"].insert_many([reading(2), reading(3, date=DATES[2]), reading(4), reading(5)])
    for expected in (Expected(reading_id=OWN), Expected(reading_id=OWN, asks=True)):
        found = look(expected)
        assert found.place is None
        assert set(found.found) == {"settings", "meters"}
    assert look(Expected(reading_id=str(IDS[4]))).place == (POWER, START + 4 * DAY)


@pytest.mark.parametrize("damage", [{"amount": "x"}, {"date": "x"}, {"type": "water"}, {"type": None}])
def test_a_damaged_reading_says_nothing(migrated: Database[Any], look: Look, damage: dict[str, Any]) -> None:
    migrated["energies"].insert_many([reading(1), reading(2) | damage, reading(3)])
    found = look(Expected(reading_id=OWN, asks=True))
    assert (found.place, set(found.found)) == (None, {"settings", "meters"})


def test_a_look_that_meets_doubles_or_damages_answers_nothing(migrated: Database[Any], look: Look) -> None:
    before = [reading(0), reading(1, date=DATES[0])]
    migrated["energies"].insert_many([*before, reading(3), reading(4, amount="x")])
    at = START + 2 * DAY
    found = look(Expected(POWER, at, asks=True))
    assert (found.taken(POWER, at), found.nearest(POWER, at, "before")) == (None, None)
    assert found.nearest(POWER, at, "after") is None


def test_of_another_persons_reading_nothing_is_known(migrated: Database[Any], look: Look) -> None:
    migrated["energies"].insert_many([reading(2, userId="berta"), reading(1), reading(3)])
    found = look(Expected(reading_id=OWN, asks=True))
    assert (found.place, found.reading(OWN)) == (None, None)


def test_what_another_side_says_is_not_believed(migrated: Database[Any], look: Look) -> None:
    migrated["energies"].insert_many([*map(reading, (0, 1))])
    found = look(Expected(POWER, START + DAY, asks=True), Side.OLD, SyncMode.NEW_ONLY)
    assert found == Prefetched({"settings": [SETTINGS], "meters": METERS[1:]})


def test_whoever_expects_nothing_knows_nothing(look: Look) -> None:
    assert look(None) == NOTHING


def test_the_fence_is_met_on_the_way(migrated: Database[Any], look: Look) -> None:
    fence = {"_id": fence_id("anna"), "opensAt": SINCE, "erasedAt": None}
    migrated["control"].insert_one(fence | {"_id": fence_id("berta")})
    look(Expected(POWER, START))
    migrated["control"].insert_one(fence)
    with pytest.raises(AccountErasedError, match=r"being erased; .* not before 2023-02-01T00:00:00Z") as refused:
        look(Expected(POWER, START))
    assert refused.value.opens_at == 1_675_209_600_000
    migrated["control"].update_one({"_id": fence["_id"]}, {"$set": {"erasedAt": SINCE}})
    with pytest.raises(AccountErasedError, match="was erased; it can be used again from 2023-02-01T00:00:00Z on"):
        look(Expected(POWER, START))


@pytest.mark.parametrize("expected", [None, Expected(POWER, START)])
def test_a_mode_that_is_older_than_its_history_is_lost(
    migrated: Database[Any], look: Look, expected: Expected | None
) -> None:
    change = {"mode": "dual_write", "reason": "r", "by": "olga", "catchingUp": None}
    history = [{**change, "at": SINCE.replace(day=2)}, {**change, "at": SINCE.replace(day=1)}]
    migrated["control"].replace_one(
        {"_id": "sync_mode_changes"}, {"_id": "sync_mode_changes", "changes": history}, upsert=True
    )
    look(expected)
    migrated["control"].update_one({"_id": "sync_mode_changes"}, {"$push": {"changes": history[0]}})
    with pytest.raises(LostModeError, match="older than the last change"):
        look(expected)


@pytest.mark.parametrize("changes", [None, "x", 5])
def test_a_history_that_cannot_be_read_says_nothing(migrated: Database[Any], look: Look, changes: Any) -> None:
    migrated["control"].replace_one(
        {"_id": "sync_mode_changes"}, {"_id": "sync_mode_changes", "changes": changes}, upsert=True
    )
    assert look(Expected(POWER, START)).place == (POWER, START)
