"""The texts of the gate's conditions: numbers with their nouns, ages, and what a broken condition means."""

from math import ceil

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def counted(number: int, thing: str, things: str | None = None) -> str:
    """A number and its noun: ``1 view``, ``2,000 views``."""
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"


def span(length_ms: int) -> str:
    """A length of time: in days from two on, in hours below; never shorter than it is."""
    if length_ms >= 2 * DAY_MS:
        return counted(ceil(length_ms / DAY_MS), "day")
    return counted(ceil(length_ms / HOUR_MS), "hour")


def seconds(length_ms: int) -> str:
    """A short length of time."""
    return f"{length_ms / 1000:.0f} s"
