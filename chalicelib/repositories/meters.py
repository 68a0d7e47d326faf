"""Meters: the source version of a (user, type) and the range of instants that the display does not show yet."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from typing_extensions import override

from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.meters.configuration import Exchange, MeterConfiguration
from chalicelib.domain.meters.invariants import VERSION_LIMIT, calculation_of, is_sound, is_version
from chalicelib.domain.ports.values import MeterState
from chalicelib.domain.ports.writing import MeterRepository
from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT, EnergyType, MeterExchange, to_datetime, to_ms
from chalicelib.repositories.calculation_marks import version_or
from chalicelib.repositories.database import Collections, Document, MongoDatabase, instant_of, meter_id
from chalicelib.repositories.documents import amount_of
from chalicelib.repositories.owned import OwnedDocuments
from chalicelib.repositories.packing_marks import dirty_after, with_range
from chalicelib.repositories.scope_rules import OWNER
from chalicelib.repositories.scoped import ScopedCollection

_VERSION: Document = {"$type": ["int", "long"], "$gte": 0, "$lt": VERSION_LIMIT}
_DATE: Document = {"$type": "date"}
_ABSENT: Document = {"$exists": False}

# ``invariants.OF_METER`` as a filter, so that a write needs no second look at a sound meter.
SOUND: Document = {
    "sourceVersion": _VERSION,
    "displayVersion": _VERSION,
    "$or": [
        {
            "$expr": {"$eq": ["$displayVersion", "$sourceVersion"]},
            **dict.fromkeys(("dirtyFrom", "dirtyTo", "dirtySince"), _ABSENT),
        },
        {
            "$expr": {"$and": [{"$lt": ["$displayVersion", "$sourceVersion"]}, {"$lte": ["$dirtyFrom", "$dirtyTo"]}]},
            **dict.fromkeys(("dirtyFrom", "dirtyTo", "dirtySince"), _DATE),
        },
    ],
}


class MongoMeterRepository(MeterRepository):
    """``MeterRepository`` on MongoDB for one user inside one transaction.

    ``known``: meters as the transaction has read them, at ``read_at`` by the database's clock. ``is_new``: that a meter
    is written for the first time is more likely than not.
    """

    def __init__(
        self,
        database: MongoDatabase,
        user_id: str,
        session: ClientSession | None,
        known: Sequence[Document] = (),
        read_at: int = 0,
        *,
        is_new: bool = False,
    ) -> None:
        self._database = database
        self._session = session
        self._meters = ScopedCollection(database[Collections.METERS], user_id, session)
        self._owned = OwnedDocuments(database, user_id, session)
        self._user_id = user_id
        self._written: dict[EnergyType, Document] = {}
        self._known = {meter["_id"]: meter for meter in known if _is_plain(meter, user_id)}
        self._read_at = read_at
        self._is_new = is_new

    @override
    def mark_changed(self, energy_type: EnergyType, first: int, last: int, now: int) -> int:
        """Count the version up and widen the dirty range; ``$min`` sets ``dirtySince`` only on a clean meter.

        A meter that is damaged, or comes back, begins again: at a version that nobody has seen, dirty from end to end.
        """
        self._written.pop(energy_type, None)
        if sound := self._known.pop(meter_id(self._user_id, energy_type), None):
            self._written[energy_type] = self._marked(sound, first, last, now)
            return int(self._written[energy_type]["sourceVersion"])
        change = partial(self._changed, energy_type, first, last, now)
        goes_on, begins = partial(change, SOUND), partial(self._begun, change, energy_type, now)
        meter = begins() or goes_on() if self._is_new else goes_on() or begins()  # at most one of them does
        if meter is None:
            return begin_again(self._owned, self._user_id, energy_type)
        self._written[energy_type] = meter
        return int(meter["sourceVersion"])

    @override
    def configuration(self, energy_type: EnergyType) -> MeterConfiguration:
        return configuration_of(self.document(energy_type) or {}, energy_type)

    def document(self, energy_type: EnergyType) -> Document | None:
        """A meter's document. One that this transaction has marked is known: nobody else changes it meanwhile."""
        return self._written.get(energy_type) or self._owned.find(
            Collections.METERS, meter_id(self._user_id, energy_type)
        )

    @override
    def configure(self, energy_type: EnergyType, configuration: MeterConfiguration) -> None:
        self._written.pop(energy_type, None)
        self._meters.update_one(
            {"_id": meter_id(self._user_id, energy_type)}, {"$set": configuration_document(configuration)}
        )

    @override
    def types(self) -> list[EnergyType]:
        return [
            energy_type
            for energy_type in sorted(EnergyType)
            if self._owned.find(Collections.METERS, meter_id(self._user_id, energy_type))
        ]

    def _marked(self, sound: Document, first: int, last: int, now: int) -> Document:
        """The same to a sound meter that is known: nobody else changes it before this transaction is over.

        What ``_changed`` asks the server to look at, and to answer, costs it as much as a write.
        """
        since = min(to_datetime(now), to_datetime(self._read_at))
        range_of = {"dirtyFrom": to_datetime(first), "dirtySince": since}
        change = {"$inc": {"sourceVersion": 1}, "$min": range_of, "$max": {"dirtyTo": to_datetime(last)}}
        same = {"sourceVersion": sound["sourceVersion"]}
        if not self._owned.update(Collections.METERS, sound["_id"], same, change):
            raise UnavailableError("the meter has changed within a transaction; try again")
        dirty = {name: min(date, sound.get(name, date)) for name, date in range_of.items()}
        until = max(to_datetime(last), sound.get("dirtyTo", to_datetime(last)))
        return {**sound, "sourceVersion": sound["sourceVersion"] + 1, **dirty, "dirtyTo": until}

    def _changed(
        self, energy_type: EnergyType, first: int, last: int, now: int, wanted: Document, *, upsert: bool = False
    ) -> Document | None:
        """``dirtySince`` never lies ahead of the database's clock: the sweeper would wait for it."""
        changed = {
            "sourceVersion": {"$add": [{"$ifNull": ["$sourceVersion", 0]}, 1]},
            "displayVersion": {"$ifNull": ["$displayVersion", 0]},
            "dirtyFrom": {"$min": ["$dirtyFrom", to_datetime(first)]},
            "dirtyTo": {"$max": ["$dirtyTo", to_datetime(last)]},
            "dirtySince": {"$min": ["$dirtySince", to_datetime(now), "$$NOW"]},
            "packing": with_range(to_datetime(first), to_datetime(last)),
        }
        return self._meters.find_one_and_update(
            {"_id": meter_id(self._user_id, energy_type), "type": energy_type.value, **wanted},
            [{"$set": changed}],
            upsert=upsert,
            return_document=ReturnDocument.AFTER,
        )

    def _begun(self, change: Callable[..., Document | None], energy_type: EnergyType, now: int) -> Document | None:
        """The meter where there never was such a one: neither figures nor readings of the new side are left of it.

        Readings of the old side alone say nothing: inherited ones have no meter.
        """
        is_left = self._owned.is_left_of(energy_type, to_datetime(now))
        return None if is_left else change({}, upsert=True)


