"""Reading the dead-letter queue.

SQS cannot be browsed: to look at messages is to take them out for a while and put them back. Until a message is deleted
it comes back by itself, so a process that is killed loses nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from chalicelib.dead_letters.client import answering
from chalicelib.dead_letters.letter import DeadLetter

HELD_SECONDS = 120
PER_CALL = 10  # SQS's limit
SOURCE = "DeadLetterQueueSourceArn"  # only what a queue has given up on has it
VISIBLE, HIDDEN = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"


class LetterQueue:
    """The queue under an address. ``client`` opens a boto3 client of SQS.

    SQS looks everywhere only when it is given time; an empty answer after ``wait_seconds`` means that nothing is left.
    """

    def __init__(self, client: Callable[[], Any], url: str, wait_seconds: int = 1) -> None:
        self._client = client
        self._url = url
        self._wait_seconds = wait_seconds

    @contextmanager
    def rounds(self) -> Iterator[Iterator[Sequence[DeadLetter]]]:
        """Take letters out, ten at most a round; hidden from others, and put back at the end unless deleted.

        Looking ends where nothing new comes: of a long queue the first are visible again before the last was seen, and
        come with another receipt.
        """
        receipts: dict[str, str] = {}
        try:
            yield self._each(receipts)
        finally:
            self._put_back([*receipts.values()])

    def held_by_others(self) -> int:
        """How many letters somebody looks at just now, as far as SQS knows; nobody else can see these."""
        return self._sum_of(HIDDEN)

    def count(self) -> int:
        """About how many letters there are, those that somebody looks at included. Raises UnavailableError."""
        with answering():
            return self._sum_of(VISIBLE, HIDDEN)

    def delete(self, letter: DeadLetter) -> None:
        """Take a letter away for good."""
        self._client().delete_message(QueueUrl=self._url, ReceiptHandle=letter.receipt)

    def _sum_of(self, *names: str) -> int:
        answer = self._client().get_queue_attributes(QueueUrl=self._url, AttributeNames=[*names])
        return sum(int(answer["Attributes"][name]) for name in names)

    def _each(self, receipts: dict[str, str]) -> Iterator[Sequence[DeadLetter]]:
        is_over = False
        while not is_over:
            letters = self._received()
            found = {letter.id: letter.receipt for letter in letters}
            is_over = found.keys() <= receipts.keys()
            receipts |= found
            yield letters

    def _received(self) -> list[DeadLetter]:
        messages = self._client().receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=PER_CALL,
            VisibilityTimeout=HELD_SECONDS,
            WaitTimeSeconds=self._wait_seconds,
            AttributeNames=["SentTimestamp", SOURCE],
            MessageAttributeNames=["All"],
        )
        return [
            DeadLetter(
                message["MessageId"],
                int(message["Attributes"]["SentTimestamp"]),
                message["Body"],
                message["ReceiptHandle"],
                {name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()},
                message["Attributes"].get(SOURCE, ""),
            )
            for message in messages.get("Messages", [])
        ]

    def _put_back(self, receipts: Sequence[str]) -> None:
        """What was deleted meanwhile is refused one by one, which does no harm."""
        for first in range(0, len(receipts), PER_CALL):
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                for number, receipt in enumerate(receipts[first : first + PER_CALL])
            ]
            self._client().change_message_visibility_batch(QueueUrl=self._url, Entries=entries)
