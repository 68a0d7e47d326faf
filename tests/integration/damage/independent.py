"""The independent comparison: what is wrong in a database, and which acknowledged readings are gone, by plain PyMongo.

Uses none of the project's code (a test holds it to that), so that ``verify`` and this can only agree by being right.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from struct import error as struct_error
from struct import unpack
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from bson import CodecOptions, Decimal128, ObjectId
from pymongo.database import Database

from tests.integration.damage.figures import Exchanged, Meter, Read, Views, views

Document = Mapping[str, Any]
CODEC: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
OLD, NEW = "energies", "source_energy_readings"
METERS, DISPLAY, SERIES, SETTINGS = "meters", "display_energy_data", "meter_series", "user_settings"
CONTROL, QUARANTINE, KEPT = "control", "quarantined_readings", "repaired_readings"
MODES = ("old_only", "dual_write", "new_only")
TYPES = ("power", "gas")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, END = datetime(1899, 12, 31, tzinfo=UTC), datetime(3000, 1, 2, tzinfo=UTC)
DIRTY = ("dirtySince", "dirtyFrom", "dirtyTo")
Key = tuple[str, str]


class Reading(NamedTuple):
    """What a document says of a reading."""

    user: str
    type: str
    date: datetime
    amount: Fraction


class Found(NamedTuple):
    """One thing that is wrong: of which meter (None: of none that can be), in which document."""

    meter: Key | None
    document: str
    problem: str


@dataclass(frozen=True)
class Compared:
    """What a look at everything has shown.

    ``differences``: what ``verify`` must name. ``unreadable``: documents of a side that no reader can show, with the
    reason; ``verify`` counts them. ``lagging``: meters whose display is not compared. ``control``: why the mode cannot
    be believed, None: it can.
    """

    mode: str
    control: str | None
    differences: tuple[Found, ...] = ()
    unreadable: tuple[Found, ...] = ()
    lagging: frozenset[Key] = field(default_factory=frozenset)

    @property
    def clean(self) -> bool:
        """Nothing has to be mended."""
        return self.control is None and not self.differences


def plain(database: Database[Any]) -> Database[Any]:
    """The database without the project's codec."""
    return database.with_options(codec_options=CODEC)


def compare(database: Database[Any]) -> Compared:
    """Look at all documents; changes nothing."""
    raw = plain(database)
    mode, catching_up, broken = control_of(raw)
    if broken:
        return Compared(mode, broken)
    old, new = Side.of(raw, OLD), Side.of(raw, NEW)
    unreadable = (*old.unreadable, *new.unreadable)
    if mode == "old_only":
        return Compared(mode, None, (), unreadable)
    display = _Display(raw, old if catching_up == "old" else new)
    sides = _unequal(raw, *((new, old) if catching_up == "new" else (old, new))) if mode == "dual_write" else ()
    return Compared(mode, None, (*sides, *display.findings()), unreadable, display.lagging)


def control_of(raw: Database[Any]) -> tuple[str, str | None, str | None]:
    """The mode, the side that is being caught up with, and why neither can be believed."""
    found = raw[CONTROL].find_one({"_id": "sync_mode"})
    history = (raw[CONTROL].find_one({"_id": "sync_mode_changes"}) or {}).get("changes") or []
    if found is None:
        missing = "the mode is missing, though there are traces of one" if history or _traces(raw) else None
        return "old_only", None, missing
    mode, since, catching_up = found.get("mode"), found.get("since"), found.get("catchingUp")
    sides = (None, "old", "new") if mode == "dual_write" else (None,)
    if mode not in MODES or not isinstance(since, datetime) or catching_up not in sides:
        return str(mode), None, "the mode is garbage"
    if history and (history[-1]["mode"], history[-1]["at"]) != (mode, since):
        return mode, catching_up, "the mode is not the one that its history ends with"
    return mode, catching_up, None


def _traces(raw: Database[Any]) -> bool:
    """What is only there after a mode was."""
    applied = raw["migrations"].find_one({"state": "applied"})
    return applied is not None or any(raw[name].find_one() for name in (NEW, DISPLAY))


