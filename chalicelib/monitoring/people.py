"""Whose ids a function's output must not say: everybody's whom the present call is about.

What logs takes care by itself to name nobody; this is for what nobody foresees, such as the text of an error that a
driver has made of a whole document.
"""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from typing_extensions import override

from chalicelib.domain.people import written_forms

MOST = 200  # people of a call; a job that walks through all of them logs what it has seen last
LONG = 6  # characters: what is shorter is hidden as a word of its own
SOMEBODY = "[user]"  # where no pseudonyms are known
INPUTS = re.compile(r"input_value=.*?(?=, input_type=)", re.DOTALL)  # pydantic quotes what it was given, or parts of it

_people: ContextVar[tuple[str, ...]] = ContextVar("people", default=())
_pseudonym: list[Callable[[str], str]] = [lambda _: SOMEBODY]


def begin_call() -> None:
    """A call begins that is about nobody yet."""
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
    """Let log lines say the ids as they are for as long as the block runs: an operator's shell shows whose it is."""
    before, _pseudonym[0] = _pseudonym[0], str
    try:
        yield
    finally:
        _pseudonym[0] = before


def hidden(text: str) -> str:
    """A text without the ids of the people whom the call is about, and without the inputs that pydantic quotes."""
    text = INPUTS.sub("input_value=[...]", text)
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
    """The same for every text in what is logged; what is no JSON becomes its text."""
    if isinstance(value, dict):
        return {hidden_in(name): hidden_in(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [hidden_in(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return hidden(str(value))


def presentable(error: Exception) -> Exception:
    """The error itself, or one of the same name that says its text without the ids: Lambda prints it, and keeps it."""
    text = str(error)
    if (said := hidden(text)) == text:
        return error
    kind: type[Exception] = type(type(error).__name__, (Exception,), {})
    return kind(said).with_traceback(error.__traceback__)


class Hiding(logging.Filter):
    """For the handlers of other people's loggers."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without the ids."""
        record.msg, record.args = hidden(record.getMessage()), None
        if record.exc_info:
            record.exc_text = hidden(logging.Formatter().formatException(record.exc_info))
        return True


def hide_in(handlers: list[logging.Handler]) -> None:
    """Let handlers say no ids."""
    for handler in handlers:
        handler.addFilter(Hiding())
