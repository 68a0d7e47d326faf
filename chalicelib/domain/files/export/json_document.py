"""The export that holds everything, as JSON: writing it, and reading it back.

``{"exportVersion": 1, "exportedAt", "settings": {"zone"}, "meters": [...], "readings": [...]}``. Settings and meters
are on the first page alone: a page without them says nothing of them.
"""

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any, NamedTuple, NoReturn, TypeVar
from zoneinfo import ZoneInfo

from chalicelib.domain.errors import FieldError, ImportFileError, InvalidReadingError
from chalicelib.domain.files.export.date_text import date_text
from chalicelib.domain.files.export.page import ExportPage
from chalicelib.domain.meters.configuration import MeterConfiguration
from chalicelib.domain.plausibility.limits import (
    MAX_DIGITS,
    check_amount,
    check_exchange,
    check_instant,
    check_register,
    plain_amount,
)
from chalicelib.domain.ports.values import StoredReading
from chalicelib.domain.readings import AMOUNT_LIMIT, LAST_INSTANT, EnergyType, MeterExchange, kind_of, parse_instant
from chalicelib.domain.zones import known_zone

EXPORT_VERSION = 1
NEEDED, OPTIONAL = ("exportVersion", "readings"), ("exportedAt", "settings", "meters")
METER = ("type", "modulus", "runsBackwards", "exchanges")
EXCHANGE = ("date", "finalOld", "initialNew")
READING = ("type", "date", "amount")
SHOWN_NAMES, SHOWN_CHARACTERS = 3, 40
DIGITS = Context(prec=MAX_DIGITS)

Value = TypeVar("Value")


class ExportedReading(NamedTuple):
    """A good reading: its place among the readings of the file, from 1 on; whether its date has a time."""

    place: int
    type: EnergyType
    instant: int
    amount: Decimal
    has_time: bool


class ReadingFlaw(NamedTuple):
    """A bad reading: its place, the member that is wrong (None: the reading as such) and why."""

    place: int
    field: str | None
    reason: str


class ImportedConfiguration(NamedTuple):
    """What a file says of a meter besides its readings; exchanges in the order of their dates."""

    type: EnergyType
    modulus: Decimal | None
    runs_backwards: bool
    exchanges: tuple[MeterExchange, ...]


class ParsedExport(NamedTuple):
    """What a file holds; no meters and no zone: it says nothing of them."""

    rows: list[ExportedReading]
    errors: list[ReadingFlaw]
    meters: list[ImportedConfiguration]
    zone: ZoneInfo | None


def json_text(page: ExportPage) -> str:
    """A page as a JSON document. Amounts have all their digits, which ``json`` would not write."""
    head = f'"exportVersion":{EXPORT_VERSION},"exportedAt":"{date_text(page.exported_at, page.zone)}"'
    if page.meters is not None:
        meters = ",".join(_meter_text(kind, meter, page.zone) for kind, meter in page.meters.items())
        head += f',"settings":{{"zone":{json.dumps(page.zone.key)}}},"meters":[{meters}]'
    readings = ",".join(_reading_text(reading, page.zone) for reading in page.readings)
    return f'{{{head},"readings":[{readings}]}}'


def _reading_text(reading: StoredReading, zone: ZoneInfo) -> str:
    date = date_text(reading.instant, zone)
    return f'{{"type":"{reading.type}","date":"{date}","amount":{_digits(reading.amount)}}}'


def _meter_text(kind: EnergyType, meter: MeterConfiguration, zone: ZoneInfo) -> str:
    modulus = "null" if meter.modulus is None else _digits(meter.modulus)
    exchanges = ",".join(_exchange_text(point, zone) for point in meter.points)
    backwards = json.dumps(meter.runs_backwards)
    return f'{{"type":"{kind}","modulus":{modulus},"runsBackwards":{backwards},"exchanges":[{exchanges}]}}'


def _exchange_text(point: MeterExchange, zone: ZoneInfo) -> str:
    date = date_text(point.instant, zone)
    return f'{{"date":"{date}","finalOld":{_digits(point.final_old)},"initialNew":{_digits(point.initial_new)}}}'


