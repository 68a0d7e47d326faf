"""Effects of imports on the old readings, seen from outside, and what must be left when one is undone.

By whole documents alone: a reading that looks exactly as the import left it is taken back, any other is not touched.
Only what happens without interruption is compared: nobody else can have written meanwhile.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pymongo.database import Database

from chalicelib.bootstrap.container import Container

Documents = dict[Any, dict[str, Any]]


@dataclass
class _Import:
    """What an import wrote: each document before it (None: there was none) and after it."""

    written: dict[Any, tuple[dict[str, Any] | None, dict[str, Any]]]
    undone: bool = False


class KnownImports:
    """The imports of one household."""

    def __init__(self, user: str, database: Database[Any], alone: Container) -> None:
        self._user = user
        self._database = database
        self._alone = alone
        self._known: dict[str, _Import] = {}

    @contextmanager
    def noted(self, container: Container) -> Iterator[None]:
        """Remember what an import does."""
        before, ids = self._stored(), self._ids()
        yield
        after = self._stored()
        for import_id in self._ids() - ids if container is self._alone else ():
            self._known[import_id] = _Import(
                {key: (before.get(key), document) for key, document in after.items() if before.get(key) != document}
            )

    @contextmanager
    def undoing(self, import_id: str, container: Container) -> Iterator[None]:
        """Compare what an undo leaves with what it must leave; done again, it changes nothing."""
        known, before = self._known.get(import_id), self._stored()
        yield
        if known is None:
            return
        if container is self._alone:
            assert _said(self._stored()) == _said(before if known.undone else _without(before, known))
        known.undone = True

    def _stored(self) -> Documents:
        return {document["_id"]: document for document in self._database["energies"].find({"userId": self._user})}

    def _ids(self) -> set[str]:
        return {record["_id"] for record in self._database["imports"].find({"userId": self._user})}


def _without(stored: Documents, known: _Import) -> Documents:
    """What must be stored afterwards: each document that is as the import left it becomes as it was before."""
    left = dict(stored)
    for key, (former, written) in known.written.items():
        if stored.get(key) != written:
            continue
        if former is None:
            del left[key]
        else:
            left[key] = former
    return left


def _said(documents: Documents) -> Documents:
    """Without the moment of the last update: an inherited document may have had none."""
    return {key: {**document, "updatedAt": None} for key, document in documents.items()}
