"""Base models and field types of bodies, shared by all versions. Each version declares bodies of its own."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StrictBool, WithJsonSchema
from pydantic.alias_generators import to_camel

from chalicelib.domain.errors import FieldError, InvalidInputError
from chalicelib.domain.plausibility.limits import plain_amount
from chalicelib.domain.readings import is_whole


def _number(value: Any) -> Any:
    """A JSON number without useless zeros: no text that looks like one, no truth value."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("send a JSON number")
    return plain_amount(Decimal(value))


def _digits(value: Any) -> Any:
    """A whole number of a query string: digits and nothing else."""
    if isinstance(value, str) and not (value.isascii() and value.isdecimal() and len(value) < QUERY_DIGITS):
        raise ValueError("send a whole number")
    return value


def _truth(value: Any) -> Any:
    """A truth value of a query string: spelled as in JSON, because pydantic takes yes, on and 1 as well."""
    if isinstance(value, str) and value not in ("true", "false"):
        raise ValueError("send true or false")
    return value


QUERY_DIGITS = 10
# A JSON number; Python keeps every digit of it.
Number = Annotated[Decimal, BeforeValidator(_number), WithJsonSchema({"type": "number"})]
AMOUNT = "what the register shows: a new meter shows 0"
Amount = Annotated[
    Decimal, BeforeValidator(_number), WithJsonSchema({"type": "number", "minimum": 0, "description": AMOUNT})
]
DIGITS = BeforeValidator(_digits)  # behind the bounds of a number, or they are lost to the schema
TRUTH = BeforeValidator(_truth)
CONSISTENT = "true: with every write that was answered before; calculated on the spot while the stored view lags"
CONFIRM = "true: store it though it hardly fits what is stored around it"
Confirm = Annotated[StrictBool, Field(description=CONFIRM)]
DATE = "a date (local midnight), or a date-time, which is local where it has no offset"
LAST_DATE = "the last local day, which is included as a whole, or the last date-time"
DateText = Annotated[str, Field(min_length=1, max_length=40, description=DATE)]
Moment = Annotated[
    datetime, PlainSerializer(lambda moment: moment), WithJsonSchema({"type": "string", "format": "date-time"})
]


class Body(BaseModel):
    """What a caller sends or gets, in camelCase; members that nobody knows are refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        defer_build=True,  # most are used by few requests, or by the OpenAPI document alone
    )

    def as_json(self) -> dict[str, Any]:
        """The members as the caller sees them."""
        return self.model_dump(by_alias=True)


def check_texts(value: Any) -> None:
    """Raise InvalidInputError for half a surrogate pair, which JSON can write and UTF-8 cannot; it names the member."""
    members = value.items() if isinstance(value, dict) else [("body", value)]
    errors = tuple(
        FieldError(name, "half a surrogate pair: send whole characters")
        for name, member in members
        if not all(map(is_whole, _texts([name, member])))
    )
    if errors:
        raise InvalidInputError(f"{errors[0].where}: {errors[0].reason}", errors)


def _texts(value: Any) -> Iterator[str]:
    """Every text in it, names too, however deep it lies."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                yield text
            case list() as items:
                waiting += items
            case dict() as members:
                waiting += [*members, *members.values()]
