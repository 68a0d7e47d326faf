"""A token that was checked is not checked again, and yet proves no more, no longer and for nobody else."""

from time import time
from typing import Any

import jwt
import pytest
import time_machine
from jwt import PyJWK

from chalicelib.auth import LEEWAY_SECONDS, MAX_AGE_SECONDS, REMEMBERED_TOKENS, Caller, KeyStore, TokenVerifier
from chalicelib.domain.errors import AuthenticationError
from tests.fakes.issuer import AUDIENCE, ISSUER, FakeIssuer


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def issuer() -> FakeIssuer:
    return FakeIssuer()


@pytest.fixture
def age() -> Clock:
    """How old the key store thinks that everything is."""
    return Clock()


@pytest.fixture
def verifier(issuer: FakeIssuer, age: Clock) -> TokenVerifier:
    return TokenVerifier(KeyStore(issuer.key_set, age), ISSUER, AUDIENCE)


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens whose signatures were looked at."""
    seen: list[str] = []
    decode = jwt.decode

    def watched(token: str, key: PyJWK, **options: Any) -> dict[str, Any]:
        seen.append(token)
        return dict(decode(token, key, **options))

    monkeypatch.setattr(jwt, "decode", watched)
    return seen


def test_a_token_is_checked_once(issuer: FakeIssuer, verifier: TokenVerifier, checked: list[str]) -> None:
    token = issuer.token("alice", roles=["operator"])
    callers = [verifier.verify(f"Bearer {token}") for _ in range(3)]
    assert callers == [Caller("alice", frozenset({"operator"}))] * 3
    assert checked == [token]


def test_a_remembered_token_is_refused_once_it_has_expired(issuer: FakeIssuer, verifier: TokenVerifier) -> None:
    expires = int(time()) + 600
    header = f"Bearer {issuer.token('alice', exp=expires)}"
    assert verifier.verify(header).user_id == "alice"
    with time_machine.travel(expires + LEEWAY_SECONDS - 1, tick=False):
        assert verifier.verify(header).user_id == "alice"
    for late in (0, 3600):
        with time_machine.travel(expires + LEEWAY_SECONDS + late, tick=False), pytest.raises(AuthenticationError):
            verifier.verify(header)


def test_a_clock_that_was_set_back_is_asked_again_whether_a_token_is_valid_yet(
    issuer: FakeIssuer, verifier: TokenVerifier
) -> None:
    began = int(time())
    header = f"Bearer {issuer.token('alice', nbf=began, exp=began + 600)}"
    assert verifier.verify(header).user_id == "alice"
    with time_machine.travel(began - 60, tick=False), pytest.raises(AuthenticationError):
        verifier.verify(header)


def test_a_remembered_token_is_refused_once_its_key_is_withdrawn(
    issuer: FakeIssuer, verifier: TokenVerifier, age: Clock
) -> None:
    header = f"Bearer {issuer.token('alice')}"
    assert verifier.verify(header).user_id == "alice"
    issuer.kid = "key-2"
    assert verifier.verify(header).user_id == "alice"
    age.seconds += MAX_AGE_SECONDS
    with pytest.raises(AuthenticationError, match="does not publish"):
        verifier.verify(header)


def test_a_remembered_token_is_refused_once_another_key_has_its_id(
    issuer: FakeIssuer, verifier: TokenVerifier, age: Clock
) -> None:
    header = f"Bearer {issuer.token('alice')}"
    assert verifier.verify(header).user_id == "alice"
    issuer.private_key = FakeIssuer().private_key
    age.seconds += MAX_AGE_SECONDS
    for _ in range(2):
        with pytest.raises(AuthenticationError):
            verifier.verify(header)


def test_keys_that_were_fetched_again_let_everything_be_checked_again(
    issuer: FakeIssuer, verifier: TokenVerifier, age: Clock, checked: list[str]
) -> None:
    tokens = [issuer.token(user) for user in ("alice", "bob")]
    for token in tokens * 2:
        verifier.verify(f"Bearer {token}")
    age.seconds += MAX_AGE_SECONDS
    for token in tokens * 2:
        verifier.verify(f"Bearer {token}")
    assert checked == tokens * 2


def test_no_token_answers_for_another(issuer: FakeIssuer, verifier: TokenVerifier) -> None:
    """Not even where only the part differs that says whose it is: the signature is another's then."""
    alice, bob = issuer.token("alice"), issuer.token("bob")
    for _ in range(2):
        assert verifier.verify(f"Bearer {alice}").user_id == "alice"
        assert verifier.verify(f"Bearer {bob}").user_id == "bob"
    (head, claims, signature), (_, others, other_signature) = alice.split("."), bob.split(".")
    forged = [(head, others, signature), (head, claims, other_signature), (head, claims, ""), (head, claims)]
    for parts in forged:
        with pytest.raises(AuthenticationError):
            verifier.verify(f"Bearer {'.'.join(parts)}")
    with pytest.raises(AuthenticationError):
        verifier.verify(f"Bearer {alice[:-1]}")


def test_what_is_refused_is_not_remembered(issuer: FakeIssuer, verifier: TokenVerifier, checked: list[str]) -> None:
    for claims in ({"aud": "elsewhere"}, {"iss": "https://elsewhere.test"}, {"roles": "operator"}, {"sub": ""}):
        token, seen = issuer.token(**claims), len(checked)
        for _ in range(2):
            with pytest.raises(AuthenticationError):
                verifier.verify(f"Bearer {token}")
        assert len(checked) == seen + 2


def test_another_verifier_knows_nothing_of_it(issuer: FakeIssuer, verifier: TokenVerifier) -> None:
    header = f"Bearer {issuer.token('alice')}"
    assert verifier.verify(header).user_id == "alice"
    for known in ({"issuer": ISSUER, "audience": "another"}, {"issuer": "https://another", "audience": AUDIENCE}):
        with pytest.raises(AuthenticationError):
            TokenVerifier(KeyStore(issuer.key_set), **known).verify(header)


def test_a_limited_number_is_remembered_and_the_text_of_none(issuer: FakeIssuer, verifier: TokenVerifier) -> None:
    for number in range(REMEMBERED_TOKENS + 10):
        verifier.verify(f"Bearer {issuer.token(f'user-{number}')}")
        assert len(verifier._proofs) <= REMEMBERED_TOKENS
    assert len(verifier._proofs) == 10
    assert {len(digest) for digest in verifier._proofs} == {32}
    assert all("ey" not in repr(proof.caller) for proof in verifier._proofs.values())
