"""The dead-letter queue: what functions failed on for good, as Lambda wrote it down.

SQS cannot be browsed: to look at messages is to take them out for a while and put them back. Until a message is deleted
it comes back by itself, so a command that is killed loses nothing; what it did may then be done twice, which does no
harm: events may be doubled, and a discarded event is recorded under its message's id.
"""

import getpass
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from chalicelib.repositories.database import Collections, MongoDatabase
from infra.errors import OperatorError

HELD_SECONDS = 120
PER_CALL = 10  # SQS's limit


class _Context(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    function_arn: str
    condition: str


class _Record(BaseModel):
    """What Lambda writes about an invocation that failed for good."""

    model_config = ConfigDict(alias_generator=to_camel)

    request_context: _Context
    request_payload: Any
    response_payload: Any = None


@dataclass(frozen=True)
class DeadLetter:
    """One message of the queue; what is no record of Lambda's is shown as it is, and can only be discarded."""

    id: str
    sent_at: int
    body: str
    receipt: str

    @cached_property
    def message(self) -> Any:
        """The content: JSON, or any text that somebody has sent."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return self.body

    @cached_property
    def _record(self) -> _Record | None:
        try:
            return _Record.model_validate(self.message)
        except ValidationError:
            return None

    @property
    def function_arn(self) -> str:
        """The function that failed, or nothing."""
        return self._record.request_context.function_arn if self._record else ""

    @property
    def function(self) -> str:
        """The function's name, without account and region."""
        return ":".join(self.function_arn.split(":")[6:7])

    @property
    def condition(self) -> str:
        """Why Lambda gave up, such as RetriesExhausted."""
        return self._record.request_context.condition if self._record else "not a record of Lambda's"

    @property
    def event(self) -> Any:
        """What the function was called with."""
        return self._record.request_payload if self._record else None

    @property
    def event_type(self) -> str:
        """The kind of event that its sender gave it."""
        return str(self.event.get("detail-type", "")) if isinstance(self.event, dict) else ""

    @property
    def error(self) -> str:
        """What the function raised: its kind, and what it said."""
        answer = self._record.response_payload if self._record else None
        if not isinstance(answer, dict):
            return ""
        return f"{answer.get('errorType', 'Error')}: {answer.get('errorMessage', '')}"

    @property
    def summary(self) -> dict[str, str]:
        """What can be said of any letter, record or not."""
        return {
            "function": self.function,
            "eventType": self.event_type,
            "condition": self.condition,
            "error": self.error,
        }


class DeadLetterQueue:
    """The queue of one deployment; ``sqs`` and ``functions`` are boto3 clients of SQS and Lambda.

    SQS looks everywhere only when it is given time; an empty answer after ``wait_seconds`` means that nothing is left.
    """

    def __init__(self, sqs: Any, functions: Any, url: str, wait_seconds: int = 1) -> None:
        self._sqs = sqs
        self._functions = functions
        self._url = url
        self._wait_seconds = wait_seconds

    @contextmanager
    def held(self, letter_id: str | None = None) -> Iterator[list[DeadLetter]]:
        """The letter of that id, or all, the oldest first; hidden from others, and put back unless deleted.

        Looking ends where nothing new comes: of a long queue the first are visible again before the last was seen.

        Raises OperatorError where there is none of that id.
        """
        taken: dict[str, DeadLetter] = {}
        try:
            is_over = False
            while not is_over:
                found = {letter.id: letter for letter in self._received()}
                is_over = found.keys() <= taken.keys() or letter_id in found
                taken |= found
            yield _chosen(sorted(taken.values(), key=lambda letter: (letter.sent_at, letter.id)), letter_id)
        finally:
            self._put_back(list(taken.values()))

    def redrive(self, letters: Sequence[DeadLetter]) -> dict[str, str]:
        """Call the functions again with what they failed on; returns why that was refused, by letter."""
        return {letter.id: refusal for letter in letters if (refusal := self._redriven(letter))}

    def discard(self, letter: DeadLetter, record: Callable[[DeadLetter], None]) -> None:
        """Take a letter away for good, recorded first."""
        record(letter)
        self._delete(letter)

    def _redriven(self, letter: DeadLetter) -> str:
        """Deleted only when Lambda has taken the event; the function alone gets it, not who else follows the bus."""
        if not letter.function_arn:
            return "it is not a record of Lambda's, so nobody can be called with it"
        payload = json.dumps(letter.event)
        try:
            self._functions.invoke(FunctionName=letter.function_arn, InvocationType="Event", Payload=payload)
        except ClientError as error:
            return str(error)
        self._delete(letter)
        return ""

    def _received(self) -> list[DeadLetter]:
        messages = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=PER_CALL,
            VisibilityTimeout=HELD_SECONDS,
            WaitTimeSeconds=self._wait_seconds,
            AttributeNames=["SentTimestamp"],
        )
        return [
            DeadLetter(
                message["MessageId"],
                int(message["Attributes"]["SentTimestamp"]),
                message["Body"],
                message["ReceiptHandle"],
            )
            for message in messages.get("Messages", [])
        ]

    def _delete(self, letter: DeadLetter) -> None:
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=letter.receipt)

    def _put_back(self, letters: Sequence[DeadLetter]) -> None:
        """What was deleted meanwhile is refused one by one, which does no harm."""
        for first in range(0, len(letters), PER_CALL):
            entries = [
                {"Id": str(number), "ReceiptHandle": letter.receipt, "VisibilityTimeout": 0}
                for number, letter in enumerate(letters[first : first + PER_CALL])
            ]
            self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)


def _chosen(letters: list[DeadLetter], letter_id: str | None) -> list[DeadLetter]:
    chosen = [letter for letter in letters if letter_id in (None, letter.id)]
    if letter_id is not None and not chosen:
        raise OperatorError(
            f"There is no dead letter {letter_id}; see: python -m infra dlq ls. (While another of these commands looks "
            f"at the letters they cannot be seen, for {HELD_SECONDS} s at most.)"
        )
    return chosen


def record_discarded(database: MongoDatabase, reason: str, letter: DeadLetter) -> None:
    """Keep a letter that somebody took away, with who, when and why.

    It is kept under its id: after a command that was killed the same one again replaces its record.

    The message is kept as text: nobody knows what is in it, and as fields it might be refused.
    """
    document = {
        "_id": letter.id,
        "reason": reason,
        "discardedBy": getpass.getuser(),
        "discardedAt": datetime.now(UTC),
        **letter.summary,
        "message": letter.body,
    }
    database[Collections.DISCARDED].replace_one({"_id": letter.id}, document, upsert=True)
