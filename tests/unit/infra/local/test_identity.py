"""A stack's keys and the tokens they sign."""

import json
from datetime import timedelta
from pathlib import Path

import jwt
import pytest

from infra.local.identity import Identity
from infra.local.layout import AUDIENCE

ISSUER = "http://localhost:1"


def verified(token: str, identity: Identity) -> dict[str, object]:
    key = jwt.PyJWKSet.from_dict(json.loads(identity.jwks()))[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, object] = jwt.decode(token, key, algorithms=["EdDSA"], audience=AUDIENCE, issuer=ISSUER)
    return claims


def test_a_token_verifies_against_the_published_keys(tmp_path: Path) -> None:
    identity = Identity(tmp_path / "keys", ISSUER)
    claims = verified(identity.token("alice", ["operator"]), identity)
    assert (claims["sub"], claims["roles"], "nonce" in claims) == ("alice", ["operator"], False)


def test_a_token_of_a_sign_in_repeats_its_nonce(tmp_path: Path) -> None:
    identity = Identity(tmp_path / "keys", ISSUER)
    assert verified(identity.token("alice", nonce="once"), identity)["nonce"] == "once"


def test_a_token_has_the_lifetime_that_was_asked_for(tmp_path: Path) -> None:
    identity = Identity(tmp_path / "keys", ISSUER)
    with pytest.raises(jwt.ExpiredSignatureError):
        verified(identity.token("alice", lifetime=timedelta(seconds=-1)), identity)


def test_keys_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    token, pseudonym_key = Identity(folder, ISSUER).token("alice"), Identity(folder, ISSUER).pseudonym_key
    assert verified(token, Identity(folder, ISSUER))["sub"] == "alice"
    assert Identity(folder, ISSUER).pseudonym_key == pseudonym_key
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_two_stacks_share_no_key(tmp_path: Path) -> None:
    one, two = Identity(tmp_path / "one", ISSUER), Identity(tmp_path / "two", ISSUER)
    assert one.pseudonym_key != two.pseudonym_key
    with pytest.raises(KeyError):
        verified(one.token("alice"), two)


def test_the_published_keys_hold_nothing_private(tmp_path: Path) -> None:
    assert "d" not in json.loads(Identity(tmp_path, ISSUER).jwks())["keys"][0]
