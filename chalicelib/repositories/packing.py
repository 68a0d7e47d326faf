"""Packing on MongoDB: its steps. What a meter says of it is in ``packing_marks``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from pymongo.client_session import ClientSession
from typing_extensions import override

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.errors import DamagedMeterError, DuplicateReadingError
from chalicelib.domain.meters.display_documents import SeriesUpdate
from chalicelib.domain.meters.invariants import is_sound
from chalicelib.domain.meters.packing import Packed, Range, SeriesPacking, merged
from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT, EnergyType, to_ms
from chalicelib.domain.readings.compact import CompactReadings, utc_year
from chalicelib.repositories import series
from chalicelib.repositories.control import sync_state
from chalicelib.repositories.database import Collections, Document, MongoDatabase, meter_id, time_limit
from chalicelib.repositories.history import points_between
from chalicelib.repositories.owned import OwnedDocuments
from chalicelib.repositories.packing_marks import STEP, Packing, begun, gone_on, packing_of, step_of
from chalicelib.repositories.scoped import ScopedCollection
from chalicelib.repositories.transactions import in_transaction

EVERYTHING: Range = (FIRST_INSTANT, LAST_INSTANT)
NOTHING = SeriesUpdate([(0, 9999)], {})  # no part stays
AS_IT_IS = SeriesUpdate([], {})


@dataclass(frozen=True, slots=True)
class _Change:
    """What one step changes: where the meter is still as it was seen, its packing and some parts of its series."""

    wanted: Document
    packing: Any
    parts: SeriesUpdate
    outcome: Packed = Packed.MORE


class MongoSeriesPacking(SeriesPacking):
    """``SeriesPacking`` on MongoDB."""

    def __init__(self, database: MongoDatabase, timeout_seconds: float) -> None:
        self._database = database
        self._timeout = timeout_seconds

    @override
    def pack(self, user_id: str, energy_type: EnergyType, readings: int) -> Packed:
        """What a step changes is found at one snapshot; who was faster with a step has made it."""
        with time_limit(self._timeout), self._database.client.start_session(snapshot=True) as session:
            change = _Look(self._database, user_id, energy_type, session).change(readings)
        if isinstance(change, Packed):
            return change
        try:
            return in_transaction(
                self._database, self._timeout, lambda session: self._commit(user_id, energy_type, change, session)
            )
        except DuplicateReadingError as error:
            raise DamagedMeterError(f"a part of {meter_id(user_id, energy_type)} is in the way") from error

    def _commit(self, user_id: str, energy_type: EnergyType, change: _Change, session: ClientSession) -> Packed:
        """The step goes on from whatever was written meanwhile; a meter that goes on is no failing one."""
        sync_state(self._database, session, [user_id])
        meters = ScopedCollection(self._database[Collections.METERS], user_id, session)
        meter = {"_id": meter_id(user_id, energy_type), **change.wanted}
        if not meters.update_one(meter, [{"$set": {"packing": change.packing, "sweep": "$$REMOVE"}}]):
            return Packed.MORE
        parts = series.parts_of(self._database, user_id, session)
        series.replace(parts, user_id, energy_type, change.parts)
        return change.outcome


class _Look:
    """A meter at one snapshot, and what the next step changes of it."""

    def __init__(self, database: MongoDatabase, user_id: str, energy_type: EnergyType, session: ClientSession) -> None:
        self._user_id, self._type = user_id, energy_type
        self._sync = sync_state(database, session)
        self._meter = OwnedDocuments(database, user_id, session).find(
            Collections.METERS, meter_id(user_id, energy_type)
        )
        self._parts = series.parts_of(database, user_id, session)
        self._readings = ScopedCollection(database[Collections.READINGS], user_id, session)

    def change(self, readings: int) -> "_Change | Packed":
        """The next step: it reads at most ``readings``."""
        meter = self._meter
        if not meter or not is_sound(meter) or self._sync.reads(Backend.NEW) is not Side.NEW:
            return Packed.IMPOSSIBLE
        packing = packing_of(meter)
        if packing is None:
            return self._begun(meter)
        if not packing.ranges:
            held = series.packed(self._parts, meter["_id"], packing.parts)
            return self._given_up(packing) if held is None else Packed.DONE
        return self._step(meter["_id"], packing, readings)

    def _begun(self, meter: Document) -> "_Change | Packed":
        """What is kept outside the dirty range is packed already, where it can be believed; of a clean meter all."""
        if "dirtyFrom" not in meter and series.is_kept(meter) and series.kept(self._parts, meter):
            return Packed.DONE
        seen = {STEP: step_of(meter), "displayVersion": meter["displayVersion"]}
        kept = series.kept(self._parts, meter) if _has_kept(meter) else None
        if kept is None:
            return _Change(seen, begun({}, [EVERYTHING]), NOTHING)
        return _Change(seen, begun(kept[1], None), AS_IT_IS)

    def _given_up(self, packing: Packing) -> _Change:
        """Its parts are not what it says: it begins again."""
        return _Change({STEP: packing.step}, "$$REMOVE", AS_IT_IS)

    def _step(self, meter: str, packing: Packing, readings: int) -> "_Change | Packed":
        taken, left = self._taken(merged(packing.ranges), readings)
        ends = {utc_year(end) for ranged, _ in taken for end in ranged}
        beside = series.packed(self._parts, meter, packing.parts, ends)
        if beside is None:
            return self._given_up(packing)
        spans = merged((utc_year(first), utc_year(last)) for (first, last), _ in taken)
        parts = dict(beside[0].with_ranges(taken).by_year(spans[0][0], spans[-1][1]))
        if not series.storable(parts.values()):
            return Packed.IMPOSSIBLE
        update = SeriesUpdate(spans, parts, digests=packing.parts)
        digests = series.digests_after(self._user_id, self._type, update)
        after = gone_on(digests, left, len(packing.ranges))
        outcome = Packed.MORE if left else Packed.DONE
        return _Change({STEP: packing.step}, after, update, outcome)

    def _taken(self, ranges: Sequence[Range], readings: int) -> tuple[list[tuple[Range, CompactReadings]], list[Range]]:
        """The readings of the first ranges, as far as a step comes, and the ranges that it does not come to."""
        taken, left = list[tuple[Range, CompactReadings]](), list(ranges)
        while left and readings:
            first, last = left.pop(0)
            found = points_between(self._readings, self._type, (first, last), readings)
            if len(found) == readings and found.instants[-1] < last:
                left = [(found.instants[-1] + 1, last), *left]
                last = found.instants[-1]
            taken.append(((first, last), found))
            readings -= len(found)
        return taken, left


def _has_kept(meter: Document) -> bool:
    """Whether a series is kept, and the meter has a dirty range that does not cover all of it."""
    if not series.is_kept(meter) or "dirtyFrom" not in meter:
        return False
    dirty = cast(Range, tuple(to_ms(meter[end]) for end in ("dirtyFrom", "dirtyTo")))
    return dirty[0] > FIRST_INSTANT or dirty[1] < LAST_INSTANT
