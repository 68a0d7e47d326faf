"""The backends that can be asked, by name."""

from enum import StrEnum


class Backend(StrEnum):
    """Who answers: each backend has a side, a collection of readings, of its own."""

    OLD = "old"
    NEW = "new"
