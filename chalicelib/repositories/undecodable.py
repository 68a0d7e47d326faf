"""Documents with bytes that are no UTF-8, as another application has written them: shown, and sent as they were read.

Such a byte is read as half of a surrogate pair (PEP 383, ``CODEC_OPTIONS``), which no other text has: texts are equal
where their bytes are. The driver refuses to send these; nothing is ever sent with other characters in their place.
"""

from collections.abc import Mapping
from struct import pack
from typing import Any

import bson
from bson import Code, DBRef, Regex
from bson.raw_bson import RawBSONDocument

from chalicelib.repositories.database import BYTES, CODEC_OPTIONS, Document
from chalicelib.repositories.sealed_views import AS_SENT

_TEXT, _DOCUMENT, _ARRAY, _REGEX, _CODE, _CODE_WITH_SCOPE = b"\x02", b"\x03", b"\x04", b"\x0b", b"\x0d", b"\x0f"


def sendable(document: Document) -> Document | RawBSONDocument:
    """A document or filter in a form that the driver sends byte for byte as it was read; most stay what they are."""
    try:
        bson.encode(document, codec_options=CODEC_OPTIONS)
    except UnicodeEncodeError:
        return RawBSONDocument(_encoded(document), AS_SENT)
    return document


def shown(text: str) -> str:
    """A text for people and JSON: bytes that are no UTF-8 as ``\\\\xff``."""
    return text.encode(errors=BYTES).decode(errors="backslashreplace")


def _encoded(document: Mapping[str, Any]) -> bytes:
    elements = bytearray()
    for name, value in document.items():
        kind, content = _content(value)
        elements += kind + _c_string(name) + content
    return pack("<i", len(elements) + 5) + elements + b"\0"


def _content(value: Any) -> tuple[bytes, bytes]:
    """The type and the bytes of a value, as bsonspec.org has them; what holds no text, the driver writes."""
    if isinstance(value, RawBSONDocument):
        return _DOCUMENT, bytes(value.raw)
    if isinstance(value, Mapping):
        return _DOCUMENT, _encoded(value)
    if isinstance(value, DBRef):
        return _DOCUMENT, _encoded(value.as_doc())
    if isinstance(value, list | tuple):
        return _ARRAY, _encoded({str(place): each for place, each in enumerate(value)})
    if isinstance(value, Regex) and isinstance(value.pattern, str):
        return _REGEX, _c_string(value.pattern) + bson.encode({"": Regex("", value.flags)})[7:-1]
    if isinstance(value, Code) and value.scope is not None:
        content = _string(value) + _encoded(value.scope)
        return _CODE_WITH_SCOPE, pack("<i", len(content) + 4) + content
    if isinstance(value, str):
        return _CODE if isinstance(value, Code) else _TEXT, _string(value)
    element = bson.encode({"": value}, codec_options=CODEC_OPTIONS)
    return element[4:5], element[6:-1]


def _string(text: str) -> bytes:
    content = _c_string(text)
    return pack("<i", len(content)) + content


def _c_string(text: str) -> bytes:
    return text.encode(errors=BYTES) + b"\0"
