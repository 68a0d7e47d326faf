"""What the bodies of every version are made of. What a body says belongs to its version: v1 is frozen, v2 is not."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

# A JSON number; Python keeps every digit of it.
Amount = Annotated[Decimal, WithJsonSchema({"type": "number"})]
DateText = Annotated[str, Field(min_length=1, max_length=40, description="a date, or a date-time with an offset")]
Moment = Annotated[
    datetime, PlainSerializer(lambda moment: moment), WithJsonSchema({"type": "string", "format": "date-time"})
]


class Body(BaseModel):
    """What a caller sends or gets, in camelCase; members that nobody knows are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    def shown(self) -> dict[str, Any]:
        """The members as the caller sees them."""
        return self.model_dump(by_alias=True)
