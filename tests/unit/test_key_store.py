"""The issuer's keys are fetched when needed and not more often."""

import urllib.request
from collections.abc import Mapping
from email.message import Message
from http import HTTPStatus
from io import BytesIO
from time import time
from typing import Any
from urllib.response import addinfourl

import pytest

from chalicelib.auth import KeyStore, TokenVerifier, fetch_key_set
from chalicelib.domain.errors import AuthenticationError, UnavailableError
from tests.fakes.issuer import AUDIENCE, ISSUER, FakeIssuer


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_known_key_is_fetched_once() -> None:
    issuer = FakeIssuer()
    store = KeyStore(issuer.key_set, Clock())
    for _ in range(3):
        assert store.key("key-1").key_id == "key-1"
    assert issuer.fetches == 1


def test_unknown_keys_fetch_again_at_a_limited_rate() -> None:
    issuer, clock = FakeIssuer(), Clock()
    store = KeyStore(issuer.key_set, clock)
    for number in range(50):
        with pytest.raises(AuthenticationError):
            store.key(f"unknown-{number}")
    assert issuer.fetches == 1
    for seconds, fetches in ((29.9, 1), (0.1, 2), (29.9, 2), (0.1, 3)):
        clock.seconds += seconds
        with pytest.raises(AuthenticationError):
            store.key("unknown")
        assert issuer.fetches == fetches


def test_a_rotated_key_is_found_after_the_waiting_time() -> None:
    issuer, clock = FakeIssuer("old"), Clock()
    store = KeyStore(issuer.key_set, clock)
    store.key("old")
    issuer.kid = "new"
    clock.seconds += 30
    assert store.key("new").key_id == "new"


def test_keys_that_are_known_survive_an_issuer_that_is_down() -> None:
    issuer, clock = FakeIssuer(), Clock()
    answers: list[Mapping[str, Any]] = [issuer.key_set()]

    def fetch() -> Mapping[str, Any]:
        if not answers:
            raise OSError("connection refused")
        return answers.pop()

    store = KeyStore(fetch, clock)
    store.key("key-1")
    clock.seconds += 30
    for _ in range(2):
        with pytest.raises(UnavailableError):
            store.key("unknown")
    assert store.key("key-1").key_id == "key-1"


def test_a_key_that_the_issuer_withdraws_is_forgotten_in_time() -> None:
    issuer, clock = FakeIssuer("old"), Clock()
    store = KeyStore(issuer.key_set, clock)
    store.key("old")
    issuer.kid = "new"
    clock.seconds += 3599
    assert store.key("old").key_id == "old"
    clock.seconds += 1
    with pytest.raises(AuthenticationError):
        store.key("old")


def test_an_issuer_that_is_down_is_not_asked_on_every_request() -> None:
    calls = []

    def fetch() -> Mapping[str, Any]:
        calls.append(1)
        raise OSError("connection refused")

    clock = Clock()
    store = KeyStore(fetch, clock)
    for seconds, asked in ((0, 1), (0.5, 1), (0.5, 2), (0.9, 2), (0.1, 3)):
        clock.seconds += seconds
        with pytest.raises(UnavailableError):
            store.key("key-1")
        assert len(calls) == asked


def test_while_the_issuer_is_down_it_is_asked_about_known_keys_twice_a_minute() -> None:
    issuer, clock = FakeIssuer(), Clock()
    calls: list[float] = []

    def fetch() -> Mapping[str, Any]:
        calls.append(clock.seconds)
        if len(calls) > 1:
            raise OSError("connection refused")
        return issuer.key_set()

    store = KeyStore(fetch, clock)
    for _ in range(3600 + 61):
        assert store.key("key-1").key_id == "key-1"
        clock.seconds += 1
    assert calls == [0, 3600, 3630, 3660]


def test_a_token_is_refused_ten_seconds_after_it_has_expired() -> None:
    """Clocks differ a little; a token of a minute ago is old by any clock."""
    issuer = FakeIssuer()
    verifier = TokenVerifier(KeyStore(issuer.key_set), ISSUER, AUDIENCE)
    assert verifier.verify(f"Bearer {issuer.token('alice', exp=int(time()) - 2)}").user_id == "alice"
    with pytest.raises(AuthenticationError, match="expired"):
        verifier.verify(f"Bearer {issuer.token('alice', exp=int(time()) - 15)}")


class Issuer(urllib.request.HTTPHandler):
    """Answers in the place of an issuer, and remembers for how long it would have been waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.patience: list[float | None] = []

    def http_open(self, req: urllib.request.Request) -> Any:
        self.patience.append(req.timeout)
        answer = addinfourl(BytesIO(b'{"keys": []}'), Message(), req.full_url, HTTPStatus.OK)
        answer.msg = "OK"  # type: ignore[attr-defined] # (as http.client names it)
        return answer


def test_nobody_waits_longer_than_three_seconds_for_the_issuer() -> None:
    issuer = Issuer()
    urllib.request.install_opener(urllib.request.build_opener(issuer))
    try:
        assert fetch_key_set("http://issuer.example/keys") == {"keys": []}
    finally:
        urllib.request.install_opener(urllib.request.build_opener())
    assert issuer.patience == [3.0]


@pytest.mark.parametrize("answer", [{}, {"keys": []}, {"keys": [{"kty": "nonsense"}]}])
def test_an_answer_without_usable_keys_is_no_reason_to_let_anybody_in(answer: Mapping[str, Any]) -> None:
    with pytest.raises((UnavailableError, AuthenticationError)):
        KeyStore(lambda: answer, Clock()).key("key-1")
