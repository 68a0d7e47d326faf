"""Pseudonyms where no deployment has a key for them."""

from secrets import token_bytes

from chalicelib.domain.people.pseudonyms import Pseudonyms


def random_pseudonyms() -> Pseudonyms:
    """Pseudonyms by a key of this process alone."""
    return Pseudonyms(token_bytes(32))
