"""Documents with bytes that are no UTF-8, as a foreign application has written them, and the bytes that are stored."""

from typing import Any

import bson
from bson import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.database import Database

MARK, BYTES = "QQ", b"\xff\xe9"  # in a text: where the bytes go; they are as many
AS_SENT: Any = CodecOptions(document_class=RawBSONDocument)


def with_bytes(document: dict[str, Any]) -> RawBSONDocument:
    """The document with the bytes wherever its texts and names have the mark."""
    return RawBSONDocument(bson.encode(document).replace(MARK.encode(), BYTES), AS_SENT)


def stored_bytes(database: Database[Any], collection: str) -> list[bytes]:
    """Every document of a collection as the server has it."""
    return [bytes(found.raw) for found in database.get_collection(collection, AS_SENT).find(sort=[("$natural", 1)])]
