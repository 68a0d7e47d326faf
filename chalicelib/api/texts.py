"""Texts of a request that cannot be stored or sent: JSON can write half a surrogate pair, UTF-8 cannot."""

from collections.abc import Iterator
from typing import Any

from chalicelib.domain.errors import FieldError, InvalidInputError


def check_texts(value: Any) -> None:
    """Raise InvalidInputError where a text of a JSON value is not whole; the members of an object are named."""
    members = value.items() if isinstance(value, dict) else [("body", value)]
    errors = tuple(
        FieldError(name, "half a surrogate pair: send whole characters")
        for name, member in members
        if not all(map(is_whole, _texts([name, member])))
    )
    if errors:
        raise InvalidInputError(f"{errors[0].where}: {errors[0].reason}", errors)


def is_whole(text: str) -> bool:
    """Whether a text holds no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


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
