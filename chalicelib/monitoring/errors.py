"""Errors in logs without their texts: the kind, the code, the place and the causes are logged, never the message.

Drivers and pydantic put documents, amounts and files into their texts, and no search finds all of that again. A text is
logged only where the code has it as a constant: then it says nothing of anybody.
"""

import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice, pairwise
from pathlib import Path
from traceback import walk_tb
from types import CodeType

from pydantic import ValidationError
from typing_extensions import override

OURS = "chalicelib"
CAUSES = 4  # of a chain
MISSING = "missing"
WORD = re.compile(r"[A-Za-z][A-Za-z.]{0,80}")


def what_of(error: BaseException) -> str:
    """The error and what it came from, in one line."""
    return ", from ".join(_told(each) for each in islice(_chain(error), CAUSES))


def presentable(error: Exception) -> Exception:
    """The error itself where its text may be logged, or one of its name that says what may be logged of it.

    Lambda prints what a function raises, and keeps it with the event.
    """
    return error if _text(error) else _retold(error)


class TellingNothing(logging.Filter):
    """A filter for our own logger: the exception of a record keeps its frames and loses its text."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        if record.exc_info and record.exc_info[1] is not None:
            shown = _with_causes(record.exc_info[1])
            record.exc_info = (type(shown), shown, shown.__traceback__)
        return True


class TellingNoValues(TellingNothing):
    """A filter for libraries' loggers too: of their messages only the template, if any, and the place stay."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        template = record.msg if record.args and isinstance(record.msg, str) else "(left out)"
        record.msg, record.args, record.exc_text = f"{template} [{record.module}:{record.lineno}]", None, None
        return super().filter(record)


def hush(handlers: Sequence[logging.Handler]) -> None:
    """Let handlers say nothing of anybody, for every logger."""
    for handler in handlers:
        handler.addFilter(TellingNoValues())


def _told(error: BaseException) -> str:
    return " ".join((_name(error), _details(error))).strip()


def _details(error: BaseException) -> str:
    try:
        text = _text(error)
        return " ".join(filter(None, (text and f"({text})", _code(error), _place(error))))
    except Exception:  # noqa: BLE001 an error that cannot say what it is must not take the log line away
        return ""


def _name(error: BaseException) -> str:
    return type(error).__name__


def _text(error: BaseException) -> str:
    """What the error says, where the function that raised it has that as a constant; else nothing."""
    codes = [frame.f_code for frame, _ in walk_tb(error.__traceback__)]
    with suppress(Exception):
        said = str(error)
        return said if codes and said in codes[-1].co_consts else ""
    return ""


def _code(error: BaseException) -> str:
    """The number or word that a driver, a service of AWS or pydantic has for what went wrong."""
    if isinstance(error, ValidationError):
        return _kinds(error)
    answer = getattr(error, "response", None)  # of botocore
    if isinstance(answer, dict):
        code = str(answer.get("Error", {}).get("Code"))
        return f"code {code}" if WORD.fullmatch(code) else ""
    if isinstance(details := getattr(error, "details", None), dict) and "writeErrors" in details:  # of pymongo
        return f"codes {sorted({each.get('code', 0) for each in details['writeErrors']})}"
    for name in ("code", "errno"):
        if isinstance(number := getattr(error, name, None), int):
            return f"{name} {number}"
    return ""


def _kinds(error: ValidationError) -> str:
    """How often what is wrong; a field that is missing is named by the model, not by who sent it."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    kinds = Counter(f"{MISSING} {each['loc'][-1]}" if each["type"] == MISSING else each["type"] for each in found)
    return ", ".join(f"{times} x {kind}" for kind, times in kinds.items())


def _place(error: BaseException) -> str:
    """The innermost line of ours that the error came through, else the innermost of all. Reads no file for it."""
    found = [(frame.f_code, line) for frame, line in walk_tb(error.__traceback__)]
    if not found:
        return ""
    code, line = next((each for each in reversed(found) if _is_ours(each[0])), found[-1])
    return f"at {_file(code)}:{line} {code.co_name}"


def _is_ours(code: CodeType) -> bool:
    return f"/{OURS}/" in code.co_filename


def _file(code: CodeType) -> str:
    if _is_ours(code):
        return OURS + code.co_filename.partition(f"/{OURS}")[2]
    return "/".join(Path(code.co_filename).parts[-2:])


def _chain(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    seen: set[int] = set()
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)


def _with_causes(error: BaseException) -> BaseException:
    """The error and what it came from, retold."""
    retold = [_retold(each, alone=True) for each in islice(_chain(error), CAUSES)]
    for shown, cause in pairwise(retold):
        shown.__cause__ = cause
    return retold[0]


def _retold(error: BaseException, *, alone: bool = False) -> Exception:
    """An error of the same name and frames."""
    kind: type[Exception] = type(_name(error), (Exception,), {"__module__": type(error).__module__})
    text = _details(error) if alone else what_of(error).removeprefix(_name(error)).strip()
    return kind(text).with_traceback(error.__traceback__)
