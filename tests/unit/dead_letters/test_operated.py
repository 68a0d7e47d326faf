"""The dead-letter queue against moto's SQS (no network): nothing is lost, whatever happens in between."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.dead_letters.letter import DeadLetter
from chalicelib.dead_letters.operated import DeadLetterQueue
from chalicelib.dead_letters.queue import HELD_SECONDS
from chalicelib.domain.errors import NotFoundError
from tests.fakes.dead_letters import ARN, Functions, Killed, Place, record
from tests.fakes.sqs import FakeSqs


class DyingAtDelete:
    """SQS, but the command is killed when it is about to delete."""

    def __init__(self, sqs: Any) -> None:
        self._sqs = sqs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sqs, name)

    def delete_message(self, **_: Any) -> None:
        raise Killed


def letter(body: str) -> DeadLetter:
    return DeadLetter("id", 0, body, "receipt")


def test_a_letter_says_which_function_failed_on_what_and_why(place: Place) -> None:
    sent = place.send(record(7))
    with place.queue.held() as letters:
        (found,) = letters
    assert (found.id, found.function, found.event_type) == (sent, "energy-CreatedHandler-1", "EnergyReadingCreated")
    assert (found.condition, found.error) == ("RetriesExhausted", "ValidationError: 4 validation errors\noccurredAt")
    assert found.event["id"] == "event-7"
    assert found.sent_at > 0


@pytest.mark.parametrize(
    ("detail", "trace"),
    [
        (
            {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
            "4bf92f3577b34da6a3ce929d0e0e4736",
        ),
        ({"traceparent": "anything else"}, ""),
        ({}, ""),
        ("no members", ""),
    ],
)
def test_a_letter_says_of_which_trace_its_event_is(detail: Any, trace: str) -> None:
    said = json.loads(record())
    said["requestPayload"]["detail"] = detail
    assert letter(json.dumps(said)).summary["traceId"] == trace


def undelivered(place: Place) -> str:
    """Send what EventBridge sends of an event that it could not deliver to a function."""
    told = {
        "RULE_ARN": "arn:aws:events:us-east-1:000000000000:rule/energy/created",
        "TARGET_ARN": ARN,
        "ERROR_CODE": "NO_PERMISSIONS",
        "ERROR_MESSAGE": "User is not authorized to perform: lambda:InvokeFunction",
    }
    sent = place.sqs.send_message(
        QueueUrl=place.url,
        MessageBody=json.dumps({"id": "event-8", "detail-type": "EnergyReadingCreated", "detail": {"version": 1}}),
        MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in told.items()},
    )
    return str(sent["MessageId"])


def test_an_event_that_could_not_be_delivered_is_shown_and_sent_again_like_one_that_a_function_failed_on(
    place: Place,
) -> None:
    sent = undelivered(place)
    with place.queue.held() as letters:
        (found,) = letters
        assert (found.id, found.function, found.event_type) == (sent, "energy-CreatedHandler-1", "EnergyReadingCreated")
        assert (found.condition, found.event["id"]) == ("NO_PERMISSIONS", "event-8")
        assert found.error == "NO_PERMISSIONS: User is not authorized to perform: lambda:InvokeFunction"
        assert place.queue.redrive(letters) == {}
    assert place.functions.called == [(ARN, "Event", found.event)]
    assert place.ids() == set()


def test_a_message_that_a_queue_has_given_up_on_is_shown_and_goes_back_to_its_queue() -> None:
    sqs, message = FakeSqs(), {"walk": "rebuild", "id": "a1", "number": 3}
    place = Place(sqs)
    sent = place.send(json.dumps(message))
    sqs.messages[sent].source_arn = "arn:aws:sqs:us-east-1:000000000000:energy-WorkQueue-1"
    with place.queue.held() as letters:
        (found,) = letters
        assert (found.function, found.condition, found.event) == ("energy-WorkQueue-1", "ReceivedTooOften", message)
        assert place.queue.redrive(letters) == {}
    assert place.functions.called == []
    [again] = sqs.messages.values()
    assert (json.loads(again.body), again.source_arn) == (message, None)


def test_all_letters_are_seen_more_than_one_call_brings_and_looking_changes_nothing(place: Place) -> None:
    sent = {place.send(record(number)) for number in range(25)}
    assert place.ids() == sent
    assert place.ids() == sent


class LongQueue:
    """SQS with many letters, and so slow that the first are visible again before the last one was received."""

    def __init__(self, letters: int, seconds_per_call: int) -> None:
        self.calls = 0
        self._now = 0
        self._seconds = seconds_per_call
        self._hidden_until = dict.fromkeys(map(str, range(letters)), 0)

    def receive_message(self, *, MaxNumberOfMessages: int, VisibilityTimeout: int, **_: Any) -> dict[str, Any]:  # noqa: N803 (boto3's names)
        self.calls += 1
        assert self.calls < 1_000, "it never ends"
        self._now += self._seconds
        by_turns = sorted(self._hidden_until, key=lambda key: self._hidden_until[key])
        found = [key for key in by_turns if self._hidden_until[key] <= self._now][:MaxNumberOfMessages]
        self._hidden_until |= dict.fromkeys(found, self._now + VisibilityTimeout)
        message = {"Body": record(), "ReceiptHandle": f"received at {self._now}", "Attributes": {"SentTimestamp": "0"}}
        return {"Messages": [{**message, "MessageId": key} for key in found]}

    def change_message_visibility_batch(self, **_: Any) -> None: ...


def test_a_queue_whose_first_letters_come_back_before_the_last_were_seen_has_an_end() -> None:
    sqs = LongQueue(letters=300, seconds_per_call=HELD_SECONDS // 12)
    with DeadLetterQueue(lambda: sqs, Functions, "url").held() as letters:
        assert len({letter.id for letter in letters}) == len(letters) == 300


def test_whoever_wants_one_letter_takes_no_more_out_once_it_is_found() -> None:
    sqs = LongQueue(letters=300, seconds_per_call=1)
    with DeadLetterQueue(lambda: sqs, Functions, "url").held("7") as letters:
        assert [letter.id for letter in letters] == ["7"]
    assert sqs.calls == 1


def test_nobody_else_sees_a_letter_while_it_is_held(place: Place) -> None:
    place.send(record())
    with place.queue.held() as letters:
        assert len(letters) == 1
        assert place.ids() == set()


def test_a_letter_of_a_command_that_was_killed_comes_back_by_itself(place: Place) -> None:
    place.send(record())
    place.queue._received()
    attributes = place.sqs.get_queue_attributes(QueueUrl=place.url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "1"
    assert HELD_SECONDS <= 120


def test_an_id_that_is_not_there_is_said(place: Place) -> None:
    sent = place.send(record())
    with pytest.raises(NotFoundError, match="no dead letter nonsense"), place.queue.held("nonsense"):
        pass
    assert place.ids() == {sent}


def test_a_redriven_event_goes_to_its_function_as_it_was_and_the_letter_is_gone(place: Place) -> None:
    place.send(record(1))
    with place.queue.held() as letters:
        assert place.queue.redrive(letters) == {}
    assert place.functions.called == [(ARN, "Event", json.loads(record(1))["requestPayload"])]
    assert place.ids() == set()


def test_one_letter_is_redriven_and_the_others_stay(place: Place) -> None:
    wanted, other = place.send(record(1)), place.send(record(2))
    with place.queue.held(wanted) as letters:
        place.queue.redrive(letters)
    assert [event["id"] for _, _, event in place.functions.called] == ["event-1"]
    assert place.ids() == {other}


def test_what_lambda_refuses_stays_and_says_why(place: Place) -> None:
    gone = ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no such function"}}, "Invoke")
    place.functions = Functions(gone)
    sent = {place.send(record(number)) for number in range(2)}
    with place.queue.held() as letters:
        refused = place.queue.redrive(letters)
    assert set(refused) == place.ids() == sent
    assert "no such function" in refused.popitem()[1]


def test_a_redrive_that_is_killed_before_the_delete_loses_nothing_and_may_be_repeated(place: Place) -> None:
    place.send(record(1))
    sqs, place.sqs = place.sqs, DyingAtDelete(place.sqs)
    with pytest.raises(Killed), place.queue.held() as letters:
        place.queue.redrive(letters)
    place.sqs = sqs
    assert len(place.ids()) == 1
    with place.queue.held() as letters:
        place.queue.redrive(letters)
    assert [event["id"] for _, _, event in place.functions.called] == ["event-1", "event-1"]
    assert place.ids() == set()


def test_a_discarded_letter_is_recorded_before_it_goes(place: Place) -> None:
    sent, kept = place.send(record()), list[str]()

    def keep(letter: DeadLetter) -> None:
        kept.append(letter.id)
        attributes = place.sqs.get_queue_attributes(QueueUrl=place.url, AttributeNames=["All"])["Attributes"]
        assert attributes["ApproximateNumberOfMessagesNotVisible"] == "1"

    with place.queue.held(sent) as letters:
        place.queue.discard(letters[0], keep)
    assert kept == [sent]
    assert place.ids() == set()


def test_a_letter_that_cannot_be_recorded_stays(place: Place) -> None:
    sent = place.send(record())

    def fail(_: DeadLetter) -> None:
        raise OSError("no database")

    with pytest.raises(OSError, match="no database"), place.queue.held(sent) as letters:
        place.queue.discard(letters[0], fail)
    assert place.ids() == {sent}


def test_what_is_no_record_of_lambdas_can_be_seen_and_discarded_but_not_redriven(place: Place) -> None:
    sent = place.send("hello")
    with place.queue.held() as letters:
        assert letters[0].message == "hello"
        assert "not a record" in place.queue.redrive(letters)[sent]
    assert place.functions.called == []
    with place.queue.held(sent) as letters:
        place.queue.discard(letters[0], lambda _: None)
    assert place.ids() == set()


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.text() | anything.map(json.dumps), anything, anything)
def test_whatever_a_letter_holds_it_can_be_told_of(body: str, payload: Any, answer: Any) -> None:
    whole = json.loads(record()) | {"requestPayload": payload, "responsePayload": answer}
    for found in (letter(body), letter(json.dumps(whole))):
        assert all(isinstance(text, str) for text in found.summary.values())
    assert letter(json.dumps(whole)).event == payload


@pytest.mark.parametrize("body", ["[" * 100_000, "\ud800", '{"requestPayload": "\\ud800"}', ""])
def test_a_text_that_is_made_to_break_readers_does_not(body: str) -> None:
    assert letter(body).summary["condition"] == "not a record of Lambda's"
