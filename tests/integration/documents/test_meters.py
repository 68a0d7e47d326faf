"""The document of a meter: what a write makes of it, field by field, and what makes it begin again."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.meters.configuration import Exchange, MeterConfiguration
from chalicelib.domain.ports.values import MeterState
from chalicelib.domain.readings import EnergyType, MeterExchange
from chalicelib.repositories.meters import MongoMeterRepository, configuration_of, state_of

POWER, GAS = EnergyType.POWER, EnergyType.GAS
DAY = 86_400_000
START = 1_672_531_200_000
NOW, AT = 1_700_000_000_001, datetime(2023, 11, 14, 22, 13, 20, 1_000, UTC)
FIRST, SECOND = datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 1, 2, tzinfo=UTC)
THIRD = datetime(2023, 1, 3, tzinfo=UTC)
CLEAN = {"_id": "anna|power", "userId": "anna", "type": "power", "sourceVersion": 3, "displayVersion": 3}
DIRTY = CLEAN | {"displayVersion": 2, "dirtyFrom": SECOND, "dirtyTo": SECOND, "dirtySince": FIRST}


def meters(database: Database[Any], *known: dict[str, Any]) -> MongoMeterRepository:
    return MongoMeterRepository(database, "anna", None, known, NOW)


def only(database: Database[Any]) -> dict[str, Any]:
    [found] = database["meters"].find()
    return dict(found)


def test_the_first_write_makes_a_meter(migrated: Database[Any]) -> None:
    assert meters(migrated).mark_changed(POWER, START, START + DAY, NOW) == 1
    assert only(migrated) == CLEAN | {
        "sourceVersion": 1,
        "displayVersion": 0,
        "dirtyFrom": FIRST,
        "dirtyTo": SECOND,
        "dirtySince": AT,
    }


@pytest.mark.parametrize("is_known", [True, False])
def test_a_write_to_a_clean_meter_makes_it_dirty_since_then(migrated: Database[Any], is_known: bool) -> None:
    migrated["meters"].insert_one(CLEAN)
    repository = meters(migrated, *([CLEAN] if is_known else []))
    assert repository.mark_changed(POWER, START, START + DAY, NOW) == 4
    changed = CLEAN | {"sourceVersion": 4, "dirtyFrom": FIRST, "dirtyTo": SECOND, "dirtySince": AT}
    assert only(migrated) == changed
    assert repository.document(POWER) == changed
    assert repository.mark_changed(POWER, START + 2 * DAY, START + 2 * DAY, NOW + 1) == 5
    assert only(migrated) == changed | {"sourceVersion": 5, "dirtyTo": THIRD}


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize(
    ("first", "last", "dirty_from", "dirty_to"),
    [(0, 2, FIRST, THIRD), (1, 1, SECOND, SECOND), (0, 0, FIRST, SECOND), (2, 2, SECOND, THIRD)],
)
def test_a_write_to_a_dirty_meter_widens_its_range(
    migrated: Database[Any], is_known: bool, first: int, last: int, dirty_from: datetime, dirty_to: datetime
) -> None:
    migrated["meters"].insert_one(DIRTY)
    repository = meters(migrated, *([DIRTY] if is_known else []))
    assert repository.mark_changed(POWER, START + first * DAY, START + last * DAY, NOW) == 4
    changed = DIRTY | {"sourceVersion": 4, "dirtyFrom": dirty_from, "dirtyTo": dirty_to}
    assert only(migrated) == changed
    assert repository.document(POWER) == changed


@pytest.mark.parametrize("is_known", [True, False])
def test_no_meter_is_dirty_from_ahead_of_the_clock_of_the_database(migrated: Database[Any], is_known: bool) -> None:
    migrated["meters"].insert_one(CLEAN)
    ahead = 4_000_000_000_000
    meters(migrated, *([CLEAN] if is_known else [])).mark_changed(POWER, START, START, ahead)
    assert only(migrated)["dirtySince"] < datetime(2090, 1, 1, tzinfo=UTC)


def test_a_meter_that_changed_meanwhile_is_no_longer_known(migrated: Database[Any]) -> None:
    migrated["meters"].insert_one(DIRTY | {"sourceVersion": 4})
    with pytest.raises(UnavailableError, match="changed within a transaction; try again"):
        meters(migrated, DIRTY).mark_changed(POWER, START, START, NOW)


@pytest.mark.parametrize(
    "said",
    [
        {"userId": "berta"},
        {"type": "gas"},
        {"_id": "anna|gas"},
        {"sourceVersion": "x"},
        {"packing": {"version": 1}},
        {"_id": "berta|power", "userId": "berta"},
    ],
)
def test_a_meter_that_is_not_plain_is_looked_at_again(migrated: Database[Any], said: dict[str, Any]) -> None:
    migrated["meters"].insert_one(CLEAN | {"sourceVersion": 7, "displayVersion": 7})
    assert meters(migrated, CLEAN | said).mark_changed(POWER, START, START, NOW) == 8


@pytest.mark.parametrize(
    "damage",
    [
        {"sourceVersion": "x"},
        {"sourceVersion": -1},
        {"sourceVersion": 1.5},
        {"displayVersion": None},
        {"displayVersion": 4},
        {"dirtyFrom": "x"},
        {"dirtyFrom": FIRST, "dirtyTo": SECOND, "dirtySince": FIRST},
        {"displayVersion": 2},
        {"displayVersion": 2, "dirtyFrom": SECOND, "dirtyTo": FIRST, "dirtySince": FIRST},
        {"displayVersion": 2, "dirtyFrom": FIRST, "dirtyTo": SECOND, "dirtySince": 5},
    ],
)
def test_a_damaged_meter_begins_again_above_every_version(migrated: Database[Any], damage: dict[str, Any]) -> None:
    migrated["meters"].insert_one(CLEAN | {"series": {"version": 3}, "packing": {}, **damage})
    before = datetime.now(UTC)
    version = meters(migrated).mark_changed(POWER, START, START, NOW)
    found = only(migrated)
    assert version == found["sourceVersion"] >= int(before.timestamp() * 1000) - 60_000
    assert {name: found[name] for name in ("type", "displayVersion", "userId")} == {
        "type": "power",
        "displayVersion": 0,
        "userId": "anna",
    }
    assert found["dirtyFrom"] < FIRST < found["dirtyTo"]
    assert {"series", "packing"}.isdisjoint(found)
    since = damage.get("dirtySince")
    if isinstance(since, datetime):
        assert found["dirtySince"] == since
    else:
        assert abs(found["dirtySince"] - before) < timedelta(seconds=60)


@pytest.mark.parametrize(
    ("field", "ahead"), [("sourceVersion", 8_000_000_000_000), ("displayVersion", 8_000_000_000_000)]
)
def test_one_that_begins_again_is_above_a_version_that_lies_ahead(
    migrated: Database[Any], field: str, ahead: int
) -> None:
    migrated["meters"].insert_one(CLEAN | {"sourceVersion": 1, "displayVersion": 1, field: ahead, "dirtySince": "x"})
    assert meters(migrated).mark_changed(POWER, START, START, NOW) == ahead + 1


LEFT: list[tuple[str, dict[str, Any], bool]] = [
    ("display_energy_data", {"_id": "anna|power|summary|1", "userId": "anna", "type": "power"}, True),
    ("meter_series", {"_id": "anna|power|2023", "userId": "anna", "type": "power", "year": 2023}, True),
    ("source_energy_readings", {"userId": "anna", "type": "power", "date": FIRST, "createdAt": FIRST}, True),
    ("source_energy_readings", {"userId": "anna", "type": "power", "date": FIRST, "createdAt": AT}, False),
    ("source_energy_readings", {"userId": "anna", "type": "gas", "date": FIRST, "createdAt": FIRST}, False),
    ("source_energy_readings", {"userId": "berta", "type": "power", "date": FIRST, "createdAt": FIRST}, False),
    ("energies", {"userId": "anna", "type": "power", "date": FIRST, "createdAt": FIRST}, False),
    ("display_energy_data", {"_id": "anna|gas|summary|1", "userId": "anna", "type": "gas"}, False),
]


@pytest.mark.parametrize(("name", "document", "again"), LEFT)
def test_a_meter_that_is_gone_begins_again_where_something_is_left_of_it(
    migrated: Database[Any], name: str, document: dict[str, Any], again: bool
) -> None:
    migrated[name].insert_one(document)
    version = meters(migrated).mark_changed(POWER, START, START, NOW)
    assert (version > 1_000_000) is again


def test_a_configuration_is_these_fields(migrated: Database[Any]) -> None:
    migrated["meters"].insert_one(CLEAN)
    exchange = Exchange("x1", POWER, MeterExchange(START, Decimal("900.5"), Decimal(3)), 4)
    repository = meters(migrated)
    repository.configure(POWER, MeterConfiguration(Decimal(100_000), (exchange,), True))
    item = {"id": "x1", "date": FIRST, "finalOld": Decimal("900.5"), "initialNew": Decimal(3), "revision": 4}
    assert only(migrated) == CLEAN | {"modulus": Decimal(100_000), "runsBackwards": True, "exchanges": [item]}
    assert repository.configuration(POWER) == MeterConfiguration(Decimal(100_000), (exchange,), True)
    assert repository.configuration(GAS) == MeterConfiguration()
    assert repository.types() == [POWER]
    repository.configure(POWER, MeterConfiguration())
    assert only(migrated) == CLEAN | {"modulus": None, "runsBackwards": False, "exchanges": []}


@pytest.mark.parametrize("revision", [None, "x", -1, 1.5])
def test_an_exchange_without_a_readable_revision_is_at_its_first(revision: Any) -> None:
    item = {"id": "x1", "date": FIRST, "finalOld": 900.5, "initialNew": 3, "revision": revision}
    found = configuration_of(CLEAN | {"exchanges": [item]}, POWER)
    assert found.exchanges == (Exchange("x1", POWER, MeterExchange(START, Decimal("900.5"), Decimal(3)), 1),)
    assert configuration_of({"exchanges": [{**item, "revision": 6}]}, POWER).exchanges[0].revision == 6


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ({"exchanges": [{"id": "x"}]}, "exchanges"),
        ({"exchanges": ["x"]}, "exchanges"),
        ({"exchanges": 5}, "exchanges"),
        ({"exchanges": [{"id": "x", "date": "x", "finalOld": 1, "initialNew": 1}]}, "exchanges"),
        ({"exchanges": [{"id": "x", "date": FIRST, "finalOld": "x", "initialNew": 1}]}, "exchanges"),
        ({"modulus": 5}, "modulus"),
        ({"runsBackwards": None}, "runsBackwards"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_no_configuration(damage: dict[str, Any], named: str) -> None:
    with pytest.raises(UnavailableError, match=rf"^the {named} of this meter cannot be read.*anna\|power"):
        configuration_of(CLEAN | damage, POWER)


def test_the_state_of_a_meter() -> None:
    assert state_of(None) == MeterState()
    assert state_of({**CLEAN, "displayVersion": 4}) == MeterState(damaged=True)
    first = {**DIRTY, "series": {"version": 2, "calculation": 5}}
    assert state_of(first) == MeterState(3, 2, START, calculation_version=5)
    assert state_of(CLEAN) == MeterState(3, 3, None, calculation_version=1)
