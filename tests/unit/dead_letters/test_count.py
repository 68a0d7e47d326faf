"""How many dead letters there are, whoever looks at them just now; against moto's SQS (no network)."""

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.dead_letters.queue import LetterQueue
from chalicelib.domain.errors import UnavailableError
from tests.unit.infra.operations.conftest import place as place
from tests.unit.infra.operations.dead_letter_place import Place


def test_letters_count_whether_somebody_looks_at_them_or_not(place: Place) -> None:
    queue = LetterQueue(lambda: place.sqs, place.url, wait_seconds=0)
    assert queue.count() == 0
    for number in range(3):
        place.send(f"letter {number}")
    assert queue.count() == 3
    place.sqs.receive_message(QueueUrl=place.url, MaxNumberOfMessages=2)
    assert queue.count() == 3


def test_a_queue_that_is_away_is_said_in_our_words(place: Place) -> None:
    def nobody() -> Any:
        raise EndpointConnectionError(endpoint_url="http://sqs.example")

    with pytest.raises(UnavailableError, match="the dead-letter queue did not answer"):
        LetterQueue(nobody, place.url).count()
