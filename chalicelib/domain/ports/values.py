"""Plain values that services and adapters hand to each other.

Instants are UTC epoch milliseconds, amounts exact decimals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from chalicelib.domain.backends.sync_mode import SyncState
from chalicelib.domain.meters.configuration import MeterConfiguration
from chalicelib.domain.meters.display_documents import DisplayDocument
from chalicelib.domain.meters.invariants import Violation
from chalicelib.domain.meters.packing import NOT_PACKED, PackingMark, Range
from chalicelib.domain.readings import DEFAULT_ZONE, EnergyType
from chalicelib.domain.readings.compact import CompactReadings

ReadingSource = Literal["manual", "csv", "api", "sync"]


@dataclass(frozen=True, slots=True)
class UserSettings:
    """How a user's dates are read."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo(DEFAULT_ZONE))


class NewReading(NamedTuple):
    """A checked reading that is about to be stored."""

    type: EnergyType
    instant: int
    amount: Decimal
    source: ReadingSource
    import_batch_id: str | None = None


@dataclass(frozen=True, slots=True)
class StoredReading:
    """A reading of the source collection, with its revision."""

    id: str
    type: EnergyType
    instant: int
    amount: Decimal
    source: ReadingSource
    revision: int
    created_at: int
    updated_at: int
    import_batch_id: str | None = None

    @property
    def content(self) -> str:
        """A digest of what twins share: the same from either side, though one of them knows more of the reading."""
        said = f"{self.id} {self.type} {self.instant} {self.amount.normalize():f}"
        return sha256(said.encode()).hexdigest()[:16]


class Change(NamedTuple):
    """A stored reading, and the same with another amount."""

    before: StoredReading
    after: StoredReading


@dataclass(frozen=True, slots=True)
class MeterState:
    """The versions of one meter: the display is stale while ``display_version`` lags behind.

    ``calculation_version``: by which rules what is displayed was calculated; 0: nothing is displayed.
    ``damaged``: its documents contradict each other (``meters.invariants``), so neither a version nor a view that is
    stored is believed.
    """

    source_version: int = 0
    display_version: int = 0
    dirty_since: int | None = None
    damaged: bool = False
    calculation_version: int = 0

    @property
    def stale(self) -> bool:
        """Whether the display documents do not show every write yet."""
        return self.damaged or self.display_version < self.source_version


@dataclass(frozen=True, slots=True)
class MeterSnapshot:
    """Everything a calculation needs of one meter, read at one point in time.

    ``kept``: the readings come from the compact series beside the display documents, brought up to date with what the
    dirty range holds; else all of them were read. ``zoned``: the settings are the user's; else they could not be read,
    which no figure without readings depends on. ``digests``: those of the kept series' parts, by year (UTC);
    ``read``: the ranges of instants that these do not hold. ``packing``: how far a packing of the series is.
    ``months``: entries of the year asked for that are displayed and that nothing reaches that has changed since; the
    readings decide about the others alone.
    """

    sync: SyncState
    state: MeterState
    dirty_from: int | None
    dirty_to: int | None
    configuration: MeterConfiguration
    settings: UserSettings
    readings: CompactReadings = field(repr=False)
    kept: bool = False
    digests: Mapping[int, bytes] = field(default_factory=dict, repr=False)
    read: Sequence[Range] = ()
    packing: PackingMark = NOT_PACKED
    zoned: bool = True
    months: Mapping[int, Mapping[str, Any]] = field(default_factory=dict, repr=False)


class Shown(NamedTuple):
    """A stored view and the state of its meter, from one look at them.

    ``zone``: the user's, where it was looked up, can be read, and there is a meter. ``nothing``: where the new side is
    read and has neither the meter nor a reading of it, the snapshot of that; None: there is something, or nobody knows.
    """

    document: DisplayDocument | None
    state: MeterState
    zone: ZoneInfo | None = None
    nothing: MeterSnapshot | None = None


@dataclass(frozen=True, slots=True)
class WholeMeter:
    """Everything that is stored of a meter on the new side, at one point in time: what a comparison of it goes by.

    ``snapshot``: with the readings that are stored one by one; ``kept``: the compact series, None: none counts.
    ``is_large``: the snapshot has the readings of the compact series, because there are too many to read at once. A
    meter that the display lags behind is looked at without any.
    ``violations``: the invariants that its documents break. Only where there are none, ``displayed`` are its views.
    """

    snapshot: MeterSnapshot
    violations: Sequence[Violation] = ()
    displayed: Sequence[DisplayDocument] = ()
    kept: CompactReadings | None = field(default=None, repr=False)
    is_large: bool = False


@dataclass(frozen=True, slots=True)
class ReadingFilter:
    """Which readings a list shows: all of a user, or of one type, from one instant up to and including another."""

    type: EnergyType | None = None
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One page of a list, by date; ``after`` is the position (instant, id) behind which it begins."""

    filter: ReadingFilter
    descending: bool
    limit: int
    after: tuple[int, str] | None = None
