"""The dead-letter queue as operators work on it: sent again, or discarded and recorded.

A command that is killed loses nothing; what it did may then be done twice, which does no harm: events may be doubled,
and a discarded event is recorded under its message's id.
"""

import getpass
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.dead_letters.letter import DeadLetter
from chalicelib.dead_letters.queue import HELD_SECONDS, LetterQueue
from chalicelib.repositories.database import Collections, MongoDatabase
from infra.errors import OperatorError


class DeadLetterQueue(LetterQueue):
    """The queue of one deployment; ``sqs`` and ``functions`` are boto3 clients of SQS and Lambda."""

    def __init__(self, sqs: Any, functions: Any, url: str, wait_seconds: int = 1) -> None:
        super().__init__(lambda: sqs, url, wait_seconds)
        self._functions = functions

    @contextmanager
    def held(self, letter_id: str | None = None) -> Iterator[list[DeadLetter]]:
        """The letter of that id, or all, the oldest first; hidden from others, and put back unless deleted.

        Raises OperatorError where there is none of that id.
        """
        taken: dict[str, DeadLetter] = {}
        with self.rounds() as rounds:
            for letters in rounds:
                taken |= {letter.id: letter for letter in letters}
                if letter_id in taken:
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
        payload = json.dumps(letter.event)
        try:
            self._functions.invoke(FunctionName=letter.function_arn, InvocationType="Event", Payload=payload)
        except ClientError as error:
            return str(error)
        self.delete(letter)
        return ""


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
