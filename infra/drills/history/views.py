"""The views that a person can look at, and what an answer shows of each meter. Pure."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from hashlib import sha256
from typing import Any

from infra.drills.history.operations import Amount, Shown
from infra.drills.history.wishes import DATES, TYPES, YEARS

Reading = Callable[[Any], tuple[Shown, ...]]


@dataclass(frozen=True, slots=True)
class View:
    """``can_insist``: it takes ``consistent``. ``of_component``: either backend may answer.

    ``is_by_version``: what it shows follows from the meter's version alone; summaries are of a day.
    """

    path: str
    shown: Reading
    can_insist: bool = False
    of_component: bool = True
    is_by_version: bool = False
    has_body_of_its_own: bool = True  # the same body means the same; an export says when it was made

    def digest(self, body: bytes) -> str:
        """What must be the same wherever the ETag is the same; how old a stored view of version 2 is may differ."""
        if not self.has_body_of_its_own:
            return ""
        said = body if self.of_component else json.dumps(json.loads(body).get("data"), sort_keys=True).encode()
        return sha256(said).hexdigest()[:16]


def parsed(body: bytes) -> Any:
    """JSON, its numbers exact."""
    return json.loads(body, parse_float=Decimal, parse_int=Decimal)


def rows_of(kind: str) -> Reading:
    """A list of all readings of a type."""

    def shown(body: Any) -> tuple[Shown, ...]:
        rows: dict[datetime, Amount] = {
            datetime.fromisoformat(row["date"]): row["amount"] for row in body["readings"] if row["type"] == kind
        }
        return (Shown(kind, rows=rows, whole=True),)

    return shown


def last_row_of(kind: str) -> Reading:
    """The last reading of a type: there is none behind it."""

    def shown(body: Any) -> tuple[Shown, ...]:
        last = body["last"]
        if last is None:
            return (Shown(kind, whole=True),)
        date = datetime.fromisoformat(last["date"])
        behind: dict[datetime, Amount] = {later: None for later in DATES if later > date}
        return (Shown(kind, rows={date: last["amount"], **behind}),)

    return shown


def _meters(body: Any) -> tuple[Shown, ...]:
    return tuple(Shown(meter["type"], version=int(meter["sourceVersion"])) for meter in body["meters"])


def _months(body: Any) -> tuple[Shown, ...]:
    return (Shown(body["type"], version=int(body["sourceVersion"])),)


def _timeline(body: Any) -> tuple[Shown, ...]:
    return (Shown(body["type"], version=int(body["sourceVersion"]), count=_count(body)),)


def _display(body: Any) -> tuple[Shown, ...]:
    meta, data = body["meta"], body["data"]
    return (
        Shown(
            body["type"],
            version=int(meta["displayVersion"]),
            source=int(meta["sourceVersion"]),
            stored=meta["calculatedAt"] is not None,
            count=_count(data) if "buckets" in data else None,
        ),
    )


def _count(histogram: Any) -> int:
    return int(sum(bucket["count"] for bucket in histogram["buckets"]))


def _of_meter(kind: str) -> list[View]:
    rows, page = rows_of(kind), f"type={kind}&limit=100"
    display = f"/v2/display?type={kind}&dataType="
    of_version = partial(View, can_insist=True, is_by_version=True)
    return [
        View(f"/components/energy_table?{page}", rows),
        of_version(f"/components/timeline_slider?type={kind}", _timeline),
        *(of_version(f"/components/monthly_charts?type={kind}&year={year}", _months) for year in YEARS),
        View(f"/components/energy_forms?type={kind}", last_row_of(kind)),
        View(f"/components/csv_import/export?format=json&type={kind}", rows, has_body_of_its_own=False),
        View(f"/v2/energy?{page}", rows, of_component=False, has_body_of_its_own=False),
        *(of_version(f"{display}monthly&year={year}", _display, of_component=False) for year in YEARS),
        of_version(f"{display}histogram", _display, of_component=False),
        View(f"{display}summary", _display, can_insist=True, of_component=False),
    ]


TABLES = {kind: _of_meter(kind)[0] for kind in TYPES}
VIEWS = (View("/components/dashboard", _meters, can_insist=True), *(view for kind in TYPES for view in _of_meter(kind)))
