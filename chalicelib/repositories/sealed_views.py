"""Display documents with their JSON beside their data, and a seal over both.

A refresh writes ``text``, what a caller gets of a view, beside ``data``, from which it is made, and ``seal``, a digest
of the bytes of both. A reader shows the text unchanged where the seal fits both, and decodes nothing. Where it does
not, or an older release has written the document, ``data`` is read. A summary is finished for its reader's day, so it
has no text.
"""

from collections.abc import Mapping
from functools import partial
from hashlib import blake2b
from typing import Any

import bson
from bson.raw_bson import RawBSONDocument

from chalicelib.domain.json.text import JsonText, Waiting, WithText, json_text
from chalicelib.repositories.database import CODEC_OPTIONS, WITHOUT_DECIMALS, Document

# Documents as the server sends them: nothing is decoded before somebody asks for it, decimals not even then.
AS_SENT: Any = WITHOUT_DECIMALS.with_options(document_class=RawBSONDocument)
FINISHED_FOR_A_DAY = "summary"
OpenedView = tuple[Document, bool]  # and whether its seal holds


def sealed(view: Document) -> Document:
    """A display document in its stored form."""
    encoded = encoded_data(view["data"])
    beside = {} if view["dataType"] == FINISHED_FOR_A_DAY else {"text": str(json_text(view["data"]))}
    seal = _seal(view, encoded, beside.get("text", ""))
    return {**view, "data": RawBSONDocument(encoded, AS_SENT), **beside, "seal": seal}


def encoded_data(data: Mapping[str, Any]) -> bytes:
    """The stored bytes of a view's data."""
    return bson.encode(data, codec_options=CODEC_OPTIONS)


def decoded(document: RawBSONDocument) -> Document:
    """A whole document from ``AS_SENT``."""
    return bson.decode(document.raw, CODEC_OPTIONS)


def opened(view: RawBSONDocument) -> OpenedView:
    """A display document from ``AS_SENT``; where its seal holds, its data waits to be asked for."""
    document = dict(view.items())
    data = document.get("data")
    if isinstance(data, RawBSONDocument) and _holds(document, data.raw):
        return document | {"data": _waiting(data.raw, document.get("text"))}, True
    return decoded(view), False


def _waiting(data: bytes | memoryview, text: str | None) -> Waiting:
    members = partial(bson.decode, data, CODEC_OPTIONS)
    return Waiting(members) if text is None else WithText(JsonText(text), members)


def _holds(view: Document, data: bytes | memoryview) -> bool:
    """A seal under an id that no refresh writes holds nothing."""
    text, seal = view.get("text", ""), view.get("seal")
    are_written = isinstance(view.get("_id"), str) and isinstance(text, str) and isinstance(seal, bytes)
    return are_written and seal == _seal(view, data, text)


def _seal(view: Document, data: bytes | memoryview, text: str) -> bytes:
    """Of which view it is, so that no other year's is taken for it; whose it is says the id."""
    found = blake2b(data, digest_size=16)
    found.update(f"{text}{view.get('dataType')}|{view.get('year')}".encode())
    return found.digest()
