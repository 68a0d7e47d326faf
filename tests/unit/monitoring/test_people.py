"""What a function prints says nobody's id, whatever form a text has it in, and stays readable as JSON."""

import json
import logging
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from chalicelib.monitoring import people
from chalicelib.monitoring.logger import logged_to, logger
from chalicelib.monitoring.people import SOMEBODY, begin_call, concerning, hidden, hide_in, named_by, presentable

MARKED = "auth0|marked-7f3a91"
STRANGE = "ma\"rk'ed\\用户"


@pytest.fixture(autouse=True)
def _a_call_of_its_own() -> Iterator[None]:
    begin_call()
    yield
    begin_call()
    named_by(lambda _: SOMEBODY)


def logged(message: str, **options: Any) -> dict[str, Any]:
    """The line that a message makes."""
    with logged_to(stream := StringIO()):
        logger().error(message, **options)
    line: dict[str, Any] = json.loads(stream.getvalue())
    return line


def raised(error: Exception) -> Exception:
    """An error that was raised, with another one behind it."""
    try:
        try:
            raise KeyError(f"full error: {{'keyValue': {{'userId': {MARKED!r}}}}}")
        except KeyError as cause:
            raise error from cause
    except Exception as done:  # noqa: BLE001 it is looked at
        return done


@pytest.mark.parametrize("user_id", [MARKED, STRANGE, "person-1"])
def test_a_line_says_the_id_nowhere_tracebacks_included(user_id: str) -> None:
    concerning(user_id)
    extra = {
        "meter": f"{user_id}|power",
        "users": (user_id, {user_id}),
        "by_user": {user_id: Decimal(1)},
        "text": json.dumps({"userId": user_id}),
        "error": ValueError(user_id),
    }
    error = raised(RuntimeError(f"no such user: {user_id!r} (as JSON: {json.dumps(json.dumps(user_id))})"))
    line = logged(f"what happened to {user_id}", extra=extra, exc_info=error)
    said = json.dumps(line, ensure_ascii=False)
    assert line["message"] == f"what happened to {SOMEBODY}"
    assert line["meter"] == f"{SOMEBODY}|power"
    for form in (user_id, json.dumps(user_id)[1:-1], repr(user_id)[1:-1]):
        assert form not in said
    assert "RuntimeError: no such user" in line["exception"]


def test_numbers_stay_numbers_and_what_is_no_json_becomes_text() -> None:
    concerning("7")
    line = logged("7 of 7", extra={"count": 7, "is_it": True, "share": 0.7, "amount": Decimal("1.50"), "none": None})
    assert (line["count"], line["is_it"], line["share"], line["amount"]) == (7, True, 0.7, "1.50")
    assert line["message"] == f"{SOMEBODY} of {SOMEBODY}"


@pytest.mark.parametrize("user_id", ["e", "error", "message", "level", "energy", "1"])
def test_an_id_that_is_a_common_word_leaves_the_line_readable(user_id: str) -> None:
    concerning(user_id)
    line = logged(f"cheese of {user_id}, 11 errors", extra={"error": f"{user_id!r}|gas"})
    assert (line["level"], line["message"]) == ("ERROR", f"cheese of {SOMEBODY}, 11 errors")
    assert line["error"] == f"'{SOMEBODY}'|gas"
    assert line["service"] == "energy-monitor"


def test_a_pseudonym_stands_in_its_place_where_there_are_any() -> None:
    concerning(MARKED, "another-person")
    named_by(lambda user_id: f"<{len(user_id)}>")
    assert hidden(f"{MARKED} and another-person") == f"<{len(MARKED)}> and <14>"


def test_of_two_ids_the_longer_one_is_hidden_whole() -> None:
    concerning("auth0|marked", MARKED)
    assert hidden(f"{MARKED} {'auth0|marked'}") == f"{SOMEBODY} {SOMEBODY}"


def test_the_next_call_is_about_somebody_else() -> None:
    concerning(MARKED)
    begin_call()
    concerning("", "another")
    assert hidden(f"{MARKED}, another") == f"{MARKED}, {SOMEBODY}"


def test_two_calls_at_once_know_their_own_people_only() -> None:
    def other_call() -> None:
        concerning("another")
        seen.append(hidden(f"{MARKED}, another"))

    concerning(MARKED)
    seen: list[str] = []
    thread = Thread(target=other_call)
    thread.start()
    thread.join()
    assert seen == [f"{MARKED}, {SOMEBODY}"]
    assert hidden(f"{MARKED}, another") == f"{SOMEBODY}, another"


def test_a_job_that_walks_through_everybody_knows_those_whom_it_has_seen_last() -> None:
    ids = [f"person-{number:04}" for number in range(people.MOST + 50)]
    concerning(*ids)
    assert hidden(ids[0]) == ids[0]
    assert {hidden(user_id) for user_id in ids[50:]} == {SOMEBODY}


class Meter(BaseModel):
    """What pydantic refuses, quoting the beginning and the end of what it was given."""

    type: int


def test_pydantic_quotes_no_inputs_not_even_a_part_of_an_id() -> None:
    with pytest.raises(ValidationError) as caught:
        Meter.model_validate({"userId": "x" * 30 + MARKED, "more": ["long"] * 20})
    assert "input_value={" in str(caught.value)
    line = logged("refused", exc_info=caught.value)
    assert "xxx" not in json.dumps(line)
    assert "type\n  Field required [type=missing, input_value=[...], input_type=dict]" in line["exception"]


@given(st.text(min_size=people.LONG, max_size=20).filter(str.isprintable), st.text(max_size=20))
def test_no_text_says_an_id_in_any_form(user_id: str, around: str) -> None:
    begin_call()
    concerning(user_id)
    for form in (user_id, repr(user_id)[1:-1], repr(user_id.encode())[2:-1], json.dumps(user_id)[1:-1]):
        assert form not in hidden(f"{around}{form}|power{around}").replace(SOMEBODY, "\0")


def test_an_error_that_names_somebody_is_raised_under_its_name_without_them() -> None:
    concerning(MARKED)
    error = raised(ConnectionError(f"the meter {MARKED}|gas is gone"))
    clean = presentable(error)
    assert (type(clean).__name__, str(clean)) == ("ConnectionError", f"the meter {SOMEBODY}|gas is gone")
    assert clean.__traceback__ is error.__traceback__
    assert (clean.__cause__, clean.__context__) == (None, None)


def test_an_error_that_names_nobody_stays_itself() -> None:
    concerning(MARKED)
    error = ConnectionError("gone")
    assert presentable(error) is error


def test_lines_of_libraries_say_no_id_either() -> None:
    concerning(MARKED)
    handler = logging.StreamHandler(stream := StringIO())
    handler.setFormatter(logging.Formatter("%(name)s %(message)s"))
    hide_in([handler])
    library = logging.Logger("library")
    library.addHandler(handler)
    library.warning("retrying %s after %r", f"/users/{MARKED}", {"id": MARKED}, exc_info=raised(OSError(MARKED)))
    said = stream.getvalue()
    assert f"library retrying /users/{SOMEBODY} after {{'id': '{SOMEBODY}'}}" in said
    assert "OSError" in said
    assert MARKED not in said
