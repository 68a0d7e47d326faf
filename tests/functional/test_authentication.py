"""Every data route proves who is asking, and says 401 in the error shape when it cannot."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.fakes.issuer import FakeIssuer
from tests.functional.conftest import Api, problem, refused

DATA_ROUTES = [
    ("POST", "/v2/energy"),
    ("POST", "/v2/energy/import"),
    ("GET", "/v2/display?type=power&year=2024&dataType=monthly"),
    ("GET", "/v1/energy"),
    ("POST", "/v1/energy"),
    ("PUT", "/v1/energy/0123456789abcdef01234567"),
    ("DELETE", "/v1/energy/0123456789abcdef01234567"),
    ("POST", "/v1/energy/import"),
    ("GET", "/v1/monthly?type=power&year=2024"),
    ("GET", "/v1/histogram?type=power"),
    ("GET", "/v1/summary?type=power"),
]


def unsigned(issuer: FakeIssuer) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    return f"{part({'alg': 'none', 'kid': issuer.kid})}.{part(claims)}."


def signed_by_somebody_else(issuer: FakeIssuer) -> str:
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    return jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers={"kid": issuer.kid})


def public_key_as_secret(issuer: FakeIssuer) -> str:
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    return jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"kid": issuer.kid})


BAD_TOKENS: dict[str, Callable[[FakeIssuer], str]] = {
    "expired": lambda issuer: issuer.token(exp=int(time.time()) - 60),
    "without expiry": lambda issuer: issuer.token(exp=None),
    "without subject": lambda issuer: issuer.token(sub=None),
    "empty subject": lambda issuer: issuer.token(sub=""),
    "half a surrogate pair in the subject": lambda issuer: issuer.token(sub="alice\ud800"),
    "NUL in the subject": lambda issuer: issuer.token(sub="alice\x00"),
    "a line break in the subject": lambda issuer: issuer.token(sub="alice\n"),
    "an endless subject": lambda issuer: issuer.token(sub="a" * 256),
    "a subject that is no text": lambda issuer: issuer.token(sub=7),
    "an endless expiry": lambda issuer: issuer.token(exp=float("inf")),
    "no number as expiry": lambda issuer: issuer.token(exp=float("nan")),
    "deep JSON": lambda _: f"{base64.urlsafe_b64encode(b'[' * 6000).decode()}.e30.AAAA",
    "half a character": lambda _: "\ud800",
    "for another audience": lambda issuer: issuer.token(aud="somebody-else"),
    "of another issuer": lambda issuer: issuer.token(iss="https://elsewhere.test"),
    "not valid yet": lambda issuer: issuer.token(nbf=int(time.time()) + 600),
    "roles not a list": lambda issuer: issuer.token(roles="operator"),
    "alg none": unsigned,
    "wrong key": signed_by_somebody_else,
    "symmetric algorithm": public_key_as_secret,
    "unknown key id": lambda _: FakeIssuer("key-2").token(),
    "not a token": lambda _: "abc",
}


@pytest.mark.parametrize(("method", "path"), DATA_ROUTES)
def test_a_data_route_refuses_a_request_without_a_token(api: Api, method: str, path: str) -> None:
    response = api.request(method, path, user=None)
    refused(path[1:3], response, 401)
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("kind", BAD_TOKENS)
@pytest.mark.parametrize(("method", "path"), DATA_ROUTES)
def test_a_data_route_refuses_a_token_that_proves_nothing(api: Api, method: str, path: str, kind: str) -> None:
    token = BAD_TOKENS[kind](api.issuer)
    refused(path[1:3], api.request(method, path, user=None, headers={"Authorization": f"Bearer {token}"}), 401)
    assert not api.store.stored.readings


@pytest.mark.parametrize("user", ["auth0|5f7c8ec7c33c6c004bbafe82", "a" * 255, "Zoë", "me@example.com"])
def test_identity_providers_name_users_in_many_ways(api: Api, user: str) -> None:
    assert api.request("GET", "/v1/energy", user=user).status_code == 200


@pytest.mark.parametrize("scheme", ["Basic", "Token", ""])
def test_only_the_bearer_scheme_counts(api: Api, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {api.issuer.token()}".strip()}
    problem(api.request("GET", DATA_ROUTES[2][1], user=None, headers=headers), 401)


def test_one_user_never_sees_anothers_figures(api: Api) -> None:
    body = json.dumps({"type": "power", "date": "2023-01-31", "amount": 1000})
    assert api.request("POST", "/v2/energy", body, user="alice").status_code == 201
    path = "/v2/display?type=power&year=2023&dataType=monthly"
    theirs = api.request("GET", path, user="bob").json_body
    own = api.request("GET", path, user="alice").json_body
    assert own["data"]["months"][0]["meterReading"] == 1000
    assert all(month["meterReading"] is None for month in theirs["data"]["months"])


def test_health_needs_no_token(api: Api) -> None:
    answer = api.request("GET", "/health", user=None)
    assert (answer.status_code, answer.json_body) == (200, {"status": "ok"})
