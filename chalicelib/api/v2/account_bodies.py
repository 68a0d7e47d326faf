"""Bodies about an account: the request for its end, the receipt, and a part of its export."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from chalicelib.api.bodies import Body, Moment
from chalicelib.domain.people.account import Erasure
from chalicelib.domain.readings import to_datetime

SURE = "confirm=erase says that everything is to be erased for good; first take it along: GET /v2/account/export"


def _sure(value: Any) -> Any:
    if value != "erase":
        raise ValueError(f"send {SURE}")
    return value


class EraseQuery(Body):
    """That the caller is sure."""

    confirm: Annotated[
        Literal["erase"], BeforeValidator(_sure), Field(default=None, validate_default=True, description=SURE)
    ]


class AccountQuery(Body):
    """Which part of the export."""

    cursor: Annotated[
        str | None, Field(min_length=1, max_length=4_000, description="from the Link header of the part before")
    ] = None


class ReceiptBody(Body):
    """What was erased, by where it was; nothing in it says whose it was.

    ``erasing``: it goes on by itself. Every write of that person is refused until it is done, and until ``opensAt``.
    """

    receipt: str
    state: Literal["erased", "erasing"]
    erased_at: Moment | SkipJsonSchema[None]
    opens_at: Moment
    deleted: dict[str, int]

    @classmethod
    def of(cls, erasure: Erasure) -> Self:
        """How far an erasure has come."""
        return cls(
            receipt=erasure.receipt,
            state="erasing" if erasure.erased_at is None else "erased",
            erased_at=None if erasure.erased_at is None else to_datetime(erasure.erased_at),
            opens_at=to_datetime(erasure.opens_at),
            deleted=dict(erasure.deleted),
        )


class AccountBody(Body):
    """A part of everything that is kept of the caller: the stored documents, by collection.

    Amounts are texts with all their digits. ``flags``, on the first part: those that name the caller.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Sequence[Any]]

    format: Literal["energy-monitor/account"] = "energy-monitor/account"
    version: Literal[1] = 1
    user: str
    exported_at: Moment
