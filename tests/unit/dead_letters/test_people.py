"""A person's dead letters go when the account ends, everybody else's stay; against moto's SQS (no network)."""

import hashlib
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.dead_letters.people import DeadLetters
from chalicelib.dead_letters.queue import LetterQueue
from chalicelib.domain.errors import UnavailableError
from tests.fakes.dead_letters import Place, record

ALICE = "auth0|alice"


def letter(detail: Any, error: str = "it failed") -> str:
    """A record of Lambda's about an event."""
    whole = json.loads(record())
    whole["requestPayload"]["detail"] = detail
    return json.dumps({**whole, "responsePayload": {"errorType": "ValidationError", "errorMessage": error}})


def letters_of(place: Place) -> DeadLetters:
    return DeadLetters(LetterQueue(lambda: place.sqs, place.url, wait_seconds=0))


def in_time() -> float:
    """How many seconds are left."""
    return 60.0


@pytest.mark.parametrize(
    "body",
    [
        letter({"version": 1, "userId": ALICE}),
        letter({"version": 9, "people": [ALICE]}),
        letter({}, f"1 validation error: input_value={ALICE!r}"),
        letter({}, f'dup key: {{ _id: "{ALICE}|power" }}'),
        json.dumps(ALICE),
        f'somebody typed "{ALICE}" here',
    ],
)
def test_letters_that_name_the_person_are_deleted_and_the_others_can_be_seen_at_once(place: Place, body: str) -> None:
    others = {place.send(letter({"userId": user})) for user in ("bob", f"{ALICE}2", "alice")} | {place.send("hello")}
    place.send(body)
    places = letters_of(place)
    assert places.forget(ALICE, in_time) == 1
    assert place.ids() == others
    assert places.forget(ALICE, in_time) == 0


def test_more_letters_than_one_call_brings_are_looked_at(place: Place) -> None:
    kept = {place.send(letter({"userId": f"person-{number}"})) for number in range(25)}
    for _ in range(12):
        place.send(letter({"userId": ALICE}))
    assert letters_of(place).forget(ALICE, in_time) == 12
    assert place.ids() == kept


def test_a_letter_that_somebody_looks_at_keeps_the_erasure_open(place: Place) -> None:
    place.send(letter({"userId": ALICE}))
    with place.queue.held() as held:
        place.send(letter({"userId": ALICE}))
        with pytest.raises(UnavailableError, match="somebody looks at 1 dead letters"):
            letters_of(place).forget(ALICE, in_time)
        assert place.ids() == set(), "the one that could be seen is gone"
    assert held
    assert letters_of(place).forget(ALICE, in_time) == 1


def test_a_run_ends_in_time_puts_everything_back_and_the_next_one_goes_on(place: Place) -> None:
    kept = {place.send(letter({"userId": f"person-{number}"})) for number in range(25)}
    place.send(letter({"userId": ALICE}))
    with pytest.raises(UnavailableError, match="not looked through in time"):
        letters_of(place).forget(ALICE, iter([10.0, 0.0]).__next__)
    assert place.ids() >= kept
    letters_of(place).forget(ALICE, in_time)
    assert place.ids() == kept


@pytest.mark.parametrize("detail", [{"version": 1, "userId": ALICE}, {"meter": f"{ALICE}|power"}])
def test_a_letter_that_comes_late_is_known_by_what_tells_an_id(place: Place, detail: Any) -> None:
    others = {place.send(letter({"userId": user})) for user in ("bob", f"{ALICE}2")} | {place.send("hello")}
    place.send(letter(detail))
    erased = hashlib.sha256(ALICE.encode()).digest()
    assert letters_of(place).forget_late(lambda text: hashlib.sha256(text.encode()).digest() == erased, in_time) == 1
    assert place.ids() == others


def test_a_queue_that_does_not_answer_is_asked_again_later(place: Place) -> None:
    class Away:
        def get_queue_attributes(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "ServiceUnavailable", "Message": "later"}}, "GetQueueAttributes")

    place.sqs = Away()
    with pytest.raises(UnavailableError, match="dead-letter queue did not answer"):
        letters_of(place).forget(ALICE, in_time)
