"""Signing in like the page, step by step, without a browser."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import urllib3

from infra.local.layout import AUDIENCE, Layout

VERIFIER = "v" * 43


def send(stack: Layout, method: str, path: str, fields: dict[str, str] | None = None, **headers: str) -> Any:
    body = urlencode(fields or {})
    sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    http = urllib3.PoolManager(retries=False, timeout=20)
    return http.request(method, f"{stack.issuer_url}{path}", headers=sent, body=body, redirect=False)


def page_of(stack: Layout) -> str:
    return f"http://localhost:{stack.ports.api}/api/"


def challenge_of(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def asked(stack: Layout, **others: str | None) -> str:
    """The path by which the page asks for a code; None leaves a parameter out."""
    parameters = {
        "response_type": "code",
        "client_id": AUDIENCE,
        "redirect_uri": page_of(stack),
        "scope": "openid",
        "state": "a state",
        "nonce": uuid4().hex,
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        **others,
    }
    return "/authorize?" + urlencode({name: value for name, value in parameters.items() if value is not None})


def code_for(stack: Layout, user: str, **others: str) -> str:
    answer = send(stack, "POST", asked(stack, **others), {"user": user})
    back = urlsplit(answer.headers["Location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == page_of(stack)
    query = parse_qs(back.query)
    assert query["state"] == ["a state"]
    return str(query["code"][0])


def exchanged(stack: Layout, code: str, **others: str) -> Any:
    fields = {
        "grant_type": "authorization_code",
        "client_id": AUDIENCE,
        "redirect_uri": page_of(stack),
        "code": code,
        "code_verifier": VERIFIER,
        **others,
    }
    return send(stack, "POST", "/token", fields)
