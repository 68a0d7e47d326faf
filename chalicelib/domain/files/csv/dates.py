"""How a CSV file writes dates (CALCULATION.md, 8): day first, year first, or month first if the sender says so.

Whether the day or the month comes first is a matter of the whole file: one date that only fits month first refuses it,
and where no slash date decides it, the sender is asked.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from chalicelib.domain.errors import CsvError, InvalidReadingError, RowWarning
from chalicelib.domain.files.csv.energy_types import shortened
from chalicelib.domain.files.csv.options import DateOrder
from chalicelib.domain.readings import day_start, existing_date, invalid_date, local_instant, to_ms

AMBIGUOUS_DATE_ORDER = "AMBIGUOUS_DATE_ORDER"
MAX_LENGTH = 60
_NOTATION = re.compile(
    r"(?P<first>[0-9]{1,4})(?P<sign>[./-])(?P<second>[0-9]{1,2})(?P=sign)(?P<third>[0-9]{2,4}|[0-9])"
    r"(?:(?:\s+|[Tt])(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second_of_minute>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,6}))?)?"
    r"(?:\s*(?P<half>[AaPp][Mm]))?(?:\s*(?P<offset>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
)
# What spreadsheets write behind a date that has no time.
_MIDNIGHT = re.compile(r"(?:\s+|[Tt])(?:0?0:00(?::00(?:\.0{1,6})?)?|12:00(?::00)?\s*[Aa][Mm])")
# What programs write, and our own export; nearly all of a long file. Python reads it four times as fast as its parts.
_ISO_WITH_OFFSET = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{3}|\.[0-9]{6})?(?:Z|[+-][0-9]{2}:[0-5][0-9])"
)
# The begin of what may be a date with day and month in front, whatever is around it.
_DAY_AND_MONTH = re.compile(
    r"(?<![0-9])(?P<first>[0-9]{1,2})(?P<sign>[./-])(?P<second>[0-9]{1,2})(?P=sign)(?P<year>[0-9]{4}|[0-9]{2})(?![0-9])"
)
_ORDERS = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}
_UNKNOWN = "is not written like 1.11.2024, 2024-11-01 or 2024-11-01 18:30"


def looks_like_date(text: str) -> bool:
    """Whether a text has the notation of a date, existing or not."""
    return len(text) <= MAX_LENGTH and _NOTATION.fullmatch(text) is not None


class DateReader:
    """Reads the dates of one file, and keeps what they say about their order."""

    def __init__(self, zone: ZoneInfo, given: DateOrder | None) -> None:
        self._zone = zone
        self._given = given
        self._seen: set[DateOrder] = set()
        self._decided = False
        self._open: tuple[int, str] | None = None

    @property
    def order(self) -> DateOrder | None:
        """The given order, or the one in which dates were read; day first beside year first. None without dates."""
        return self._given or min(self._seen, default=None)

    def warnings(self) -> list[RowWarning]:
        """What to ask about slash dates if all their days and months are up to 12."""
        if self._open is None or self._decided or self._given:
            return []
        line, text = self._open
        day, month = text.split("/")[:2]
        reason = (
            f'no date tells whether the day or the month comes first: "{text}" (line {line}) is read as '
            f"day {int(day)} of month {int(month)}; pass dateOrder=dmy or dateOrder=mdy"
        )
        return [RowWarning(None, AMBIGUOUS_DATE_ORDER, reason)]

    def read(self, line: int, text: str, time: str = "") -> tuple[int, bool]:
        """The instant of a date, and whether it has a time, which may have a cell of its own; local midnight without.

        Raises:
            InvalidReadingError: no such notation, not in the given order, or a date that does not exist.
            CsvError: a date that only exists month first, where no order is given.
        """
        try:
            return self._read(line, _joined(text, time) if time else text)
        except InvalidReadingError:
            self.check_order(line, text)
            raise

    def check_order(self, line: int, text: str) -> None:
        """CsvError for a date that only exists month first, where no order is given, whatever else is wrong there."""
        if self._given:
            return
        for match in _DAY_AND_MONTH.finditer(text):
            year, month, day = int(match["year"]), int(match["second"]), int(match["first"])
            if not _exists(year, month, day) and _exists(year, day, month):
                shown = shortened(text[match.start() :])
                raise CsvError(
                    f'date "{shown}" (line {line}) exists month first, not day first: pass dateOrder=mdy, '
                    "or dateOrder=dmy if only such rows are wrong"
                )

    def _read(self, line: int, text: str) -> tuple[int, bool]:
        if self._given in (None, "ymd") and _ISO_WITH_OFFSET.fullmatch(text):
            self._seen.add("ymd")
            return to_ms(existing_date(text, lambda: datetime.fromisoformat(text))), True
        match = _NOTATION.fullmatch(text) if len(text) <= MAX_LENGTH else None
        notation = _order_of(match) if match else None
        if match is None or notation is None:
            raise invalid_date(text, _UNKNOWN)
        order = notation if self._given is None or notation == self._given else self._ordered(text, notation)
        year, month, day = _parts(match, order)
        instant = self._instant(match, text, year, month, day)
        self._note(line, text, order, match["sign"], day)
        return instant, match["hour"] is not None

    def _ordered(self, text: str, notation: DateOrder) -> DateOrder:
        if self._given == "mdy" and notation == "dmy":
            return "mdy"
        raise invalid_date(text, f"is not {_ORDERS[self._given or notation]}, as dateOrder={self._given} says")

    def _instant(self, match: re.Match[str], text: str, year: int, month: int, day: int) -> int:
        if match["hour"] is None:
            return day_start(existing_date(text, lambda: date(year, month, day)), self._zone)
        moment = existing_date(text, lambda: _moment(match, year, month, day))
        return to_ms(moment) if moment.tzinfo else local_instant(moment, self._zone)

    def _note(self, line: int, text: str, order: DateOrder, sign: str, day: int) -> None:
        self._seen.add(order)
        if sign == "/" and order == "dmy":
            if day > 12:
                self._decided = True
            self._open = self._open or (line, text)


def _joined(date_cell: str, time_cell: str) -> str:
    """The text of a date whose time is in a cell of its own; midnight behind the date counts for nothing then.

    Raises:
        InvalidReadingError: the date has another time already.
    """
    match = _NOTATION.fullmatch(date_cell) if len(date_cell) <= MAX_LENGTH else None
    if match is None or match["hour"] is None:
        return f"{date_cell} {time_cell}"
    day = date_cell[: match.end("third")]
    if _MIDNIGHT.fullmatch(date_cell, len(day)):
        return f"{day} {time_cell}"
    raise invalid_date(
        date_cell, f'has a time already, beside the time "{shortened(time_cell)}": leave one of them out'
    )


def _order_of(match: re.Match[str]) -> DateOrder | None:
    """Year first or day first (month first looks the same); None: neither."""
    first, sign, third = len(match["first"]), match["sign"], len(match["third"])
    if first == 4 and third <= 2 and sign != ".":
        return "ymd"
    if first <= 2 and (third == 4 or (third == 2 and sign == ".")):
        return "dmy"
    return None


def _parts(match: re.Match[str], order: DateOrder) -> tuple[int, int, int]:
    """Year, month and day; years of two digits are 20xx."""
    first, second, third = match["first"], int(match["second"]), match["third"]
    if order == "ymd":
        return int(first), second, int(third)
    year = int(third) + (2000 if len(third) == 2 else 0)
    return (year, second, int(first)) if order == "dmy" else (year, int(first), second)


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year + (2000 if year < 100 else 0), month, day)
    except ValueError:
        return False
    return True


def _moment(match: re.Match[str], year: int, month: int, day: int) -> datetime:
    """The date-time of a match, aware if it has an offset; ValueError if there is none."""
    microsecond = int((match["fraction"] or "").ljust(6, "0"))
    second = int(match["second_of_minute"] or 0)
    return datetime(
        year, month, day, _hour(match), int(match["minute"]), second, microsecond, tzinfo=_offset(match["offset"])
    )


def _hour(match: re.Match[str]) -> int:
    hour = int(match["hour"])
    if match["half"] is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("an hour before or after noon is 1 to 12")
    return hour % 12 + (12 if match["half"].lower() == "pm" else 0)


def _offset(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text in "Zz":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if minutes > 59:
        raise ValueError("an offset has up to 59 minutes")
    size = timedelta(hours=hours, minutes=minutes)
    return timezone(-size if text[0] == "-" else size)