@dataclass(frozen=True)
class Side:
    """A collection of readings: those that can be shown, by meter and id, and those that cannot."""

    name: str
    readable: Mapping[Key, Mapping[Any, Reading]]
    unreadable: tuple[Found, ...]

    @classmethod
    def of(cls, raw: Database[Any], name: str) -> "Side":
        """Read all of it. On the old side the one of doubles counts that was updated last."""
        readable: dict[Key, dict[Any, Reading]] = {}
        unreadable: list[Found] = []
        for document in _without_doubles(raw, name, unreadable):
            if why := why_unreadable(document):
                unreadable.append(Found(meter_of(document), f"{name} {document['_id']}", why))
            else:
                reading = reading_of(document)
                readable.setdefault((reading.user, reading.type), {})[document["_id"]] = reading
        return cls(name, readable, tuple(unreadable))


def _without_doubles(raw: Database[Any], name: str, left: list[Found]) -> Iterator[Document]:
    kept: dict[Any, Document] = {}
    for document in raw[name].find(sort=[("_id", 1)]):
        place = (document["_id"],) if why_unreadable(document) else reading_of(document)[:3]
        together = sorted([document, *([kept[place]] if place in kept else [])], key=_last_updated)
        kept[place] = together[-1]
        left += [Found(meter_of(outdated), f"{name} {outdated['_id']}", "a double") for outdated in together[:-1]]
    yield from kept.values()


def _last_updated(document: Document) -> tuple[datetime, str]:
    return document.get("updatedAt") or document["date"], str(document["_id"])


def why_unreadable(document: Document) -> str | None:
    """Why no reader can show a document as a reading; None: one can.

    Years are those of a local date: no clock is a day away from UTC.
    """
    key, date = document.get("_id"), document.get("date")
    if not isinstance(key, ObjectId | str) or (isinstance(key, str) and ObjectId.is_valid(key)):
        return "no id"
    if not document.get("userId") or not isinstance(document["userId"], str):
        return "no user"
    if document.get("type") not in TYPES:
        return "no type"
    if not isinstance(date, datetime) or not FIRST <= date < END:
        return "no date"
    amount = number(document.get("amount"))
    return None if amount is not None and Fraction(1, 10**15) <= amount < 10**12 else "no amount"


def reading_of(document: Document) -> Reading:
    """What a readable document says."""
    amount = number(document["amount"])
    assert amount is not None
    return Reading(document["userId"], document["type"], document["date"], amount)


