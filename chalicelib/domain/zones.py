"""The known time zones: those of the pinned time zone data, so that every machine knows the same.

A machine may know others besides, such as ``localtime``: its own zone, which is nobody's.
"""

from functools import cache
from importlib.resources import files


def known_zone(key: str) -> bool:
    """Whether ``key`` is the name of an IANA zone."""
    return key in _zones()


@cache
def _zones() -> frozenset[str]:
    return frozenset(files("tzdata").joinpath("zones").read_text().split())
