"""Pseudonyms: what people and other systems see in place of a user, an id or an amount.

Equal values of one kind have equal pseudonyms, so they can be counted and compared; without the key nobody can find
whose they are, not even by trying all that there could be.
"""

import hmac
from hashlib import sha256

LENGTH = 32  # hex digits: 128 bits, more than enough to distinguish what one system holds


class Pseudonyms:
    """Keyed hashes (HMAC-SHA-256). ``key`` is a secret of the deployment: another key, other pseudonyms."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, kind: str, value: str) -> str:
        """The pseudonym of a value of a kind, such as ``user``: an amount never looks like a user of that name."""
        return hmac.new(self._key, f"{kind}\0{value}".encode(), sha256).hexdigest()[:LENGTH]
