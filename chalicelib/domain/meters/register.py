"""The port to all meters there are: replay finds in it the meters to send events for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.readings import EnergyType


@dataclass(frozen=True, slots=True)
class RegisteredMeter:
    """A meter and the version of its readings."""

    user_id: str
    type: EnergyType
    source_version: int


class MeterRegister(Protocol):
    """All meters there are, of all users."""

    def meters(self, user_id: str | None = None, since: int | None = None) -> Iterator[RegisteredMeter]:
        """All, or those of one user, or those that may have been written to since an instant, none of them left out.

        Raises UnavailableError.
        """
