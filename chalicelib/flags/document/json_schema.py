"""The JSON Schema of the flag document, as AppConfig checks it by (draft 4), and the document that a stage starts with.

Both are put into ``infra/appconfig.yaml`` when it is deployed.
"""

from typing import Any

from pydantic.json_schema import models_json_schema

from chalicelib.flags.document.feature_models import shape_of
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.flag_document import FlagDocument
from chalicelib.flags.document.names import FLAGS

REFERENCE = "#/definitions/{model}"
DRAFT_4 = "http://json-schema.org/draft-04/schema#"
FOR_READERS = ("title", "description", "default")
# The same for ever: another one would deploy the first document again, in place of what operators have set.
CREATED_AT = 1_767_225_600_000  # 2026-01-01


def document_schema() -> dict[str, Any]:
    """The schema: every flag is there, in its form; what other names say is not looked at."""
    shapes = [shape_of(flag) for flag in FLAGS]
    references, found = models_json_schema([(shape, "serialization") for shape in shapes], ref_template=REFERENCE)
    flags = {flag: references[shape_of(flag), "serialization"] for flag in FLAGS}
    return {
        "$schema": DRAFT_4,
        "type": "object",
        "properties": flags,
        "required": list(FLAGS),
        "definitions": {name: _draft_4(schema) for name, schema in found["$defs"].items()},
    }


def first_document() -> FlagDocument:
    """Every flag off."""
    return FlagDocument({name: Flag(name, CREATED_AT, CREATED_AT) for name in FLAGS})


def _draft_4(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema in the words of draft 4: one value is an enumeration of one, and what may be left out is never null."""
    if "const" in schema:
        return {"enum": [schema["const"]]}
    kept = {name: value for name, value in schema.items() if name not in FOR_READERS}
    if properties := kept.pop("properties", None):
        required = [name for name in kept.pop("required") if not _may_be_left_out(properties[name])]
        kept["properties"] = {name: _draft_4(_chosen(value)) for name, value in properties.items()}
        kept |= {"required": required} if required else {}
    if "items" in schema:
        kept["items"] = _draft_4(schema["items"])
    return kept


def _chosen(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of the value if it is not null."""
    chosen: dict[str, Any] = schema["anyOf"][0] if _may_be_left_out(schema) else schema
    return chosen


def _may_be_left_out(schema: dict[str, Any]) -> bool:
    return {"type": "null"} in schema.get("anyOf", ())
