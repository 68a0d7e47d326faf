"""Reading as a person: sees what the page would show.

A page asks again, and consistently, where an answer is older than what it has shown or written
(``chalicelib/web/page/api.js``): so does a person here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from infra.drills.api import OLD, OPERATOR, Reply, Sent, Transport
from infra.drills.history.operations import Amount, Outcome, Shown, Slot
from infra.drills.history.recorder import Recorder
from infra.drills.history.views import TABLES, VIEWS, View, parsed
from infra.drills.history.wishes import DATES
from infra.errors import OperatorError

FORMS, V2 = "/components/energy_forms", "/v2/energy"


@dataclass(frozen=True, slots=True)
class Known:
    """A reading that the person knows, with its ETag of each route; None where they have not seen it."""

    id: str
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a view has answered last, for 304."""

    etag: str
    shown: tuple[Shown, ...]
    digest: str


class Reader(Recorder):
    """What a person has seen: which readings there are, and what each view has answered last."""

    def __init__(self, name: str, transport: Transport, doubt_seconds: float, started: float) -> None:
        super().__init__(name, transport, doubt_seconds, started)
        self._readings: dict[Slot, Known | None] = {}  # a slot that is not here: nobody has looked
        self._memory: dict[str, Remembered] = {}

    def look_at_everything(self, backend: str) -> None:
        """Look at all views in the end, when nothing flips. Raises OperatorError where the other backend answers."""
        old = backend == OLD
        for view in VIEWS:
            if view.of_component or not old:
                self._asked(view, view.can_insist, final=True, old=old)
                last = self.operations[-1]
                if last.outcome is not Outcome.DONE or (view.of_component and last.backend != backend):
                    raise OperatorError(
                        f"{last.request} in the end: {last.status} of the {last.backend} backend, not the {backend} one"
                    )

    def _look(self, view: View, *, insists: bool, conditional: bool) -> None:
        """As the page does: again, and consistently, where the answer is older than what was shown."""
        shown = self._asked(view, insists, conditional=conditional)
        if view.can_insist and not insists and any(map(self._is_old, shown)):
            self._asked(view, True, conditional=conditional)

    def _is_old(self, shown: Shown) -> bool:
        return shown.version is not None and shown.version < self._versions.get(shown.type, 0)

    def _asked(
        self, view: View, insists: bool, *, conditional: bool = False, final: bool = False, old: bool = False
    ) -> tuple[Shown, ...]:
        """Ask for a view and record it; returns what it shows, nothing where nobody answered."""
        path = view.path + (("&" if "?" in view.path else "?") + "consistent=true" if insists else "")
        path += ("&" if "?" in path else "?") + "forceOld=true" if old else ""
        before = self._memory.get(view.path) if conditional else None
        headers = {"If-None-Match": before.etag} if before else {}
        sent = Sent("GET", path, self.name, role=OPERATOR if old else None, headers=headers)
        began, reply = self._clock(), self._transport(sent)
        operation = self._operation(sent, began, reply, {304} if before else frozenset[int]())
        if operation.outcome is not Outcome.DONE or reply is None:
            self.operations.append(operation)
            return ()
        found = self._found(view, reply, before)
        passed_on = insists or not any(map(self._is_old, found.shown))
        self.operations.append(
            replace(
                operation,
                shown=found.shown,
                consistent=insists,
                passed_on=passed_on,
                resource=view.path,
                digest=found.digest,
                by_version=view.is_by_version,
                etag=found.etag,
                final=final,
            )
        )
        if passed_on:
            for shown in found.shown:
                self._reach(shown.type, shown.version or 0)
        return found.shown

    def _found(self, view: View, reply: Reply, before: Remembered | None) -> Remembered:
        if reply.status == 304 and before:
            return replace(before, shown=tuple(replace(shown, source=None, stored=False) for shown in before.shown))
        found = Remembered(reply.headers.get("etag", ""), view.shown(parsed(reply.body)), view.digest(reply.body))
        if found.etag:
            self._memory[view.path] = found
        return found

    def _look_at_table(self, kind: str) -> None:
        """Learn which readings there are, with their ids and ETags."""
        view = TABLES[kind]
        sent = Sent("GET", view.path, self.name)
        began, reply = self._clock(), self._transport(sent)
        operation = self._operation(sent, began, reply)
        if operation.outcome is Outcome.DONE and reply is not None:
            body = parsed(reply.body)
            operation = replace(operation, shown=view.shown(body), resource=view.path)
            there = {datetime.fromisoformat(row["date"]): row for row in body["readings"]}
            for date in DATES:
                if not self._is_doubted((kind, date)):
                    self._learn((kind, date), there.get(date))
        self.operations.append(operation)

    def _learn(self, slot: Slot, row: Any) -> None:
        if row is None:
            self._readings[slot] = None
        elif (known := self._readings.get(slot)) is None or known.id != row["id"]:
            self._readings[slot] = Known(row["id"], {FORMS: row["revision"]})
        else:
            self._readings[slot] = replace(known, tags={**known.tags, FORMS: row["revision"]})

    def _look_at_one(self, slot: Slot, route: str) -> None:
        known = self._readings[slot]
        if known is None:
            return
        sent = Sent("GET", f"{route}/{known.id}", self.name)
        began, reply = self._clock(), self._transport(sent)
        operation = self._operation(sent, began, reply)
        rows: dict[datetime, Amount] = {}
        if operation.outcome is Outcome.DONE and reply is not None:
            row = parsed(reply.body)
            rows = {slot[1]: row["amount"]}
            self._readings[slot] = replace(known, tags={**known.tags, route: str(row["revision"])})
        elif operation.status == 404 and not self._is_doubted(slot):
            rows = {slot[1]: None}
            operation = replace(operation, outcome=Outcome.DONE)
            del self._readings[slot]
        self.operations.append(replace(operation, shown=(Shown(slot[0], rows=rows),)))
