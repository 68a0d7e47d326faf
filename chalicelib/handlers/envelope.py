"""The envelope that EventBridge puts around an event.

Of our own, because Powertools' model of it comes with all its others: a sixteenth of a function's start.
"""

from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, Field

Detail = TypeVar("Detail", bound=BaseModel)


class Envelope(BaseModel):
    """An event as EventBridge delivers it; ``detail`` is what was published."""

    version: str
    id: str
    source: str
    account: str
    time: datetime
    region: str
    resources: list[str]
    detail_type: str = Field(alias="detail-type")
    detail: dict[str, Any]


def detail_of(event: Any, model: type[Detail]) -> Detail:
    """What an event says, as a model. Raises pydantic.ValidationError."""
    return model.model_validate(Envelope.model_validate(event).detail)