def _is_plain(meter: Document, user_id: str) -> bool:
    """Whether a meter is sound, says the same of itself as its ``_id`` does, and is not being packed."""
    said = str(meter.get(OWNER)), str(meter.get("type"))
    is_own = meter["_id"] == meter_id(*said) and said[0] == user_id
    return is_own and is_sound(meter) and "packing" not in meter


def begin_again(owned: OwnedDocuments, user_id: str, energy_type: EnergyType) -> int:
    """Lift a meter's version above all that was ever given out, and believe nothing that is stored of it.

    It is the database's clock in milliseconds: above all versions, because no meter is written to a thousand times a
    second.
    """
    since = {"$cond": [{"$eq": [{"$type": "$dirtySince"}, "date"]}, "$dirtySince", "$$NOW"]}
    counted = ({"$add": [version_or(field, 0), 1]} for field in ("$sourceVersion", "$displayVersion"))
    meter = owned.upsert(
        Collections.METERS,
        meter_id(user_id, energy_type),
        {
            "type": energy_type.value,
            "sourceVersion": {"$max": [{"$toLong": "$$NOW"}, *counted]},
            "displayVersion": 0,
            "dirtyFrom": to_datetime(FIRST_INSTANT),
            "dirtyTo": to_datetime(LAST_INSTANT),
            "dirtySince": since,
            "series": "$$REMOVE",
            "packing": "$$REMOVE",
        },
    )
    return int(meter["sourceVersion"])


