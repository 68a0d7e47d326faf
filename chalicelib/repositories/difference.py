"""The difference between two sides of a meter, and the writes that make them equal. Reads and writes nothing itself."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.migration.sync.reconciliation import Reconciled
from chalicelib.domain.readings import is_kept, to_datetime, to_ms
from chalicelib.repositories.database import Document
from chalicelib.repositories.documents import amount_of, updated_of
from chalicelib.repositories.doubles import without_doubles

# Which of these ids have an authoritative document that cannot be read.
UnreadableAmong = Callable[[Sequence[Any]], Sequence[Any]]


def counting(found: Sequence[Document], side: Side) -> dict[Any, Document]:
    """Readable documents of a meter, in the order of their dates, by id; on the old side without doubles."""
    return {item["_id"]: item for item in (without_doubles(found) if side is Side.OLD else found)}


def keepable(
    found: Sequence[Document],
    wanted: Mapping[Any, Document],
    present: Mapping[Any, Document],
    unreadable: UnreadableAmong,
) -> set[Any]:
    """The ids of twins to keep: their documents are there, but cannot be read or are hidden by a double.

    A twin is not kept where a reading that counts needs its instant.
    """
    taken = {document["date"] for document in wanted.values()}
    alone = {key for key in present if key not in wanted}
    hidden = alone.intersection(document["_id"] for document in found)
    damaged = unreadable([key for key in alone if key not in hidden])
    return {key for key in (*hidden, *damaged) if not (is_kept(date := present[key].get("date")) and date in taken)}


@dataclass(frozen=True, slots=True)
class Difference:
    """What must be written on a side to make it equal: documents as they should be, and those that should not be.

    ``kept``: twins that stay although their authoritative documents do not count. ``is_first``: the side had nothing.
    """

    new: Sequence[Document]
    changed: Sequence[tuple[Document, Document]]
    gone: Sequence[Document]
    kept: tuple[Any, ...] = ()
    is_first: bool = False

    @classmethod
    def of(
        cls, wanted: Mapping[Any, Document], present: Mapping[Any, Document], side: Side, kept: Collection[Any] = ()
    ) -> "Difference":
        """Compare the authoritative documents with their twins on ``side``."""
        return cls(
            new=[twin_of(document, None, side) for key, document in wanted.items() if key not in present],
            changed=[
                (present[key], twin_of(document, present[key], side))
                for key, document in wanted.items()
                if key in present and differ(document, present[key])
            ],
            gone=[document for key, document in present.items() if key not in wanted and key not in kept],
            kept=tuple(kept),
            is_first=not present,
        )

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.gone)

    def written(self, source_version: int) -> Reconciled:
        """How much it is, as a reconciliation says it."""
        return Reconciled(len(self.new), len(self.changed), len(self.gone), source_version, *self.span, self.kept)

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last instant that a figure changes at."""
        documents = [*self.new, *self.gone, *(document for pair in self.changed for document in pair)]
        instants = [to_ms(item["date"]) for item in documents if is_kept(item.get("date"))] or [0]
        return min(instants), max(instants)


NOTHING = Difference([], [], [])


def differ(one: Document, other: Document) -> bool:
    """Whether two twins say different things; a damaged one may say anything."""
    return one.get("date") != other.get("date") or _amount(one) != _amount(other)


def _amount(document: Document) -> Decimal | None:
    try:
        return amount_of(document.get("amount"))
    except InvalidOperation:
        return None


def twin_of(document: Document, present: Document | None, side: Side) -> Document:
    """The document that ``side`` should have; on the new side with what only that side knows.

    A new twin's revision begins at the last update, not at 1: a twin that was dropped and comes back (a migration
    reverted and applied again) must never meet an ETag of its former life.
    """
    date, created = document["date"], document.get("createdAt")
    updated = to_datetime(updated_of(document))
    twin: Document = {
        "_id": document["_id"],
        "type": document["type"],
        "date": date,
        "amount": amount_of(document["amount"]),
        "createdAt": created if isinstance(created, datetime) else date,
        "updatedAt": updated,
    }
    if side is Side.NEW:
        known: Document = {"source": "sync", "importBatchId": None, "revision": None} | (present or {})
        revision = known["revision"] if isinstance(known["revision"], int) else to_ms(updated) - 1
        twin |= {field: known[field] for field in ("source", "importBatchId")} | {"revision": revision + 1}
    return twin
