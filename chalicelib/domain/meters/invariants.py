"""What must hold between the documents of a meter: the list, and what of them a reader may believe.

Plain arithmetic on stored documents (``meters``, ``display_energy_data``, ``meter_series``): the reader's
path, ``verify`` and the refresh use the same rules. What does not live here: whether the figures are those of the
readings (``services.refresh.display_check``), and how a breach is mended (``services.refresh.recalculation``).
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeGuard

from chalicelib.domain.readings import EnergyType

Document = Mapping[str, Any]
METERS, DISPLAY, SERIES = "meters", "display_energy_data", "meter_series"
# Versions are counted, or begin again at the milliseconds since 1970: far below. Nobody stores what lies above.
VERSION_LIMIT = 1 << 52
DIRTY = ("dirtyFrom", "dirtyTo", "dirtySince")
_TYPES = "|".join(EnergyType)
_KIND = r"(?P<kind>monthly|histogram|summary)"
_YEAR = r"(?P<year>\d+|-)"
_END = r"(?(kind)(\|c(?P<calculation>\d+))?|(\|p\d+)?)"  # of a view its calculation; of a large part its number
_ID = re.compile(rf"(?P<user>.*)\|(?P<type>{_TYPES})(\|({_KIND}\|)?{_YEAR}{_END})?", re.S)
# Of the documents that the first release stored: neither their ids nor their meters name a calculation version.
FIRST_CALCULATION = 1


class DocumentId(NamedTuple):
    """What the ``_id`` of a meter, a display document or a part of a series says; it cannot be changed."""

    user_id: str
    type: EnergyType
    data_type: str | None = None
    year: int | None = None
    calculation_version: int | None = None


class Violation(NamedTuple):
    """A document that breaks an invariant: where it is stored, which field, and what is wrong with it."""

    collection: str
    document: str
    problem: str


@dataclass(frozen=True, slots=True)
class MeterDocuments:
    """The documents of one meter at one point in time, those included that only claim to be.

    ``has_readings``: on the new side. ``series_holds``: the kept series is what its digest says, or none is kept.
    ``calculation_version``: the one of the code that looks. ``sealed``: the ids of display documents whose data is
    known to be what a refresh has written.
    """

    user_id: str
    type: EnergyType
    meter: Document | None
    display: Sequence[Document]
    series: Sequence[Document]
    has_readings: bool
    series_holds: bool
    calculation_version: int
    sealed: Collection[str] = ()

    @property
    def id(self) -> str:
        """The ``_id`` of the meter."""
        return f"{self.user_id}|{self.type}"


class Invariant(NamedTuple):
    """A rule for a document: the field that breaks it, the rule in words, and whether it holds."""

    field: str
    rule: str
    holds: Callable[[Document], bool]


def id_of(text: Any) -> DocumentId | None:
    """What an ``_id`` says; None where it is none of ours."""
    return _read(text) if isinstance(text, str) else None


@lru_cache(maxsize=256)  # each rule of a document asks
def _read(text: str) -> DocumentId | None:
    found = _ID.fullmatch(text)
    if found is None:
        return None
    year = found["year"]
    calculation = found["calculation"] or (found["kind"] and FIRST_CALCULATION)
    return DocumentId(
        found["user"],
        EnergyType(found["type"]),
        found["kind"],
        int(year) if year not in (None, "-") else None,
        None if calculation is None else int(calculation),
    )


def view_id(user_id: str, energy_type: EnergyType, data_type: str, year: int | None, calculation_version: int) -> str:
    """The ``_id`` of a display document: another one for each calculation version, so that none is taken for another.

    The first release's ids had no such part.
    """
    meter = f"{user_id}|{energy_type}|{data_type}|{'-' if year is None else year}"
    return meter if calculation_version == FIRST_CALCULATION else f"{meter}|c{calculation_version}"


def is_version(value: Any) -> TypeGuard[int]:
    """Whether it is a whole number that can be a version."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < VERSION_LIMIT


def _is_behind(meter: Document) -> bool:
    return bool(meter["displayVersion"] < meter["sourceVersion"])


