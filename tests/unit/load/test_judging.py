"""The load test's judgement: what counts as an answer, and what as lost."""

import json
from datetime import timedelta

import pytest

from infra.drills.api import Reply, Sent
from tests.load.strict import Strict, is_stated
from tests.load.writers import BEGIN, Written, denied, write_together

PROBLEM = json.dumps({"type": "urn:energy-monitor:problem:not-found"}).encode()
V2, V1 = Sent("GET", "/v2/energy", "alice"), Sent("GET", "/v1/energy", "alice")


def reply(status: int, body: bytes = b"", **headers: str) -> Reply:
    return Reply(status, None, body, {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize("answer", [reply(200), reply(304), reply(404, PROBLEM), reply(503, PROBLEM, retry_after="2")])
def test_answers_and_stated_refusals_are_answers(answer: Reply) -> None:
    assert is_stated(V2, answer)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        reply(404, b'{"message": "Not Found"}'),
        reply(404, b"<html>"),
        reply(503, PROBLEM),
        reply(429, PROBLEM),
        reply(500, PROBLEM),
        reply(502, PROBLEM),
        reply(504, PROBLEM),
    ],
)
def test_nothing_else_is_one(answer: Reply | None) -> None:
    strict = Strict(lambda _: answer)
    assert strict(V2) == answer
    assert len(strict.unexpected) == 1
    assert strict.unexpected[0].startswith("GET /v2/energy: ")


def test_a_refusal_of_version_1_says_what_is_wrong_in_its_own_shape() -> None:
    assert is_stated(V1, reply(404, b'{"error": "no such reading"}'))
    assert not is_stated(V1, reply(404, PROBLEM))


def test_later_is_counted() -> None:
    strict = Strict(lambda _: reply(503, PROBLEM, retry_after="2"))
    strict(V2)
    assert (strict.refused_for_now, strict.unexpected) == (1, [])


@pytest.mark.parametrize(
    ("written", "is_answered"),
    [
        (Written(BEGIN, 201, False, 1.0), True),
        (Written(BEGIN, 503, True, 20.0), True),
        (Written(BEGIN, 503, False, 1.0), False),
        (Written(BEGIN, 502, False, 1.0), False),
        (Written(BEGIN, None, False, 1.0), False),
        (Written(BEGIN, 201, False, 29.5), False),
    ],
)
def test_a_writer_is_answered_by_201_or_a_503_that_says_when_in_the_gateways_time(
    written: Written, is_answered: bool
) -> None:
    assert written.is_answered is is_answered


class Meter:
    """Takes readings, except the second; each list shows what it says, ``lies`` is left out of both."""

    def __init__(self, lies: int = 0) -> None:
        self.dates: list[str] = []
        self._lies = lies

    def __call__(self, sent: Sent) -> Reply:
        if sent.method == "POST":
            date = json.loads(sent.body)["date"]
            if date == (BEGIN + timedelta(days=1)).isoformat():
                return reply(503, PROBLEM, retry_after="2")
            self.dates.append(date)
            return reply(201)
        rows = [{"date": date} for date in self.dates[self._lies :]]
        return reply(200, json.dumps(rows if sent.path.startswith("/v1") else {"readings": rows}).encode())


def test_every_acknowledged_write_must_be_on_both_backends_and_nothing_else() -> None:
    honest, liar = Meter(), Meter(lies=1)
    written = write_together(honest, "alice", writers=2, rounds=2)
    assert [each.status for each in written] == [201, 503, 201, 201]
    assert denied(honest, "alice", written) == []
    assert len(denied(liar, "alice", write_together(liar, "alice", writers=2, rounds=2))) == 2
    assert len(denied(honest, "alice", written[:1])) == 4
