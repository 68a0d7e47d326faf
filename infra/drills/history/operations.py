"""The record of every operation of a history: when it began and ended, what was asked, what came back.

Pure. How the operations are judged says ``checker``, how answers are read ``views``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

Amount = Decimal | None  # None: no reading
Slot = tuple[str, datetime]  # a type and an instant: one reading may be there


class Outcome(StrEnum):
    """The outcome of an operation. Unknown are time-outs, 5xx and killed functions: it may have happened or not."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Shown:
    """What an answer shows of one meter.

    ``version``: that of what is shown. ``source``: that of the meter, where the answer says it. ``stored``: the view is
    a stored document. ``rows``: amounts by date, None where it says that there is no reading; with ``whole`` there are
    no others. ``count``: how many readings there are.
    """

    type: str
    version: int | None = None
    source: int | None = None
    stored: bool = False
    rows: Mapping[datetime, Amount] = field(default_factory=dict)
    whole: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One request of a person and what came back. ``began`` and ``ended`` are seconds since the history began.

    ``effects``: what a write leaves where it happens. ``versions``: what an acknowledged write says that each meter
    has reached. ``passed_on``: the person got to see it; a page asks again where an answer is older than what it has
    shown. ``resource``: what was asked for, without how; ``digest`` is that of what came. ``by_version``: that
    follows from its version alone. ``outdated``: the ETag that was sent as ``If-Match`` had passed. ``final``: made
    when nothing flips any more.
    """

    number: int
    person: str
    request: str
    began: float
    ended: float
    outcome: Outcome
    status: int | None = None
    backend: str | None = None
    etag: str | None = None
    effects: Mapping[Slot, Amount] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    shown: tuple[Shown, ...] = ()
    consistent: bool = False
    passed_on: bool = True
    resource: str = ""
    digest: str = ""
    by_version: bool = False
    outdated: bool = False
    final: bool = False

    def as_document(self) -> dict[str, Any]:
        """Convert to JSON, for programs and for people: what proves a violation."""
        return {
            "number": self.number,
            "person": self.person,
            "request": self.request,
            "began": round(self.began, 3),
            "ended": round(self.ended, 3),
            "outcome": self.outcome.value,
            "status": self.status,
            "backend": self.backend,
            "etag": self.etag,
            "writes": {_place(slot): _plain(amount) for slot, amount in self.effects.items()},
            "versions": {**self.versions, **{shown.type: shown.version for shown in self.shown}},
            "rows": {
                _place((shown.type, date)): _plain(row) for shown in self.shown for date, row in shown.rows.items()
            },
        }


def _place(slot: Slot) -> str:
    return f"{slot[0]} {slot[1]:%Y-%m-%dT%H:%MZ}"


def _plain(amount: Amount) -> float | None:
    return None if amount is None else float(amount)
