"""The JSON schemas of the events: ``python -m tests.unit.domain.events.event_schemas`` writes them."""

import json
from pathlib import Path
from typing import Any

from chalicelib.domain.events.contracts import EnergyEvent

FOLDER = Path(__file__).parents[4] / "chalicelib" / "events" / "schemas"


def kinds(model: type[EnergyEvent] = EnergyEvent) -> list[type[EnergyEvent]]:
    """The events that are published, the leaves of the tree, by name."""
    children = model.__subclasses__()
    leaves = [leaf for child in children for leaf in kinds(child)] if children else [model]
    return sorted(leaves, key=lambda leaf: leaf.__name__)


def schema(model: type[EnergyEvent]) -> dict[str, Any]:
    """The schema of an event's detail: what it always has is required."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return dialect | model.model_json_schema(by_alias=True, mode="serialization")


def generated() -> dict[str, str]:
    """What each file should hold, by its name."""
    return {f"{model.__name__}.json": json.dumps(schema(model), indent=2) + "\n" for model in kinds()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for stale in FOLDER.glob("*.json"):
        stale.unlink()
    for name, text in generated().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
