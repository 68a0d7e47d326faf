"""The record of users' imports: for the list of imports, and for undoing one of them."""

from array import array
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pymongo import DESCENDING
from typing_extensions import override

from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.meters.configuration import MeterConfiguration
from chalicelib.domain.meters.import_record import (
    Configured,
    IdRange,
    ImportedReadings,
    ImportRecord,
    KeptReading,
    Replaced,
    Undone,
)
from chalicelib.domain.ports.reading import ImportList
from chalicelib.domain.ports.writing import ImportRecords
from chalicelib.domain.readings import EnergyType, to_datetime, to_ms
from chalicelib.domain.readings.compact import CompactReadings, decimals_of, packed, scaled
from chalicelib.repositories.database import READ_SECONDS, Collections, Document, MongoDatabase, time_limit
from chalicelib.repositories.documents import id_of
from chalicelib.repositories.meters import configuration_document, configuration_of
from chalicelib.repositories.scoped import ScopedCollection

ORDER = [("at", DESCENDING), ("_id", DESCENDING)]
# An import of 50,000 corrections is 4 MB: only undoing it needs them.
LISTED = {"meters.replaced": 0, "meters.configured": 0, "meters.written": 0}


class MongoImportRecords(ImportRecords):
    """``ImportRecords`` on MongoDB for one user inside one transaction."""

    def __init__(self, imports: ScopedCollection) -> None:
        self._imports = imports

    @override
    def add(self, record: ImportRecord) -> None:
        self._imports.insert_one(_document(record))

    @override
    def get(self, import_id: str) -> ImportRecord:
        found = self._imports.find_one({"_id": import_id})
        if found is None:
            raise NotFoundError("there is no such import")
        return _record(found)

    @override
    def close(self, record: ImportRecord) -> None:
        self._imports.update_one({"_id": record.id}, {"$set": {"undone": _undone_document(record.undone)}})


class MongoImportList(ImportList):
    """``ImportList`` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    @override
    def page(self, user_id: str, limit: int, after: tuple[int, str] | None = None) -> list[ImportRecord]:
        """Use the index on user, moment and id."""
        imports = ScopedCollection(self._database[Collections.IMPORTS], user_id)
        with time_limit(READ_SECONDS):
            return [*map(_record, imports.find(_behind(after), projection=LISTED, sort=ORDER, limit=limit))]


def _behind(after: tuple[int, str] | None) -> Document:
    if after is None:
        return {}
    at = to_datetime(after[0])
    return {"at": {"$lte": at}, "$or": [{"at": {"$lt": at}}, {"_id": {"$lt": after[1]}}]}


def _document(record: ImportRecord) -> Document:
    return {
        "_id": record.id,
        "at": to_datetime(record.at),
        "form": record.form,
        "fileName": record.file_name,
        "success": record.success,
        "replaced": record.replaced,
        "skipped": record.skipped,
        "errors": record.errors,
        "meters": [_meter_document(meter) for meter in record.meters],
        "undone": _undone_document(record.undone),
        "traceId": record.trace_id,
    }


def _meter_document(meter: ImportedReadings) -> Document:
    return {
        "type": meter.type.value,
        "first": to_datetime(meter.first),
        "last": to_datetime(meter.last),
        "created": meter.created and {"first": meter.created.first, "length": meter.created.length},
        "replaced": [
            [id_of(each.id), each.former, to_datetime(each.former_update), to_datetime(each.update)]
            for each in meter.replaced
        ],
        "configured": meter.configured
        and {
            "former": configuration_document(meter.configured.former),
            "given": configuration_document(meter.configured.given),
        },
        "written": _columns(meter.written),
    }


def _columns(written: Mapping[int, Decimal]) -> Document:
    """16 bytes a row; amounts beyond 64 bits as texts."""
    decimals = decimals_of(written.values())
    amounts = packed([scaled(amount, decimals) for amount in written.values()])
    return {
        "instants": array("q", written).tobytes(),
        "amounts": amounts.tobytes() if isinstance(amounts, array) else [*map(str, amounts)],
        "decimals": decimals,
    }


def _undone_document(undone: Undone | None) -> Document | None:
    if undone is None:
        return None
    return {
        "at": to_datetime(undone.at),
        "removed": undone.removed,
        "restored": undone.restored,
        "keptCount": undone.kept_count,
        "kept": [[id_of(each.id), each.type.value, to_datetime(each.instant), each.amount] for each in undone.kept],
        "configurationsKept": [kind.value for kind in undone.configurations_kept],
    }


def _record(document: Document) -> ImportRecord:
    return ImportRecord(
        id=document["_id"],
        at=to_ms(document["at"]),
        form=document["form"],
        file_name=document["fileName"],
        success=document["success"],
        replaced=document["replaced"],
        skipped=document["skipped"],
        errors=document["errors"],
        meters=tuple(_meter(each) for each in document["meters"]),
        undone=_undone(document["undone"]),
        trace_id=document.get("traceId"),  # imports by the release before have none
    )


def _meter(document: Document) -> ImportedReadings:
    kind, created = EnergyType(document["type"]), document["created"]
    return ImportedReadings(
        type=kind,
        first=to_ms(document["first"]),
        last=to_ms(document["last"]),
        created=created and IdRange(created["first"], created["length"]),
        replaced=tuple(
            Replaced(str(key), former, to_ms(before), to_ms(after))
            for key, former, before, after in document.get("replaced", ())
        ),
        configured=_configured(kind, document.get("configured")),
        written=_written(document["written"]) if "written" in document else {},
    )


def _written(document: Document) -> dict[int, Decimal]:
    said = document["amounts"]
    amounts = array("q", said) if isinstance(said, bytes) else [*map(int, said)]
    return dict(CompactReadings(array("q", document["instants"]), amounts, document["decimals"], ()))


def _configured(kind: EnergyType, document: Document | None) -> Configured | None:
    def read(which: str, said: Document) -> MeterConfiguration:
        return configuration_of({"_id": f"{kind} {which} in {Collections.IMPORTS}", **said}, kind)

    if document is None:
        return None
    return Configured(read("former", document["former"]), read("given", document["given"]))


def _undone(document: Any) -> Undone | None:
    return document and Undone(
        at=to_ms(document["at"]),
        removed=document["removed"],
        restored=document["restored"],
        kept_count=document["keptCount"],
        kept=tuple(
            KeptReading(str(key), EnergyType(kind), to_ms(date), amount) for key, kind, date, amount in document["kept"]
        ),
        configurations_kept=tuple(map(EnergyType, document["configurationsKept"])),
    )
