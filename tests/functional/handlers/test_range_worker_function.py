"""The function as Lambda calls it with a message of the queue, and sending to the queue."""

import json
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.meters.fan_out import RangeTask
from chalicelib.domain.meters.walks import Walk
from chalicelib.handlers.range_worker import range_worker
from chalicelib.work_queue.queue import SqsRangeQueue
from infra.simulation.memory.fan_out import FakeRangeQueue
from tests.functional.conftest import Api
from tests.functional.handlers.event_calls import Context


class Sqs:
    """SQS, as far as it takes messages; ``refused``: those of a call that it does not take, ``down``: all of them."""

    def __init__(self) -> None:
        self.calls: list[list[dict[str, Any]]] = []
        self.refused: list[dict[str, Any]] = []
        self.down = False

    def send_message_batch(self, *, Entries: list[dict[str, Any]], **_: Any) -> dict[str, Any]:  # noqa: N803 (boto3's)
        if self.down:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "SendMessageBatch")
        self.calls.append([json.loads(entry["MessageBody"]) for entry in Entries])
        return {"Failed": self.refused}


@pytest.fixture
def sqs() -> Sqs:
    return Sqs()


def event(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": "m", "body": body, "eventSource": "aws:sqs"} for body in bodies]}


def messages(sqs: Sqs, tasks: list[RangeTask]) -> list[str]:
    SqsRangeQueue(lambda: sqs, "https://sqs.test/work").send(tasks)
    return [json.dumps(message) for call in sqs.calls for message in call]


def recorded(api: Api) -> None:
    body = json.dumps({"type": "power", "date": "2023-01-31", "amount": 5})
    assert api.request("POST", "/v2/energy", body).status_code == 201


def test_a_message_is_a_range_and_the_last_one_ends_the_walk(api: Api, sqs: Sqs) -> None:
    recorded(api)
    api.container.operations.fan_out.begin(Walk.REBUILD, 2)
    sent = cast(FakeRangeQueue, api.ports.range_queue).sent
    assert 1 <= len(sent) <= 2
    done = [range_worker(event(body), Context()) for body in messages(sqs, sent)]
    assert done == [{"walk": "rebuild", "number": task.number, "state": "done"} for task in sent]
    progress = api.container.operations.fan_out.progress(Walk.REBUILD)
    assert progress is not None
    assert progress.fan_out.finished
    assert progress.seen.meters == 1


def test_messages_go_out_ten_at_a_time_and_name_nobody(sqs: Sqs) -> None:
    tasks = [RangeTask(Walk.REBUILD, "a1", number) for number in range(23)]
    messages(sqs, tasks)
    assert [len(call) for call in sqs.calls] == [10, 10, 3]
    assert {name for call in sqs.calls for message in call for name in message} == {
        "walk",
        "id",
        "number",
        "traceparent",
    }


@pytest.mark.parametrize("change", [{"down": True}, {"refused": [{"Id": "0"}]}])
def test_a_queue_that_does_not_take_a_message_is_away(sqs: Sqs, change: dict[str, Any]) -> None:
    vars(sqs).update(change)
    with pytest.raises(UnavailableError, match="the queue of ranges"):
        messages(sqs, [RangeTask(Walk.REBUILD, "a1", 0)])


@pytest.mark.parametrize("body", ['{"walk": "rebuild"}', '{"walk": "another", "id": "a", "number": 0}', "[]"])
def test_a_message_that_says_no_range_fails_until_it_is_a_dead_letter(api: Api, body: str) -> None:
    with pytest.raises(Exception, match="range_worker") as raised:
        range_worker(event(body), Context())
    assert type(raised.value).__name__ == "ValidationError"


def test_a_database_that_is_away_is_a_failure_and_the_message_comes_again(api: Api, sqs: Sqs) -> None:
    recorded(api)
    api.container.operations.fan_out.begin(Walk.REBUILD, 1)
    [body] = messages(sqs, cast(FakeRangeQueue, api.ports.range_queue).sent)
    api.store.down = True
    with pytest.raises(UnavailableError):
        range_worker(event(body), Context())
    api.store.down = False
    assert range_worker(event(body), Context())["state"] == "done"
