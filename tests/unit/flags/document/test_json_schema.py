"""What AppConfig checks a document by, before anybody decides by it: in the words of draft 4, and in full."""

from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest

from chalicelib.flags.document.feature_codec import feature_of
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.json_schema import document_schema, first_document

TABLE = "energy_table_new_backend"
NAMES = [
    "new_backend_enabled",
    "dashboard_new_backend",
    TABLE,
    "timeline_slider_new_backend",
    "monthly_charts_new_backend",
    "csv_import_new_backend",
    "energy_forms_new_backend",
]
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$"}


def closed(properties: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """An object with these members and no others."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "additionalProperties": False, "properties": properties} | (
        {"required": required} if required else {}
    )


def one(name: str) -> dict[str, Any]:
    """A list of one of these."""
    return {"type": "array", "minItems": 1, "maxItems": 1, "items": ref(name)}


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/definitions/{name}"}


def rule(answer: bool, condition: str, **more: Any) -> dict[str, Any]:
    return closed({"when_match": {"enum": [answer]}, "conditions": one(condition), **more})


def component(flag: str) -> dict[str, Any]:
    members = {
        "default": {"enum": [False]},
        "createdAt": MOMENT,
        "updatedAt": MOMENT,
        "salt": {"enum": [flag]},
        "componentScope": {"enum": [flag.removesuffix("_new_backend")]},
        "retired": {"enum": [True]},
        "rules": ref("Rules"),
    }
    return closed(members, ("retired", "rules"))


RULES = {
    "off": ref("OffRule"),
    "blocked": ref("BlockedRule"),
    "testUsers": ref("TestUsersRule"),
    "exact": ref("ExactRule"),
    "percentage": ref("PercentageRule"),
}
DEFINITIONS = {
    "GlobalFeature": closed(
        {"default": {"type": "boolean"}, "createdAt": MOMENT, "updatedAt": MOMENT, "componentScope": {"type": "null"}}
    ),
    **{flag: component(flag) for flag in NAMES[1:]},
    "Rules": closed(RULES, (*RULES,)),
    "OffRule": rule(False, "Buckets"),
    "BlockedRule": rule(False, "Users"),
    "TestUsersRule": rule(True, "Users"),
    "ExactRule": rule(
        True,
        "Users",
        percent={"type": "number", "minimum": 0.001, "maximum": 100},
    ),
    "PercentageRule": rule(True, "Buckets"),
    "Buckets": closed({"action": {"enum": ["MODULO_RANGE"]}, "key": {"enum": ["bucket"]}, "value": ref("Range")}),
    "Users": closed(
        {
            "action": {"enum": ["IN"]},
            "key": {"enum": ["user_id"]},
            "value": {
                "type": "array",
                "minItems": 1,
                "maxItems": 1000,
                "items": {"type": "string", "minLength": 1, "maxLength": 256},
            },
        }
    ),
    "Range": closed(
        {
            "BASE": {"type": "integer", "minimum": 100_000, "maximum": 100_000},
            "START": {"type": "integer", "minimum": 0, "maximum": 0},
            "END": {"type": "integer", "minimum": 0, "maximum": 99_999},
        }
    ),
}


def test_the_schema_is_this_one() -> None:
    schema = document_schema()
    assert schema.pop("definitions") == DEFINITIONS
    assert schema == {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "object",
        "properties": {"new_backend_enabled": ref("GlobalFeature"), **{flag: ref(flag) for flag in NAMES[1:]}},
        "required": NAMES,
    }


@pytest.mark.parametrize(
    ("percent", "passes"), [(0, False), (0.0009, False), (0.001, True), (1, True), (100, True), (101, False)]
)
def test_a_percentage_of_written_down_people_that_is_none_is_not_deployed(percent: float, passes: bool) -> None:
    feature = feature_of(Flag(TABLE, 0, 0, True, Decimal(50), exact_user_ids=("alice",)))
    feature["rules"]["exact"]["percent"] = percent
    table = {"$schema": "http://json-schema.org/draft-04/schema#", "definitions": DEFINITIONS, **ref(TABLE)}
    assert jsonschema_rs.Draft4Validator(table).is_valid(feature) is passes


def test_a_stage_begins_with_every_flag_off_as_of_the_same_day_for_ever() -> None:
    flags = first_document().flags
    assert list(flags) == NAMES
    assert set(flags.values()) == {Flag(name, 1_767_225_600_000, 1_767_225_600_000) for name in NAMES}
