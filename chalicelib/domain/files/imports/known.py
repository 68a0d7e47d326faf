"""The stored readings and settings of a meter that an imported file can touch."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.domain.meters.configuration import MeterConfiguration
from chalicelib.domain.readings import EnergyType
from chalicelib.domain.readings.compact import CompactReadings


@dataclass(frozen=True, slots=True)
class KnownMeter:
    """The stored state of a meter.

    ``readings``: at least those between the first row and the last, of the year before, and the next one behind.
    ``unreadable``: instants that a damaged document holds. ``highest``: asked where the file gives a modulus.
    """

    type: EnergyType
    configuration: MeterConfiguration
    readings: CompactReadings
    highest: Callable[[], Decimal]
    unreadable: frozenset[int] = frozenset()
