"""Reading ahead for a write: one command instead of six reads all that it is going to ask, with mode and fence.

All of it is read in the write's transaction, at its snapshot, by the user's id. Readings are looked up by the index
alone and judged here: a look that meets a damaged document, or doubles, answers nothing, and neither does one that was
made around another instant or on another side than the write then asks for. What is not answered here the write asks by
itself, so a wrong guess costs commands and nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from chalicelib.domain.backends.sync_mode import Side, SyncState
from chalicelib.domain.ports.writing import Expected
from chalicelib.domain.readings import EnergyType, Reading, to_datetime, to_ms
from chalicelib.repositories.control import MODE_CHANGES, READ, SYNC_MODE, state_among, sync_state
from chalicelib.repositories.database import Collections, Document, meter_id
from chalicelib.repositories.documents import COLLECTION, TYPES, flaws_in, id_of, point_of
from chalicelib.repositories.fence import fence_id
from chalicelib.repositories.scope_rules import OWNER

Stage: TypeAlias = dict[str, Any]
Where: TypeAlias = Literal["before", "after"]
Place: TypeAlias = tuple[EnergyType, int]
LAST_CHANGE: Stage = {"$cond": [{"$isArray": "$changes"}, {"$slice": ["$changes", -1]}, []]}
OF_OTHERS: Stage = {"changes": LAST_CHANGE, "opensAt": True, "erasedAt": True}
BY_ID = ("settings", "meters")
LISTS = ("reading", "before", "after")  # of readings that were looked up
# The place of the reading that was looked up; where there is none, or it is damaged, no type, where nothing can be.
_TYPE, _DATE = {"$first": "$reading.type"}, {"$first": "$reading.date"}
_HAS_PLACE = {"$and": [{"$in": [_TYPE, TYPES]}, {"$eq": [{"$type": _DATE}, "date"]}]}
ITS_PLACE: Stage = {
    "type": {"$cond": [_HAS_PLACE, _TYPE, ""]},
    "date": {"$cond": [_HAS_PLACE, _DATE, None]},
}


@dataclass(frozen=True, slots=True)
class Prefetched:
    """What was read and can be believed, by what it answers; what is missing was not asked, or has to be asked closer.

    ``place``: the meter and the instant around which readings were looked up.
    """

    found: Mapping[str, Sequence[Document]] = field(default_factory=dict)
    place: Place | None = None

    @property
    def settings(self) -> Sequence[Document] | None:
        """The user's settings, at most one document."""
        return self.found.get("settings")

    @property
    def meters(self) -> Sequence[Document]:
        """The user's meters that were looked up and are there; their documents may say anything."""
        return self.found.get("meters", ())

    def reading(self, reading_id: str) -> Document | None:
        """The document with an id, which counts; None: not known."""
        for document in self.found.get("reading", ()):
            if document["_id"] == id_of(reading_id):
                return document
        return None

    @property
    def twin(self) -> Sequence[Document] | None:
        """What the new side has of that reading, at most one document."""
        return self.found.get("twin")

    def taken(self, energy_type: EnergyType, instant: int) -> bool | None:
        """Whether a reading is at an instant; None: not known."""
        until_then = self.found.get("before") if self.place == (energy_type, instant) else None
        return None if until_then is None else any(to_ms(each["date"]) == instant for each in until_then)

    def nearest(self, energy_type: EnergyType, instant: int, where: Where) -> Sequence[Reading] | None:
        """The next reading before or after an instant, at most one; None: not known."""
        near = self.found.get(where) if self.place == (energy_type, instant) else None
        if near is None:
            return None
        return [point for point in map(point_of, near) if point.instant != instant][:1]


NOTHING = Prefetched()


def begun(
    control: Collection[Document], session: ClientSession, user_id: str, expected: Expected | None, side: Side
) -> tuple[SyncState, Prefetched]:
    """The sync mode for a write of a user, and what else is read with it on ``side``, which is probably authoritative.

    Raises:
        AccountErasedError, LostModeError: as ``sync_state``, which is asked where no mode is stored.
    """
    if expected is not None:
        for found in control.aggregate(_pipeline(user_id, expected, side), session=session):
            if state := state_among([found, *found["others"]]):
                by_id = Prefetched({name: found[name] for name in BY_ID})
                return state, _judged(found, expected) if side is state.authoritative else by_id
    return sync_state(control.database, session, [user_id]), NOTHING


