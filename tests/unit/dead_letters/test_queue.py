"""How many dead letters there are is known without looking at one; against moto's SQS (no network)."""

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.dead_letters.queue import LetterQueue
from chalicelib.domain.errors import UnavailableError
from tests.fakes.dead_letters import Place


def test_all_letters_are_counted_also_those_that_somebody_looks_at(place: Place) -> None:
    queue = LetterQueue(lambda: place.sqs, place.url, wait_seconds=0)
    assert queue.count() == 0
    for number in range(12):
        place.send(f"letter {number}")
    assert queue.count() == 12
    with queue.rounds() as rounds:
        assert len(next(rounds)) == 10
        assert queue.count() == 12
    assert place.ids()


def test_a_queue_that_is_away_is_said_in_our_words(place: Place) -> None:
    def nobody() -> Any:
        raise EndpointConnectionError(endpoint_url="http://sqs.example")

    with pytest.raises(UnavailableError, match="the dead-letter queue did not answer"):
        LetterQueue(nobody, place.url).count()
