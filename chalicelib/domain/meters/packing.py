"""Packing: the compact series of a meter with very many readings, put together in steps that each take little time.

A meter under way says which ranges of instants its parts do not hold yet. A step takes the first of them as far as it
comes; a write adds the range that it changes, in its own transaction. So nothing is lost that is written in between,
and nothing is read again but that. Where few readings are left, a refresh publishes as it always does.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from chalicelib.domain.readings import EnergyType

Range = tuple[int, int]  # the first and the last instant, both included


class Packed(StrEnum):
    """What a step has come to: there is more to do, nothing is left that it knew of, no series can hold the meter."""

    MORE = "more"
    DONE = "done"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class PackingMark:
    """The packing that readings were read from: its last step, and how many ranges were left.

    ``ranges`` None: they were not read from a packing.
    """

    step: str | None = None
    ranges: int | None = None


NOT_PACKED = PackingMark()


class SeriesPacking(Protocol):
    """Packs the readings of meters."""

    def pack(self, user_id: str, energy_type: EnergyType, readings: int) -> Packed:
        """Begin, or take one step that reads at most ``readings``.

        Raises:
            AccountErasedError: the account was erased.
            DamagedMeterError: what is stored contradicts the meter.
            UnavailableError: the database did not answer in time; the next step goes on.
        """


def merged(ranges: Iterable[Range]) -> Sequence[Range]:
    """Merge ranges: the same instants, in order, none of which meets another."""
    found: list[Range] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found
