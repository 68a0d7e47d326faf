"""One simulated person of a history: carries out their wishes and records every operation.

A slot that a write of unknown outcome may still reach is left alone until it cannot any more.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from infra.drills.api import Reply, Sent, Transport
from infra.drills.history.operations import Amount, Operation, Outcome, Slot
from infra.drills.history.reader import FORMS, V2, Known, Reader
from infra.drills.history.views import VIEWS, parsed
from infra.drills.history.wishes import DATES, Wish, WishKind

IMPORTS = ("/components/csv_import", "/v2/energy/import")
HOW = "?confirm=true&onConflict=replace"


class Person(Reader):
    """Fulfils wishes. ``_former``: readings as they were before their last change, with the ETags of then."""

    def __init__(self, name: str, transport: Transport, doubt_seconds: float, started: float) -> None:
        super().__init__(name, transport, doubt_seconds, started)
        self._former: dict[Slot, Known] = {}

    def fulfil(self, wish: Wish) -> None:
        """Do what is wished, as far as it can be done now."""
        slot = self._slot(wish)
        if wish.kind is WishKind.LOOK or slot is None:
            self._look_around(wish)
        elif wish.kind is WishKind.IMPORT:
            self._import(wish, slot)
        elif wish.kind is WishKind.OUTDATED:
            self._write_outdated(wish, slot)
        else:
            self._write(wish, slot)

    def _look_around(self, wish: Wish) -> None:
        known = [slot for slot, reading in self._readings.items() if reading is not None]
        place = wish.view % (len(VIEWS) + 2)
        if place < len(VIEWS):
            view = VIEWS[place]
            self._look(view, insists=view.can_insist and wish.consistent, conditional=wish.conditional)
        elif known:
            self._look_at_one(known[wish.place % len(known)], FORMS if place == len(VIEWS) else V2)

    def _write(self, wish: Wish, slot: Slot) -> None:
        if slot not in self._readings:
            self._look_at_table(slot[0])
        known, route = self._readings.get(slot), V2 if wish.by_v2 else FORMS
        if wish.kind is WishKind.KEEP:
            amount = Decimal(wish.amount)
            if known is None:
                body = {"type": slot[0], "date": slot[1].isoformat(), "amount": wish.amount, "confirm": True}
                self._sent(slot, amount, "POST", route, body)
            else:
                self._change(slot, amount, known, route, conditional=wish.conditional)
        elif known is not None:
            self._sent(slot, None, "DELETE", f"{route}/{known.id}", None, known)
        else:
            self._look_around(wish)

    def _change(self, slot: Slot, amount: Decimal, known: Known, route: str, *, conditional: bool) -> None:
        tag = known.tags.get(route) if conditional else None
        body = {"amount": int(amount), "confirm": True}
        self._sent(slot, amount, "PUT", f"{route}/{known.id}", body, known, tag)

    def _write_outdated(self, wish: Wish, slot: Slot) -> None:
        """Change a reading by the ETag from before its last change: it must be refused."""
        route, former = V2 if wish.by_v2 else FORMS, self._former.get(slot)
        if former is None or route not in former.tags or self._readings.get(slot) is None:
            self._write(replace(wish, kind=WishKind.KEEP), slot)
            return
        body = {"amount": wish.amount, "confirm": True}
        path, tag = f"{route}/{former.id}", former.tags[route]
        self._sent(slot, Decimal(wish.amount), "PUT", path, body, former, tag, outdated=True)

    def _sent(
        self,
        slot: Slot,
        amount: Amount,
        method: str,
        path: str,
        body: Any,
        known: Known | None = None,
        tag: str | None = None,
        *,
        outdated: bool = False,
    ) -> None:
        headers = {} if tag is None else {"If-Match": f'"{tag}"'}
        content = b"" if body is None else json.dumps(body).encode()
        sent = Sent(method, path, self.name, content, headers=headers)
        reply = self._record(sent, {slot: amount}, lambda reply: _versions_of_write(slot[0], reply), outdated=outdated)
        if reply is None:
            return
        if known is not None and not outdated:
            self._former[slot] = known
        if amount is None:
            self._readings[slot] = None
            self._former.pop(slot, None)
            return
        row, route = parsed(reply.body), V2 if path.startswith(V2) else FORMS
        self._readings[slot] = Known(row["id"], {route: str(row["revision"])})

    def _import(self, wish: Wish, slot: Slot) -> None:
        start = DATES.index(slot[1])
        dates = [DATES[(start + step) % len(DATES)] for step in range(wish.rows)]
        free = [date for date in dates if not self._is_doubted((slot[0], date))]
        rows: dict[Slot, Amount] = {(slot[0], date): Decimal(wish.amount + place) for place, date in enumerate(free)}
        lines = [f"{date.isoformat()},{kind},{amount}" for (kind, date), amount in rows.items()]
        file = "\n".join(["date,type,amount", *lines]).encode()
        self._record(Sent("POST", IMPORTS[wish.by_v2] + HOW, self.name, file, "text/csv"), rows, _versions_of_import)
        for row in rows:
            self._readings.pop(row, None)
            self._former.pop(row, None)

    def _record(
        self,
        sent: Sent,
        effects: dict[Slot, Amount],
        versions: Callable[[Reply], Mapping[str, int]],
        *,
        outdated: bool = False,
    ) -> Reply | None:
        """Send a write and record it; returns the answer where it was done."""
        began, reply = self._clock(), self._transport(sent)
        operation = replace(self._operation(sent, began, reply), effects=effects, outdated=outdated)
        if operation.outcome is Outcome.DONE and reply is not None:
            operation = replace(operation, versions=versions(reply))
            for kind, version in operation.versions.items():
                self._reach(kind, version)
        else:
            self._forget(effects, operation)
        self.operations.append(operation)
        return reply if operation.outcome is Outcome.DONE else None

    def _forget(self, slots: Iterable[Slot], operation: Operation) -> None:
        """What was known of the slots does not hold, or nobody knows."""
        for slot in slots:
            self._readings.pop(slot, None)
            self._former.pop(slot, None)
            if operation.outcome is Outcome.UNKNOWN:
                self._doubted[slot] = operation.ended + self._doubt_seconds

    def _slot(self, wish: Wish) -> Slot | None:
        """The slot that is meant, or the next one that no unknown write can reach."""
        for step in range(len(DATES)):
            slot = wish.meter, DATES[(wish.place + step) % len(DATES)]
            if not self._is_doubted(slot):
                return slot
        return None


def _versions_of_write(kind: str, reply: Reply) -> Mapping[str, int]:
    if reply.status == 204:
        return {kind: int(reply.headers["x-source-version"])}
    return {kind: int(parsed(reply.body)["sourceVersion"])}


def _versions_of_import(reply: Reply) -> Mapping[str, int]:
    return {meter["type"]: int(meter["sourceVersion"]) for meter in parsed(reply.body)["meters"]}
