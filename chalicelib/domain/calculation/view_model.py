"""The base of every model that is stored as display data and shown: frozen, camelCase outside."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class ViewModel(BaseModel):
    """A calculated result. ``as_document`` is its stored shape; ``model_validate`` reads it back."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, defer_build=True
    )

    def as_document(self) -> dict[str, Any]:
        """Plain dicts and lists with camelCase keys; amounts stay Decimal, instants aware datetimes."""
        return self.model_dump(by_alias=True)
