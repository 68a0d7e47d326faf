"""Every kind of damage, done to a raw database by plain PyMongo, as a program, a person or a restore might do it.

What a damage itself destroys (a value that only one document held) nobody can bring back; all else has to stay. The
ledger finds out by itself which readings these are (``household.Ledger.damaged``); ``costs`` says it in words.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from struct import pack, unpack
from typing import Any
from uuid import uuid4

from bson import Decimal128, ObjectId
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from tests.integration.damage.stored import CONTROL, DISPLAY, EPOCH, METERS, NEW, OLD, QUARANTINE, SERIES, number, plain

Raw = Database[Any]
Act = Callable[[Raw, int], bool]
ANY = ("old_only", "dual_write", "new_only")
SHOWN = ("dual_write", "new_only")
READING = "the value that it changes, where no twin holds it"
NOTHING = "nothing: it can be calculated from the readings"
WHEREABOUTS = "nothing: it holds no reading"


@dataclass(frozen=True)
class Damage:
    """A kind of damage. ``act`` does it to one of the documents, by number; False: there is none that it could be
    done to. ``modes``: where it touches something in use. ``harmless``: nothing that ``verify`` has to name."""

    name: str
    act: Act = field(repr=False)
    costs: str = field(repr=False)
    modes: Sequence[str] = field(default=ANY, repr=False)
    harmless: bool = field(default=False, repr=False)

    def __str__(self) -> str:
        return self.name

    def __call__(self, database: Database[Any], which: int = 0) -> bool:
        """Do it."""
        return self.act(plain(database), which)


def _from(raw: Raw, collection: str, which: int, wanted: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """The documents, that of a number first."""
    found = list(raw[collection].find(wanted or {}, sort=[("_id", 1)]))
    first = which % len(found) if found else 0
    return [*found[first:], *found[:first]]


def _update(collection: str, change: Callable[[dict[str, Any]], Any], wanted: Mapping[str, Any] | None = None) -> Act:
    """Change one document by an update that may depend on it: the next one where another document is in its place."""

    def act(raw: Raw, which: int) -> bool:
        return any(_changed(raw, collection, document, change) for document in _from(raw, collection, which, wanted))

    return act


def _changed(raw: Raw, collection: str, document: dict[str, Any], change: Callable[[dict[str, Any]], Any]) -> bool:
    with suppress(DuplicateKeyError):
        return bool(raw[collection].update_one({"_id": document["_id"]}, change(document)).modified_count)
    return False


def _delete(collection: str, wanted: Mapping[str, Any] | None = None) -> Act:
    def act(raw: Raw, which: int) -> bool:
        found = _from(raw, collection, which, wanted)
        return bool(found and raw[collection].delete_one({"_id": found[0]["_id"]}).deleted_count)

    return act


def _set(**fields: Any) -> Callable[[Any], dict[str, Any]]:
    return lambda _: {"$set": fields}


def _set_by(**fields: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda document: {"$set": {name: value(document) for name, value in fields.items()}}


def _amount(document: Mapping[str, Any]) -> float:
    return float(number(document.get("amount")) or 1)


def _shifted(document: Mapping[str, Any]) -> datetime:
    date = document.get("date")
    return (date if isinstance(date, datetime) else EPOCH) + timedelta(hours=36)


def _other_type(document: Mapping[str, Any]) -> str:
    return "gas" if document.get("type") == "power" else "power"


def _whose(document: Mapping[str, Any]) -> str:
    return f"{document.get('userId')}-too"


# What happens to a document of a reading, and whether readers show the same all the same.
CHANGES: dict[str, tuple[Callable[[dict[str, Any]], Any], bool]] = {
    "an amount as int": (_set_by(amount=lambda document: int(_amount(document)) or 1), True),
    "an amount as double": (_set_by(amount=_amount), True),
    "an amount as string": (_set_by(amount=lambda document: str(_amount(document))), False),
    "an amount that is no number": (_set(amount=float("nan")), False),
    "an exact amount that is no number": (_set(amount=Decimal128("NaN")), False),
    "an amount that is null": (_set(amount=None), False),
    "an amount below zero": (_set(amount=-55), False),
    "an amount beyond all registers": (_set(amount=1.2e21), False),
    "another amount": (
        _set_by(amount=lambda document: Decimal128(Decimal(repr(_amount(document))) + Decimal("7.5"))),
        False,
    ),
    "a date that is null": (_set(date=None), False),
    "a date as string": (_set(date="2024-01-31"), False),
    "a date in the year 1": (_set(date=datetime(1, 1, 1, tzinfo=UTC)), False),
    "a shifted date": (_set_by(date=_shifted), False),
    "the other type": (_set_by(type=_other_type), False),
    "an unknown type": (_set(type="water"), False),
    "another user": (_set_by(userId=_whose), False),
    "no user": (_set(userId=None), False),
    "an unknown field": (_set(note="by hand"), True),
}


def _double(raw: Raw, which: int) -> bool:
    """Another application writes a second document of one instant."""
    found = _from(raw, OLD, which)
    later = {"_id": ObjectId(), "updatedAt": datetime.now(UTC) + timedelta(seconds=1)}
    return bool(found and raw[OLD].insert_one(found[0] | later | {"amount": _amount(found[0]) + 1}).acknowledged)


# Where one side alone is written and nothing is derived from it, nobody can tell such a value from a person's own.
VALID = {"another amount", "a shifted date", "the other type", "another user"}


def _of_readings() -> list[Damage]:
    found = [Damage(f"a double in {OLD}", _double, READING, ("old_only", "dual_write"))]
    for side, modes in ((OLD, ("old_only", "dual_write")), (NEW, SHOWN)):
        for name, (change, harmless) in CHANGES.items():
            noticed = [mode for mode in modes if name not in VALID or mode != "old_only"]
            found.append(Damage(f"{name} in {side}", _update(side, change), READING, noticed, harmless))
        found.append(Damage(f"no twin in {side}", _delete(side), READING, ("dual_write",)))
    return found


MONTHLY = {"dataType": "monthly"}


def _display(name: str, act: Act) -> Damage:
    return Damage(f"a display document {name}", act, NOTHING, SHOWN)


OF_DISPLAY = [
    _display("deleted", _delete(DISPLAY)),
    _display("of another year", _update(DISPLAY, lambda _: {"$inc": {"data.year": 1}}, MONTHLY)),
    _display("that says another year", _update(DISPLAY, lambda _: {"$inc": {"year": 40}}, MONTHLY)),
    _display("with a double", _update(DISPLAY, _set(**{"data.months.0.meterReading": 1100.0}), MONTHLY)),
    _display("with another figure", _update(DISPLAY, _set(**{"data.months.0.consumption": Decimal128("3")}), MONTHLY)),
    _display("without data", _update(DISPLAY, lambda _: {"$unset": {"data": ""}})),
    _display("with empty data", _update(DISPLAY, _set(data={}))),
    _display("of another user", _update(DISPLAY, _set_by(userId=_whose))),
    _display("with another type", _update(DISPLAY, _set_by(type=_other_type))),
]


def _without_range(document: Mapping[str, Any]) -> dict[str, Any]:
    """Dirty, but nobody knows where."""
    source = document.get("displayVersion")
    behind = {"sourceVersion": source + 1} if isinstance(source, int) else {}
    return {"$set": {"dirtySince": datetime.now(UTC), **behind}, "$unset": {"dirtyFrom": "", "dirtyTo": ""}}


def _ahead(document: Mapping[str, Any]) -> dict[str, Any]:
    """The meter is of an older backup than the display."""
    source = document.get("sourceVersion")
    return {"$set": {"displayVersion": (source if isinstance(source, int) else 1) + 5}}


OF_METERS = [
    Damage("a meter deleted", _delete(METERS), "modulus and exchanges", SHOWN),
    Damage("a meter with another user", _update(METERS, _set_by(userId=_whose)), NOTHING, SHOWN),
    Damage("a meter with a version as string", _update(METERS, _set(sourceVersion="x")), NOTHING, SHOWN),
    Damage("a meter with a displayed version as string", _update(METERS, _set(displayVersion="x")), NOTHING, SHOWN),
    Damage("a meter that displays more than there is", _update(METERS, _ahead), NOTHING, SHOWN),
    Damage("a meter that is dirty without a range", _update(METERS, _without_range), NOTHING, SHOWN),
]


def _another_amount(document: Mapping[str, Any]) -> dict[str, Any]:
    count = len(document["amounts"]) // 8
    first, *others = unpack(f"<{count}q", document["amounts"])
    return {"$set": {"amounts": pack(f"<{count}q", first + 1000, *others)}}


def _truncated(document: Mapping[str, Any]) -> dict[str, Any]:
    return {"$set": {column: document[column][:-8] for column in ("instants", "amounts")}}


OF_SERIES = [
    Damage("a series deleted", _delete(SERIES), NOTHING, SHOWN),
    Damage(
        "a series of another version",
        _update(METERS, lambda _: {"$inc": {"series.version": -1}}, {"series.version": {"$type": "number"}}),
        NOTHING,
        SHOWN,
    ),
    Damage("a series with another amount", _update(SERIES, _another_amount), NOTHING, SHOWN),
    Damage("a series truncated", _update(SERIES, _truncated), NOTHING, SHOWN),
    Damage(
        "half a series truncated",
        _update(SERIES, lambda part: {"$set": {"amounts": part["amounts"][:-8]}}),
        NOTHING,
        SHOWN,
    ),
]

MODE, SYNC_JOB, HISTORY = "sync_mode", "sync_job", "sync_mode_changes"
ZERO = datetime.fromtimestamp(0, UTC)


def _older_mode(raw: Raw, _: int) -> bool:
    """The mode's document is of the time before the last change; a database begins with both sides here."""
    history = (raw[CONTROL].find_one({"_id": HISTORY}) or {}).get("changes") or []
    if not history:
        return False
    before = history[-2] if len(history) > 1 else {"mode": "dual_write", "at": ZERO}
    change = {"mode": before["mode"], "since": before["at"], "catchingUp": None}
    return bool(raw[CONTROL].update_one({"_id": MODE}, {"$set": change}).modified_count)


