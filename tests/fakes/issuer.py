"""An identity provider with keys of its own: signs tokens and publishes its key set."""

import json
import time
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

ISSUER = "https://issuer.test"
AUDIENCE = "energy-monitor"


class FakeIssuer:
    def __init__(self, kid: str = "key-1") -> None:
        self.kid = kid
        self.private_key = Ed25519PrivateKey.generate()
        self.fetches = 0

    def key_set(self) -> Mapping[str, Any]:
        self.fetches += 1
        public = json.loads(OKPAlgorithm.to_jwk(self.private_key.public_key()))
        return {"keys": [{**public, "kid": self.kid, "alg": "EdDSA", "use": "sig"}]}

    def token(self, user_id: str = "alice", **claims: Any) -> str:
        """A valid token; ``claims`` replace single claims, None leaves one out."""
        now = int(time.time())
        full = {"sub": user_id, "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 600} | claims
        payload = {name: value for name, value in full.items() if value is not None}
        return jwt.encode(payload, self.private_key, algorithm="EdDSA", headers={"kid": self.kid})
