"""New readings that differ in id, date and amount alone: one is encoded as an example, the others are cut like it.

These values have a fixed width, so all documents have one form and one length. Encoding each by itself, with an object
for each value, took half of what an import takes in Python. A test holds both equal, byte for byte.
"""

from struct import Struct
from typing import NamedTuple

from bson import encode
from bson.raw_bson import RawBSONDocument

from chalicelib.repositories.database import ENCODING, Document

# In the order of a document; in front of each its type.
_FIELDS = {b"\x07_id\x00": 12, b"\x09date\x00": 8, b"\x13amount\x00": 16}


class Values(NamedTuple):
    """What a document has for itself: its id, its instant, and both halves of its amount (``database.halves_of``)."""

    key: bytes
    instant: int
    high: int
    low: int


class Form:
    """What all the documents have in common."""

    def __init__(self, example: Document) -> None:
        encoded, parts, begin = encode(example, codec_options=ENCODING), list[bytes](), 0
        for field, width in _FIELDS.items():
            value = encoded.index(field, begin) + len(field)
            parts.append(encoded[begin:value])
            begin = value + width
        self._begin, self._to_date, self._to_amount, self._end = *parts, encoded[begin:]
        lengths = map(len, (self._begin, self._to_date, self._to_amount, self._end))
        self._pack = Struct("<{}s12s{}sq{}sQQ{}s".format(*lengths)).pack

    def filled(self, values: Values) -> RawBSONDocument:
        """The document with these values."""
        key, instant, high, low = values
        return RawBSONDocument(
            self._pack(self._begin, key, self._to_date, instant, self._to_amount, low, high, self._end)
        )
