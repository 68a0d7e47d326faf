"""Keeping ids out of a function's output: the ids of everybody whom the present call is about.

Code that logs takes care to name nobody, and ``errors`` logs no text of an error; this is for what nobody
foresees.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from chalicelib.domain.people.ids import written_forms

MOST = 200  # people of a call; a job that walks through all of them logs what it has seen last
LONG = 6  # characters: what is shorter is hidden as a word of its own
SOMEBODY = "[user]"  # where no pseudonyms are known

_people: ContextVar[tuple[str, ...]] = ContextVar("people", default=())
_pseudonym: list[Callable[[str], str]] = [lambda _: SOMEBODY]


def begin_call() -> None:
    """Begin a call that is about nobody yet."""
    _people.set(())


def concerning(*user_ids: str) -> None:
    """The present call is about these people too: no log line says their ids from now on."""
    known = _people.get()
    if more := tuple(user_id for user_id in dict.fromkeys(user_ids) if user_id and user_id not in known):
        _people.set((*known, *more)[-MOST:])


def named_by(pseudonym: Callable[[str], str]) -> None:
    """Let log lines say a pseudonym in place of an id."""
    _pseudonym[0] = pseudonym


@contextmanager
def people_named() -> Iterator[None]:
    """Let log lines say the ids themselves while the block runs: an operator's shell shows whose it is."""
    before, _pseudonym[0] = _pseudonym[0], str
    try:
        yield
    finally:
        _pseudonym[0] = before


def hidden(text: str) -> str:
    """A text without the ids of the people whom the call is about."""
    for user_id in sorted(_people.get(), key=len, reverse=True):  # one id may lie in another
        for form in written_forms(user_id):
            if form in text:
                text = _replaced(text, form, _pseudonym[0](user_id))
    return text


def _replaced(text: str, form: str, pseudonym: str) -> str:
    """A short id may lie in any word, and then means nobody."""
    if len(form) >= LONG:
        return text.replace(form, pseudonym)
    return re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", lambda _: pseudonym, text)


def hidden_in(value: Any) -> Any:
    """Hide ids in every text of a logged value; what is no JSON becomes its text."""
    if isinstance(value, dict):
        return {hidden_in(name): hidden_in(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [hidden_in(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return hidden(str(value))