def _set_control(document: str, **fields: Any) -> Act:
    def act(raw: Raw, _: int) -> bool:
        return bool(raw[CONTROL].update_one({"_id": document}, {"$set": fields}, upsert=True).acknowledged)

    return act


def _token_of_another_stream(raw: Raw, which: int) -> bool:
    with raw["another"].watch(max_await_time_ms=1) as stream:
        token = stream.resume_token
    return token is not None and _set_control(SYNC_JOB, position={"_data": token["_data"]}, difference=None)(raw, which)


def _checkpoint(raw: Raw, _: int) -> bool:
    """Walks and a backfill that another mode has interrupted: none of them may be taken up."""
    last, since = ["~", "power"], 1
    walk = {"started": 10**15, "since": since, "after": last, "mode": "new_only", "meters": 7, "lagging": 0}
    for name in ("verify", "rebuild", "rebuild_check"):
        document = {"_id": name, **walk, "differences": 0, "findings": []}
        raw[CONTROL].replace_one({"_id": name}, document, upsert=True)
    backfill = {"_id": "backfill", "since": since, "userId": last[0], "type": last[1], "at": datetime.now(UTC)}
    raw[CONTROL].replace_one({"_id": "backfill"}, backfill, upsert=True)
    difference = {"since": since, "after": last}
    return _set_control(SYNC_JOB, position=None, difference=difference)(raw, 0)


