"""Of an error the kind, the code, the place and the causes are logged, never its text, unless that is a constant."""

import json
import logging
import traceback
from collections.abc import Callable
from io import StringIO
from typing import Annotated, Any, ClassVar

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter
from pymongo.errors import BulkWriteError, DocumentTooLarge, DuplicateKeyError, WriteError

from chalicelib.domain.errors import FieldError, InvalidInputError, UnavailableError
from chalicelib.monitoring.errors import hush, presentable, what_of
from chalicelib.monitoring.logger import logged_to, logger

MARKED = "marked-7f3a91"
DOCUMENT = {"userId": MARKED, "amount": MARKED}


class Reading(BaseModel):
    """What pydantic refuses, quoting the beginning and the end of what it was given."""

    type: int
    more: Annotated[str, Field(max_length=3)]


def refused() -> None:
    Reading.model_validate({"userId": MARKED, "more": MARKED})


def keyed() -> None:
    TypeAdapter(dict[str, int]).validate_python({MARKED: MARKED})


def raising(error: Exception) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


def caught(work: Callable[[], Any]) -> Exception:
    """The error of a piece of work, with another one behind it."""
    try:
        try:
            raise KeyError(f"full error: {DOCUMENT}")
        except KeyError:
            work()
    except Exception as error:  # noqa: BLE001 it is looked at
        return error
    raise AssertionError("nothing was raised")


def logged(error: Exception) -> dict[str, Any]:
    """The line that an error makes."""
    with logged_to(stream := StringIO()):
        logger().error("it broke", exc_info=error)
    line: dict[str, Any] = json.loads(stream.getvalue())
    return line


