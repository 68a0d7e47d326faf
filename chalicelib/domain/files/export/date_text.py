"""Dates of an export: local, with offset. Read back, each is the same instant and the same day."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from chalicelib.domain.readings import FIRST_YEAR, LAST_YEAR, to_datetime

_MINUTE = timedelta(minutes=1)
_NONE = timedelta(0)
_FARTHEST = timedelta(hours=23, minutes=59)


def date_text(instant: int, zone: ZoneInfo) -> str:
    """An instant such as ``2024-11-01T00:00:00+01:00``; milliseconds only where there are some."""
    moment = to_datetime(instant).astimezone(zone)
    if _offset(moment) % _MINUTE or not _is_kept(moment):
        moment = _at_a_written_offset(moment)
    return moment.isoformat(timespec="milliseconds" if instant % 1_000 else "seconds")


def _at_a_written_offset(moment: datetime) -> datetime:
    """The same instant, on the same day where that can be, at an offset that ISO 8601 can write, in a kept year.

    Old local times have offsets with seconds (Amsterdam's was 0:19:32 until 1937), and a zone that its user has changed
    since may show the last day of 1899.
    """
    minutes = _offset(moment) // _MINUTE * _MINUTE
    offsets = (minutes, minutes + _MINUTE, _FARTHEST, -_FARTHEST)
    written = [moment.astimezone(timezone(offset)) for offset in offsets]
    return min(written, key=lambda each: (not _is_kept(each), each.date() != moment.date()))


def _offset(moment: datetime) -> timedelta:
    return moment.utcoffset() or _NONE


def _is_kept(moment: datetime) -> bool:
    return FIRST_YEAR <= moment.year <= LAST_YEAR
