"""Finding damaged fields in a meter's documents beside its readings: which field holds what kind of value.

Asked where work on a meter fails: a name of ours in a traceback does not help an operator. Whether the documents agree
with each other is not asked here.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain.meters.walks import Finding
from chalicelib.domain.readings import EnergyType, MeterKey, kind_of
from chalicelib.domain.zones import known_zone
from chalicelib.repositories.database import Collections, Document, MongoDatabase, meter_id

TEXT, NUMBER, DATE = "a string", "a whole number", "a date"
OBJECT, ARRAY, BINARY = "an object", "an array", "binary data"
KINDS: Mapping[str, Any] = {TEXT: str, NUMBER: int, DATE: datetime, OBJECT: Mapping, ARRAY: list, BINARY: bytes}
# What each field must be; a field behind "?" may be missing.
FIELDS: Mapping[Collections, Mapping[str, str]] = {
    Collections.METERS: {
        "userId": TEXT,
        "type": TEXT,
        "sourceVersion": NUMBER,
        "displayVersion": NUMBER,
        "dirtySince?": DATE,
        "dirtyFrom?": DATE,
        "dirtyTo?": DATE,
        "exchanges?": ARRAY,
        "series?": OBJECT,
        "packing?": OBJECT,
        "compared?": OBJECT,
        "sweep?": OBJECT,
    },
    Collections.DISPLAY: {
        "userId": TEXT,
        "type": TEXT,
        "dataType": TEXT,
        "data": OBJECT,
        "sourceVersion": NUMBER,
        "calculationVersion": NUMBER,
        "calculatedAt": DATE,
        "text?": TEXT,
        "seal?": BINARY,
    },
    Collections.SERIES: {
        "userId": TEXT,
        "type": TEXT,
        "year": NUMBER,
        "instants": BINARY,
        "amounts": BINARY,
        "decimals": NUMBER,
        "falls": ARRAY,
    },
    Collections.SETTINGS: {"zone?": TEXT},
}


def damages(database: MongoDatabase, meter: MeterKey) -> list[Finding]:
    """The fields that hold a value of another kind than they must."""
    return [
        Finding(*meter, collection.value, str(document["_id"]), problem)
        for collection, which in _documents(meter).items()
        for document in database[collection].find(which)
        for problem in _problems(collection, document, meter[1])
    ]


def _documents(meter: MeterKey) -> Mapping[Collections, Document]:
    """The documents by their ids alone."""
    key = meter_id(*meter)
    parts = {"_id": {"$gte": f"{key}|", "$lt": f"{key}}}"}}
    return {
        Collections.METERS: {"_id": key},
        Collections.DISPLAY: parts,
        Collections.SERIES: parts,
        Collections.SETTINGS: {"_id": meter[0]},
    }


def _problems(collection: Collections, document: Document, energy_type: EnergyType) -> Iterator[str]:
    for named, kind in FIELDS[collection].items():
        field, optional = named.rstrip("?"), named.endswith("?")
        value = document.get(field)
        fits = isinstance(value, KINDS[kind]) and not isinstance(value, bool)
        if not fits and not (optional and value is None):
            yield f"{field} is {kind_of(value)}, not {kind}"
    if isinstance(document.get("type"), str) and document["type"] != energy_type:
        yield f"type is another than in the id, {energy_type}"
    if isinstance(document.get("zone"), str) and not known_zone(document["zone"]):
        yield "zone is a string that names no time zone"
