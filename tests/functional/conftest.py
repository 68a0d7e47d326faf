"""The application under Chalice's test client, on fakes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse

from app import app
from chalicelib.auth import KeyStore, TokenVerifier
from tests.fakes.application import Application, application
from tests.fakes.issuer import AUDIENCE, ISSUER, FakeIssuer

NOW = 1_700_000_000_000  # 2023-11-14T22:13:20Z
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACED = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}  # answers to requests of one trace can be equal whole


@dataclass
class Api(Application):
    """The deployed application as a caller sees it, and the fakes behind it."""

    client: Client
    issuer: FakeIssuer

    def request(
        self,
        method: str,
        path: str,
        body: bytes | str = b"",
        *,
        user: str | None = "alice",
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
        roles: tuple[str, ...] = (),
    ) -> HTTPResponse:
        token = {} if user is None else {"Authorization": f"Bearer {self.issuer.token(user, roles=[*roles])}"}
        content = body if isinstance(body, bytes) else body.encode()
        all_headers = {"Content-Type": content_type, **token, **(headers or {})}
        return self.client.http.request(method, path, all_headers, content)


@pytest.fixture
def api() -> Iterator[Api]:
    issuer = FakeIssuer()
    verifier = TokenVerifier(KeyStore(issuer.key_set), ISSUER, AUDIENCE)
    project = str(Path(__file__).parents[2])
    with application(verifier, lambda: NOW) as behind, Client(app, project_dir=project) as client:
        yield Api(**vars(behind), client=client, issuer=issuer)


def problem(response: HTTPResponse, status: int) -> Any:
    """The body of a problem answer, its outer form checked."""
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    body = response.json_body
    assert {"type", "title", "status", "detail", "instance"} <= set(body)
    assert body["status"] == status
    return body


def error(response: HTTPResponse, status: int) -> Any:
    """The body of an error answer of version 1, its outer form checked."""
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/json"
    body = response.json_body
    assert isinstance(body["error"], str)
    assert body["error"]
    assert set(body) <= {"error", "code", "errors"}
    return body


def refused(version: str, response: HTTPResponse, status: int) -> Any:
    """The body of an answer that refuses, in the form of its version."""
    return {"v1": error, "v2": problem}[version](response, status)
