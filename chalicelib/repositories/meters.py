"""Meters: the source version of a (user, type) and the range of instants that the display does not show yet."""

from typing import Any

from pymongo import ReturnDocument

from chalicelib.domain.ports import Exchange, MeterConfiguration, MeterState
from chalicelib.domain.readings import EnergyType, MeterExchange, to_datetime, to_ms
from chalicelib.repositories.database import Document, instant_of, meter_id
from chalicelib.repositories.scoped import ScopedCollection


class MongoMeterRepository:
    """Implements ``MeterRepository`` for one user inside one transaction."""

    def __init__(self, meters: ScopedCollection, user_id: str) -> None:
        self._meters = meters
        self._user_id = user_id

    def mark_changed(self, energy_type: EnergyType, first: int, last: int, now: int) -> int:
        """Count the version up and widen the dirty range; ``$min`` sets ``dirtySince`` only on a clean meter.

        ``dirtySince`` never lies ahead of the database's clock: the sweeper would wait for it.
        """
        changed = {
            "sourceVersion": {"$add": [{"$ifNull": ["$sourceVersion", 0]}, 1]},
            "dirtyFrom": {"$min": ["$dirtyFrom", to_datetime(first)]},
            "dirtyTo": {"$max": ["$dirtyTo", to_datetime(last)]},
            "dirtySince": {"$min": ["$dirtySince", to_datetime(now), "$$NOW"]},
            "type": {"$ifNull": ["$type", energy_type.value]},
            "displayVersion": {"$ifNull": ["$displayVersion", 0]},
        }
        meter = self._meters.find_one_and_update(
            {"_id": meter_id(self._user_id, energy_type)},
            [{"$set": changed}],
            projection={"sourceVersion": 1},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        assert meter is not None, "an upsert always returns its document"  # noqa: S101
        return int(meter["sourceVersion"])

    def configuration(self, energy_type: EnergyType) -> MeterConfiguration:
        """Modulus and exchanges of a meter; the defaults where there is none yet."""
        found = self._meters.find_one(
            {"_id": meter_id(self._user_id, energy_type)}, projection={"type": 1, "modulus": 1, "exchanges": 1}
        )
        return configuration_of(found or {})

    def configure(self, energy_type: EnergyType, configuration: MeterConfiguration) -> None:
        """Replace modulus and exchanges of a meter that ``mark_changed`` has just written."""
        exchanges = [_exchange_document(exchange) for exchange in configuration.exchanges]
        self._meters.update_one(
            {"_id": meter_id(self._user_id, energy_type)},
            {"$set": {"modulus": configuration.modulus, "exchanges": exchanges}},
        )

    def types(self) -> list[EnergyType]:
        """The types that the user has a meter of, by the ids of both."""
        ids = [meter_id(self._user_id, energy_type) for energy_type in EnergyType]
        found = self._meters.find({"_id": {"$in": ids}}, projection={"type": 1})
        return sorted(EnergyType(meter["type"]) for meter in found)


def configuration_of(meter: Document) -> MeterConfiguration:
    """Modulus and exchanges as they stand in a meter's document."""
    return MeterConfiguration(
        modulus=meter.get("modulus"),
        exchanges=tuple(_exchange(EnergyType(meter["type"]), item) for item in meter.get("exchanges") or ()),
    )


def state_of(meter: Document | None) -> MeterState:
    """The versions that stand in a meter's document; version 0 where there is none."""
    if not meter:
        return MeterState()
    return MeterState(meter["sourceVersion"], meter["displayVersion"], instant_of(meter.get("dirtySince")))


def published(version: int, as_of: int, series_count: int | None) -> list[dict[str, Any]]:
    """The update that advances a meter's display version, forgets attempts and, nothing newer written, cleans it.

    What is newer was written after ``as_of``, so the meter lags since then. ``series_count``: how many readings the
    compact series of this version holds, None: none is kept.
    """
    series = "$$REMOVE" if series_count is None else {"version": version, "count": series_count}
    clean = {"$eq": ["$sourceVersion", version]}
    dirty = {
        "dirtyFrom": "$dirtyFrom",
        "dirtyTo": "$dirtyTo",
        "dirtySince": {"$min": [{"$max": ["$dirtySince", to_datetime(as_of)]}, "$$NOW"]},
    }
    kept = {field: {"$cond": [clean, "$$REMOVE", value]} for field, value in dirty.items()}
    return [{"$set": {"displayVersion": version, "series": series, "sweep": "$$REMOVE", **kept}}]


def _exchange(energy_type: EnergyType, document: Document) -> Exchange:
    points = MeterExchange(to_ms(document["date"]), document["finalOld"], document["initialNew"])
    return Exchange(document["id"], energy_type, points)


def _exchange_document(exchange: Exchange) -> Document:
    points = exchange.exchange
    return {
        "id": exchange.id,
        "date": to_datetime(points.instant),
        "finalOld": points.final_old,
        "initialNew": points.initial_new,
    }
