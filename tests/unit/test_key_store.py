"""The issuer's keys are fetched when needed and not more often."""

from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.auth import MAX_AGE_SECONDS, REFETCH_SECONDS, KeyStore
from chalicelib.domain.errors import AuthenticationError, UnavailableError
from tests.fakes.issuer import FakeIssuer


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
    clock.seconds += REFETCH_SECONDS
    with pytest.raises(AuthenticationError):
        store.key("unknown")
    assert issuer.fetches == 2


def test_a_rotated_key_is_found_after_the_waiting_time() -> None:
    issuer, clock = FakeIssuer("old"), Clock()
    store = KeyStore(issuer.key_set, clock)
    store.key("old")
    issuer.kid = "new"
    clock.seconds += REFETCH_SECONDS
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
    clock.seconds += REFETCH_SECONDS
    for _ in range(2):
        with pytest.raises(UnavailableError):
            store.key("unknown")
    assert store.key("key-1").key_id == "key-1"


def test_a_key_that_the_issuer_withdraws_is_forgotten_in_time() -> None:
    issuer, clock = FakeIssuer("old"), Clock()
    store = KeyStore(issuer.key_set, clock)
    store.key("old")
    issuer.kid = "new"
    clock.seconds += MAX_AGE_SECONDS
    with pytest.raises(AuthenticationError):
        store.key("old")


def test_an_issuer_that_is_down_is_not_asked_on_every_request() -> None:
    calls = []

    def fetch() -> Mapping[str, Any]:
        calls.append(1)
        raise OSError("connection refused")

    clock = Clock()
    store = KeyStore(fetch, clock)
    for _ in range(5):
        with pytest.raises((UnavailableError, AuthenticationError)):
            store.key("key-1")
    assert len(calls) == 1


@pytest.mark.parametrize("answer", [{}, {"keys": []}, {"keys": [{"kty": "nonsense"}]}])
def test_an_answer_without_usable_keys_is_no_reason_to_let_anybody_in(answer: Mapping[str, Any]) -> None:
    with pytest.raises((UnavailableError, AuthenticationError)):
        KeyStore(lambda: answer, Clock()).key("key-1")