def _has_range(meter: Document) -> bool:
    if not _is_behind(meter):
        return True
    first, last = meter.get("dirtyFrom"), meter.get("dirtyTo")
    return isinstance(first, datetime) and isinstance(last, datetime) and first <= last


def _series_version(meter: Document) -> bool:
    series = meter.get("series")
    return series is None or (isinstance(series, Mapping) and series.get("version") == meter["displayVersion"])


# Each is asked only where those before it hold. A reader believes no version of a meter that breaks one of them.
OF_METER: tuple[Invariant, ...] = (
    Invariant("userId", "is the user of its _id", lambda meter: _named(meter, "userId", 0)),
    Invariant("type", "is the type of its _id", lambda meter: _named(meter, "type", 1)),
    Invariant("sourceVersion", "is a whole number", lambda meter: is_version(meter.get("sourceVersion"))),
    Invariant("displayVersion", "is a whole number", lambda meter: is_version(meter.get("displayVersion"))),
    Invariant(
        "displayVersion", "is not above sourceVersion", lambda m: bool(m["displayVersion"] <= m["sourceVersion"])
    ),
    Invariant("dirtyFrom, dirtyTo", "are dates in order while the display lags", _has_range),
    Invariant(
        "dirtySince", "is a date while the display lags", lambda m: not _is_behind(m) or _is_date(m.get("dirtySince"))
    ),
    Invariant(
        "dirtyFrom, dirtyTo, dirtySince",
        "are absent while the display does not lag",
        lambda m: _is_behind(m) or not any(field in m for field in DIRTY),
    ),
)
# A series that breaks one is not believed; the display is.
OF_SERIES: tuple[Invariant, ...] = (Invariant("series", "is of displayVersion", _series_version),)


def _named(document: Document, field: str, place: int) -> bool:
    said = id_of(document["_id"])
    return said is not None and document.get(field) == said[place]


def _is_date(value: Any) -> bool:
    return isinstance(value, datetime)


def is_sound(meter: Document) -> bool:
    """Whether a reader may go by the versions and the dirty range of a meter."""
    return all(invariant.holds(meter) for invariant in OF_METER)


def latest_shown(meter: Document) -> int:
    """The version above which no display document of a sound meter can be.

    A meter whose version was lifted shows nothing yet (``displayVersion`` 0) and still has its older documents.
    """
    return int(meter["displayVersion"] or meter["sourceVersion"])


def calculation_of(meter: Document) -> int:
    """The calculation version of what a sound meter shows; 0: it shows nothing yet.

    A release that knows no calculation versions writes ``series`` without one, or takes it away, whenever it publishes.
    """
    if not meter["displayVersion"]:
        return 0
    mark = meter.get("series")
    if not isinstance(mark, Mapping) or mark.get("version") != meter["displayVersion"]:
        return FIRST_CALCULATION
    calculation = mark.get("calculation")
    return calculation if is_version(calculation) else FIRST_CALCULATION


def is_ahead(view: Document, meter: Document) -> bool:
    """Whether a display document is newer than its meter: one of the two comes from another time, a backup say."""
    version = view.get("sourceVersion")
    return is_version(version) and version > latest_shown(meter)


def is_believable(view: Document, meter: Document, *, is_sealed: bool = False) -> bool:
    """Whether a reader may show a document that was found under its ``_id``, beside a sound meter.

    ``is_sealed``: its data is known to be what a refresh has written.
    """
    version = view.get("sourceVersion")
    named = all(invariant.holds(view) for invariant in (OF_VIEW_ITSELF if is_sealed else OF_VIEW))
    return named and is_version(version) and version <= meter["displayVersion"]


def _data_holds(view: Document) -> bool:
    data = view.get("data")
    if not isinstance(data, Mapping) or not is_exact(data):
        return False
    if view["dataType"] == "monthly":
        months = data.get("months")
        return data.get("year") == view["year"] and isinstance(months, list) and len(months) == 12
    return view["dataType"] != "histogram" or isinstance(data.get("buckets"), list)


