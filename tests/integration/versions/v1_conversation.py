"""The conversations with version 1 whose every answer is frozen, byte for byte (``v1_goldens``)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from chalice.test import Client

from app import app
from chalicelib.auth import KeyStore, TokenVerifier
from chalicelib.bootstrap.container import Ports, compose, using
from tests.fakes.issuer import AUDIENCE, ISSUER, FakeIssuer
from tests.integration.versions.v1_households import CONFIGURED, HOUSEHOLD

NOW = 1_700_000_000_000  # 2023-11-14T22:13:20Z
RECORDED = "{recorded}"  # in place of the one thing that is new each time: the id of the reading that was recorded
FEBRUARY, HIDDEN, WATER, NEIGHBOURS = (f"/v1/energy/{number:024x}" for number in (0x21, 0x20, 0x60, 0x70))


class Ask(NamedTuple):
    """One request; the content type follows from the path."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    body: str = ""


LOOK = [
    Ask("GET", "/v1/energy"),
    Ask("GET", "/v1/energy?type=power"),
    Ask("GET", "/v1/energy?type=gas"),
    *(Ask("GET", f"/v1/monthly?type=power&year={year}") for year in (2022, 2023, 2024)),
    Ask("GET", "/v1/monthly?type=gas&year=2023"),
    Ask("GET", "/v1/histogram?type=power&buckets=12"),
    Ask("GET", "/v1/histogram?type=power&from=2023-01-31&to=2023-03-01&buckets=3"),
    Ask("GET", "/v1/histogram?type=gas"),
    Ask("GET", "/v1/summary?type=power"),
    Ask("GET", "/v1/summary?type=gas"),
]
REFUSED = [
    Ask("GET", "/v1/energy?type=water"),
    Ask("GET", "/v1/monthly?type=power"),
    Ask("GET", "/v1/histogram?type=power&from=2023-03-01&to=2023-02-01"),
    Ask("GET", "/v1/nonsense"),
    Ask("DELETE", "/v1/energy"),
    Ask("POST", "/v1/energy", "{"),
    Ask("POST", "/v1/energy", '{"type":"power","date":"2023-02-28","amount":1510}'),
    Ask("POST", "/v1/energy", '{"type":"power","date":"2023-11-12","amount":4.5}'),
    Ask("POST", "/v1/energy", '{"type":"water","date":"2023-02-31","amount":-1}'),
    Ask("POST", "/v1/energy/import", "date,type,amount\n2023-02-31,power,1\n2023-11-13,power,x\n"),
    Ask("PUT", FEBRUARY, '{"amount":2500}'),
    Ask("PUT", FEBRUARY, '{"type":"gas","amount":1521}'),
    Ask("PUT", FEBRUARY, '{"date":"2023-01-31","amount":1310.5}'),
    *(Ask("PUT", path, '{"amount":1505}') for path in (HIDDEN, WATER, NEIGHBOURS, "/v1/energy/nobody")),
    *(Ask("DELETE", path) for path in (HIDDEN, WATER, NEIGHBOURS, "/v1/energy/nobody")),
]
WRITE = [
    Ask("POST", "/v1/energy", '{"type":"power","date":"2023-11-12","amount":460.125}'),
    Ask("PUT", f"/v1/energy/{RECORDED}", '{"date":"2023-11-13T06:30:00+01:00"}'),
    Ask("PUT", FEBRUARY, '{"date":"2023-03-01","amount":1525}'),
    Ask("PUT", "/v1/energy/legacy-17", '{"type":"power","amount":201.5}'),
    Ask("DELETE", f"/v1/energy/{0x12:024x}"),
    Ask("POST", "/v1/energy/import?mode=partial", "date,type,amount\n2023-12-32,gas,1\n31.01.2023,gas,60\n"),
]
CONVERSATIONS = {HOUSEHOLD: [*LOOK, *REFUSED, *WRITE, *LOOK], CONFIGURED: LOOK}


def transcript(ports: Ports, user: str) -> bytes:
    """The conversation of a user with the application on these ports."""
    issuer = FakeIssuer()
    verifier = TokenVerifier(KeyStore(issuer.key_set), ISSUER, AUDIENCE)
    project = str(Path(__file__).parents[3])
    with using(compose(ports, verifier, lambda: NOW)), Client(app, project_dir=project) as client:
        return b"".join(Conversation(client, issuer.token(user)).of(CONVERSATIONS[user]))


@dataclass
class Conversation:
    """One caller and the id of the reading that they have recorded."""

    client: Client
    token: str
    recorded: str = RECORDED

    def of(self, asked: Sequence[Ask]) -> Iterator[bytes]:
        """Each request with its answer: status, content type and the body as it came."""
        for ask in asked:
            answer = self._answer(ask)
            if answer.status_code == 201:
                self.recorded = answer.json_body["_id"]
            kind = answer.headers["Content-Type"]
            heading = f"{ask.method} {ask.path}\n{ask.body}\n{answer.status_code} {kind}\n"
            yield heading.encode() + answer.body.replace(self.recorded.encode(), RECORDED.encode()) + b"\n\n"

    def _answer(self, ask: Ask) -> Any:
        content_type = "text/csv" if "import" in ask.path else "application/json"
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type}
        path = ask.path.replace(RECORDED, self.recorded)
        return self.client.http.request(ask.method, path, headers, ask.body.encode())
