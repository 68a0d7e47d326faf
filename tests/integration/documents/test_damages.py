"""Which value of which field of a meter's documents is a damage: every field, and what it must be."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.domain.meters.walks import Finding
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.damages import damages

POWER, DATE = EnergyType.POWER, datetime(2023, 1, 1, tzinfo=UTC)
GOOD: Mapping[str, Mapping[str, Any]] = {
    "meters": {
        "_id": "anna|power",
        "userId": "anna",
        "type": "power",
        "sourceVersion": 1,
        "displayVersion": 1,
        "dirtySince": DATE,
        "dirtyFrom": DATE,
        "dirtyTo": DATE,
        "exchanges": [],
        "series": {},
        "packing": {},
        "compared": {},
        "sweep": {},
    },
    "display_energy_data": {
        "_id": "anna|power|summary",
        "userId": "anna",
        "type": "power",
        "dataType": "summary",
        "data": {},
        "sourceVersion": 1,
        "calculationVersion": 1,
        "calculatedAt": DATE,
        "text": "{}",
        "seal": b"s",
    },
    "meter_series": {
        "_id": "anna|power|2023",
        "userId": "anna",
        "type": "power",
        "year": 2023,
        "instants": b"i",
        "amounts": b"a",
        "decimals": 3,
        "falls": [],
    },
    "user_settings": {"_id": "anna", "userId": "anna", "zone": "UTC"},
}
MUST = {
    "meters": "userId a string, type a string, sourceVersion a whole number, displayVersion a whole number, "
    "dirtySince a date, dirtyFrom a date, dirtyTo a date, exchanges an array, series an object, packing an object, "
    "compared an object, sweep an object",
    "display_energy_data": "userId a string, type a string, dataType a string, data an object, "
    "sourceVersion a whole number, calculationVersion a whole number, calculatedAt a date, text a string, "
    "seal binary data",
    "meter_series": "userId a string, type a string, year a whole number, instants binary data, amounts binary data, "
    "decimals a whole number, falls an array",
    "user_settings": "zone a string",
}
MAY_BE_MISSING = {
    "meters": {"dirtySince", "dirtyFrom", "dirtyTo", "exchanges", "series", "packing", "compared", "sweep"},
    "display_energy_data": {"text", "seal"},
    "meter_series": set(),
    "user_settings": {"zone"},
}
FIELDS = [(name, *field.split(" ", 1)) for name, fields in MUST.items() for field in fields.split(", ")]


def test_sound_documents_have_none(migrated: Database[Any]) -> None:
    for name, document in GOOD.items():
        migrated[name].insert_one({**document})
        migrated[name].insert_one({**document, "_id": f"x{document['_id']}", "userId": 5})
    assert damages(migrated, ("anna", POWER)) == []


@pytest.mark.parametrize(("name", "field", "kind"), FIELDS)
def test_a_field_of_another_kind_is_one(migrated: Database[Any], name: str, field: str, kind: str) -> None:
    migrated[name].insert_one({**GOOD[name], field: 1.5})
    finding = Finding("anna", POWER, name, GOOD[name]["_id"], f"{field} is 1.5, not {kind}")
    assert damages(migrated, ("anna", POWER)) == [finding]


@pytest.mark.parametrize(("name", "field", "kind"), FIELDS)
def test_a_field_that_is_not_there_is_one_where_it_must_be(
    migrated: Database[Any], name: str, field: str, kind: str
) -> None:
    migrated[name].insert_one({key: value for key, value in GOOD[name].items() if key != field})
    found = [finding.problem for finding in damages(migrated, ("anna", POWER))]
    assert found == ([] if field in MAY_BE_MISSING[name] else [f"{field} is null, not {kind}"])


@pytest.mark.parametrize("name", ["meters", "display_energy_data", "meter_series"])
def test_a_type_other_than_that_of_the_id_is_one(migrated: Database[Any], name: str) -> None:
    migrated[name].insert_one({**GOOD[name], "type": "gas"})
    [finding] = damages(migrated, ("anna", POWER))
    assert finding.problem == "type is another than in the id, power"


def test_documents_of_other_meters_are_not_looked_at(migrated: Database[Any]) -> None:
    for key in ("anna|gas", "anna|powers", "ann|power", "anna|power}x"):
        for name in ("meters", "display_energy_data", "meter_series"):
            migrated[name].insert_one({"_id": f"{key}|1" if name != "meters" else key, "userId": key})
    for name in ("display_energy_data", "meter_series"):
        migrated[name].insert_many([{"_id": key, "userId": key, "year": key} for key in ("anna|power", "anna|power}")])
    assert damages(migrated, ("anna", POWER)) == []
