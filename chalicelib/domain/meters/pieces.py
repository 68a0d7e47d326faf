"""The readings of a meter piece by piece, for who has to look at all of them and may stop in between."""

from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.calculation.compact import CompactReadings
from chalicelib.domain.readings import MeterKey


@dataclass(frozen=True, slots=True)
class Compared:
    """Up to which instant a meter's series was found equal to its readings, at which source version, begun when."""

    version: int
    up_to: int
    began: int


class ReadingPieces(Protocol):
    """Pieces of meters, and how far a comparison of them has come. Every method raises UnavailableError out of time."""

    def piece(self, meter: MeterKey, first: int, readings: int) -> CompactReadings:
        """The first so many readings of the new side from an instant on."""

    def compared(self, meter: MeterKey) -> Compared | None:
        """How far an interrupted comparison came."""

    def keep(self, meter: MeterKey, compared: Compared) -> None:
        """Remember how far a comparison has come; it goes with the meter."""
