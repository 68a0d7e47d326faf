"""The copy of version 2's OpenAPI document in the repository: ``python -m tests.functional.openapi_copy`` writes it."""

import json
from pathlib import Path

from chalicelib.api.v2.openapi import document

COPY = Path(__file__).with_name("openapi.json")


def generated() -> str:
    """The document as the copy should read."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    COPY.write_text(generated(), encoding="utf-8")
