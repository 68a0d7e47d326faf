"""The compact series of a meter: a copy of its readings, packed by year (UTC), as its display documents show them.

Written and versioned together with the display documents. A refresh takes what has not changed from here instead of
reading a document per reading. Believed only where the meter says that it is whole and belongs to what is displayed.
"""

import sys
from array import array
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from struct import Struct

from pymongo import DeleteMany, ReplaceOne
from pymongo.client_session import ClientSession

from chalicelib.domain.meters.display_documents import SeriesUpdate
from chalicelib.domain.meters.packing import merged
from chalicelib.domain.readings import EnergyType
from chalicelib.domain.readings.compact import CompactReadings, utc_year
from chalicelib.repositories.database import WITHOUT_DECIMALS, Collections, Document, MongoDatabase, meter_id
from chalicelib.repositories.scope_rules import Request
from chalicelib.repositories.scoped import ScopedCollection

assert sys.byteorder == "little", "packed numbers are stored as they lie in memory"  # noqa: S101
# Two numbers a reading, and twelve bytes more where the register falls, which it may do everywhere: 8.4 MB of 16.
READINGS_OF_A_DOCUMENT = 300_000
DOCUMENTS_OF_A_YEAR = 100  # nearly a reading a second
PART = Struct("<H16s")  # a year, and the digest of its part
Content = tuple[CompactReadings, Mapping[int, bytes]]


def parts_of(database: MongoDatabase, user_id: str, session: ClientSession | None) -> ScopedCollection:
    """The parts of a user's meters."""
    parts = database.get_collection(Collections.SERIES, codec_options=WITHOUT_DECIMALS)
    return ScopedCollection(parts, user_id, session)


def is_kept(meter: Document) -> bool:
    """Whether the series of what the meter displays is kept, with a digest: releases before kept none."""
    series = meter.get("series")
    if not isinstance(series, Mapping) or not isinstance(series.get("digest"), bytes):
        return False
    return bool(series.get("version") == meter["displayVersion"])


def kept(series: ScopedCollection, meter: Document) -> Content | None:
    """The whole series, and the digests of its parts; None where it is not what the meter says, or cannot be read."""
    return believed(list(series.find({"_id": years_of(meter["_id"])}, sort=[("_id", 1)])), meter)


def believed(parts: Sequence[Document], meter: Document) -> Content | None:
    """Check and decode documents that were read in order."""
    content = _content(parts, lambda digests: digest_of(digests) == meter["series"]["digest"])
    return content if content and len(content[0]) == meter["series"]["count"] else None


def packed(
    series: ScopedCollection, meter: str, digests: Mapping[int, bytes], years: Collection[int] | None = None
) -> Content | None:
    """The parts, or those of some years, that a packing has made; None where they are not those of these digests."""
    wanted = digests if years is None else {year: digests[year] for year in years if year in digests}
    if not wanted:
        return CompactReadings.joined([]), {}
    ids = [{"_id": years_of(meter, *span)} for span in spans_of(wanted)]
    return _content(list(series.find({"$or": ids}, sort=[("_id", 1)])), lambda found: found == wanted)


def spans_of(years: Iterable[int]) -> list[tuple[int, int]]:
    """The first and the last of years that follow each other."""
    return list(merged((year, year) for year in years))


def _content(parts: Sequence[Document], is_right: Callable[[Mapping[int, bytes]], bool]) -> Content | None:
    try:
        digests = _digests(parts)
        if not is_right(digests):
            return None
        readings = CompactReadings.joined(map(_readings, parts))
    except (LookupError, OverflowError, TypeError, ValueError):  # damaged: the readings are asked, and it is replaced
        return None
    return (readings, digests) if len(readings) == len(readings.amounts) else None


def between(series: ScopedCollection, meter: Document, first: int, last: int) -> CompactReadings | None:
    """The kept readings from one instant to another; None where they cannot be read.

    Without a look at the digest, which is of all parts: good enough for what is asked back, not for a figure.
    """
    parts = series.find({"_id": years_of(meter["_id"], utc_year(first), utc_year(last))}, sort=[("_id", 1)])
    try:
        return CompactReadings.joined(map(_readings, parts)).between(first, last)
    except (LookupError, OverflowError, TypeError, ValueError):
        return None


def within(series: ScopedCollection, meter: Document, first: int, last: int) -> CompactReadings | None:
    """Check and decode the years (UTC) that the range touches, each by its own digest of the meter.

    None where the meter does not know them, or one of them is not what it says.
    """
    years = utc_year(first), utc_year(last)
    known = _digests_by_year(meter["series"].get("parts"))
    if known is None or last < first:
        return None
    parts = list(series.find({"_id": years_of(meter["_id"], *years)}, sort=[("_id", 1)]))
    try:
        if _digests(parts) != _of_years(known, *years):
            return None
        return CompactReadings.joined(map(_readings, parts)).between(first, last)
    except (LookupError, OverflowError, TypeError, ValueError):
        return None


