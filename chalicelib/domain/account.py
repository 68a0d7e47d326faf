"""What an account leaves in places other than the database, so that its end can be carried there.

``forget`` may run any number of times: an erasure that was interrupted is gone on with from its beginning.
"""

from typing import Protocol


class KeepsPeople(Protocol):
    """A place that may hold a person's id."""

    @property
    def name(self) -> str:
        """What the receipt calls it."""

    def forget(self, user_id: str) -> int:
        """Remove everything that says this id; returns how much that was. Raises UnavailableError: try again later."""
