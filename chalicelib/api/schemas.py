"""JSON Schemas of OpenAPI documents: generated from the models of operations; the problem, which has no model."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core.core_schema import DecimalSchema

from chalicelib.api.operation import Operation

Members = dict[str, Any]
TEMPLATE = "#/components/schemas/{model}"
PLACE = {"where": {"type": "string"}, "reason": {"type": "string"}}
PROBLEM: Members = {
    "description": "What went wrong (RFC 9457); errors names the first 100 places, errorCount counts them all.",
    "type": "object",
    "additionalProperties": False,
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        **{name: {"type": "string"} for name in ("type", "title", "detail", "instance")},
        "status": {"type": "integer"},
        "code": {"enum": ["LOWER_THAN_PREVIOUS", "HIGHER_THAN_NEXT"]},
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
    """The schemas of all models by name: bodies and queries as they are sent, answers as they are shown."""
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