def configuration_document(configuration: MeterConfiguration) -> Document:
    """What a meter's document says of its configuration."""
    return {
        "modulus": configuration.modulus,
        "runsBackwards": configuration.runs_backwards,
        "exchanges": [_exchange_document(exchange) for exchange in configuration.exchanges],
    }


def configuration_of(meter: Document, energy_type: EnergyType) -> MeterConfiguration:
    """What besides readings decides a meter's figures, as its document says it.

    Raises:
        UnavailableError: it cannot be read.
    """
    modulus, runs_backwards = meter.get("modulus"), meter.get("runsBackwards", False)
    try:
        exchanges = tuple(_exchange(energy_type, item) for item in meter.get("exchanges") or ())
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise UnavailableError(_UNREADABLE.format("exchanges", meter["_id"])) from error
    if not isinstance(modulus, Decimal | None):
        raise UnavailableError(_UNREADABLE.format("modulus", meter["_id"]))
    if not isinstance(runs_backwards, bool):
        raise UnavailableError(_UNREADABLE.format("runsBackwards", meter["_id"]))
    return MeterConfiguration(modulus, exchanges, runs_backwards)


_UNREADABLE = (
    "the {} of this meter cannot be read, so no figure can be right: an operator must mend it (meters, _id {})"
)


def state_of(meter: Document | None) -> MeterState:
    """The versions of a meter's document; version 0 where there is none."""
    if not meter:
        return MeterState()
    if not is_sound(meter):
        return MeterState(damaged=True)
    return MeterState(
        meter["sourceVersion"],
        meter["displayVersion"],
        instant_of(meter.get("dirtySince")),
        calculation_version=calculation_of(meter),
    )


def published(
    version: int, calculation: int, as_of: int, kept: Document | None, ranges: int | None = None
) -> list[dict[str, Any]]:
    """The update that publishes ``version`` and removes the sweeper's attempts.

    Where nothing newer was written the meter becomes clean; else it lags since ``as_of``. ``ranges``: how many ranges
    of the packing are published; those behind them stay dirty. ``kept``: the mark of this version's compact series
    (``series.mark_of``), None: none is kept. The calculation is written beside it, because a release that
    knows none writes all of ``series``.
    """
    series = {"$literal": {"version": version, "calculation": calculation, **(kept or {})}}
    clean = {"$eq": ["$sourceVersion", version]}
    dirty = {
        **dirty_after(ranges),
        "dirtySince": {"$min": [{"$max": ["$dirtySince", to_datetime(as_of)]}, "$$NOW"]},
    }
    gone = dict.fromkeys(("sweep", "packing"), "$$REMOVE")
    left = {field: {"$cond": [clean, "$$REMOVE", value]} for field, value in dirty.items()}
    return [{"$set": {"displayVersion": version, "series": series, **gone, **left}}]


def _exchange(energy_type: EnergyType, document: Document) -> Exchange:
    points = MeterExchange(to_ms(document["date"]), amount_of(document["finalOld"]), amount_of(document["initialNew"]))
    revision = document.get("revision", 1)  # releases before wrote none
    return Exchange(document["id"], energy_type, points, revision if is_version(revision) else 1)


def _exchange_document(exchange: Exchange) -> Document:
    points = exchange.exchange
    return {
        "id": exchange.id,
        "date": to_datetime(points.instant),
        "finalOld": points.final_old,
        "initialNew": points.initial_new,
        "revision": exchange.revision,
    }