def number(value: Any) -> Fraction | None:
    """The exact value; of a double that of its shortest decimal. None: it is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | Decimal128):
        return None
    decimal = value.to_decimal() if isinstance(value, Decimal128) else Decimal(str(value))
    return Fraction(decimal) if decimal.is_finite() else None


def meter_of(document: Document) -> Key | None:
    """The meter that a document names, if there can be such a meter."""
    user, kind = document.get("userId"), document.get("type")
    return (user, kind) if isinstance(user, str) and kind in TYPES else None


def _unequal(raw: Database[Any], right: Side, other: Side) -> Iterator[Found]:
    """The readings that differ. A twin stays whose document is damaged but known to the quarantine: it is the last
    good copy. What cannot be read on the new side has to go where the old side is right.
    """
    known = _quarantined(raw, right)
    for meter in sorted({*right.readable, *other.readable}):
        mine, theirs = right.readable.get(meter, {}), other.readable.get(meter, {})
        taken = {reading.date for reading in mine.values()}
        for key in {**mine, **theirs}:
            stays = key not in mine and key in known and theirs[key].date not in taken
            if mine.get(key) != theirs.get(key) and not stays:
                said = f"{_said(mine.get(key))} in {right.name}, {_said(theirs.get(key))} in {other.name}"
                yield Found(meter, str(key), said)
    yield from (found for found in other.unreadable if other.name == NEW and found.meter)


def _quarantined(raw: Database[Any], side: Side) -> set[Any]:
    """The documents of a side that the quarantine knows to be damaged, and that are."""
    damaged = {found.document for found in side.unreadable}
    entries = raw[QUARANTINE].find({"collection": side.name, "resolvedAt": {"$exists": False}})
    return {entry["_id"] for entry in entries if f"{side.name} {entry['_id']}" in damaged}


def _said(reading: Reading | None) -> str:
    return "nothing" if reading is None else f"{float(reading.amount)} at {reading.date}"


def figures_of(database: Database[Any], meter: Key) -> Views:
    """What should be displayed of a meter now, of the readings that its mode shows."""
    raw = plain(database)
    return _Display(raw, Side.of(raw, OLD if shows_old(raw) else NEW)).fresh(meter)


def shows_old(raw: Database[Any]) -> bool:
    """Whether the new backend, too, shows the old readings, because its own are not complete."""
    mode, catching_up, _ = control_of(raw)
    return mode == "old_only" or catching_up == "old"


class _Display:
    """Meters, what is displayed of them, and their series, beside what the readings give."""

    def __init__(self, raw: Database[Any], shown: Side) -> None:
        self._meters = {document["_id"]: document for document in raw[METERS].find()}
        self._settings = {document["_id"]: document for document in raw[SETTINGS].find()}
        self._display = {document["_id"]: document for document in raw[DISPLAY].find()}
        self._series = {document["_id"]: document for document in raw[SERIES].find(sort=[("_id", 1)])}
        self._readings = {"|".join(meter): readings.values() for meter, readings in shown.readable.items()}
        self._wrong = {name: why for name in self._meters if (why := broken_meter(self._meters[name]))}
        lagging = {name for name in self._meters if name not in self._wrong and is_lagging(self._meters[name])}
        self.lagging = frozenset(key for name in lagging if (key := _key(name)))

    def findings(self) -> Iterator[Found]:
        for name, why in self._wrong.items():
            yield Found(_key(name), f"{METERS} {name}", why)
        named = {document.rsplit("|", 2)[0] for document in self._display}
        for name in sorted({*self._meters, *self._readings, *named}):
            key = _key(name)
            if key is None:
                yield Found(None, name, "is of no meter that can be")
            elif key not in self.lagging:
                yield from self._of(name, key)

    def _of(self, name: str, key: Key) -> Iterator[Found]:
        meter, readings = self._meters.get(name), self._readings.get(name, ())
        stored = {each: document for each, document in self._display.items() if each.rsplit("|", 2)[0] == name}
        if meter is None:
            yield Found(key, f"{METERS} {name}", "is missing")
        fresh = {_view(name, *view): data for view, data in self.fresh(key).items()}
        for view in sorted({*fresh, *stored}):
            if why := _wrong_view(view, stored.get(view), fresh.get(view), bool(readings)):
                yield Found(key, f"{DISPLAY} {view}", why)
        if meter and (why := self._wrong_series(name, meter, readings)):
            yield Found(key, f"{SERIES} {name}", why)

    def fresh(self, key: Key) -> Views:
        """The data of every document that a meter should have."""
        meter, readings = self._meters.get("|".join(key), {}), self._readings.get("|".join(key), ())
        exchanges = [
            Exchanged(milliseconds(each["date"]), Fraction(_exact(each["finalOld"])), _exact(each["initialNew"]))
            for each in meter.get("exchanges") or ()
        ]
        settings, modulus = self._settings.get(key[0], {}), meter.get("modulus")
        points = [Read(milliseconds(reading.date), reading.amount) for reading in readings]
        zone, tolerance = ZoneInfo(settings.get("zone", "Europe/Berlin")), settings.get("toleranceDays", 3)
        return views(Meter(points, exchanges, None if modulus is None else _exact(modulus), zone, tolerance))

    def _wrong_series(self, name: str, meter: Document, readings: Iterable[Reading]) -> str | None:
        """The next refresh believes a series of the version that is displayed."""
        said = meter.get("series")
        if said is None or said.get("version") != meter.get("displayVersion"):
            return None
        wanted = sorted((milliseconds(reading.date), reading.amount) for reading in readings)
        parts = [document for each, document in self._series.items() if each.rsplit("|", 1)[0] == name]
        try:
            held = sorted(pair for part in parts for pair in points_of(part))
        except (KeyError, TypeError, ValueError, struct_error):
            return "cannot be read"
        return None if held == wanted and said.get("count") == len(held) else "holds something else than the readings"


def _view(meter: str, kind: str, year: int | None) -> str:
    return f"{meter}|{kind}|{'-' if year is None else year}"


def _wrong_view(name: str, stored: Document | None, fresh: Document | None, needed: bool) -> str | None:
    """A meter without readings need not have documents."""
    if stored is None:
        return "is missing" if needed else None
    user_and_type, kind, year = name.rsplit("|", 2)
    fields = "|".join(str(stored.get(name)) for name in ("userId", "type"))
    said_year = stored.get("year")
    if (fields, stored.get("dataType")) != (user_and_type, kind) or _view("", kind, said_year) != _view(
        "", kind, None if year == "-" else int(year)
    ):
        return "says that it is another document"
    if fresh is None:
        return "should not be there"
    return None if same(stored.get("data"), fresh) else "shows something else than a fresh calculation"


def same(stored: Any, fresh: Any) -> bool:
    """By value; a double is no figure, missing is not null."""
    if isinstance(fresh, dict):
        return (
            isinstance(stored, dict) and stored.keys() == fresh.keys() and all(same(stored[k], fresh[k]) for k in fresh)
        )
    if isinstance(fresh, list):
        return isinstance(stored, list) and len(stored) == len(fresh) and all(map(same, stored, fresh))
    if isinstance(fresh, int | Decimal) and not isinstance(fresh, bool):
        return not isinstance(stored, float) and number(stored) == Fraction(fresh)
    return type(stored) is type(fresh) and bool(stored == fresh)


def broken_meter(meter: Document) -> str | None:
    """Which invariant within a meter's document is broken."""
    source, display = meter.get("sourceVersion"), meter.get("displayVersion")
    if f"{meter.get('userId')}|{meter.get('type')}" != meter["_id"]:
        return "names another user or type than its id"
    if type(source) is not int or type(display) is not int:
        return "has a version that is no number"
    if display > source:
        return "displays a version that there is not"
    dirty = [name in meter for name in DIRTY]
    return None if dirty == [display < source] * len(DIRTY) else "does not say since when or where it is dirty"


