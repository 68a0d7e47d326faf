"""Operators' work on the dead-letter queue: sending letters again, or discarding and recording them.

Who is killed in the middle loses nothing; what was done may then be done twice, which does no harm: events may be
doubled, and a discarded event is recorded under its message's id.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.dead_letters.letter import DeadLetter
from chalicelib.dead_letters.queue import HELD_SECONDS, LetterQueue
from chalicelib.domain.errors import NotFoundError


class DeadLetterQueue(LetterQueue):
    """The queue of one deployment; ``sqs`` and ``functions`` open boto3 clients of SQS and Lambda."""

    def __init__(self, sqs: Callable[[], Any], functions: Callable[[], Any], url: str, wait_seconds: int = 1) -> None:
        super().__init__(sqs, url, wait_seconds)
        self._functions = functions

    @contextmanager
    def held(self, letter_id: str | None = None, most: int | None = None) -> Iterator[list[DeadLetter]]:
        """The letter of that id, or all, the oldest first; hidden from others, and put back unless deleted.

        ``most``: stop after at least this many letters; None: look through all.

        Raises:
            NotFoundError: there is none of that id.
        """
        taken: dict[str, DeadLetter] = {}
        with self.rounds() as rounds:
            for letters in rounds:
                taken |= {letter.id: letter for letter in letters}
                if letter_id in taken or (most is not None and len(taken) >= most):
                    break
            yield _chosen(sorted(taken.values(), key=lambda letter: (letter.sent_at, letter.id)), letter_id)

    def redrive(self, letters: Sequence[DeadLetter]) -> dict[str, str]:
        """Call the functions again with what they failed on; returns why that was refused, by letter."""
        return {letter.id: refusal for letter in letters if (refusal := self._redriven(letter))}

    def discard(self, letter: DeadLetter, record: Callable[[DeadLetter], None]) -> None:
        """Take a letter away for good, recorded first."""
        record(letter)
        self.delete(letter)

    def _redriven(self, letter: DeadLetter) -> str:
        """Deleted only when Lambda has taken the event; the function alone gets it, not who else follows the bus."""
        if not letter.function_arn:
            return "it is not a record of Lambda's, so nobody can be called with it"
        try:
            self._send_again(letter)
        except ClientError as error:
            return str(error)
        self.delete(letter)
        return ""

    def _send_again(self, letter: DeadLetter) -> None:
        """To the queue that it comes from, or to the function. Raises ClientError."""
        if letter.source_arn:
            sqs = self._client()
            url = sqs.get_queue_url(QueueName=letter.function)["QueueUrl"]
            sqs.send_message(QueueUrl=url, MessageBody=letter.body)
            return
        payload = json.dumps(letter.event)
        self._functions().invoke(FunctionName=letter.function_arn, InvocationType="Event", Payload=payload)


def _chosen(letters: list[DeadLetter], letter_id: str | None) -> list[DeadLetter]:
    chosen = [letter for letter in letters if letter_id in (None, letter.id)]
    if letter_id is not None and not chosen:
        raise NotFoundError(
            f"There is no dead letter {letter_id}; see: python -m infra dlq ls. (While somebody else looks at the "
            f"letters they cannot be seen, for {HELD_SECONDS} s at most.)"
        )
    return chosen
