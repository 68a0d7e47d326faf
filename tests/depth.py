"""How much a test tries: little in ``make test``, which everybody waits for, and much in ``make test-deep``."""

import os

DEEP = bool(os.environ.get("DEEP_TESTS"))


def depth(shallow: int, deep: int) -> int:
    """One of two sizes of the same test: examples, documents, seeds."""
    return deep if DEEP else shallow
