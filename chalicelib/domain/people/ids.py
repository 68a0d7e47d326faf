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
SOMEBODY = frozenset({"by", "owner", "operator", "user", *OWNER_NAMES})
JSON_BEGINS = ("{", "[", '"')

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

    A longer id that begins or ends with this one is somebody else's. What says whom it is about has words of its own
    besides: a letter about somebody else does not name a person who is called ``power`` or ``userId``.
    """
    said, unfolded = _said(user_id), value if user_id.startswith(JSON_BEGINS) else _unfolded(value)
    found = {text for text in _texts(unfolded) if said.search(text)}
    return bool(found - {user_id}) or (user_id in found and _can_be(user_id, people_of(unfolded)))


def is_about_others(value: Any, user_id: str) -> bool:
    """Whether a JSON value says whom it is about, and that is somebody else, whomever it quotes besides."""
    return not _can_be(user_id, people_of(_unfolded(value)))


def said_in(value: Any) -> Iterator[str]:
    """Every text in a JSON value that may be an id, as ``names`` would find it; for who knows ids by a digest alone."""
    unfolded = _unfolded(value)
    yield from (text for text in _texts(value) if text.startswith(JSON_BEGINS))
    people = people_of(unfolded)
    for text in _texts(unfolded):
        if _can_be(text, people) or _TYPED.search(text):
            yield from _forms_in(text)
        for part in (*(found[2] for found in _QUOTED.finditer(text)), *_OWNERS.findall(text)):
            yield from _forms_in(part)


def _forms_in(part: str) -> Iterator[str]:
    yield part
    yield _TYPED.split(part)[0]
    with suppress(ValueError):
        yield str(json.loads(f'"{part}"'))


def _can_be(text: str, people: set[str]) -> bool:
    """Whether a text can be the id of somebody in a value that is about these people; none: it says of nobody."""
    return not people or text in people


def _unfolded(value: Any, name: str = "") -> Any:
    """A JSON value with what is JSON in its texts as values too; an id stays the text that it is."""
    if isinstance(value, str) and name not in OWNER_NAMES and value.startswith(JSON_BEGINS):
        with suppress(ValueError, RecursionError):
            return _unfolded(json.loads(value))
    if isinstance(value, dict):
        return {member: _unfolded(each, member) for member, each in value.items()}
    return [_unfolded(each, name) for each in value] if isinstance(value, list) else value


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


def without_entries(value: Any, user_id: str, name: str = "") -> Any:
    """A JSON value whose lists lack the id; where it is said who somebody is, it becomes ``ERASED``.

    Any other text that is the same is a word of its own, such as the component that a flag is of.
    """
    if isinstance(value, list):
        return [without_entries(item, user_id, name) for item in value if item != user_id]
    if isinstance(value, dict):
        return {member: without_entries(item, user_id, member) for member, item in value.items()}
    return ERASED if value == user_id and name in SOMEBODY else value


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
