"""Dead letters over HTTP: seen without ids of people, sent again or discarded with a reason that is kept."""

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.bootstrap.container import using
from chalicelib.bootstrap.operators import (
    Outside,
    operators,
)
from chalicelib.monitoring.people import SOMEBODY
from tests.fakes.dead_letters import ARN, record
from tests.functional.conftest import (
    Api,
    problem,
)
from tests.functional.ops.operating import Operator

MARKED = "auth0|marked-7f3a91"


@pytest.fixture
def operator(api: Api) -> Operator:
    return Operator(api)


def send(operator: Operator, detail: Any = None, error: str = "it failed") -> str:
    """A letter about an event of somebody; returns its id."""
    whole = json.loads(record())
    whole["requestPayload"]["detail"] = detail or {"version": 1, "userId": MARKED, "meter": {"type": "power"}}
    whole["responsePayload"] = {"errorType": "ValueError", "errorMessage": error}
    return str(operator.api.aws.sqs.send_message(MessageBody=json.dumps(whole))["MessageId"])


def ids(operator: Operator) -> list[str]:
    return [letter["id"] for letter in operator.sees("dead-letters")["letters"]]


def test_letters_are_listed_with_what_failed_when_and_why(operator: Operator) -> None:
    assert operator.sees("dead-letters") == {"letters": [], "count": 0, "command": "python -m infra dlq ls"}
    sent = [send(operator) for _ in range(3)]
    listed = operator.sees("dead-letters")
    assert [letter["id"] for letter in listed["letters"]] == sent
    assert listed["count"] == 3
    assert listed["letters"][0] == {
        "id": sent[0],
        "at": "2023-11-14T22:13:20.000Z",
        "function": "energy-CreatedHandler-1",
        "eventType": "EnergyReadingCreated",
        "error": "ValueError: it failed",
        "attempts": 3,
    }


def test_of_many_letters_the_first_hundred_are_listed_and_all_are_counted(operator: Operator) -> None:
    for _ in range(130):
        send(operator, error="x" * 5_000)
    answer = operator.request("GET", "dead-letters")
    assert (len(answer.json_body["letters"]), answer.json_body["count"]) == (100, 130)
    assert len(answer.body) < 64_000


def test_a_letter_that_somebody_looks_at_is_counted(operator: Operator) -> None:
    send(operator)
    operator.api.aws.sqs.receive_message(MaxNumberOfMessages=10)
    listed = operator.sees("dead-letters")
    assert (listed["letters"], listed["count"]) == ([], 1)


@pytest.mark.parametrize(
    ("detail", "error"),
    [
        ({"version": 1, "userId": MARKED, "meter": {"type": "power"}}, f"{MARKED}|power cannot be refreshed"),
        ({"version": 7, "nested": [{"userId": [MARKED]}]}, f'dup key: {{ userId: "{MARKED}" }}'),
        ({"version": 1, "what": f"the meter {MARKED}|gas"}, f"input_value={MARKED!r}"),
    ],
)
def test_nobody_sees_or_logs_whose_event_it_is(
    operator: Operator, capfd: pytest.CaptureFixture[str], detail: Any, error: str
) -> None:
    letter = send(operator, detail, error)
    refusing = ClientError({"Error": {"Code": "Nope", "Message": f"not for {MARKED}"}}, "Invoke")
    operator.api.aws.functions.refusing = refusing
    answers = [
        operator.request("GET", "dead-letters"),
        operator.request("GET", f"dead-letters/{letter}"),
        operator.request("POST", f"dead-letters/{letter}/redrive", {"reason": "again"}),
        operator.request("POST", f"dead-letters/{letter}/discard", {"reason": "enough"}),
    ]
    said = "".join([*(answer.body.decode() for answer in answers), *capfd.readouterr()])
    assert [answer.status_code for answer in answers] == [200, 200, 409, 200]
    assert SOMEBODY in answers[1].body.decode()
    assert "marked" not in said


def test_a_letter_shows_its_event_and_the_command_that_shows_whose_it_is(operator: Operator) -> None:
    letter = send(operator)
    shown = operator.sees(f"dead-letters/{letter}")
    assert shown["event"]["detail"] == {"version": 1, "userId": SOMEBODY, "meter": {"type": "power"}}
    assert shown["command"] == f"python -m infra dlq show {letter}"
    assert ids(operator) == [letter], "looking takes nothing away"


