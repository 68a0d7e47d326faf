"""An operation: one method of one path, declared at its function and described by an OpenAPI document."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, NotRequired, TypedDict

from chalice import Response
from pydantic import BaseModel

from chalicelib.api.upload import CSV, JSON

Conditional = Literal["If-Match", "If-None-Match"]
Function = Callable[..., Response]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    ``file``: it takes a CSV file. ``csv``: it answers one as well as JSON. ``refusals``: the problems beyond those that
    its inputs bring with them. ``goes_on``: it may answer 202 with the same body while something is left to do.
    """

    method: str
    path: str
    view: Function
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    file: bool = False
    json_too: bool = False
    status: HTTPStatus = HTTPStatus.OK
    goes_on: bool = False
    answers: tuple[type[BaseModel], ...] = ()
    csv: bool = False
    conditional: Conditional | None = None
    headers: tuple[str, ...] = ()
    refusals: tuple[HTTPStatus, ...] = ()

    @property
    def file_types(self) -> tuple[str, ...]:
        """The content types that its file may have; a form may bring it too."""
        return (*CSV, JSON) if self.json_too else CSV


class Promises(TypedDict):
    """What a declaration says of an operation's answers; its inputs are the function's annotations.

    ``json_too``: its file may be the JSON of an export as well as CSV.
    """

    json_too: NotRequired[bool]

    status: NotRequired[HTTPStatus]
    goes_on: NotRequired[bool]
    answers: NotRequired[tuple[type[BaseModel], ...]]
    csv: NotRequired[bool]
    conditional: NotRequired[Conditional]
    headers: NotRequired[tuple[str, ...]]
    refusals: NotRequired[tuple[HTTPStatus, ...]]


def inputs_of(function: Function, query: type[BaseModel] | None) -> dict[str, Any]:
    """The inputs that a function names: ``query`` and ``body`` are models, ``file`` is an uploaded file."""
    named = inspect.get_annotations(function)
    return {"query": named.get("query", query), "body": named.get("body"), "file": "file" in named}
