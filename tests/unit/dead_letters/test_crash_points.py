"""A redrive that dies before or after any of its calls to SQS and Lambda loses no letter, and can be repeated."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.dead_letters.operated import DeadLetterQueue
from tests.fakes.dead_letters import Killed, Place, record

LETTERS = 3


class Steps:
    """Counts the calls of a command and ends it before or after one of them; the dead call nobody."""

    def __init__(self, last: float) -> None:
        self._last = last  # n: before call n; n + 0.5: after it
        self.calls: list[str] = []
        self.receipts: list[str] = []

    def make(self, name: str, call: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        here = len(self.calls)
        self._die_at(here)
        self.calls.append(name)
        answer = call(**arguments)
        if name == "receive_message":
            self.receipts += [message["ReceiptHandle"] for message in answer.get("Messages", [])]
        self._die_at(here + 0.5)
        return answer

    def _die_at(self, here: float) -> None:
        if here >= self._last:
            raise Killed


class Client:
    """A client whose calls are counted."""

    def __init__(self, client: Any, steps: Steps) -> None:
        self._client = client
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        return lambda **arguments: self._steps.make(name, getattr(self._client, name), arguments)


def redrive(place: Place, last: float = float("inf")) -> Steps:
    """Redrive all letters, up to a step; then the time is up for which they were hidden."""
    steps = Steps(last)
    sqs, functions = Client(place.sqs, steps), Client(place.functions, steps)
    queue = DeadLetterQueue(lambda: sqs, lambda: functions, place.url, wait_seconds=0)
    with suppress(Killed), queue.held() as letters:
        queue.redrive(letters)
    for receipt in steps.receipts:
        with suppress(ClientError):  # deleted
            place.sqs.change_message_visibility(QueueUrl=place.url, ReceiptHandle=receipt, VisibilityTimeout=0)
    return steps


def called(place: Place) -> set[str]:
    """The events that functions were called with since it was asked last."""
    found = {event["id"] for _, _, event in place.functions.called}
    place.functions.called.clear()
    return found


def test_wherever_a_redrive_dies_no_letter_is_lost_and_the_next_one_does_the_rest(place: Place) -> None:
    everybody = {f"event-{number}" for number in range(LETTERS)}
    for number in range(LETTERS):
        place.send(record(number))
    calls = redrive(place).calls
    assert called(place) == everybody
    points = [step / 2 for step in range(2 * len(calls))]
    for point in points:
        for number in range(LETTERS):
            place.send(record(number))
        redrive(place, point)
        before = called(place)
        with place.queue.held() as letters:
            left = {letter.event["id"] for letter in letters}
        assert before | left == everybody, f"lost at {point} of {calls}"
        redrive(place)
        assert called(place) == left
        assert place.ids() == set()
    print(f"redrive: {len(points)} crash points")  # noqa: T201 the number is part of the evidence
