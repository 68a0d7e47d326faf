"""The keys of a stack: an Ed25519 pair that signs tokens, and the key for pseudonyms, readable by their owner."""

import json
import os
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from jwt.algorithms import OKPAlgorithm

from infra.local.layout import AUDIENCE, Layout


class Identity:
    """Reads the keys from ``folder``; makes those that are missing. ``issuer`` signs the tokens."""

    def __init__(self, folder: Path, issuer: str) -> None:
        self._folder = folder
        self.issuer = issuer

    @classmethod
    def of(cls, layout: Layout) -> Self:
        """The identity of a stack."""
        return cls(layout.keys, layout.issuer_url)

    @property
    def pseudonym_key(self) -> str:
        """The random key, in hex, that turns user ids into pseudonyms."""
        return self._kept("pseudonym.key", lambda: secrets.token_hex(32).encode()).decode()

    def jwks(self) -> str:
        """Return the public key as a JSON Web Key Set."""
        public = json.loads(OKPAlgorithm.to_jwk(self._signing_key().public_key()))
        return json.dumps({"keys": [{**public, "kid": self._key_id(), "use": "sig", "alg": "EdDSA"}]})

    def token(
        self,
        user: str,
        roles: Sequence[str] = (),
        lifetime: timedelta = timedelta(hours=12),
        *,
        nonce: str | None = None,
    ) -> str:
        """Return a signed token for ``user``; a page that signs in finds its ``nonce`` in it."""
        now = datetime.now(UTC)
        claims = {
            "sub": user,
            "iss": self.issuer,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + lifetime,
            "roles": list(roles),
            **({"nonce": nonce} if nonce else {}),
        }
        return jwt.encode(claims, self._signing_key(), algorithm="EdDSA", headers={"kid": self._key_id()})

    def _signing_key(self) -> Ed25519PrivateKey:
        key = load_pem_private_key(self._kept("signing.pem", _new_signing_key), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise TypeError(f"{self._folder / 'signing.pem'} is not an Ed25519 key")
        return key

    def _key_id(self) -> str:
        return self._kept("signing.kid", lambda: secrets.token_hex(8).encode()).decode()

    def _kept(self, name: str, make: Callable[[], bytes]) -> bytes:
        file = self._folder / name
        if not file.exists():
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as created:  # noqa: PTH123
                created.write(make())
        return file.read_bytes()


def _new_signing_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
