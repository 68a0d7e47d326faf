"""The number of examples of a test: few in ``make test``, which everybody waits for, many in ``make test-deep``."""

import os
from collections.abc import Iterable
from itertools import product
from typing import Any, TypeVar

DEEP = bool(os.environ.get("DEEP_TESTS"))
T = TypeVar("T")


def depth(shallow: int, deep: int) -> int:
    """One of two sizes of the same test: examples, documents, seeds."""
    return deep if DEEP else shallow


def share(cases: Iterable[T], number: int, of: int, *, deep: bool = DEEP) -> list[T]:
    """All cases; in ``make test`` every third (``of`` 3), so that three tests try each case of a list once."""
    return list(cases) if deep else list(cases)[number::of]


def combined(*values: Iterable[Any], deep: bool = DEEP) -> list[tuple[Any, ...]]:
    """All combinations; in ``make test`` so few that each value occurs in at least one."""
    axes = [list(each) for each in values]
    if deep:
        return list(product(*axes))
    return [tuple(axis[number % len(axis)] for axis in axes) for number in range(max(map(len, axes)))]
