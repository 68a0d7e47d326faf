"""What one refresh stores of a meter: its display documents and its compact series."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from chalicelib.domain.meters.packing import NOT_PACKED, PackingMark
from chalicelib.domain.readings import FIRST_INSTANT
from chalicelib.domain.readings.compact import CompactReadings

DataType = Literal["monthly", "histogram", "summary"]
ALWAYS_WRITTEN: tuple[DataType, ...] = ("histogram", "summary")  # by every refresh


@dataclass(frozen=True, slots=True)
class DisplayDocument:
    """One stored view; ``data`` has the shape that the caller sees, amounts as Decimal. ``year``: monthly only.

    ``text``: what is stored beside ``data`` as its JSON, None: nothing. ``encoded``: ``data`` as the bytes that are
    stored, where they were looked at.
    """

    data_type: DataType
    year: int | None
    data: Mapping[str, Any]
    source_version: int
    calculation_version: int
    calculated_at: int
    text: object = field(default=None, compare=False, repr=False)
    encoded: bytes | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SeriesUpdate:
    """What of a meter's compact series changes: these parts are all there is in some spans of years (UTC).

    ``spans``: the first and the last year of each, both included. ``count`` is the number of readings in the whole
    series, where a meter is to note it; ``digests`` are those of the parts as they were before.
    """

    spans: Sequence[tuple[int, int]]
    parts: Mapping[int, CompactReadings]
    count: int = 0
    digests: Mapping[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DisplayUpdate:
    """What one refresh writes: the documents it touched, the years that remain stored at all, the compact series.

    Without a ``series`` none is kept: the next calculation reads all readings. ``as_of``: every write that was
    committed before this instant is shown. ``whole``: the documents are all there
    should be; stored ones that are not among them go. ``packing``: the packing that the readings were read from.
    """

    source_version: int
    documents: Sequence[DisplayDocument]
    stored_years: range
    series: SeriesUpdate | None = None
    as_of: int = FIRST_INSTANT
    whole: bool = False
    packing: PackingMark = NOT_PACKED