ERRORS = {
    "pydantic": (refused, "ValidationError 1 x missing type, 1 x string_too_long at"),
    "a key": (keyed, "ValidationError 1 x int_parsing at"),
    "a duplicate": (raising(DuplicateKeyError(f"dup key: {DOCUMENT}", 11000, DOCUMENT)), "code 11000 at"),
    "a write": (raising(WriteError(f"failed: {DOCUMENT}", 121, DOCUMENT)), "WriteError code 121 at"),
    "many writes": (
        raising(BulkWriteError({"writeErrors": [{"code": 121, "op": DOCUMENT}]})),
        "BulkWriteError codes [121] at",
    ),
    "a large document": (raising(DocumentTooLarge(f"too large: {DOCUMENT}")), "DocumentTooLarge at"),
    "a file": (raising(FileNotFoundError(2, MARKED, MARKED)), "FileNotFoundError errno 2 at"),
    "characters": (lambda: MARKED.encode("utf-16").decode(), "UnicodeDecodeError at"),
    "no number": (lambda: int(MARKED), "ValueError at"),
    "no JSON": (lambda: json.loads(f'{{"a": {MARKED}'), "JSONDecodeError at"),
    "AWS": (
        raising(ClientError({"Error": {"Code": "AccessDenied", "Message": MARKED}}, "PutEvents")),
        "ClientError code AccessDenied at",
    ),
    "AWS says strange things": (raising(ClientError({"Error": {"Code": f"{MARKED} 1"}}, MARKED)), "ClientError at"),
    "ours": (raising(InvalidInputError(MARKED, (FieldError(MARKED, MARKED),))), "InvalidInputError at"),
    "with a note": (raising(ExceptionGroup(MARKED, [ValueError(MARKED)])), "ExceptionGroup at"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_no_output_says_what_an_error_says(name: str) -> None:
    work, told = ERRORS[name]
    error = caught(work)
    error.add_note(MARKED)
    assert MARKED in "".join(traceback.format_exception(error)), "the test would prove nothing"
    line, raised = logged(error), presentable(error)
    for text in (
        what_of(error),
        json.dumps(line),
        str(raised),
        repr(raised),
        "".join(traceback.format_exception(raised)),
    ):
        assert MARKED not in text
    assert told in what_of(error)


def test_what_an_error_came_from_is_told_with_it() -> None:
    def fail() -> None:
        raise UnavailableError(MARKED) from ValueError(MARKED)

    assert ", from KeyError at " in what_of(caught(raising(RuntimeError(MARKED))))
    assert what_of(caught(fail)).endswith(" fail, from ValueError")


def test_a_line_has_the_frames_of_the_error_and_of_what_it_came_from() -> None:
    line = logged(caught(raising(RuntimeError(MARKED))))
    assert line["exception_name"] == "RuntimeError"
    assert line["exception"].count("Traceback (most recent call last)") == 2
    assert 'raise KeyError(f"full error: {DOCUMENT}")' in line["exception"], "the code, not what it made"
    assert [frame["function"] for frame in line["stack_trace"]["frames"]] == ["caught", "work"]


def test_a_text_that_stands_in_the_code_is_told() -> None:
    def fail() -> None:
        raise UnavailableError("the database did not answer in time")

    error = caught(fail)
    assert "UnavailableError (the database did not answer in time) at" in what_of(error)
    assert "the database did not answer in time" in logged(error)["exception"]
    assert presentable(error) is error


@given(st.text(min_size=1))
def test_a_text_that_does_not_is_never(text: str) -> None:
    def fail() -> None:
        raise UnavailableError(f"{text}.")

    error = caught(fail)
    assert presentable(error) is not error
    assert what_of(error).startswith("UnavailableError at ")
    assert str(presentable(error)).startswith("at ")


def test_what_lambda_is_told_has_the_name_of_the_error_and_where_it_was_raised() -> None:
    error = caught(refused)
    told = presentable(error)
    assert type(told).__name__ == "ValidationError"
    assert told.__traceback__ is error.__traceback__
    assert (told.__cause__, told.__context__) == (None, None)


def test_the_place_is_the_innermost_line_of_ours() -> None:
    with pytest.raises(UnavailableError) as seen:
        _of_ours()
    assert "at chalicelib/auth.py:" in what_of(seen.value)


def _of_ours() -> None:
    from chalicelib.auth import KeyStore

    def nowhere() -> Any:
        raise OSError(MARKED)

    KeyStore(nowhere).key("any")


def test_an_error_that_goes_round_in_a_circle_is_told_too() -> None:
    error = caught(refused)
    error.__cause__ = KeyError(MARKED)
    error.__cause__.__cause__ = error
    assert MARKED not in json.dumps(logged(error))
    error.__cause__ = error
    assert what_of(error).count("ValidationError") == 1


def test_an_error_that_breaks_when_it_is_looked_at_is_told_by_its_name() -> None:
    class StrangeError(Exception):
        details: ClassVar = {"writeErrors": [None]}

        def __str__(self) -> str:
            raise RuntimeError(MARKED)

    def fail() -> None:
        raise StrangeError(MARKED)

    with pytest.raises(StrangeError) as raised:
        fail()
    line = logged(raised.value)
    assert what_of(raised.value) == "StrangeError"
    assert (type(presentable(raised.value)).__name__, str(presentable(raised.value))) == ("StrangeError", "")
    assert line["exception_name"] == "StrangeError"
    assert MARKED not in json.dumps(line)


def test_an_error_that_was_never_raised_is_told_by_its_name() -> None:
    assert what_of(ValueError(MARKED)) == "ValueError"


@pytest.mark.parametrize(
    ("message", "arguments", "told"),
    [
        ("retrying %s after %r", (MARKED, DOCUMENT), "retrying %s after %r [test_errors:"),
        (f"retrying {MARKED}", (), "(left out) [test_errors:"),
        ({MARKED: MARKED}, (), "(left out) [test_errors:"),
    ],
)
def test_of_what_libraries_log_the_template_and_the_place_stay(message: Any, arguments: Any, told: str) -> None:
    handler = logging.StreamHandler(stream := StringIO())
    handler.setFormatter(logging.Formatter("%(name)s %(message)s"))
    hush([handler])
    library = logging.Logger("library")
    library.addHandler(handler)
    library.warning(message, *arguments, exc_info=caught(refused))
    said = stream.getvalue()
    assert f"library {told}" in said
    assert "ValidationError: 1 x missing type" in said
    assert MARKED not in said