def is_exact(data: Any) -> bool:
    """Whether no double is among the values, at any depth: amounts are exact decimals."""
    pending = [data]
    for value in pending:  # which grows in the loop; a recursion takes three times as long
        kind = type(value)
        if kind is dict:
            pending.extend(value.values())
        elif kind is list:
            pending.extend(value)
        elif kind is float:
            return False
    return True


OF_VIEW_ITSELF: tuple[Invariant, ...] = (
    Invariant("userId", "is the user of its _id", lambda view: _named(view, "userId", 0)),
    Invariant("type", "is the type of its _id", lambda view: _named(view, "type", 1)),
    Invariant("dataType", "is the kind of its _id", lambda view: _named(view, "dataType", 2)),
    Invariant("year", "is the year of its _id", lambda view: _named(view, "year", 3)),
    Invariant("sourceVersion", "is a whole number", lambda view: is_version(view.get("sourceVersion"))),
    Invariant("calculationVersion", "is a whole number", lambda view: is_version(view.get("calculationVersion"))),
    Invariant(
        "calculationVersion", "is the calculation of its _id", lambda view: _named(view, "calculationVersion", 4)
    ),
    Invariant("calculatedAt", "is a date", lambda view: _is_date(view.get("calculatedAt"))),
)
OF_VIEW = (*OF_VIEW_ITSELF, Invariant("data", "has the shape of its kind, with exact amounts", _data_holds))
OF_PART: tuple[Invariant, ...] = (
    Invariant("userId", "is the user of its _id", lambda part: _named(part, "userId", 0)),
    Invariant("type", "is the type of its _id", lambda part: _named(part, "type", 1)),
    Invariant("year", "is the year of its _id", lambda part: _named(part, "year", 3)),
)


def violations(documents: MeterDocuments) -> Iterator[Violation]:
    """What does not hold, document by document; of each the first."""
    yield from _of_meter(documents)
    for view in documents.display:
        yield from _first(DISPLAY, view, _rules_of_view(documents, is_sealed=view["_id"] in documents.sealed))
    for part in documents.series:
        yield from _first(SERIES, part, (_ours(documents), *OF_PART))
    if not documents.series_holds:
        yield Violation(SERIES, documents.id, "series.digest: the parts are not those of the digest")


def _of_meter(documents: MeterDocuments) -> Iterator[Violation]:
    if documents.meter is not None:
        yield from _first(METERS, documents.meter, (*OF_METER, *OF_SERIES))
    elif documents.has_readings or documents.display:
        left = "readings" if documents.has_readings else "display documents"
        yield Violation(METERS, documents.id, f"is missing, though there are {left}")


def _rules_of_view(documents: MeterDocuments, *, is_sealed: bool) -> tuple[Invariant, ...]:
    meter, own = documents.meter, OF_VIEW_ITSELF if is_sealed else OF_VIEW
    if meter is None or not is_sound(meter):
        return (_ours(documents), *own)
    behind = Invariant("sourceVersion", "is not above its meter's", lambda view: not is_ahead(view, meter))
    return (_ours(documents), *own, behind, *_rules_of_calculation(documents.calculation_version, meter))


def _rules_of_calculation(ours: int, meter: Document) -> tuple[Invariant, ...]:
    """What another version has left is no damage, until the meter shows what the version that looks has calculated."""
    if calculation_of(meter) != ours:
        return ()
    return (
        Invariant(
            "calculationVersion", "is the one that its meter shows", lambda view: view["calculationVersion"] == ours
        ),
    )


def _ours(documents: MeterDocuments) -> Invariant:
    meter = (documents.user_id, documents.type)
    return Invariant(
        "_id", "is of the meter that userId and type name", lambda each: (id_of(each["_id"]) or ())[:2] == meter
    )


def _first(collection: str, document: Document, rules: Sequence[Invariant]) -> Iterator[Violation]:
    for rule in rules:
        if not rule.holds(document):
            yield Violation(collection, str(document["_id"]), f"{rule.field} breaks the rule that it {rule.rule}")
            return
