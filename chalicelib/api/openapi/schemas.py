"""JSON Schemas of OpenAPI documents: generated from the models of operations; the problem, which has no model."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core.core_schema import DecimalSchema

from chalicelib.api.errors import ACCOUNT_ERASED
from chalicelib.api.operation import Operation
from chalicelib.domain.plausibility.words import CODES

Members = dict[str, Any]
TEMPLATE = "#/components/schemas/{model}"
PLACE = {"where": {"type": "string"}, "reason": {"type": "string"}}
COUNT: Members = {
    "type": "object",
    "additionalProperties": False,
    "required": ["amount", "date"],
    "properties": {"amount": {"type": "number"}, "date": {"type": "string", "format": "date-time"}},
}
NULL: Members = {"type": "null"}
# What is asked back: the counts that hardly fit each other, what is usual, what was probably meant.
DETAILS: Members = {
    "given": COUNT,
    "previous": {"anyOf": [COUNT, NULL]},
    "next": {"anyOf": [COUNT, NULL]},
    "usualPerDay": {"type": "number"},
    "suggestion": {
        "anyOf": [
            {
                "description": "The amount with a digit more than what was typed (added), or one less.",
                "type": "object",
                "additionalProperties": False,
                "required": ["amount", "digit", "added"],
                "properties": {
                    "amount": {"type": "number"},
                    "digit": {"type": "string", "pattern": "^[0-9]$"},
                    "added": {"type": "boolean"},
                },
            },
            NULL,
        ]
    },
    "exchangeWithoutTime": {
        "description": "An exchange of that day which was given as a date: give it a time.",
        "anyOf": [COUNT["properties"]["date"], NULL],
    },
}
PROBLEM: Members = {
    "description": (
        "What went wrong (RFC 9457); errors names the first 100 places, errorCount counts them all. With a code: what "
        "hardly fits and is written all the same if it is sent again with confirm: true; with ACCOUNT_ERASED: when the "
        "account, which was erased, can be used again."
    ),
    "type": "object",
    "additionalProperties": False,
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        **{name: {"type": "string"} for name in ("type", "title", "detail", "instance")},
        "status": {"type": "integer"},
        "code": {"enum": [*CODES, ACCOUNT_ERASED]},
        "opensAt": {"type": "string", "format": "date-time"},
        "details": {"type": "object", "additionalProperties": False, "required": [*DETAILS], "properties": DETAILS},
        "errors": {
            "type": "array",
            "maxItems": 100,
            "items": {"type": "object", "additionalProperties": False, "required": list(PLACE), "properties": PLACE},
        },
        "errorCount": {"type": "integer", "minimum": 1},
    },
}


def reference(name: str) -> Members:
    """A reference to a schema of the document."""
    return {"$ref": TEMPLATE.format(model=name)}


def schemas_of(operations: Sequence[Operation]) -> dict[str, Members]:
    """The schemas of all models by name: bodies and queries by what is sent, answers by what is shown."""
    sent: JsonSchemaMode = "validation"
    shown: JsonSchemaMode = "serialization"
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = []
    for operation in operations:
        models += [(model, sent) for model in (operation.query, operation.body) if model]
        models += [(model, shown) for model in operation.answers]
    names, found = models_json_schema(models, ref_template=TEMPLATE, schema_generator=_JsonSchema)
    assert all(names[key] == reference(key[0].__name__) for key in names), "a model is two"  # noqa: S101
    schemas: dict[str, Members] = found["$defs"]
    return schemas


class _JsonSchema(GenerateJsonSchema):
    """Amounts are JSON numbers."""

    def decimal_schema(self, schema: DecimalSchema) -> JsonSchemaValue:  # noqa: ARG002
        return {"type": "number"}
