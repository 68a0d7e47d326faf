"""The displayed figures of a person's meters, and the right ones, calculated from the readings themselves.

Nothing here goes by what a refresh goes by: not by the compact series, not by the dirty range.
"""

from collections.abc import Collection
from typing import Any

from pymongo.database import Database

from chalicelib.bootstrap.container import Container
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.ports.values import MeterSnapshot
from chalicelib.domain.readings import EnergyType
from chalicelib.services.display.view_data import series_of
from chalicelib.services.refresh.refresh import documents_of

Views = dict[tuple[str, int | None], Any]
OURS = f"|c{CALCULATION_VERSION}"  # what the id of a display document of this calculation version ends in
UNFINISHED = {
    "dirtySince",
    "dirtyFrom",
    "dirtyTo",
    "sweep",
    "packing",
}  # what only a meter has that waits for a refresh


def calculated(snapshot: MeterSnapshot) -> Views:
    """The data of every document that should be stored."""
    if snapshot.state.source_version == 0:
        return {}
    documents = documents_of(snapshot, series_of(snapshot), None, 0)
    return {(document.data_type, document.year): document.data for document in documents}


def displayed(database: Database[Any], user: str, kind: EnergyType) -> Views:
    """The data of every document that is stored."""
    found = database["display_energy_data"].find({"userId": user, "type": kind.value})
    return {(document["dataType"], document["year"]): document["data"] for document in found}


def published(database: Database[Any], user: str) -> dict[str, list[Any]]:
    """All that refreshes have written, by type of meter, byte for byte, except whose it is."""
    meters: dict[str, list[Any]] = {kind.value: [] for kind in EnergyType}
    for collection in ("display_energy_data", "meter_series"):
        for document in database[collection].find({"userId": user}, projection={"userId": 0}, sort=[("_id", 1)]):
            meters[document["type"]].append(document | {"_id": document["_id"].removeprefix(user)})
    return meters


def assert_shown(
    container: Container, database: Database[Any], user: str, where: str = "", extreme: Collection[EnergyType] = ()
) -> None:
    """Whatever was written is displayed, nothing else is, and nobody has to look at a meter any more.

    Nor does the next refresh have to read all readings, except of ``extreme`` meters, whose amounts no series may hold.
    """
    for kind in EnergyType:
        read = container.queries.full_snapshot(user, kind, Backend.NEW)
        meter = database["meters"].find_one({"_id": f"{user}|{kind}"}) or {}
        assert read.state.display_version == read.state.source_version, where
        assert not UNFINISHED & set(meter), where
        assert displayed(database, user, kind) == calculated(read), where
        kept = container.queries.snapshot(user, kind, Backend.NEW)
        assert_spliced(kept, read, where)
        assert kept.kept or not meter or kind in extreme, where


def assert_spliced(kept: MeterSnapshot, read: MeterSnapshot, where: str = "") -> None:
    """What the compact series says, the dirty range spliced in, is what the readings say."""
    assert kept.readings == read.readings, where
    assert list(kept.readings.falls) == list(read.readings.falls), where


def readings(database: Database[Any], user: str, side: str) -> list[tuple[Any, ...]]:
    """What one of the two collections has of a user, by nothing of the code under test."""
    fields = ("type", "date", "amount", "_id")
    found = database[side].find({"userId": user}, sort=[("type", 1), ("date", 1)])
    return [tuple(document[name] for name in fields) for document in found]
