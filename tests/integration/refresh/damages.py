"""Damages to the documents of one meter: what a restore of a part, a hand or a script may leave behind.

Each is done to the power meter of a household, whose last year is 2023 and whose source version is above 1. ``where``
is what ``verify`` must name: the collection, the document behind the user's id, and the field.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo.database import Database

from tests.integration.refresh.shown import OURS

MISSING = object()
MONTHS = f"power|monthly|2023{OURS}"
SUMMARY, TIMELINE = f"power|summary|-{OURS}", f"power|histogram|-{OURS}"
DATE = datetime(2023, 1, 1, tzinfo=UTC)
EARLIER = datetime(2022, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Damage:
    """What is done to a user's documents, and what ``verify`` must say of it."""

    name: str
    do: Callable[[Database[Any], str], object]
    where: tuple[str, str, str]


def _changed(collection: str, key: str, **fields: Any) -> Callable[[Database[Any], str], object]:
    """Set fields of a document, or take them away; ``__`` is a dot, ``{user}`` in a text the user."""

    def do(database: Database[Any], user: str) -> None:
        update: dict[str, Any] = {}
        for name, value in fields.items():
            said = value.replace("{user}", user) if isinstance(value, str) else value
            operator, given = ("$unset", "") if value is MISSING else ("$set", said)
            update.setdefault(operator, {})[name.replace("__", ".")] = given
        assert database[collection].update_one({"_id": f"{user}|{key}"}, update).matched_count == 1

    return do


def _meter(**fields: Any) -> Callable[[Database[Any], str], object]:
    return _changed("meters", "power", **fields)


def _view(key: str = MONTHS, **fields: Any) -> Callable[[Database[Any], str], object]:
    return _changed("display_energy_data", key, **fields)


def _part(**fields: Any) -> Callable[[Database[Any], str], object]:
    return _changed("meter_series", "power|2023", **fields)


def _gone(collection: str, key: str) -> Callable[[Database[Any], str], object]:
    return lambda database, user: database[collection].delete_one({"_id": f"{user}|{key}"})


def _replaced(key: str, source: str) -> Callable[[Database[Any], str], object]:
    """A document holds what another one holds."""

    def do(database: Database[Any], user: str) -> None:
        display = database["display_energy_data"]
        other = display.find_one({"_id": f"{user}|{source}"}) or {}
        display.update_one({"_id": f"{user}|{key}"}, {"$set": {"data": other["data"]}})

    return do


def _moved(key: str, wanted: str) -> Callable[[Database[Any], str], object]:
    """A document under another id."""

    def do(database: Database[Any], user: str) -> None:
        display = database["display_energy_data"]
        found = display.find_one_and_delete({"_id": f"{user}|{key}"}) or {}
        display.insert_one(found | {"_id": wanted.format(user=user)})

    return do


def _older(database: Database[Any], user: str) -> None:
    """A year as the first release stored it, beside a meter that this calculation shows."""
    _moved(f"power|monthly|2022{OURS}", "{user}|power|monthly|2022")(database, user)
    _view("power|monthly|2022", calculationVersion=1)(database, user)


def _amounts(database: Database[Any], user: str) -> None:
    """Another amount in the series, of the same length."""
    part = database["meter_series"].find_one({"_id": f"{user}|power|2023"}) or {}
    amounts = bytes([part["amounts"][0] ^ 1]) + part["amounts"][1:]
    database["meter_series"].update_one({"_id": part["_id"]}, {"$set": {"amounts": amounts}})


def _truncated(database: Database[Any], user: str) -> None:
    """The last reading is missing in both columns, and in the count."""
    part = database["meter_series"].find_one({"_id": f"{user}|power|2023"}) or {}
    columns = {name: part[name][:-8] for name in ("instants", "amounts")}
    database["meter_series"].update_one({"_id": part["_id"]}, {"$set": columns})
    database["meters"].update_one({"_id": f"{user}|power"}, {"$inc": {"series.count": -1}})


def _all_display_gone_and_meter(database: Database[Any], user: str) -> None:
    for collection in ("meters", "display_energy_data", "meter_series"):
        database[collection].delete_many({"userId": user, "type": "power"})


