"""Doubles among inherited readings: of those at one instant of a meter the one updated last counts, no reader sees the
others. Only the old side can have them.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.errors import NotFoundError
from chalicelib.repositories.database import Document
from chalicelib.repositories.documents import counted, found, id_of, updated_of
from chalicelib.repositories.scoped import ScopedCollection


def last_updated(doubles: Sequence[Document]) -> Document:
    """Choose the document that counts at an instant: the one updated last; without a date the one created last."""
    return max(doubles, key=lambda document: (updated_of(document), str(document.get("_id"))))


def without_doubles(documents: Sequence[Document]) -> list[Document]:
    """Documents of one meter in the order of their dates, of each instant only the one that counts."""
    kept: dict[Any, Document] = {}
    for document in documents:
        other = kept.get(document["date"])
        kept[document["date"]] = document if other is None else last_updated([other, document])
    return [kept[date] for date in sorted(kept)]


def each_that_counts(documents: Iterable[Document]) -> Iterator[Document]:
    """Documents of one meter, sorted by date, one after another without doubles, in the same order."""
    for _, together in groupby(documents, itemgetter("date")):
        yield last_updated(list(together))


def document_that_counts(readings: ScopedCollection, side: Side, reading_id: str) -> Document:
    """The document with an id. Raises NotFoundError: there is none, or it is a double that does not count."""
    document = found(readings.find_one(counted({"_id": id_of(reading_id)})))
    if side is Side.NEW:
        return document
    there = counted({"type": document["type"], "date": document["date"]})
    doubles = list(readings.find(there, projection=["date", "updatedAt"]))
    if last_updated([*doubles, document])["_id"] != document["_id"]:
        raise NotFoundError("there is no such reading")
    return document
