"""Pages of a list in memory, with the order and the pages that the server gives by index."""

import re
from collections.abc import Sequence

from chalicelib.domain.ports.values import PageRequest, ReadingFilter, StoredReading

_OBJECT_ID = re.compile("[0-9a-f]{24}")


def page_of(readings: Sequence[StoredReading], request: PageRequest) -> list[StoredReading]:
    """One page of ``readings``, which come in ascending order; a limit of 0 means no limit."""
    wanted = [reading for reading in readings if _covers(request.filter, reading)]
    if request.descending:
        wanted.reverse()
    if request.after is not None:
        here = _place(*request.after)
        wanted = [reading for reading in wanted if _is_behind(here, reading, request.descending)]
    return wanted[: request.limit or None]


def _covers(wanted: ReadingFilter, reading: StoredReading) -> bool:
    begun = wanted.first is None or wanted.first <= reading.instant
    return begun and (wanted.last is None or reading.instant <= wanted.last) and wanted.type in (None, reading.type)


def _is_behind(here: tuple[int, bool, str], reading: StoredReading, descending: bool) -> bool:
    there = _place(reading.instant, reading.id)
    return there < here if descending else there > here


def _place(instant: int, reading_id: str) -> tuple[int, bool, str]:
    """By date, then by id; inherited ids that are texts come before the others, as the server sorts them."""
    return instant, bool(_OBJECT_ID.fullmatch(reading_id)), reading_id