M, D, S = "meters", "display_energy_data", "meter_series"
DAMAGES = [
    *(
        Damage(f"{field} is {value!r}", _meter(**{field: value}), (M, "power", field))
        for field, values in {"sourceVersion": ("x", 2.0, None, -1, 1 << 60), "displayVersion": ("x", True)}.items()
        for value in values
    ),
    Damage("sourceVersion is missing", _meter(sourceVersion=MISSING), (M, "power", "sourceVersion")),
    Damage("displayVersion is missing", _meter(displayVersion=MISSING), (M, "power", "displayVersion")),
    Damage("displayVersion is above sourceVersion", _meter(displayVersion=900), (M, "power", "displayVersion")),
    Damage("userId of the meter is another's", _meter(userId="{user}-2"), (M, "power", "userId")),
    Damage("userId of the meter is null", _meter(userId=None), (M, "power", "userId")),
    Damage("type of the meter is gas", _meter(type="gas"), (M, "power", "type")),
    Damage("type of the meter is water", _meter(type="water"), (M, "power", "type")),
    Damage("dirty without a range", _meter(dirtySince=DATE), (M, "power", "dirtyFrom, dirtyTo, dirtySince")),
    Damage("behind without anything dirty", _meter(displayVersion=1), (M, "power", "dirtyFrom, dirtyTo")),
    Damage(
        "behind, and dirtyFrom is after dirtyTo",
        _meter(displayVersion=1, dirtyFrom=DATE, dirtyTo=EARLIER, dirtySince=DATE),
        (M, "power", "dirtyFrom, dirtyTo"),
    ),
    Damage(
        "behind, and dirtySince is missing",
        _meter(displayVersion=1, dirtyFrom=EARLIER, dirtyTo=DATE),
        (M, "power", "dirtySince"),
    ),
    Damage("the meter is gone", _gone(M, "power"), (M, "power", "is missing")),
    Damage("the meter and all it shows are gone", _all_display_gone_and_meter, (M, "power", "is missing")),
    Damage("a view is gone", _gone(D, MONTHS), (D, MONTHS, "is missing")),
    Damage("the summary is gone", _gone(D, SUMMARY), (D, SUMMARY, "is missing")),
    Damage("a view names another year", _view(year=1999), (D, MONTHS, "year")),
    Damage("a view holds another year", _replaced(MONTHS, f"power|monthly|2022{OURS}"), (D, MONTHS, "data")),
    Damage("a view holds another kind", _replaced(MONTHS, TIMELINE), (D, MONTHS, "data")),
    Damage("the timeline holds a year", _replaced(TIMELINE, MONTHS), (D, TIMELINE, "data")),
    Damage("the summary holds a year", _replaced(SUMMARY, MONTHS), (D, SUMMARY, "shows")),
    Damage("a view holds a double", _view(data__months__3__meterReading=0.1), (D, MONTHS, "data")),
    Damage(
        "the summary holds a double",
        _view(SUMMARY, data__lastReading__amount=0.1),
        (D, SUMMARY, "data"),
    ),
    Damage("a view has no data", _view(data=MISSING), (D, MONTHS, "data")),
    Damage("the summary has no data", _view(SUMMARY, data={}), (D, SUMMARY, "shows")),
    Damage("a view is another user's", _view(userId="{user}-2"), (D, MONTHS, "userId")),
    Damage("a view is of another type", _view(type="gas"), (D, MONTHS, "type")),
    Damage("a view is of an unknown type", _view(type="water"), (D, MONTHS, "type")),
    Damage("a view is of another kind", _view(dataType="weekly"), (D, MONTHS, "dataType")),
    Damage("a view is newer than its meter", _view(sourceVersion=900), (D, MONTHS, "sourceVersion")),
    Damage("the version of a view is a text", _view(sourceVersion="x"), (D, MONTHS, "sourceVersion")),
    Damage("a view was never calculated", _view(calculatedAt=None), (D, MONTHS, "calculatedAt")),
    Damage("the calculation of a view is unknown", _view(calculationVersion="1"), (D, MONTHS, "calculationVersion")),
    Damage("a view is of another calculation", _view(calculationVersion=900), (D, MONTHS, "calculationVersion")),
    Damage("a view of an older calculation is left", _older, (D, "power|monthly|2022", "calculationVersion")),
    Damage("a view lies under another id", _moved(MONTHS, "{user}-2|power|monthly|2023" + OURS), (D, "", "_id")),
    Damage("the series has another amount", _amounts, (S, "power", "digest")),
    Damage("the series lacks its end", _truncated, (S, "power", "digest")),
    Damage("the series lacks a part", _gone(S, "power|2022"), (S, "power", "digest")),
    Damage("a part of the series is another user's", _part(userId="{user}-2"), (S, "power|2023", "userId")),
    Damage("a part of the series is of another type", _part(type="gas"), (S, "power|2023", "type")),
    Damage("a part of the series is of another year", _part(year=2019), (S, "power|2023", "year")),
    Damage("the series has other decimals", _part(decimals=2), (S, "power", "digest")),
    Damage("the series cannot be read", _part(instants="x"), (S, "power", "digest")),
    Damage("the series is of another version", _meter(series__version=1), (M, "power", "series")),
    Damage("the series is a text", _meter(series="x"), (M, "power", "series")),
]
# Nothing wrong: what an older release has left, and what nobody can distinguish from it.
HARMLESS = {"the digest of the series is missing": _meter(series__digest=MISSING)}
