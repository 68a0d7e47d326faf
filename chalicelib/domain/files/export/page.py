"""One page of an export, before it is written, and how many readings it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from chalicelib.domain.meters.configuration import MeterConfiguration
from chalicelib.domain.ports.values import StoredReading
from chalicelib.domain.readings import EnergyType

# An import takes 4 MB. The longest reading that is accepted (15 digits behind fourteen zeros, milliseconds) has 97
# bytes as JSON and 68 as CSV: 3.9 and 2.7 MB. The rest of the 4 MB is room for more than 2,000 exchanges.
PAGE_READINGS = 40_000


@dataclass(frozen=True, slots=True)
class ExportPage:
    """Readings by date, and the position (instant, id) behind which the next page begins, None: this is the last.

    ``meters`` is what else is known of each meter; None: said on the first page.
    """

    exported_at: int
    zone: ZoneInfo
    readings: Sequence[StoredReading]
    meters: Mapping[EnergyType, MeterConfiguration] | None
    following: tuple[int, str] | None
