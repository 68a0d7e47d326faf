"""The release before calculation versions were read: what it has stored, and how it publishes.

Written off its code (``repositories/display.py`` and ``meters.py`` of the commit b0c2dff): it looks at display versions
only, and writes or removes all of ``series``. ``fixtures/release_1.jsonl`` is what that code stored of a household:
power, with a modulus, an exchange and a year whose document is gone; gas, which lags.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from bson import CodecOptions, json_util
from pymongo import DeleteMany, InsertOne, ReplaceOne
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from chalicelib.bootstrap.container import Container
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.meters.display_documents import DisplayDocument
from chalicelib.domain.meters.invariants import FIRST_CALCULATION
from chalicelib.domain.ports.values import MeterSnapshot
from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT, EnergyType, to_datetime
from chalicelib.services.display.view_data import series_of
from chalicelib.services.refresh.refresh import documents_of

FIXTURE = Path(__file__).parent / "fixtures" / "release_1.jsonl"
USER, OBJECT_IDS = "former", "6b0b376c"  # whose documents the fixture holds, and what their ids begin with
PLAIN: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
LEDGER = "migrations"


def stored(user: str, ids: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Collection and document, line by line, as if another user had stored them."""
    text = FIXTURE.read_text(encoding="utf-8").replace(OBJECT_IDS, ids).replace(f'"{USER}', f'"{user}')
    for line in text.splitlines():
        yield from json_util.loads(line, json_options=json_util.JSONOptions(tz_aware=True)).items()


def settle(database: Database[Any], user: str, ids: str = OBJECT_IDS) -> None:
    """Let a user have been served by the former release, in a database whose indexes are those of today.

    At once: a sweeper that came in between would calculate the meter that lags from a part of its readings.
    """
    raw = database.with_options(codec_options=PLAIN)

    def put(session: ClientSession) -> None:
        for collection, document in stored(user, ids):
            if collection != LEDGER:
                raw[collection].replace_one({"_id": document["_id"]}, document, upsert=True, session=session)

    with raw.client.start_session() as session:
        session.with_transaction(put)


def spoil(database: Database[Any], user: str) -> None:
    """Let every figure that is stored be of other rules than those of today."""
    display = database["display_energy_data"]
    for kind, change in {
        "monthly": {"data.months.11.meterReading": 1, "data.months.2.consumption": 1},
        "histogram": {"data.maxCount": 1},
    }.items():
        wanted = {"userId": user, "dataType": kind, **{field: {"$type": "number"} for field in change}}
        assert display.update_many(wanted, {"$inc": change}).modified_count > 0
    display.update_many({"userId": user, "dataType": "summary"}, {"$set": {"data.zone": "Pacific/Auckland"}})


class Release1:
    """A function of that release: it refreshes one meter at a time, as a handler does."""

    def __init__(self, database: Database[Any], container: Container) -> None:
        self._database = database
        self._container = container

    def snapshot(self, user: str, kind: EnergyType) -> MeterSnapshot:
        """What a refresh begins with."""
        return self._container.queries.full_snapshot(user, kind, Backend.NEW)

    def refresh(self, user: str, kind: EnergyType) -> bool:
        """Bring a meter up to date; where its documents contradict the update, begin again."""
        snapshot = self.snapshot(user, kind)
        if snapshot.state.display_version >= snapshot.state.source_version:
            return False
        try:
            return self.publish(user, kind, snapshot)
        except DuplicateKeyError:
            self.begin_again(user, kind)
            return self.publish(user, kind, self.snapshot(user, kind))

    def publish(self, user: str, kind: EnergyType, snapshot: MeterSnapshot) -> bool:
        """Advance the meter where it lags behind the snapshot, and only then touch its documents."""
        with self._database.client.start_session() as session:
            return session.with_transaction(lambda session: self._publish(user, kind, snapshot, session))

    def begin_again(self, user: str, kind: EnergyType) -> None:
        """Believe nothing that is stored of a meter."""
        meter = {"_id": f"{user}|{kind}"}
        lifted = {
            "sourceVersion": {"$max": [{"$toLong": "$$NOW"}, {"$add": ["$sourceVersion", 1]}]},
            "displayVersion": 0,
            "dirtyFrom": to_datetime(FIRST_INSTANT),
            "dirtyTo": to_datetime(LAST_INSTANT),
            "dirtySince": {"$ifNull": ["$dirtySince", "$$NOW"]},
            "series": "$$REMOVE",
        }
        self._database["meters"].update_one(meter, [{"$set": lifted}])
        self._clear(user, kind, None)

    def _publish(self, user: str, kind: EnergyType, snapshot: MeterSnapshot, session: ClientSession) -> bool:
        version, display = snapshot.state.source_version, self._database["display_energy_data"]
        behind = {"_id": f"{user}|{kind}", "displayVersion": {"$lt": version}}
        before = self._database["meters"].find_one_and_update(behind, _published(version), session=session)
        if before is None:
            return False
        documents = documents_of(snapshot, series_of(snapshot), None, 0, FIRST_CALCULATION)
        written = [_document(user, kind, document) for document in documents]
        if snapshot.dirty_from is not None and snapshot.dirty_from <= FIRST_INSTANT:
            self._clear(user, kind, session)
            display.bulk_write([InsertOne(document) for document in written], session=session)
            return True
        older = {"sourceVersion": {"$lte": before["displayVersion"]}}
        replaced = [ReplaceOne({"_id": each["_id"], **older}, each, upsert=True) for each in written]
        years = [document.year for document in documents if document.year is not None]
        outside = {"userId": user, "type": kind.value, "dataType": "monthly", "year": {"$nin": years}}
        try:
            display.bulk_write([*replaced, DeleteMany(outside)], session=session)
        except Exception as error:
            if "E11000" in str(getattr(error, "details", error)):
                raise DuplicateKeyError("a display document is in the way") from error
            raise
        return True

    def _clear(self, user: str, kind: EnergyType, session: ClientSession | None) -> None:
        for collection in ("display_energy_data", "meter_series"):
            self._database[collection].delete_many({"userId": user, "type": kind.value}, session=session)


def _published(version: int) -> list[dict[str, Any]]:
    """Where no series is kept ``series`` goes, else all of it is replaced by a literal: the mark goes either way."""
    clean = {"$eq": ["$sourceVersion", version]}
    kept = {name: {"$cond": [clean, "$$REMOVE", f"${name}"]} for name in ("dirtyFrom", "dirtyTo", "dirtySince")}
    series = {"$cond": [{"$eq": [{"$mod": [version, 2]}, 0]}, "$$REMOVE", {"$literal": {"version": version}}]}
    return [{"$set": {"displayVersion": version, "series": series, "sweep": "$$REMOVE", **kept}}]


def _document(user: str, kind: EnergyType, document: DisplayDocument) -> dict[str, Any]:
    year = "-" if document.year is None else document.year
    return {
        "_id": f"{user}|{kind}|{document.data_type}|{year}",
        "userId": user,
        "type": kind.value,
        "dataType": document.data_type,
        "year": document.year,
        "data": document.data,
        "sourceVersion": document.source_version,
        "calculationVersion": 1,
        "calculatedAt": datetime.fromtimestamp(0).astimezone(),
    }
