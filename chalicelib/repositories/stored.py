"""Reading documents of ``control``: exactly as they were written, or not at all.

A person or a restore may have put anything there, and what decides about data must not be guessed from it.
"""

from reprlib import repr as brief
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from chalicelib.monitoring.errors import what_of
from chalicelib.monitoring.logger import logger

Lax = Field(strict=False)  # the stored value of an enumeration


class Stored(BaseModel):
    """Base of the models: no field is converted."""

    model_config = ConfigDict(strict=True, frozen=True, alias_generator=to_camel, defer_build=True)


Kind = TypeVar("Kind", bound=Stored)


def readable(kind: type[Kind], document: Any, name: str) -> Kind | None:
    """Read a stored document, None where nobody can read it: a job that would go on from it begins at the start."""
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        logger().warning(f"control.{name} cannot be read and does not count", extra={"reason": what_of(error)})
        return None


def reason_of(error: ValidationError) -> str:
    """Say what is wrong with a document, in a few words, and what was found: for a document that names no people."""
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        return f"{field} is missing"
    return f"{field}: {first['msg']}, found {brief(first['input'])}" if field else first["msg"]
