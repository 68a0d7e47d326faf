"""The independent comparison: what is wrong in a database, and which acknowledged readings are gone, by plain PyMongo.

Uses none of the project's code (a test holds it to that), so that ``verify`` and this can only agree by being right.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pymongo.database import Database

from tests.integration.damage.derived import DerivedDocuments
from tests.integration.damage.figures import Views
from tests.integration.damage.stored import (
    CONTROL,
    DISPLAY,
    KEPT,
    MODES,
    NEW,
    OLD,
    QUARANTINE,
    Document,
    Found,
    Key,
    Reading,
    meter_of,
    plain,
    reading_of,
    why_unreadable,
)


@dataclass(frozen=True)
class Compared:
    """What a look at everything has shown.

    ``differences``: what ``verify`` must name. ``unreadable``: documents of a side that no reader can show, with the
    reason; ``verify`` counts them. ``lagging``: meters whose display is not compared. ``control``: why the mode cannot
    be believed, None: it can.
    """

    mode: str
    control: str | None
    differences: tuple[Found, ...] = ()
    unreadable: tuple[Found, ...] = ()
    lagging: frozenset[Key] = field(default_factory=frozenset)

    @property
    def clean(self) -> bool:
        """Nothing has to be mended."""
        return self.control is None and not self.differences


def compare(database: Database[Any]) -> Compared:
    """Look at all documents; changes nothing."""
    raw = plain(database)
    mode, catching_up, broken = control_of(raw)
    if broken:
        return Compared(mode, broken)
    old, new = Side.of(raw, OLD), Side.of(raw, NEW)
    unreadable = (*old.unreadable, *new.unreadable)
    if mode == "old_only":
        return Compared(mode, None, (), unreadable)
    display = DerivedDocuments(raw, (old if catching_up == "old" else new).readable)
    sides = _unequal(raw, *((new, old) if catching_up == "new" else (old, new))) if mode == "dual_write" else ()
    return Compared(mode, None, (*sides, *display.findings()), unreadable, display.lagging)


def control_of(raw: Database[Any]) -> tuple[str, str | None, str | None]:
    """The mode, the side that is being caught up with, and why neither can be believed."""
    found = raw[CONTROL].find_one({"_id": "sync_mode"})
    history = (raw[CONTROL].find_one({"_id": "sync_mode_changes"}) or {}).get("changes") or []
    if found is None:
        missing = "the mode is missing, though there are traces of one" if history or _traces(raw) else None
        return "old_only", None, missing
    mode, since, catching_up = found.get("mode"), found.get("since"), found.get("catchingUp")
    sides = (None, "old", "new") if mode == "dual_write" else (None,)
    if mode not in MODES or not isinstance(since, datetime) or catching_up not in sides:
        return str(mode), None, "the mode is garbage"
    if history and (history[-1]["mode"], history[-1]["at"]) != (mode, since):
        return mode, catching_up, "the mode is not the one that its history ends with"
    return mode, catching_up, None


def _traces(raw: Database[Any]) -> bool:
    """What is only there after a mode was."""
    applied = raw["migrations"].find_one({"state": "applied"})
    return applied is not None or any(raw[name].find_one() for name in (NEW, DISPLAY))


@dataclass(frozen=True)
class Side:
    """A collection of readings: those that can be shown, by meter and id, and those that cannot."""

    name: str
    readable: Mapping[Key, Mapping[Any, Reading]]
    unreadable: tuple[Found, ...]

    @classmethod
    def of(cls, raw: Database[Any], name: str) -> "Side":
        """Read all of it. On the old side the one of doubles counts that was updated last."""
        readable: dict[Key, dict[Any, Reading]] = {}
        unreadable: list[Found] = []
        for document in _without_doubles(raw, name, unreadable):
            if why := why_unreadable(document):
                unreadable.append(Found(meter_of(document), f"{name} {document['_id']}", why))
            else:
                reading = reading_of(document)
                readable.setdefault((reading.user, reading.type), {})[document["_id"]] = reading
        return cls(name, readable, tuple(unreadable))


def _without_doubles(raw: Database[Any], name: str, left: list[Found]) -> Iterator[Document]:
    kept: dict[Any, Document] = {}
    for document in raw[name].find(sort=[("_id", 1)]):
        place = (document["_id"],) if why_unreadable(document) else reading_of(document)[:3]
        together = sorted([document, *([kept[place]] if place in kept else [])], key=_last_updated)
        kept[place] = together[-1]
        left += [Found(meter_of(outdated), f"{name} {outdated['_id']}", "a double") for outdated in together[:-1]]
    yield from kept.values()


def _last_updated(document: Document) -> tuple[datetime, str]:
    return document.get("updatedAt") or document["date"], str(document["_id"])


def _unequal(raw: Database[Any], right: Side, other: Side) -> Iterator[Found]:
    """The readings that differ. A twin stays whose document is damaged but known to the quarantine: it is the last
    good copy. What cannot be read on the new side has to go where the old side is right.
    """
    known = _quarantined(raw, right)
    for meter in sorted({*right.readable, *other.readable}):
        mine, theirs = right.readable.get(meter, {}), other.readable.get(meter, {})
        taken = {reading.date for reading in mine.values()}
        for key in {**mine, **theirs}:
            stays = key not in mine and key in known and theirs[key].date not in taken
            if mine.get(key) != theirs.get(key) and not stays:
                said = f"{_said(mine.get(key))} in {right.name}, {_said(theirs.get(key))} in {other.name}"
                yield Found(meter, str(key), said)
    yield from (found for found in other.unreadable if other.name == NEW and found.meter)


def _quarantined(raw: Database[Any], side: Side) -> set[Any]:
    """The documents of a side that the quarantine knows to be damaged, and that are."""
    damaged = {found.document for found in side.unreadable}
    entries = raw[QUARANTINE].find({"collection": side.name, "resolvedAt": {"$exists": False}})
    return {entry["_id"] for entry in entries if f"{side.name} {entry['_id']}" in damaged}


def _said(reading: Reading | None) -> str:
    return "nothing" if reading is None else f"{float(reading.amount)} at {reading.date}"


def figures_of(database: Database[Any], meter: Key) -> Views:
    """What should be displayed of a meter now, of the readings that its mode shows."""
    raw = plain(database)
    return DerivedDocuments(raw, Side.of(raw, OLD if shows_old(raw) else NEW).readable).fresh(meter)


def shows_old(raw: Database[Any]) -> bool:
    """Whether the new backend, too, shows the old readings, because its own are not complete."""
    mode, catching_up, _ = control_of(raw)
    return mode == "old_only" or catching_up == "old"


def held(database: Database[Any], wanted: Mapping[Any, Reading]) -> set[Any]:
    """The ids of those readings that either side has, or what repair keeps."""
    raw = plain(database)
    there = [document for name in (OLD, NEW) for document in raw[name].find({"_id": {"$in": list(wanted)}})]
    kept = [inner for document in raw[KEPT].find() for inner in _documents_in(document)]
    said = [
        (str(document.get("_id")), reading_of(document)) for document in (*there, *kept) if not why_unreadable(document)
    ]
    return {key for key, reading in wanted.items() if (str(key), reading) in said}


def _documents_in(value: Any) -> Iterator[Document]:
    """Every document within a document, itself included."""
    if isinstance(value, Mapping):
        yield value
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for part in parts:
        yield from _documents_in(part)
