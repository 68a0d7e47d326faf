"""Pseudonyms with a random key, for a process without the key of a deployment."""

from secrets import token_bytes

from chalicelib.domain.people.pseudonyms import Pseudonyms


def random_pseudonyms() -> Pseudonyms:
    """Pseudonyms by a key of this process alone."""
    return Pseudonyms(token_bytes(32))