def _quarantined(raw: Raw, _: int) -> bool:
    key = ObjectId()
    gone = {"_id": key, "userId": uuid4().hex, "type": "power", "date": ZERO, "amount": "much"}
    entry = {"_id": key, "userId": gone["userId"], "reasons": ["unusable amount"], "document": gone}
    return raw[QUARANTINE].insert_one(entry | {"quarantinedAt": datetime.now(UTC)}).acknowledged


OF_CONTROL = [
    Damage("no mode", lambda raw, _: bool(raw[CONTROL].delete_one({"_id": MODE}).deleted_count), WHEREABOUTS),
    Damage("a mode that there is not", _set_control(MODE, mode="banana"), WHEREABOUTS),
    Damage("a mode since a text", _set_control(MODE, since="yesterday"), WHEREABOUTS),
    Damage("an older mode", _older_mode, WHEREABOUTS),
    Damage(
        "no resume token",
        lambda raw, _: bool(raw[CONTROL].delete_one({"_id": SYNC_JOB}).acknowledged),
        WHEREABOUTS,
        harmless=True,
    ),
    Damage(
        "a resume token as string", _set_control(SYNC_JOB, position="x", difference=None), WHEREABOUTS, harmless=True
    ),
    Damage("a resume token of another stream", _token_of_another_stream, WHEREABOUTS, harmless=True),
    Damage("a checkpoint of another mode", _checkpoint, WHEREABOUTS, harmless=True),
    Damage("a quarantine entry without its reading", _quarantined, WHEREABOUTS, harmless=True),
]

DAMAGES: list[Damage] = [*_of_readings(), *OF_DISPLAY, *OF_METERS, *OF_SERIES, *OF_CONTROL]
