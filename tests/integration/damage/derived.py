"""An independent check of what is derived from readings: meters, their display documents and their series.

Uses none of the product's code. The figures are those of ``figures``.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from hashlib import blake2b
from struct import error as struct_error
from struct import unpack
from typing import Any

from pymongo.database import Database

from tests.by_the_book.counter import Exchange, Meter
from tests.by_the_book.counter import Reading as Point
from tests.integration.damage.figures import Views, views
from tests.integration.damage.stored import (
    DISPLAY,
    METERS,
    SERIES,
    SETTINGS,
    TYPES,
    Document,
    Found,
    Key,
    Reading,
    exact,
    milliseconds,
    number,
)

CALCULATION = 2  # the calculation version of the rules in ``figures``
DIRTY = ("dirtySince", "dirtyFrom", "dirtyTo")


class DerivedDocuments:
    """Meters, what is displayed of them, and their series, beside what the readings give."""

    def __init__(self, raw: Database[Any], shown: Mapping[Key, Mapping[Any, Reading]]) -> None:
        self._meters = {document["_id"]: document for document in raw[METERS].find()}
        self._settings = {document["_id"]: document for document in raw[SETTINGS].find()}
        self._display = {document["_id"]: document for document in raw[DISPLAY].find()}
        self._series = {document["_id"]: document for document in raw[SERIES].find(sort=[("_id", 1)])}
        self._readings = {"|".join(meter): readings.values() for meter, readings in shown.items()}
        self._wrong = {name: why for name in self._meters if (why := broken_meter(self._meters[name]))}
        lagging = {name for name in self._meters if name not in self._wrong and is_lagging(self._meters[name])}
        self.lagging = frozenset(key for name in lagging if (key := _key(name)))

    def findings(self) -> Iterator[Found]:
        for name, why in self._wrong.items():
            yield Found(_key(name), f"{METERS} {name}", why)
        named = {_meter_named(document) for document in self._display}
        for name in sorted({*self._meters, *self._readings, *named}):
            key = _key(name)
            if key is None:
                yield Found(None, name, "is of no meter that can be")
            else:
                yield from self._of(name, key)

    def _of(self, name: str, key: Key) -> Iterator[Found]:
        """Of a meter that lags the figures are not compared: somebody will refresh it."""
        meter = self._meters.get(name)
        stored = {each: document for each, document in self._display.items() if _meter_named(each) == name}
        if meter is None:
            yield Found(key, f"{METERS} {name}", "is missing")
        for view, document in stored.items():
            if why := broken_view(document, meter):
                yield Found(key, f"{DISPLAY} {view}", why)
        if key not in self.lagging:
            yield from self._wrong_figures(name, key, stored)
        if meter and name not in self._wrong and (why := self._wrong_series(name, meter)):
            yield Found(key, f"{SERIES} {name}", why)

    def _wrong_figures(self, name: str, key: Key, stored: Mapping[str, Document]) -> Iterator[Found]:
        fresh = {_view(name, *view): data for view, data in self.fresh(key).items()}
        for view in sorted({*fresh, *stored}):
            if why := _wrong_view(stored.get(view), fresh.get(view), name in self._readings):
                yield Found(key, f"{DISPLAY} {view}", why)

    def fresh(self, key: Key) -> Views:
        """The data of every document that a meter should have."""
        meter, readings = self._meters.get("|".join(key), {}), self._readings.get("|".join(key), ())
        exchanges = [
            Exchange(milliseconds(each["date"]), exact(each["finalOld"]), exact(each["initialNew"]))
            for each in meter.get("exchanges") or ()
        ]
        settings, modulus = self._settings.get(key[0], {}), meter.get("modulus")
        points = [Point(milliseconds(reading.date), reading.amount) for reading in readings]
        limit, runs_backwards = None if modulus is None else exact(modulus), meter.get("runsBackwards", False)
        return views(Meter(points, exchanges, limit, runs_backwards, settings.get("zone", "Europe/Berlin")))

    def _wrong_series(self, name: str, meter: Document) -> str | None:
        """The next refresh believes it, except in the dirty range."""
        said = meter.get("series")
        if said is None or not {"count", "digest"} & said.keys():
            return None
        if said.get("version") != meter.get("displayVersion"):
            return "is of another version than what is displayed"
        parts = [document for each, document in self._series.items() if each.rsplit("|", 1)[0] == name]
        try:
            held = sorted(pair for part in parts for pair in points_of(part))
        except (KeyError, TypeError, ValueError, struct_error):
            return "cannot be read"
        if said.get("count") != len(held) or said.get("digest") not in (None, digest_of(parts)):
            return "is not what the meter says of it"
        dirty = [milliseconds(meter[field]) for field in ("dirtyFrom", "dirtyTo") if field in meter] or [1, 0]
        wanted = sorted((milliseconds(each.date), each.amount) for each in self._readings.get(name, ()))
        same_points = _outside(held, *dirty) == _outside(wanted, *dirty)
        return None if same_points else "holds something else than the readings"


def _outside(points: Iterable[tuple[int, Fraction]], first: int, last: int) -> list[tuple[int, Fraction]]:
    return [point for point in points if not first <= point[0] <= last]


def digest_of(parts: Iterable[Document]) -> bytes:
    """The digest of a series: of the digests of its parts by year, each of what it says and of its two columns."""
    whole = blake2b(digest_size=16)
    for part in sorted(parts, key=lambda part: int(part["year"])):
        said = repr([part[field] for field in ("type", "year", "decimals", "falls")])
        content = blake2b(said.encode(), digest_size=16)
        for column in ("instants", "amounts"):
            content.update(len(part[column]).to_bytes(8, "big") + part[column])
        whole.update(content.digest())
    return whole.digest()


def points_of(part: Document) -> Iterator[tuple[int, Fraction]]:
    """The readings that a part of a series holds: two columns of 64 bits, amounts in units of ``10 ** -decimals``."""
    columns = [unpack(f"<{len(part[column]) // 8}q", part[column]) for column in ("instants", "amounts")]
    scale = 10 ** part["decimals"]
    return ((instant, Fraction(amount, scale)) for instant, amount in zip(*columns, strict=True))


def _view(meter: str, kind: str, year: int | None) -> str:
    return f"{meter}|{kind}|{'-' if year is None else year}|c{CALCULATION}"


def _meter_named(view: str) -> str:
    """The first release's ids did not end in a calculation version."""
    parts = view.split("|")
    return "|".join(parts[: -3 if parts[-1].startswith("c") else -2])


