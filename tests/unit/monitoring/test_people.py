"""What a function prints says nobody's id, whatever form a text has it in, and stays readable as JSON."""

import json
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.monitoring import people
from chalicelib.monitoring.logger import logged_to, logger
from chalicelib.monitoring.people import SOMEBODY, begin_call, concerning, hidden, named_by

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


@pytest.mark.parametrize("user_id", [MARKED, STRANGE, "person-1"])
def test_a_line_says_the_id_nowhere(user_id: str) -> None:
    concerning(user_id)
    extra = {
        "meter": f"{user_id}|power",
        "users": (user_id, {user_id}),
        "by_user": {user_id: Decimal(1)},
        "text": json.dumps({"userId": user_id}),
        "error": ValueError(user_id),
        "answer": f"no such user: {user_id!r} (as JSON: {json.dumps(json.dumps(user_id))})",
    }
    line = logged(f"what happened to {user_id}", extra=extra)
    said = json.dumps(line, ensure_ascii=False)
    assert line["message"] == f"what happened to {SOMEBODY}"
    assert line["meter"] == f"{SOMEBODY}|power"
    for form in (user_id, json.dumps(user_id)[1:-1], repr(user_id)[1:-1]):
        assert form not in said


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


@given(st.text(min_size=people.LONG, max_size=20).filter(str.isprintable), st.text(max_size=20))
def test_no_text_says_an_id_in_any_form(user_id: str, around: str) -> None:
    begin_call()
    concerning(user_id)
    for form in (user_id, repr(user_id)[1:-1], repr(user_id.encode())[2:-1], json.dumps(user_id)[1:-1]):
        assert form not in hidden(f"{around}{form}|power{around}").replace(SOMEBODY, "\0")
