"""The field ``packing`` of a meter, and the expressions that keep it in step with the meter's writes.

``meters.packing``: ``version``, the source version up to which it knows of every write; ``step``, which names the last
step; ``parts``, the digests of what is packed by year; ``ranges``, what is not. A release that does not know of it
counts the version up alone, and then it is not believed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from chalicelib.domain.meters.packing import PackingMark, Range
from chalicelib.domain.readings import to_datetime, to_ms
from chalicelib.repositories.database import Document

STEP = "packing.step"
RANGES_AT_MOST = 500  # a packing that nobody continues while this many writes come begins again
_RANGES, _FROM, _TO = "$packing.ranges", "$packing.ranges.from", "$packing.ranges.to"


@dataclass(frozen=True, slots=True)
class Packing:
    """A packing under way: its last step, what it has packed, and in their order the ranges that it has not."""

    step: str
    parts: Mapping[int, bytes]
    ranges: Sequence[Range]


def packing_of(meter: Document) -> Packing | None:
    """The packing that a sound meter is under; None where there is none, or it does not know of every write."""
    said = meter.get("packing")
    if not isinstance(said, Mapping) or said.get("version") != meter["sourceVersion"]:
        return None
    try:
        parts = {part["year"]: part["digest"] for part in said["parts"]}
        ranges = [(to_ms(each["from"]), to_ms(each["to"])) for each in said["ranges"]]
    except (LookupError, TypeError, ValueError):
        return None
    return Packing(said["step"], parts, ranges)


def step_of(meter: Document) -> str | None:
    """The last step of the packing that a meter names, whether that is believed or not."""
    said = meter.get("packing")
    return said.get("step") if isinstance(said, Mapping) else None


def mark_of(meter: Document, packing: Packing | None) -> PackingMark:
    """The mark of a packing that readings were read from; None: they were not."""
    return PackingMark(step_of(meter), None if packing is None else len(packing.ranges))


def begun(parts: Mapping[int, bytes], ranges: Sequence[Range] | None) -> Document:
    """A packing as it begins; without ``ranges`` it is the meter's dirty range that the parts do not hold."""
    dirty = [{"from": "$dirtyFrom", "to": "$dirtyTo"}]
    return _packing("$sourceVersion", parts, dirty if ranges is None else _stored(ranges))


def gone_on(parts: Mapping[int, bytes], left: Sequence[Range], known: int) -> Document:
    """A packing after a step: what is left of the ranges that it knew, and those that writes have added since."""
    since = {"$slice": [_RANGES, known, RANGES_AT_MOST]}
    return _packing("$packing.version", parts, {"$concatArrays": [_stored(left), since]})


def with_range(first: datetime, last: datetime) -> Document:
    """What a write makes of the packing of its meter, if any."""
    known = {"$cond": [{"$isArray": _RANGES}, {"$size": {"$ifNull": [_RANGES, []]}}, RANGES_AT_MOST]}
    goes_on = [{"$eq": ["$packing.version", "$sourceVersion"]}, {"$lt": [known, RANGES_AT_MOST]}]
    written = {
        "version": {"$add": ["$sourceVersion", 1]},
        "step": "$packing.step",
        "parts": "$packing.parts",
        "ranges": {"$concatArrays": [_RANGES, [{"from": first, "to": last}]]},
    }
    return {"$cond": [{"$and": goes_on}, written, "$$REMOVE"]}


def dirty_after(known: int | None) -> Mapping[str, Any]:
    """The dirty range of a meter that was written to after a refresh had looked: what was written since, if known."""
    whole = {"dirtyFrom": "$dirtyFrom", "dirtyTo": "$dirtyTo"}
    if known is None:
        return whole
    since = {"dirtyFrom": {"$min": _since(_FROM, known)}, "dirtyTo": {"$max": _since(_TO, known)}}
    is_known = {"$eq": ["$packing.version", "$sourceVersion"]}
    return {field: {"$cond": [is_known, bound, whole[field]]} for field, bound in since.items()}


def _since(bounds: str, known: int) -> Document:
    return {"$slice": [bounds, known, RANGES_AT_MOST]}


def _packing(version: str, parts: Mapping[int, bytes], ranges: Any) -> Document:
    kept = [{"year": year, "digest": digest} for year, digest in sorted(parts.items())]
    return {"version": version, "step": uuid4().hex, "parts": {"$literal": kept}, "ranges": ranges}


def _stored(ranges: Sequence[Range]) -> list[Document]:
    return [{"from": to_datetime(first), "to": to_datetime(last)} for first, last in ranges]