def _pipeline(user_id: str, expected: Expected, side: Side) -> list[Stage]:
    """One lookup after another beside the mode's document; no list is longer than what decides."""
    others = {"_id": {"$in": [MODE_CHANGES, fence_id(user_id)]}}
    meters = [meter_id(user_id, kind) for kind in EnergyType if expected.type in (None, kind)]
    lookups = [
        _lookup("others", Collections.CONTROL, [{"$match": others}, {"$project": OF_OTHERS}]),
        _lookup("settings", Collections.SETTINGS, [{"$match": {"_id": user_id, OWNER: user_id}}]),
        _lookup("meters", Collections.METERS, [{"$match": {"_id": {"$in": meters}}}]),
    ]
    if expected.reading_id is not None:
        lookups += _of_reading(user_id, expected, expected.reading_id, side)
    if expected.asks or (expected.instant is not None and side is Side.OLD):  # the new side has a unique index
        lookups.append(_there("before", user_id, expected, "$lte", side, {"$sort": {"date": -1}}, {"$limit": 2}))
    if expected.asks:
        lookups.append(_there("after", user_id, expected, "$gt", side, {"$sort": {"date": 1}}, {"$limit": 2}))
    return [{"$match": {"_id": SYNC_MODE}}, {"$project": READ}, *lookups]


def _of_reading(user_id: str, expected: Expected, reading_id: str, side: Side) -> list[Stage]:
    """The reading itself; of the old side also its twin, and what else is at its instant.

    What else is there is among those before a reading that stays, where these are looked up.
    """
    same: Stage = {"$match": {"_id": id_of(reading_id), OWNER: user_id}}
    reading = _lookup("reading", COLLECTION[side], [same])
    if side is Side.NEW:
        return [reading]
    twin = _lookup("twin", COLLECTION[Side.NEW], [same])
    if expected.asks and expected.instant is None:
        return [reading, twin]
    return [reading, twin, _there("beside", user_id, Expected(reading_id=reading_id), "$eq", side, {"$limit": 1})]


def _there(name: str, user_id: str, expected: Expected, relation: str, side: Side, *stages: Stage) -> Stage:
    """Readings at, before or behind an instant of a meter, without the reading that was looked up."""
    if expected.reading_id is None:
        date = {relation: to_datetime(expected.instant or 0)}
        match: Stage = {OWNER: user_id, "type": expected.type, "date": date}
        return _lookup(name, COLLECTION[side], [{"$match": match}, *stages])
    instant = "$$date" if expected.instant is None else to_datetime(expected.instant)
    place = {"$expr": {"$and": [{"$eq": ["$type", "$$type"]}, {relation: ["$date", instant]}]}}
    match = {OWNER: user_id, "_id": {"$ne": id_of(expected.reading_id)}, **place}
    return _lookup(name, COLLECTION[side], [{"$match": match}, *stages], let=ITS_PLACE)


def _lookup(name: str, collection: Collections, pipeline: list[Stage], **more: Any) -> Stage:
    return {"$lookup": {"from": collection.value, "pipeline": pipeline, "as": name, **more}}


def _judged(found: Document, expected: Expected) -> Prefetched:
    """What can be believed. A reading that does not count, or not alone, says nothing of what is around it."""
    place = _place(found, expected)
    if place is None:
        return Prefetched({name: found[name] for name in BY_ID})
    believed = {name: found[name] for name in LISTS if name in found and _decides(found[name])}
    return Prefetched(believed | {name: found[name] for name in (*BY_ID, "twin") if name in found}, place)


def _place(found: Document, expected: Expected) -> Place | None:
    if expected.reading_id is None:
        return None if expected.type is None or expected.instant is None else (expected.type, expected.instant)
    own = found["reading"]
    if not own or _is_doubled(found, own[0]) or not _decides(own):
        return None
    instant = to_ms(own[0]["date"]) if expected.instant is None else expected.instant
    return EnergyType(own[0]["type"]), instant


def _is_doubled(found: Document, own: Document) -> bool:
    """Whether something else is at the instant of a reading, readable or not."""
    others = found["beside"] if "beside" in found else found.get("before", ())[:1]
    return any(other.get("date") == own.get("date") for other in others)


def _decides(documents: Sequence[Document]) -> bool:
    """Whether each of them can be read, and none is a double of another."""
    dates = {document["date"] for document in documents if not flaws_in(document)}
    return len(dates) == len(documents)