def is_lagging(meter: Document) -> bool:
    """Somebody will refresh its display."""
    return bool(meter["displayVersion"] < meter["sourceVersion"])


def points_of(part: Document) -> Iterator[tuple[int, Fraction]]:
    """The readings that a part of a series holds: two columns of 64 bits, amounts in units of ``10 ** -decimals``."""
    columns = [unpack(f"<{len(part[column]) // 8}q", part[column]) for column in ("instants", "amounts")]
    scale = 10 ** part["decimals"]
    return ((instant, Fraction(amount, scale)) for instant, amount in zip(*columns, strict=True))


def milliseconds(date: datetime) -> int:
    """UTC milliseconds since 1970."""
    return (date - EPOCH) // timedelta(milliseconds=1)


def _exact(value: Any) -> Fraction:
    exact = number(value)
    assert exact is not None
    return exact


def _key(meter: str) -> Key | None:
    user, _, kind = meter.rpartition("|")
    return (user, kind) if user and kind in TYPES else None


def held(database: Database[Any], wanted: Mapping[Any, Reading]) -> set[Any]:
    """The ids of those readings that either side has, or what repair keeps."""
    raw = plain(database)
    there = [document for name in (OLD, NEW) for document in raw[name].find({"_id": {"$in": list(wanted)}})]
    kept = [inner for document in raw[KEPT].find() for inner in _documents_in(document)]
    said = [
        (str(document.get("_id")), reading_of(document)) for document in (*there, *kept) if not why_unreadable(document)
    ]
    return {key for key, reading in wanted.items() if (str(key), reading) in said}


def _documents_in(value: Any) -> Iterator[Document]:
    """Every document within a document, itself included."""
    if isinstance(value, Mapping):
        yield value
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for part in parts:
        yield from _documents_in(part)
