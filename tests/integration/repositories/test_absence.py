"""Known absence: the command that misses a meter knows that it has no readings; where in doubt, it knows nothing."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pymongo.database import Database

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side, SyncMode
from chalicelib.domain.errors import LostModeError
from chalicelib.domain.meters.display_documents import DisplayDocument, DisplayUpdate
from chalicelib.domain.ports.values import MeterSnapshot, MeterState, Shown
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.absence import absence_of
from chalicelib.repositories.control import sync_document
from chalicelib.repositories.display import MongoDisplayDataRepository
from chalicelib.repositories.queries import MongoReadingQueries

POWER, GAS = EnergyType.POWER, EnergyType.GAS
DATE = datetime(2023, 1, 1, tzinfo=UTC)
METER = {"_id": "anna|power", "userId": "anna", "type": "power", "sourceVersion": 1, "displayVersion": 0}
READING = {"userId": "anna", "type": "power", "date": DATE, "amount": Decimal(5)}
BERLIN = "Europe/Berlin"
LOOKS: dict[str, Callable[[MongoDisplayDataRepository], Shown]] = {
    "a view with the zone": lambda display: display.look_up("anna", POWER, "monthly", 2023, zoned=True),
    "a view": lambda display: display.look_up("anna", POWER, "summary"),
    "all summaries": lambda display: display.summaries("anna")[POWER],
}
each_look = pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)


@pytest.fixture
def database(migrated: Database[Any]) -> Database[Any]:
    store_mode(migrated, SyncMode.DUAL_WRITE)
    return migrated


@pytest.fixture
def display(database: Database[Any]) -> MongoDisplayDataRepository:
    return MongoDisplayDataRepository(database, 20)


def store_mode(database: Database[Any], mode: SyncMode, catching_up: Side | None = None) -> None:
    document = sync_document(mode, 1, catching_up)
    database["control"].replace_one({"_id": document["_id"]}, document, upsert=True)


def look_closer(database: Database[Any]) -> MeterSnapshot:
    """What is asked of a meter of which nothing is known, at one snapshot."""
    return MongoReadingQueries(database, 20).snapshot("anna", POWER, Backend.NEW)


def looks_at_readings(database: Database[Any]) -> int:
    """How often the server has gone into an index of the readings for somebody."""
    found = database["source_energy_readings"].aggregate([{"$indexStats": {}}])
    return sum(int(each["accesses"]["ops"]) for each in found)


@each_look
@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
def test_what_is_not_there_is_what_a_snapshot_finds(
    database: Database[Any],
    display: MongoDisplayDataRepository,
    look: Callable[[MongoDisplayDataRepository], Shown],
    zone: str | None,
) -> None:
    database["user_settings"].insert_one({"_id": "berta", "userId": "berta", "zone": "UTC"})
    if zone:
        database["user_settings"].insert_one({"_id": "anna", "userId": "anna", "zone": zone})
    for other in ({"userId": "berta"}, {"type": "gas"}):
        database["source_energy_readings"].insert_one(READING | other)
    document, state, read, nothing = look(display)
    found = look_closer(database)
    assert (document, state, read) == (None, MeterState(), None)
    assert nothing is not None
    assert (nothing.sync, nothing.state, nothing.configuration) == (found.sync, found.state, found.configuration)
    assert (nothing.dirty_from, nothing.dirty_to, nothing.zoned) == (None, None, True)
    assert nothing.settings.zone == found.settings.zone == ZoneInfo(zone or BERLIN)
    assert len(nothing.readings) == 0


@each_look
@pytest.mark.parametrize(
    ("mode", "catching_up", "is_known"),
    [
        (SyncMode.OLD_ONLY, None, False),
        (SyncMode.DUAL_WRITE, Side.OLD, False),
        (SyncMode.DUAL_WRITE, Side.NEW, True),
        (SyncMode.DUAL_WRITE, None, True),
        (SyncMode.NEW_ONLY, None, True),
    ],
)
def test_it_is_known_where_the_new_side_is_complete(
    database: Database[Any],
    display: MongoDisplayDataRepository,
    look: Callable[[MongoDisplayDataRepository], Shown],
    mode: SyncMode,
    catching_up: Side | None,
    is_known: bool,
) -> None:
    store_mode(database, mode, catching_up)
    assert (look(display).nothing is not None) is is_known


@each_look
@pytest.mark.parametrize("damage", [{}, {"date": "yesterday"}, {"amount": "much"}])
def test_of_a_meter_that_was_lost_nothing_is_known(
    database: Database[Any],
    display: MongoDisplayDataRepository,
    look: Callable[[MongoDisplayDataRepository], Shown],
    damage: dict[str, Any],
) -> None:
    database["source_energy_readings"].insert_one(READING | damage)
    assert look(display) == (None, MeterState(), None, None)


@each_look
def test_settings_that_cannot_be_read_are_asked_closer(
    database: Database[Any], display: MongoDisplayDataRepository, look: Callable[[MongoDisplayDataRepository], Shown]
) -> None:
    database["user_settings"].insert_one({"_id": "anna", "userId": "anna", "zone": "Europe/Atlantis"})
    assert look(display) == (None, MeterState(), None, None)


@each_look
def test_in_a_database_that_no_migration_has_seen_nothing_is_known(
    database: Database[Any], display: MongoDisplayDataRepository, look: Callable[[MongoDisplayDataRepository], Shown]
) -> None:
    database["control"].delete_one({"_id": "sync_mode"})
    assert look(display) == (None, MeterState(), None, None)


@each_look
@pytest.mark.parametrize("damage", [{"mode": "banana"}, {"since": None}])
def test_a_mode_that_cannot_be_read_is_asked_closer(
    database: Database[Any],
    display: MongoDisplayDataRepository,
    look: Callable[[MongoDisplayDataRepository], Shown],
    damage: dict[str, Any],
) -> None:
    database["control"].update_one({"_id": "sync_mode"}, {"$set": damage})
    assert look(display) == (None, MeterState(), None, None)
    with pytest.raises(LostModeError, match="cannot be read"):
        look_closer(database)


@each_look
@pytest.mark.parametrize(
    ("changes", "is_lost"),
    [("no list", False), (None, False), (["new_only", "dual_write"], False), (["dual_write", "new_only"], True)],
)
def test_a_mode_from_before_the_last_change_is_asked_closer_because_it_may_have_changed_in_between(
    database: Database[Any],
    display: MongoDisplayDataRepository,
    look: Callable[[MongoDisplayDataRepository], Shown],
    changes: object,
    is_lost: bool,
) -> None:
    if isinstance(changes, list):
        changes = [{"mode": mode, "at": DATE, "reason": "why"} for mode in changes]
    database["control"].replace_one({"_id": "sync_mode_changes"}, {"changes": changes}, upsert=True)
    assert (look(display).nothing is None) is is_lost
    with pytest.raises(LostModeError, match="older than the last change") if is_lost else nullcontext():
        look_closer(database)


@each_look
def test_while_the_meter_is_there_nobody_looks_at_readings(
    database: Database[Any], display: MongoDisplayDataRepository, look: Callable[[MongoDisplayDataRepository], Shown]
) -> None:
    for kind in EnergyType:
        key = {"_id": f"anna|{kind}", "type": kind.value}
        database["meters"].insert_one(METER | key | {"dirtyFrom": DATE, "dirtyTo": DATE, "dirtySince": DATE})
        view = DisplayDocument("summary", None, {"n": 1}, 1, 2, 1)
        assert display.publish("anna", kind, DisplayUpdate(1, [view], range(0), as_of=1))
    before = looks_at_readings(database)
    found = look(display)
    assert (found.state.source_version, found.nothing) == (1, None)
    assert looks_at_readings(database) == before
    database["meters"].delete_one({"_id": "anna|power"})
    assert look(display).nothing is not None
    assert looks_at_readings(database) > before


def test_of_two_meters_one_may_be_missing(database: Database[Any], display: MongoDisplayDataRepository) -> None:
    database["meters"].insert_one(METER | {"dirtyFrom": DATE, "dirtyTo": DATE, "dirtySince": DATE})
    database["source_energy_readings"].insert_one({**READING})
    found = display.summaries("anna")
    assert (found[POWER].state.source_version, found[POWER].nothing) == (1, None)
    assert found[GAS].state == MeterState()
    assert found[GAS].nothing is not None
    database["source_energy_readings"].insert_one(READING | {"type": "gas"})
    assert display.summaries("anna")[GAS] == (None, MeterState(), None, None)


def test_of_many_readings_one_is_looked_at(database: Database[Any]) -> None:
    dates = [datetime(2023, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
    database["source_energy_readings"].insert_many([READING | {"date": date} for date in dates])
    [found] = database["meters"].aggregate([{"$match": {"_id": "anna|power"}}, *absence_of("anna", [POWER])])
    assert [reading["date"] for reading in found["power"]] == dates[:1]
