"""The copies of the OpenAPI documents: ``python -m tests.functional.openapi.openapi_copy`` writes them."""

import json
from collections.abc import Callable
from pathlib import Path

from chalicelib.api.components import openapi as components
from chalicelib.api.openapi.schemas import Members
from chalicelib.api.ops import openapi as ops
from chalicelib.api.v1 import openapi as v1
from chalicelib.api.v2 import openapi as v2

FOLDER = Path(__file__).parent
COPIES: dict[Path, Callable[[], Members]] = {
    FOLDER / "openapi.json": v2.document,
    FOLDER / "openapi_v1.json": v1.document,
    FOLDER / "openapi_components.json": components.document,
    FOLDER / "openapi_ops.json": ops.document,
}


def generated(document: Members) -> str:
    """A document as its copy should read."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for copy, document in COPIES.items():
        copy.write_text(generated(document()), encoding="utf-8")
