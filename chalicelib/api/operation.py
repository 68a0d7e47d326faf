"""An operation as an OpenAPI document describes it; each interface has a table of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. ``refusals``: the problems beyond those that its inputs bring with them."""

    method: str
    path: str
    view: Callable[..., Any]
    status: HTTPStatus = HTTPStatus.OK
    answers: tuple[type[BaseModel], ...] = ()
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    file: bool = False
    conditional: Literal["If-Match", "If-None-Match"] | None = None
    headers: tuple[str, ...] = ()
    refusals: tuple[HTTPStatus, ...] = ()
