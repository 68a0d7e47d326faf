"""Batches of points as the server sends them, packed without an object per reading.

A document of date and amount, as this application writes it, has one form and one length, so a batch is a table: it
takes a tenth of what decoding its documents takes. Whatever has another form is decoded like any document.
"""

from array import array
from struct import Struct

import bson

from chalicelib.domain.readings.compact import USUAL_DECIMALS, Column, CompactReadings, falls_in, packed
from chalicelib.repositories.database import CODEC_OPTIONS
from chalicelib.repositories.documents import point_of

POINT = {"_id": False, "date": True, "amount": True}
# Length and head of the date, the date, head of the amount, its number as two halves; the document's end.
_FORM = Struct("<10sq8sQQs")
_HEADS = {_FORM.size.to_bytes(4, "little") + b"\x09date\x00"}, {b"\x13amount\x00"}, {b"\x00"}
# Of the upper half of a Decimal128: the sign, two bits and the exponent above what belongs to the number.
_NUMBER_BITS, _ZERO_EXPONENT = 49, 6176
_LARGEST_EXPONENT = 3  # the amounts of readings have at most 15 digits; beyond, the general way decides


def points_in(batch: bytes) -> CompactReadings:
    """The points of a batch of documents, sorted by date, that hold nothing else."""
    points = _of_one_form(batch) if batch and len(batch) % _FORM.size == 0 else None
    return CompactReadings.of(map(point_of, bson.decode_all(batch, CODEC_OPTIONS))) if points is None else points


def _of_one_form(batch: bytes) -> CompactReadings | None:
    first, dates, second, lows, highs, ends = zip(*_FORM.iter_unpack(batch), strict=True)
    factors = {high: _factor(high) for high in set(highs)}
    if (set(first), set(second), set(ends)) != _HEADS or not all(factors.values()):
        return None
    amounts = _amounts(lows, highs, factors)
    return CompactReadings(array("q", dates), amounts, USUAL_DECIMALS, falls_in(amounts))


def _factor(high: int) -> int:
    """What makes thousandths of the lower half of an amount; 0 where the upper half says more than an exponent."""
    exponent, number = divmod(high, 1 << _NUMBER_BITS)
    places = exponent - _ZERO_EXPONENT + USUAL_DECIMALS
    return 10**places if not number and 0 <= places <= _LARGEST_EXPONENT + USUAL_DECIMALS else 0


def _amounts(lows: tuple[int, ...], highs: tuple[int, ...], factors: dict[int, int]) -> Column:
    return packed([low * factors[high] for low, high in zip(lows, highs, strict=True)])