def replace(series: ScopedCollection, user_id: str, energy_type: EnergyType, update: SeriesUpdate | None) -> None:
    """Write the parts that changed, in one command; without an update nothing remains."""
    meter = meter_id(user_id, energy_type)
    spans = [years_of(meter)] if update is None else [years_of(meter, *span) for span in update.spans]
    documents = [] if update is None else documents_of(user_id, energy_type, update)
    others = {"$nin": [document["_id"] for document in documents]}
    written: list[Request] = [ReplaceOne({"_id": document["_id"]}, document, upsert=True) for document in documents]
    if changes := [*written, *(DeleteMany({"_id": {**span, **others}}) for span in spans)]:
        series.bulk_write(changes)


def mark_of(user_id: str, energy_type: EnergyType, update: SeriesUpdate) -> Document:
    """What the meter notes of a series: how many readings it holds, the digest of all its parts, and that of each."""
    digests = digests_after(user_id, energy_type, update)
    return {"count": update.count, "digest": digest_of(digests), "parts": _packed_digests(digests)}


def digests_after(user_id: str, energy_type: EnergyType, update: SeriesUpdate) -> Mapping[int, bytes]:
    """The digests of all parts once the update is stored."""
    changed = [range(first, last + 1) for first, last in update.spans]
    rest = {year: digest for year, digest in update.digests.items() if not any(year in span for span in changed)}
    return rest | _digests(documents_of(user_id, energy_type, update))


def _packed_digests(parts: Mapping[int, bytes]) -> bytes:
    return b"".join(PART.pack(year, parts[year]) for year in sorted(parts))


def _digests_by_year(packed: object) -> Mapping[int, bytes] | None:
    """What the meter notes of each part; None where nobody has, or something else."""
    if not isinstance(packed, bytes) or len(packed) % PART.size:
        return None
    return dict(PART.iter_unpack(packed))


def _of_years(digests: Mapping[int, bytes], first: int, last: int) -> Mapping[int, bytes]:
    return {year: digest for year, digest in digests.items() if first <= year <= last}


def digest_of(parts: Mapping[int, bytes]) -> bytes:
    """The digest of a whole series from those of its parts, by year."""
    return _digest_of_all(parts[year] for year in sorted(parts))


def storable(parts: Iterable[CompactReadings]) -> bool:
    """Whether every year fits into its documents."""
    most = READINGS_OF_A_DOCUMENT * DOCUMENTS_OF_A_YEAR
    return all(isinstance(part.amounts, array) and len(part) <= most for part in parts)


def years_of(meter: str, first: int = 0, last: int = 9999) -> Document:
    """The parts of a meter from one year to another: by ``_id``, whose index no migration has to make first."""
    return {"$gte": f"{meter}|{first:04}", "$lt": f"{meter}|{last:04}~"}


def documents_of(user_id: str, energy_type: EnergyType, update: SeriesUpdate) -> list[Document]:
    """The documents of the parts that an update brings."""
    meter = meter_id(user_id, energy_type)
    return [
        _document(f"{meter}|{year}", energy_type, year, number, piece)
        for year, part in update.parts.items()
        for number, piece in enumerate(part.pieces(READINGS_OF_A_DOCUMENT))
    ]


def _document(part: str, energy_type: EnergyType, year: int, number: int, readings: CompactReadings) -> Document:
    """A year is one document; of one with very many readings each document but the first has a number."""
    return {
        "_id": f"{part}|p{number:02}" if number else part,
        "type": energy_type.value,
        "year": year,
        "instants": readings.instants.tobytes(),
        "amounts": array("q", readings.amounts).tobytes(),
        "decimals": readings.decimals,
        "falls": list(readings.falls),
    }


def _digests(documents: Iterable[Document]) -> dict[int, bytes]:
    """Of each year: that of its document, or of the digests of all its documents. Raises LookupError, TypeError."""
    found: dict[int, list[bytes]] = {}
    for document in documents:
        found.setdefault(document["year"], []).append(_digest(document))
    return {year: each[0] if len(each) == 1 else _digest_of_all(each) for year, each in found.items()}


def _digest_of_all(digests: Iterable[bytes]) -> bytes:
    return blake2b(b"".join(digests), digest_size=16).digest()


def _digest(document: Document) -> bytes:
    """Of all that a part says but whose it is: it is found by that. Raises LookupError, TypeError."""
    said = repr([document[field] for field in ("type", "year", "decimals", "falls")])
    content = blake2b(said.encode(), digest_size=16)
    for column in ("instants", "amounts"):
        content.update(len(document[column]).to_bytes(8))
        content.update(document[column])
    return content.digest()


def _readings(document: Document) -> CompactReadings:
    instants, amounts = (array("q", document[column]) for column in ("instants", "amounts"))
    return CompactReadings(instants, amounts, document["decimals"], document["falls"])
