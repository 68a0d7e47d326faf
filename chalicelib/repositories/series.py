"""The compact series of a meter: its readings once more, packed by year (UTC), as its display documents show them.

Written and versioned together with the display documents. A refresh takes what has not changed from here instead of
reading a document per reading. Believed only where the meter says that it is whole and belongs to what is displayed.
"""

import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from struct import Struct

from pymongo import DeleteMany, ReplaceOne

from chalicelib.domain.calculation.compact import CompactReadings, utc_year
from chalicelib.domain.meters.display_documents import SeriesUpdate
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.database import Document, meter_id
from chalicelib.repositories.scoped import ScopedCollection

assert sys.byteorder == "little", "packed numbers are stored as they lie in memory"  # noqa: S101
# A year is one document of at most 16 MB with two numbers per reading: a reading a minute fits, one a second does not.
READINGS_OF_A_YEAR = 900_000
PART = Struct("<H16s")  # a year, and the digest of its part


def is_kept(meter: Document) -> bool:
    """Whether the series of what the meter displays is kept, with a digest: releases before kept none."""
    series = meter.get("series")
    if not isinstance(series, Mapping) or not isinstance(series.get("digest"), bytes):
        return False
    return bool(series.get("version") == meter["displayVersion"])


def kept(series: ScopedCollection, meter: Document) -> tuple[CompactReadings, Mapping[int, bytes]] | None:
    """The whole series, and the digests of its parts; None where it is not what the meter says, or cannot be read."""
    return believed(list(series.find({"_id": _years(meter["_id"])}, sort=[("_id", 1)])), meter)


def believed(parts: Sequence[Document], meter: Document) -> tuple[CompactReadings, Mapping[int, bytes]] | None:
    """The same of documents that were read in order."""
    try:
        digests = {part["year"]: _digest(part) for part in parts}
        if digest_of(digests) != meter["series"]["digest"]:
            return None
        readings = CompactReadings.joined([_readings(part) for part in parts])
    except (LookupError, OverflowError, TypeError, ValueError):  # damaged: the readings are asked, and it is replaced
        return None
    return (readings, digests) if len(readings) == len(readings.amounts) == meter["series"]["count"] else None


def between(series: ScopedCollection, meter: Document, first: int, last: int) -> CompactReadings | None:
    """The kept readings from one instant to another; None where they cannot be read.

    Without a look at the digest, which is of all parts: good enough for what is asked back, not for a figure.
    """
    parts = series.find({"_id": _years(meter["_id"], utc_year(first), utc_year(last))}, sort=[("_id", 1)])
    try:
        return CompactReadings.joined(map(_readings, parts)).between(first, last)
    except (LookupError, OverflowError, TypeError, ValueError):
        return None


def within(series: ScopedCollection, meter: Document, first: int, last: int) -> CompactReadings | None:
    """The same by the years (UTC) that the range touches, each as the meter knows it by its own digest.

    None where the meter does not know them, or one of them is not what it says.
    """
    years = utc_year(first), utc_year(last)
    known = _digests_by_year(meter["series"].get("parts"))
    if known is None or last < first:
        return None
    parts = list(series.find({"_id": _years(meter["_id"], *years)}, sort=[("_id", 1)]))
    try:
        if {part["year"]: _digest(part) for part in parts} != _of_years(known, *years):
            return None
        return CompactReadings.joined(map(_readings, parts)).between(first, last)
    except (LookupError, OverflowError, TypeError, ValueError):
        return None


def replace(series: ScopedCollection, user_id: str, energy_type: EnergyType, update: SeriesUpdate | None) -> None:
    """Write the parts that changed, in one command; without an update nothing remains."""
    meter = meter_id(user_id, energy_type)
    between = _years(meter) if update is None else _years(meter, update.first_year, update.last_year)
    documents = [] if update is None else _documents(user_id, energy_type, update)
    gone = {"_id": {**between, "$nin": [document["_id"] for document in documents]}}
    written = [ReplaceOne({"_id": document["_id"]}, document, upsert=True) for document in documents]
    series.bulk_write([*written, DeleteMany(gone)])


def mark_of(user_id: str, energy_type: EnergyType, update: SeriesUpdate) -> Document:
    """What the meter notes of a series: how many readings it holds, the digest of all its parts, and that of each."""
    rest = {
        year: digest for year, digest in update.digests.items() if not update.first_year <= year <= update.last_year
    }
    changed = {each["year"]: _digest(each) for each in _documents(user_id, energy_type, update)}
    return {"count": update.count, "digest": digest_of(rest | changed), "parts": _packed_digests(rest | changed)}


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
    return blake2b(b"".join(parts[year] for year in sorted(parts)), digest_size=16).digest()


def storable(parts: Iterable[CompactReadings]) -> bool:
    """Whether every part fits into a document."""
    return all(isinstance(part.amounts, array) and len(part) <= READINGS_OF_A_YEAR for part in parts)


def _years(meter: str, first: int = 0, last: int = 9999) -> Document:
    """The parts of a meter from one year to another: by ``_id``, whose index no migration has to make first."""
    return {"$gte": f"{meter}|{first:04}", "$lte": f"{meter}|{last:04}"}


def _documents(user_id: str, energy_type: EnergyType, update: SeriesUpdate) -> list[Document]:
    return [_document(user_id, energy_type, year, part) for year, part in update.parts.items()]


def _document(user_id: str, energy_type: EnergyType, year: int, part: CompactReadings) -> Document:
    return {
        "_id": f"{meter_id(user_id, energy_type)}|{year}",
        "type": energy_type.value,
        "year": year,
        "instants": part.instants.tobytes(),
        "amounts": array("q", part.amounts).tobytes(),
        "decimals": part.decimals,
        "falls": list(part.falls),
    }


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
