"""JSON as answers have it: amounts as numbers with up to 3 decimals, instants as ISO 8601 in UTC, no white space.

The one way from data to the bytes that a caller gets, at whichever time it is gone: on request, or by a refresh.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any


class JsonText(str):
    """A text that is JSON already."""

    __slots__ = ()


class Waiting(Mapping[str, Any]):
    """A mapping whose members are looked at (``members``) when somebody asks for one."""

    def __init__(self, members: Callable[[], Mapping[str, Any]]) -> None:
        self._look = members

    @cached_property
    def _members(self) -> Mapping[str, Any]:
        return self._look()

    def __getitem__(self, name: str) -> Any:
        return self._members[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)


class WithText(Waiting):
    """One whose JSON is known."""

    def __init__(self, text: JsonText, members: Callable[[], Mapping[str, Any]]) -> None:
        super().__init__(members)
        self.text = text


def json_text(value: Any) -> JsonText:
    """The JSON of a value, or the text that it carries already. Raises TypeError, ValueError: it has no JSON form."""
    if isinstance(value, WithText):
        return value.text
    return value if isinstance(value, JsonText) else JsonText(_encoded(value))


def member(name: str, value: Any) -> JsonText:
    """An object with one member."""
    return JsonText(f"{{{json_text(name)}:{json_text(value)}}}")


def as_one_object(*objects: JsonText) -> JsonText:
    """The members of JSON objects in one, in order; no name may be in two of them."""
    members = [each[1:-1] for each in objects]
    return JsonText(f"{{{','.join(filter(None, members))}}}")


def _plain(value: Any) -> float | str:
    """Amounts have at most 15 significant digits (``plausibility``): a double shows each of them exactly."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return _in_utc(value) if value.tzinfo is UTC else _instant(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _instant(value: datetime) -> str:
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


_in_utc = lru_cache(maxsize=1024)(_instant)  # a timeline says each edge twice, and that is most of writing it
# Kept, because ``json.dumps`` makes an encoder for each value.
_encoded = json.JSONEncoder(default=_plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
