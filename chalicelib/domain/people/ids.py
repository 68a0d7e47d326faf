"""How a person's id looks in JSON and in text, and how it is taken out. Pure; the places that keep it are elsewhere."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any

from chalicelib.domain.readings import EnergyType

ERASED = "erased"  # who did something, when it was that person
LEFT_OUT = "[erased]"  # in the middle of a text
OWNER_NAMES = ("userId", "user_id")

_BEFORE, _AFTER = r"(?:\A|[\"'])", r"(?:\Z|[\"'\\])"  # a backslash: the quotation mark in JSON that is text itself
_TYPES = "|".join(EnergyType)
_QUOTED = re.compile(r"(?=([\"'])((?:(?!\1).)+?)\\?\1)", re.DOTALL)  # from each quotation mark to the next
_OWNERS = re.compile(rf"(?<![^\s(\[=:,\"'])[^\s(\[=:,\"']+(?=\|(?:{_TYPES})\b)")
_TYPED = re.compile(rf"\|(?:{_TYPES})\b")


@lru_cache(maxsize=512)
def written_forms(user_id: str) -> tuple[str, ...]:
    """An id as texts have it: plain, in Python's ``repr`` (of bytes too), in JSON, and in JSON that is text in JSON.

    The longest comes first: one may lie in another.
    """
    forms = {user_id, repr(user_id)[1:-1], repr(user_id.encode(errors="surrogatepass"))[2:-1]}
    for _ in range(2):
        forms |= {json.dumps(form, ensure_ascii=is_ascii)[1:-1] for form in forms for is_ascii in (True, False)}
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def names(value: Any, user_id: str) -> bool:
    """Whether a JSON value says this id: as a string, in quotation marks in a text, or as the owner of a meter.

    A longer id that begins or ends with this one is somebody else's.
    """
    said = _said(user_id)
    return any(said.search(text) for text in _texts(value))


def said_in(value: Any) -> Iterator[str]:
    """Every text in a JSON value that may be an id, as ``names`` would find it; for who knows ids by a digest alone."""
    for text in _texts(value):
        for part in (text, *(found[2] for found in _QUOTED.finditer(text)), *_OWNERS.findall(text)):
            yield part
            yield _TYPED.split(part)[0]
            with suppress(ValueError):
                yield str(json.loads(f'"{part}"'))


def people_of(value: Any) -> set[str]:
    """Whom a JSON value says it is about: every ``userId`` at any depth, and the owners of meters in texts."""
    found = {owner for text in _texts(value) for owner in _OWNERS.findall(text)}
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            found |= {text for name in OWNER_NAMES if name in each for text in _texts(each[name])}
        waiting += each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
    return found


def without_entries(value: Any, user_id: str) -> Any:
    """A JSON value whose lists lack the id; where it is a value by itself, it becomes ``ERASED``."""
    if isinstance(value, list):
        return [without_entries(item, user_id) for item in value if item != user_id]
    if isinstance(value, dict):
        return {name: without_entries(item, user_id) for name, item in value.items()}
    return ERASED if value == user_id else value


def left_out(text: str, user_id: str) -> str:
    """A text that says ``LEFT_OUT`` in place of the id; not within a longer word."""
    return ERASED if text == user_id else _word(user_id).sub(LEFT_OUT, text)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)


@lru_cache(maxsize=8)
def _said(user_id: str) -> re.Pattern[str]:
    own = f"(?:{_any_form(user_id)})"
    return re.compile(rf"{_BEFORE}{own}{_AFTER}|(?:{_BEFORE}|[\s(\[=:,]){own}\|(?:{_TYPES})(?:\b|\|)")


@lru_cache(maxsize=8)
def _word(user_id: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_any_form(user_id)})(?!\w)")


def _any_form(user_id: str) -> str:
    return "|".join(map(re.escape, written_forms(user_id)))
