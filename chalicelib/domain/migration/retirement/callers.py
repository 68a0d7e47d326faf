"""The callers of version 1: a person by their pseudonym, a client and a route; and which calls are our own."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zlib import crc32

from chalicelib.domain.migration.retirement.calendar_parts import DAY_MS
from chalicelib.domain.readings import moment

KEPT_DAYS = 400  # a row after its last call, and the count of a day in it
QUIET_DAYS = 35  # longer than a month: who calls on the first of each is seen
PAGE = "page"  # the client that is our own
UNNAMED = "unnamed"
BROWSER = "Mozilla"  # what every browser says first
SEVERAL = "several"  # names of a person that share a row of the ledger
PLACES = 8  # for what a person says to call by, on each route
LISTED = 500  # with the count of each day, less than a function may answer
_PRODUCT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]*")
_NAME_LENGTH = 40
_SHORTEST_PART = 3  # of an id: a shorter one is in the names of too many clients


@dataclass(frozen=True, slots=True)
class V1Call:
    """One call: ``caller`` is a pseudonym, ``route`` a method and a declared path."""

    caller: str
    client: str
    route: str


@dataclass(frozen=True, slots=True)
class V1Caller:
    """A row of the ledger; ``days``: the calls of each day in UTC, such as ``2026-11-29``, that was asked for."""

    call: V1Call
    first: int
    last: int
    days: Mapping[str, int] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        """How many there were in these days."""
        return sum(self.days.values())


@dataclass(frozen=True, slots=True)
class OwnCall:
    """Something of our own that still needs the old backend, and when it did last."""

    what: str
    last: int

    def __str__(self) -> str:
        return f"{self.what} (last at {moment(self.last)})"


def client_of(user_agent: str, fetch_site: str, token_client: str, user_id: str) -> str:
    """What a call came by.

    The token says its client ("": our own page's, or it says none), else the ``User-Agent`` its product, without the
    version. It is our own page where the token has no other client and a browser says by itself (``Sec-Fetch-Site``,
    which no script of a page can set) that a page of our own origin asks. A program that is no browser can still say
    all that: ``Calendar.spares`` helps against it. A name with a part of the person's id would undo the pseudonym.
    """
    found = _PRODUCT.match(token_client) or _PRODUCT.match(user_agent)
    if fetch_site == "same-origin" and not token_client and found and found[0] == BROWSER:
        return PAGE
    name = found[0] if found else UNNAMED
    return UNNAMED if name.lower() == PAGE or _says(name.lower(), user_id.lower()) else name[:_NAME_LENGTH]


def _says(name: str, user_id: str) -> bool:
    """Whether what is kept of a name is a piece of an id, or the whole name has a part of the id in it."""
    parts = [part for part in re.split(r"[^a-z0-9]+", user_id) if len(part) >= _SHORTEST_PART]
    return name[:_NAME_LENGTH] in user_id or any(part in name for part in parts)


def place_of(client: str) -> str:
    """The place of a client in the counts of a person and a route: the page has its own, other names share few.

    A person may say another name at each call, and takes no more rows by it.
    """
    return PAGE if client == PAGE else str(crc32(client.encode()) % PLACES)


def own_calls(paged: Mapping[str, int], answered: Mapping[str, int]) -> Sequence[OwnCall]:
    """The calls that are our own, as many at most as there are routes and components.

    ``paged``: when the page has called a route last, by the route; ``answered``: when the old backend has answered a
    component last, by the component's name.
    """
    page = [OwnCall(f"the page calls {route}", last) for route, last in sorted(paged.items())]
    return [*page, *(OwnCall(f"the old backend answers {name}", last) for name, last in sorted(answered.items()))]


def withheld_by(calls: Sequence[OwnCall]) -> str | None:
    """Why a brown-out may not begin; None: nothing of our own would meet it."""
    if not calls:
        return None
    return "our own page or components still call: " + "; ".join(map(str, calls))


def people(number: int) -> str:
    """How many, in words."""
    return "1 person" if number == 1 else f"{number} people"


def day_of(at: int) -> str:
    """The day of an instant, in UTC."""
    return moment(at)[:10]


def days_since(days: Mapping[str, int], since: int) -> dict[str, int]:
    """The days from that of an instant on."""
    first = day_of(since)
    return {day: calls for day, calls in days.items() if day >= first}


def quiet_since(now: int, days: int) -> int:
    """The instant from which on somebody counts as a caller."""
    return now - days * DAY_MS
