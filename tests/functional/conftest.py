"""The application under Chalice's test client, on fakes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse

from app import app
from chalicelib.auth import KeyStore, TokenVerifier
from chalicelib.bootstrap.container import Container, Ports, Rollout, compose, using
from tests.fakes.comparisons import FakeComparisonLog
from tests.fakes.issuer import AUDIENCE, ISSUER, FakeIssuer
from tests.fakes.publisher import FakePublisher
from tests.fakes.rollout import FakeFlags
from tests.fakes.sides import FakeSides, fake_ports
from tests.fakes.store import FakeStore
from tests.fakes.usage import FakeUsageLog

NOW = 1_700_000_000_000  # 2023-11-14T22:13:20Z


@dataclass
class Api:
    """The deployed application as a caller sees it, and what stands behind it."""

    client: Client
    store: FakeStore
    publisher: FakePublisher
    issuer: FakeIssuer
    container: Container
    sides: FakeSides
    flags: FakeFlags
    usage: FakeUsageLog
    ports: Ports

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
    store, publisher, issuer = FakeStore(lambda: NOW), FakePublisher(), FakeIssuer()
    verifier = TokenVerifier(KeyStore(issuer.key_set), ISSUER, AUDIENCE)
    sides = FakeSides(store, lambda: NOW)
    flags, usage = FakeFlags(), FakeUsageLog(store)
    ports = replace(fake_ports(store, publisher, sides), usage=usage, comparisons=FakeComparisonLog(usage))
    container = compose(ports, verifier, lambda: NOW, Rollout(flags))
    project = str(Path(__file__).parents[2])
    with using(container), Client(app, project_dir=project) as client:
        yield Api(client, store, publisher, issuer, container, sides, flags, usage, ports)


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
