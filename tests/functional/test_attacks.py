"""Hostile requests on every route: each is refused with an answer of bounded size, never with 500."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import (
    dataclass,
    field,
    replace,
)
from typing import Any

import pytest

from app import app
from chalicelib.api.components import openapi as components
from chalicelib.api.ops import openapi as ops
from chalicelib.api.routes import AUTHENTICATED
from chalicelib.api.v2 import openapi as v2
from chalicelib.bootstrap.container import using
from tests.fakes.dead_letters import record
from tests.functional.conftest import TRACED, Api
from tests.unit.flags.rollout import Rollout

pytestmark = pytest.mark.long

BOUND = 32 * 1024
LONG = "x" * 8000
HALF = "\ud800"  # half a surrogate pair: no text that could be stored or sent
ROUTES = [(method, path) for path, methods in sorted(app.routes.items()) for method in methods]
WRITING = ("POST", "PUT", "PATCH")
FIELDS = (
    *("type", "date", "amount", "confirm", "finalOld", "firstNew", "zone", "moduli", "reason", "addTestUserIds"),
    *("component", "query", "meters", "measurements"),
)


@dataclass
class Attack:
    """What differs from a calm request; ``body`` is JSON where it is no text."""

    body: Any = None
    query: dict[str, list[str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    parameter: str = "0123456789abcdef01234567"


def dense(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def nested(depth: int) -> str:
    return '{"type": ' + "[" * depth + "]" * depth + "}"


# In bodies of JSON.
BODIES = {
    "6,000 unknown members": Attack(dense({f"u{i}": 1 for i in range(6000)})),
    "long unknown members": Attack(dense({f"{i}" + "\N{GRINNING FACE}" * 140: i for i in range(110)})),
    "one endless member": Attack({"x" * 60_000: 1}),
    "an endless value": Attack(dict.fromkeys(FIELDS, "x" * 6000)),
    "deep JSON": Attack(nested(30_000)),
    "JSON of some depth": Attack(nested(900)),
    "a list of everything": Attack({name: [HALF, LONG[:500]] * 10 for name in FIELDS}),
    "endless digits": Attack('{"type": "power", "date": "2023-01-01", "amount": ' + "9" * 60_000 + "}"),
    "endless decimals": Attack('{"type": "power", "date": "2023-01-01", "amount": 1.' + "9" * 60_000 + "}"),
    "half a character as a name": Attack({HALF: HALF}),
    "half a character inside": Attack({"moduli": {HALF: 1}, "addTestUserIds": [HALF], "reason": HALF, "zone": HALF}),
    **{f"half a character as {name}": Attack({name: HALF}) for name in FIELDS},
    "half a character in a query": Attack({"component": "energy_table", "query": {"cursor": HALF}}),
    "many measurements": Attack({"measurements": [{"kind": LONG[:500]}] * 110}),
    "half a character in a reading": Attack({"type": "power", "date": f"2023-01-0{HALF}", "amount": 1}),
    "another type": Attack("{}", headers={"content-type": LONG}),
}
ATTACKS = {
    **BODIES,
    "many names in the query": Attack(query={f"name{i}": ["1"] for i in range(800)}),
    "a long name in the query": Attack(query={LONG: ["1"]}),
    "a name often": Attack(query={LONG[:200]: ["1"] * 40, "type": ["power"] * 500}),
    "long values": Attack(query={name: [LONG] for name in ("type", "year", "from", "cursor", "limit", "user", "flag")}),
    "half a character in the query": Attack(query={name: [HALF] for name in ("type", "from", "to", "cursor", HALF)}),
    "half a character as user": Attack(query={"user": [HALF]}),
    "half a character as flag": Attack(query={"flag": [HALF]}),
    "a long path": Attack(parameter=LONG),
    "half a character in the path": Attack(parameter=HALF),
    "long headers": Attack(headers=dict.fromkeys(("if-match", "if-none-match", "accept", "accept-encoding"), LONG)),
    "many ETags": Attack(headers=dict.fromkeys(("if-match", "if-none-match"), '"1",' * 2000)),
    "half a character as ETag": Attack(headers=dict.fromkeys(("if-match", "if-none-match"), f'"{HALF}"')),
    "half a character as token": Attack(headers={"authorization": f"Bearer {HALF}"}),
    "a long token": Attack(headers={"authorization": f"Bearer {LONG}"}),
    "a deep token": Attack(headers={"authorization": f"Bearer {base64.b64encode(b'[' * 6000).decode()}.e30.AAAA"}),
}


@dataclass
class Answer:
    """What came back, and for what."""

    asked: str
    status: int
    body: str
    headers: dict[str, str]

    @property
    def size(self) -> int:
        return len(self.body.encode()) + len(json.dumps(self.headers))

    def __repr__(self) -> str:
        return f"{self.asked}: {self.status}, {self.size} bytes: {self.body[:200]} {self.headers}"


@pytest.fixture
def attacked(api: Api) -> Api:
    """With what every route needs to answer, a dead letter among it."""
    api.aws.sqs.send_message(MessageBody=record())
    return api


@pytest.fixture(autouse=True)
def _flags_know_people(api: Api) -> Iterator[None]:
    rollout = Rollout()
    rollout.known("alice", "bob")
    with using(replace(api.container, flags=rollout.flags)):
        yield


def ask(api: Api, method: str, path: str, attack: Attack) -> Answer:
    """The function's answer to the event that API Gateway makes of such a request."""
    names = re.findall(r"{(\w+)\+?}", path)
    body = attack.body if isinstance(attack.body, str) or attack.body is None else json.dumps(attack.body)
    token = api.issuer.token("alice", roles=["operator"])
    event = {
        "requestContext": {
            "resourcePath": path,
            "httpMethod": method,
            "path": re.sub("{.*?}", lambda _: attack.parameter, path),
            "requestId": "1",
        },
        "headers": {"authorization": f"Bearer {token}", "content-type": "application/json", **TRACED, **attack.headers},
        "multiValueQueryStringParameters": attack.query or None,
        "pathParameters": dict.fromkeys(names, attack.parameter) or None,
        "stageVariables": None,
        "body": body and base64.b64encode(body.encode()).decode(),
        "isBase64Encoded": bool(body),
    }
    answer = app(event, None)
    return Answer(f"{method} {path}", answer["statusCode"], answer["body"], answer["headers"])