def _wrong_view(stored: Document | None, fresh: Document | None, needed: bool) -> str | None:
    """A meter without readings need not have documents."""
    if stored is None:
        return "is missing" if needed else None
    if fresh is None:
        return "should not be there"
    return None if same(stored.get("data"), fresh) else "shows something else than a fresh calculation"


def broken_view(document: Document, meter: Document | None) -> str | None:
    """Which invariant a display document breaks, by itself or with its meter, whatever the figures are."""
    said = f"{document.get('userId')}|{document.get('type')}"
    if _view(said, str(document.get("dataType")), document.get("year")) != document["_id"]:
        return "says that it is another document"
    data = document.get("data")
    if not isinstance(data, Mapping) or _has_double(data):
        return "has no data, or a double in it"
    if document["dataType"] == "monthly" and data.get("year") != document["year"]:
        return "shows another year"
    if meter is None or broken_meter(meter):
        return None
    newest = meter["displayVersion"] or meter["sourceVersion"]
    return "is newer than its meter" if document.get("sourceVersion", 0) > newest else None


def _has_double(value: Any) -> bool:
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return isinstance(value, float) or any(map(_has_double, parts))


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
    source, display = (meter.get(f"{name}Version") for name in ("source", "display"))
    if f"{meter.get('userId')}|{meter.get('type')}" != meter["_id"]:
        return "names another user or type than its id"
    if source is None or display is None or not _is_version(source) or not _is_version(display):
        return "has a version that is no number"
    if display > source:
        return "displays a version that there is not"
    dirty = [name in meter for name in DIRTY]
    return None if dirty == [display < source] * len(DIRTY) else "does not say since when or where it is dirty"


def _is_version(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_lagging(meter: Document) -> bool:
    """Somebody will refresh its display: it does not show all, or not by the rules of now."""
    said = meter.get("series") or {}
    by_other_rules = (said.get("version"), said.get("calculation")) != (meter["displayVersion"], CALCULATION)
    return bool(meter["displayVersion"] < meter["sourceVersion"] or by_other_rules)


def _key(meter: str) -> Key | None:
    user, _, kind = meter.rpartition("|")
    return (user, kind) if user and kind in TYPES else None
