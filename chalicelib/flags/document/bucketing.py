"""Which of 100,000 buckets a user is in, per flag: evenly spread, the same everywhere and for ever.

The salt is the flag's name, so two flags pick their users independently of each other.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from hashlib import sha256
from math import ceil

BUCKETS = 100_000
PER_PERCENT = BUCKETS // 100


def rank(salt: str, user_id: str) -> int:
    """A user's place in the order in which users enter, from 0 to 2**64 - 1."""
    digest = sha256(b"v1\0" + salt.encode() + b"\0" + user_id.encode()).digest()
    return int.from_bytes(digest[:8], "big")


def bucket(salt: str, user_id: str) -> int:
    """A user's bucket, from 0 to 99,999; in when below ``percent * 1000``."""
    return rank(salt, user_id) * BUCKETS >> 64


def exact_cohort(salt: str, known: Iterable[str], size: int, kept: Sequence[str]) -> tuple[str, ...]:
    """``size`` of the known users by hash order, those kept among them: nobody is dropped when somebody joins."""
    joining = in_order(salt, set(known).difference(kept))
    return (*kept, *joining[: max(0, size - len(kept))])


def in_order(salt: str, users: Iterable[str]) -> list[str]:
    """Users in the order in which they enter."""
    return sorted(users, key=lambda user_id: (rank(salt, user_id), user_id))


def exact_size(known: int, percent: Decimal) -> int:
    """How many people a percentage of the known users is: 10 % of 10 is one, and more than 0 % is somebody."""
    return ceil(known * percent / 100)
