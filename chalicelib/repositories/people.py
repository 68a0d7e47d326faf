"""The list of all collections with how each names people, and how a person's documents in it are found.

Who erases an account and who exports one both go by this table. A test fails where a collection is not in it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.meters.invariants import id_of
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.database import Collections, Document

OWNER = "userId"
Names = Callable[[str], bool]  # whether a text is a person's id


@dataclass(frozen=True, slots=True)
class Holds:
    """How a collection names people.

    ``fields`` hold a person's id, ``pseudonym`` the person's pseudonym; ``keyed``: the ``_id`` begins with the id, and
    decides where the two disagree. ``texts``: any text at any depth may be the id. ``late``: the field with the moment
    of documents that may still come when the account is erased already, written outside of any transaction.
    """

    fields: tuple[str, ...] = ()
    pseudonym: str | None = None
    keyed: bool = False
    texts: bool = False
    late: str | None = None

    def named(self, user_id: str, pseudonym: str) -> Document | None:
        """What matches the documents that name a person in a field; None where none can."""
        if self.fields:
            return {"$or": [{field: user_id} for field in self.fields]}
        return {self.pseudonym: pseudonym} if self.pseudonym else None


NOBODY = Holds()
PEOPLE: Mapping[Collections, Holds] = {
    Collections.ENERGIES: Holds((OWNER,)),
    Collections.READINGS: Holds((OWNER,)),
    Collections.METERS: Holds((OWNER,), keyed=True),
    Collections.SERIES: Holds((OWNER,), keyed=True),
    Collections.DISPLAY: Holds((OWNER,), keyed=True),
    Collections.SETTINGS: Holds((OWNER,), keyed=True),
    Collections.IMPORTS: Holds((OWNER,)),
    Collections.QUARANTINE: Holds((OWNER, "document.userId", "twin.userId"), late="quarantinedAt"),
    Collections.REPAIRED: Holds((OWNER, "before.userId", "after.userId"), late="at"),
    Collections.USAGE: Holds((OWNER,), "user", late="at"),
    Collections.USAGE_PEOPLE: Holds(pseudonym="user", late="foldedAt"),
    Collections.USAGE_HOURS: NOBODY,  # how many people, not who
    Collections.COMPARISONS: Holds(pseudonym="user", late="at"),
    Collections.GATE: NOBODY,
    Collections.AGREEMENTS: Holds(pseudonym="user", late="at"),
    Collections.FEEDBACK: Holds((OWNER,), "user", late="at"),
    Collections.PAGES: Holds(pseudonym="user", late="at"),
    Collections.V1_CALLERS: Holds(pseudonym="user", late="last"),
    Collections.DISCARDED: Holds(texts=True, late="discardedAt"),
    Collections.CONTROL: Holds(texts=True),
    Collections.FLAG_CHANGES: NOBODY,  # carried to its end with the flags, by a ``KeepsPeople``
    Collections.ROLLOUTS: NOBODY,  # operators, whom a ``KeepsPeople`` takes out
    Collections.ERASURES: NOBODY,
}


def under_ids_of(user_id: str) -> Document:
    """What matches every ``_id`` that can be a person's; ``person_of`` says which are others'."""
    return {"$or": [{"_id": user_id}, {"_id": {"$gte": f"{user_id}|", "$lt": f"{user_id}}}"}}]}


def is_theirs(collection: Collections, document: Document, user_id: str) -> bool:
    """Whether a document of a keyed collection is a person's, by its ``_id``; where that is none, by what it names."""
    key = document["_id"]
    person = person_of(collection, key)
    if person is not None:
        return person == user_id
    rest = str(key).removeprefix(f"{user_id}|").split("|") if isinstance(key, str) else []
    garbled = isinstance(key, str) and key.startswith(f"{user_id}|") and (len(rest) == 1 or rest[0] in set(EnergyType))
    return garbled or document.get(OWNER) == user_id


def person_of(collection: Collections, key: Any) -> str | None:
    """Whose an ``_id`` of a keyed collection is; None where it is no such id."""
    if collection is Collections.SETTINGS:
        return key if isinstance(key, str) else None
    said = id_of(key)
    return None if said is None else said.user_id


def is_named(value: Any, names: Names) -> bool:
    """Whether a text in a value, at any depth, is a person's id or that of one of their meters."""
    return any(names(text) or names(_person(text)) for text in texts(value))


def _person(text: str) -> str:
    said = id_of(text)
    return said.user_id if said else text


def texts(value: Any) -> Iterator[str]:
    """Every text in a value at any depth, also in JSON that is kept as a text."""
    if isinstance(value, str):
        yield value
        if value[:1] in ("{", "[", '"'):
            with suppress(ValueError, RecursionError):
                yield from texts(json.loads(value))
    elif isinstance(value, Mapping):
        yield from value
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts(each)