def test_what_is_no_record_of_lambdas_is_not_shown_because_it_may_name_anybody(operator: Operator) -> None:
    letter = operator.api.aws.sqs.send_message(MessageBody=f"hello {MARKED}")["MessageId"]
    shown = operator.sees(f"dead-letters/{letter}")
    assert (shown["event"], shown["function"], shown["error"]) == (None, None, "not a record of Lambda's")
    refused = operator.refused("POST", f"dead-letters/{letter}/redrive", {"reason": "x"}, 409)
    assert "nobody can be called" in refused["detail"]
    operator.posts(f"dead-letters/{letter}/discard")
    assert ids(operator) == []


def test_a_letter_is_sent_again_and_the_record_says_who_and_why(operator: Operator) -> None:
    letter, other = send(operator), send(operator)
    assert operator.posts(f"dead-letters/{letter}/redrive", {"reason": " it is mended "}) == {
        "redriven": letter,
        "function": "energy-CreatedHandler-1",
    }
    [(arn, kind, event)] = operator.api.aws.functions.called
    assert (arn, kind, event["detail"]["userId"]) == (ARN, "Event", MARKED)
    assert ids(operator) == [other]
    [action] = operator.sees("actions")["actions"]
    assert action == {
        "at": action["at"],
        "by": "olga",
        "action": "redrive",
        "subject": letter,
        "reason": "it is mended",
    }


def test_a_letter_is_discarded_and_kept_with_who_and_why(operator: Operator) -> None:
    letter, other = send(operator), send(operator)
    assert operator.posts(f"dead-letters/{letter}/discard", {"reason": "of a test"})["discarded"] == letter
    assert ids(operator) == [other]
    [action] = operator.sees("actions")["actions"]
    assert (action["action"], action["subject"], action["by"]) == ("discard", letter, "olga")
    kept = operator.api.ports.operator_actions.discarded[letter]  # type: ignore[attr-defined]
    assert (kept.by, kept.reason, kept.said["function"]) == ("olga", "of a test", "energy-CreatedHandler-1")
    assert json.loads(kept.message)["requestPayload"]["detail"]["userId"] == MARKED


@pytest.mark.parametrize("action", ["redrive", "discard"])
def test_without_a_reason_or_a_letter_nothing_happens(operator: Operator, action: str) -> None:
    letter = send(operator)
    for body in ({}, {"reason": ""}, {"reason": "  "}, {"reason": "x" * 501}, {"reason": 7}):
        operator.refused("POST", f"dead-letters/{letter}/{action}", body, 422)
    assert "dlq ls" in operator.refused("POST", f"dead-letters/nothing/{action}", {"reason": "x"}, 404)["detail"]
    operator.refused("GET", "dead-letters/nothing", None, 404)
    assert (ids(operator), operator.api.aws.functions.called) == ([letter], [])
    assert operator.sees("actions")["actions"] == []


@pytest.mark.parametrize("action", ["redrive", "discard"])
def test_a_record_that_cannot_be_kept_stops_it(operator: Operator, action: str) -> None:
    letter = send(operator)
    operator.api.store.down = True
    operator.refused("POST", f"dead-letters/{letter}/{action}", {"reason": "x"}, 503)
    assert (ids(operator), operator.api.aws.functions.called) == ([letter], [])


def test_a_queue_that_is_away_is_503_and_says_so(operator: Operator) -> None:
    letter = send(operator)
    operator.api.aws.sqs.down = True
    body = {"reason": "x"}
    for method, path, sent in (("GET", "", None), ("GET", f"/{letter}", None), ("POST", f"/{letter}/discard", body)):
        refused = operator.refused(method, f"dead-letters{path}", sent, 503)
        assert "the dead-letter queue did not answer" in refused["detail"]


def test_a_process_without_aws_says_so(api: Api) -> None:
    without = operators(
        Outside(),
        api.ports,
        api.container.operations,
    )
    with using(replace(api.container, operators=without)):
        operator = Operator(api)
        for path in ("dead-letters", "alarms"):
            assert "knows no AWS" in problem(operator.request("GET", path), 503)["detail"]