def _digits(amount: Decimal) -> str:
    """All digits that say something; what was stored earlier may have thousands of zeros."""
    return f"{plain_amount(amount):f}"


def parse_export(content: bytes, zone: ZoneInfo, *, max_rows: int = 50_000, now: int | None = None) -> ParsedExport:
    """All readings of an export, good and bad, with the meters and the zone that it names.

    Args:
        content: the file, UTF-8 with or without a byte order mark.
        zone: where dates without an offset are local, unless the file names its own zone.
        max_rows: how many readings a file may have.
        now: the present (UTC milliseconds); what lies more than one day after it is an error, as for a single reading.

    Raises:
        ImportFileError: the file cannot be read as a whole, or what it says of settings and meters breaks a rule.
    """
    try:
        document = _members("the file", _loaded(content), NEEDED, OPTIONAL)
        _check_head(document)
        own = _inside("settings", _zone, document["settings"]) if "settings" in document else None
        reader = _Reader(own or zone, LAST_INSTANT if now is None else now)
        meters = [*reader.meters(_list(document, "meters"))] if "meters" in document else []
        rows, errors = reader.readings(_list(document, "readings"), max_rows)
    except InvalidReadingError as error:
        flaw = error.errors[0]
        raise ImportFileError(f"{flaw.where}: {flaw.reason}" if flaw.where else flaw.reason, error.errors) from error
    return ParsedExport(rows, errors, meters, own)


@dataclass(frozen=True, slots=True)
class _Reader:
    """How the parts of one file are read."""

    zone: ZoneInfo
    now: int

    def readings(self, values: list[Any], max_rows: int) -> tuple[list[ExportedReading], list[ReadingFlaw]]:
        if len(values) > max_rows:
            raise _wrong("readings", f"{len(values)} of them, an import takes up to {max_rows}; split the file")
        rows, errors = list[ExportedReading](), list[ReadingFlaw]()
        for place, value in enumerate(values, start=1):
            try:
                rows.append(self._reading(place, value))
            except InvalidReadingError as error:
                errors.append(ReadingFlaw(place, error.errors[0].where or None, error.errors[0].reason))
        return rows, errors

    def _reading(self, place: int, value: Any) -> ExportedReading:
        members = _members("the reading", value, READING)
        kind = _type(members)
        instant = self._instant(members)
        check_instant(instant, self.now)
        amount = _number(members, "amount")
        check_amount(amount)
        return ExportedReading(place, kind, instant, amount, len(members["date"]) > len("2024-11-01"))

    def meters(self, values: list[Any]) -> Iterator[ImportedConfiguration]:
        seen = set[EnergyType]()
        for number, value in enumerate(values):
            meter = _inside(f"meters[{number}]", self._meter, value)
            if meter.type in seen:
                raise _wrong(f"meters[{number}]", f"a second meter of type {meter.type}; leave one of them out")
            seen.add(meter.type)
            yield meter

    def _meter(self, value: Any) -> ImportedConfiguration:
        members = _members("the meter", value, METER)
        kind = _type(members)
        modulus = None if members["modulus"] is None else _modulus(members)
        backwards = members["runsBackwards"]
        if not isinstance(backwards, bool):
            raise _wrong("runsBackwards", f"{kind_of(backwards)}, not true or false")
        exchanges = _list(members, "exchanges")
        points = [_inside(f"exchanges[{at}]", self._exchange, each, modulus) for at, each in enumerate(exchanges)]
        if len({point.instant for point in points}) < len(points):
            raise _wrong("exchanges", "two of them at one instant; leave one of them out")
        return ImportedConfiguration(kind, modulus, backwards, tuple(sorted(points)))

    def _exchange(self, value: Any, modulus: Decimal | None) -> MeterExchange:
        members = _members("the exchange", value, EXCHANGE)
        final, initial = _number(members, "finalOld"), _number(members, "initialNew")
        exchange = MeterExchange(self._instant(members), final, initial)
        check_exchange(exchange, self.now)
        check_register(modulus, finalOld=final, initialNew=initial)
        return exchange

    def _instant(self, members: dict[str, Any]) -> int:
        return parse_instant(_text(members, "date"), self.zone)