@pytest.mark.parametrize("name", ATTACKS)
def test_every_route_answers_within_bounds_and_never_500(attacked: Api, name: str) -> None:
    answers = {route: ask(attacked, *route, ATTACKS[name]) for route in ROUTES}
    assert not "\n".join(str(answer) for answer in answers.values() if answer.status >= 500)
    large = {route: answer for route, answer in answers.items() if answer.size > BOUND}
    assert not "\n".join(str(answer) for route, answer in large.items() if answer != ask(attacked, *route, Attack()))


@pytest.mark.parametrize("name", BODIES)
def test_every_route_that_takes_a_body_refuses_a_bad_one(attacked: Api, name: str) -> None:
    taking = [route for route in ROUTES if route[0] in WRITING and is_authenticated(*route)]
    assert len(taking) > 10
    answers = [ask(attacked, *route, BODIES[name]) for route in taking]
    assert not "\n".join(str(answer) for answer in answers if not 400 <= answer.status < 500)


@pytest.mark.parametrize("value", [HALF, [HALF], {"deep": [{"er": HALF}]}, {HALF: 1}])
@pytest.mark.parametrize(
    "path",
    [
        "/v1/energy",
        "/v2/energy",
        "/components/energy_forms",
        "/components/feedback",
        "/ops/flags/kill",
    ],
)
def test_half_a_surrogate_pair_is_named_and_nothing_is_written(attacked: Api, path: str, value: Any) -> None:
    calm = {"type": "power", "date": "2023-01-31", "amount": 1, "reason": "x"}
    answer = ask(attacked, "POST", path, Attack(calm | {"note": value}))
    assert answer.status == 422
    assert "note: half a surrogate pair" in answer.body
    assert not attacked.store.stored.readings


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"amount": 5, "amount": 50}', "amount"),
        ('{"a": 1, "x": 1, "y": 1, "y": 1, "x": 1}', "x"),
        ('{"deep": [{"er": {"a": 1, "a": 1}}]}', "a"),
        (f'{{"{LONG}": 1, "{LONG}": 1}}', f"{LONG[:59]}…"),
        ('{"\\ud800": 1, "\\ud800": 1}', "?"),
    ],
)
def test_a_member_that_is_given_twice_is_named_by_every_route_that_reads_json(
    attacked: Api, text: str, named: str
) -> None:
    taking = [operation for version in (v2, components, ops) for operation in version.OPERATIONS if operation.body]
    assert len(taking) > 10
    answers = [ask(attacked, operation.method, operation.path, Attack(text)) for operation in taking]
    said = {(answer.status, json.loads(answer.body)["detail"]) for answer in answers}
    assert said == {(400, f"{named}: given more than once")}
    assert not attacked.store.stored.readings


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/ops/flags/{flag}/explain", "user"),
        ("/v2/energy", "cursor"),
        ("/v1/histogram", "from"),
    ],
)
def test_half_a_surrogate_pair_in_a_query_is_422(attacked: Api, path: str, name: str) -> None:
    answer = ask(attacked, "GET", path, Attack(query={name: [HALF]}, parameter="energy_table"))
    assert answer.status == 422
    assert f"{name}: half a surrogate pair" in answer.body


def test_half_a_surrogate_pair_in_a_path_is_404(attacked: Api) -> None:
    for method, path in ROUTES:
        if "{" in path and is_authenticated(method, path):
            assert ask(attacked, method, path, Attack("{}", parameter=HALF)).status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/v1/energy",
        "/v2/energy",
    ],
)
def test_of_many_wrong_fields_the_first_are_named_and_all_are_counted(attacked: Api, path: str) -> None:
    answer = json.loads(ask(attacked, "POST", path, BODIES["6,000 unknown members"]).body)
    assert len(answer["errors"]) == 100
    said = answer.get("error") or answer["detail"]
    assert said.startswith("type: Field required; date: Field required; amount: Field required; u0: ")
    assert said.endswith("; and 5993 more")
    assert answer.get("errorCount") in (None, 6003)


def is_authenticated(method: str, path: str) -> bool:
    return bool(getattr(app.routes[path][method].view_function, AUTHENTICATED))