def _loaded(content: bytes) -> Any:
    try:
        return json.loads(
            content.decode("utf-8-sig"),
            parse_float=Decimal,
            parse_int=Decimal,
            parse_constant=_no_constant,
            object_pairs_hook=_without_doubles,
        )
    except ArithmeticError as error:
        raise _wrong("", "the file has a number whose exponent no number can have") from error
    except RecursionError as error:
        raise _wrong("", "the file is nested too deeply for an export: send the file as it was exported") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        where = f"byte 0x{error.object[error.start]:02X} in line {line}"
        raise _wrong("", f"the file is not UTF-8 ({where}): save it as UTF-8") from error
    except ValueError as error:
        raise _wrong("", f"the file is not JSON: {error}") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError(f"an object has {len(pairs)} members, of which {len(pairs) - len(members)} repeat a name")
    return members


def _check_head(document: dict[str, Any]) -> None:
    version = document["exportVersion"]
    if not isinstance(version, Decimal) or version != EXPORT_VERSION:
        raise _wrong("exportVersion", f"not {EXPORT_VERSION}, the only version that can be read")
    if "exportedAt" in document:
        _text(document, "exportedAt")


def _zone(value: Any) -> ZoneInfo:
    key = _text(_members("settings", value, ("zone",)), "zone")
    if not known_zone(key):
        raise _wrong("zone", f'"{key[:SHOWN_CHARACTERS]}" is not an IANA zone such as Europe/Berlin')
    return ZoneInfo(key)


def _modulus(members: dict[str, Any]) -> Decimal:
    modulus = _number(members, "modulus")
    is_register = 0 < modulus <= AMOUNT_LIMIT and DIGITS.plus(modulus) == modulus
    if not is_register or round(modulus, MAX_DIGITS) != modulus:  # more decimals than the settings take and show
        reason = f"{kind_of(modulus)}, and no register starts again there; say null where it is not known"
        raise _wrong("modulus", reason)
    return modulus


def _members(what: str, value: Any, needed: Collection[str], optional: Collection[str] = ()) -> dict[str, Any]:
    """The members of ``what``: all ``needed`` ones, and no other than these and ``optional`` ones."""
    if not isinstance(value, dict):
        raise _wrong("", f"{what} is {kind_of(value)}, not an object")
    if missing := [name for name in needed if name not in value]:
        raise _wrong("", f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing")
    if others := [name for name in value if name not in needed and name not in optional]:
        shown = ", ".join(json.dumps(name[:SHOWN_CHARACTERS]) for name in others[:SHOWN_NAMES])
        raise _wrong(
            "", f"{len(others)} unknown members, among them {shown}; known are {', '.join((*needed, *optional))}"
        )
    return value


def _list(members: dict[str, Any], name: str) -> list[Any]:
    value = members[name]
    if not isinstance(value, list):
        raise _wrong(name, f"{kind_of(value)}, not a list")
    return value


def _text(members: dict[str, Any], name: str) -> str:
    value = members[name]
    if not isinstance(value, str):
        raise _wrong(name, f"{name} is {kind_of(value)}, not a text")
    if not value.isprintable():  # half a surrogate pair, say, which no answer could quote
        raise _wrong(name, f"{name} has characters that cannot be shown")
    return value


def _type(members: dict[str, Any]) -> EnergyType:
    text = _text(members, "type")
    if text not in set(EnergyType):
        raise _wrong("type", f'"{text[:SHOWN_CHARACTERS]}" is neither power nor gas')
    return EnergyType(text)


def _number(members: dict[str, Any], name: str) -> Decimal:
    value = members[name]
    if not isinstance(value, Decimal):
        raise _wrong(name, f"{name} is {kind_of(value)}, not a number")
    return plain_amount(value)


def _inside(place: str, read: Callable[..., Value], *given: Any) -> Value:
    """What ``read`` makes of a part of the file; its flaws name the place."""
    try:
        return read(*given)
    except InvalidReadingError as error:
        flaw = error.errors[0]
        raise _wrong(f"{place}.{flaw.where}" if flaw.where else place, flaw.reason) from error


def _wrong(where: str, reason: str) -> InvalidReadingError:
    return InvalidReadingError(reason, (FieldError(where, reason),))
