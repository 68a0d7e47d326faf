"""One person who uses the system all the while: records, corrects, removes, imports, looks; keeps the ledger of it."""

import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.client import HTTPException
from threading import Event, Semaphore
from typing import Any
from urllib.parse import urlencode

from tests.e2e.conftest import Answer, Deployed
from tests.soak.figures import Figures
from tests.soak.ledger import Ledger, Slot

TYPES = ("power", "gas")
FIRST = datetime(2022, 7, 1, 12, tzinfo=UTC)
SLOTS = [(kind, FIRST + timedelta(days=7 * week)) for kind in TYPES for week in range(100)]
YEARS = (2022, 2023, 2024)
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo")
LONGEST_THOUGHT_SECONDS = 3.0
MOST_ROWS = 30
ONE_PAGE = len(SLOTS)


class Person:
    """Does one thing after another, each chosen at random, and checks every answer against the ledger."""

    def __init__(self, user: str, deployed: Deployed, figures: Figures, lines: Semaphore) -> None:
        self.user = user
        self.ledger = Ledger()
        self._deployed = deployed
        self._figures = figures
        self._lines = lines

    def live(self, enough: Event) -> None:
        """Use the system until it is enough."""
        actions = {
            self.create: 26,
            self.update: 14,
            self.delete: 8,
            self.import_file: 5,
            self.change_settings: 1,
            self.look: 18,
            self.look_at_own_writes: 18,
            self.list_readings: 10,
        }
        while not enough.wait(random.uniform(0, LONGEST_THOUGHT_SECONDS)):
            random.choices(list(actions), list(actions.values()))[0]()

    def create(self) -> None:
        """Record a reading, now and then where there is one already."""
        slot, amount = random.choice(self._settled()), _amount()
        answer = self._ask("create", "POST", "/v2/energy", {"type": slot[0], **_reading(slot, amount)})
        if answer is None:
            self._doubt_new(slot, amount)
        elif answer.status == 409:
            self.ledger.taken(slot)
        elif self._is(answer, 201):
            self.ledger.appeared(slot, amount, answer.json["id"])
            self.ledger.reach(slot[0], answer.json["sourceVersion"])

    def update(self) -> None:
        """Correct an amount, or amount and date."""
        known = self.ledger.known()
        if not known:
            return
        before, amount = random.choice(known), _amount()
        after = random.choice([before, before, random.choice(self._settled(before[0]))])
        reading_id = self.ledger.ids[before]
        answer = self._ask("update", "PUT", f"/v2/energy/{reading_id}", _reading(after, amount))
        if answer is None:
            self._doubt_moved(before, after, amount)
        elif answer.status == 404:
            self.ledger.found(before, None)
        elif answer.status == 409 and after != before:
            self.ledger.taken(after)
        elif self._is(answer, 200):
            self._move(before, after, amount, reading_id)
            self.ledger.reach(before[0], answer.json["sourceVersion"])

    def delete(self) -> None:
        """Take a reading away."""
        known = self.ledger.known()
        if not known:
            return
        slot = random.choice(known)
        answer = self._ask("delete", "DELETE", f"/v2/energy/{self.ledger.ids[slot]}")
        if answer is None:
            self.ledger.doubt(slot, None)
        elif answer.status == 404:
            self.ledger.found(slot, None)
        elif self._is(answer, 204):
            self.ledger.vanished(slot)
            self.ledger.reach(slot[0], int(answer.headers["X-Source-Version"]))

    def import_file(self) -> None:
        """Import a small file, with rows that are stored already."""
        settled = self._settled()
        slots = random.sample(settled, min(len(settled), random.randint(1, MOST_ROWS)))
        rows = {slot: _amount() for slot in slots}
        lines = [f"{instant.isoformat()},{kind},{amount}" for (kind, instant), amount in rows.items()]
        answer = self._ask(
            "import", "POST", "/v2/energy/import?onConflict=skip&confirm=true", "\n".join(["date,type,amount", *lines])
        )
        if answer is None:
            for slot, amount in rows.items():
                self._doubt_new(slot, amount)
        elif self._is(answer, 200):
            self._imported(rows, answer.json)

    def change_settings(self) -> None:
        """Move to another time zone: every figure is calculated again."""
        body = {"zone": random.choice(ZONES), "runsBackwards": {"gas": random.random() < 0.5}}
        if answer := self._ask("settings", "PUT", "/v2/settings", body):
            self._is(answer, 200)

    def look(self) -> None:
        """Look at a view, stale or not: it knows at least of every acknowledged write."""
        kind, query = _view()
        if meta := self._meta("display", query):
            known = self.ledger.versions[kind]
            self.ledger.require(meta["sourceVersion"] >= known, f"{query}: {meta} does not know of version {known}")

    def look_at_own_writes(self) -> None:
        """Look at a view that must show every acknowledged write."""
        kind, query = _view()
        if meta := self._meta("consistent", {**query, "consistent": "true"}):
            shown, known = meta["displayVersion"], self.ledger.versions[kind]
            fresh = shown >= known and not meta["stale"]
            self.ledger.require(fresh, f"{query}: {meta} does not show version {known}")

    def list_readings(self) -> None:
        """List all readings: the ledger learns what became of what it was not sure of."""
        answer = self._ask("list", "GET", f"/v2/energy?limit={ONE_PAGE}")
        if answer is None or not self._is(answer, 200):
            return
        readings = {_slot(reading): reading for reading in json.loads(answer.body, parse_float=Decimal)["readings"]}
        for slot in {*SLOTS, *readings}:
            if reading := readings.get(slot):
                self.ledger.found(slot, Decimal(reading["amount"]), reading["id"])
            else:
                self.ledger.found(slot, None)

    def _imported(self, rows: dict[Slot, Decimal], report: dict[str, Any]) -> None:
        free = [slot for slot in rows if None in self.ledger.possible(slot)]
        surely_free = [slot for slot in free if len(self.ledger.possible(slot)) == 1]
        plausible = len(surely_free) <= report["success"] <= len(free)
        counts = f"{report['success']} of {len(rows)} rows new, not {len(surely_free)} to {len(free)}"
        self.ledger.require(plausible, f"import: {counts}")
        for slot, amount in rows.items():
            self.ledger.imported(slot, amount)
        for meter in report["meters"]:
            self.ledger.reach(meter["type"], meter["sourceVersion"])

    def _move(self, before: Slot, after: Slot, amount: Decimal, reading_id: str) -> None:
        if after == before:
            self.ledger.changed(before, amount, reading_id)
        else:
            self.ledger.vanished(before)
            self.ledger.appeared(after, amount, reading_id)

    def _doubt_new(self, slot: Slot, amount: Decimal) -> None:
        """Where there surely is a reading, no other can have come."""
        if None in self.ledger.possible(slot):
            self.ledger.doubt(slot, amount)

    def _doubt_moved(self, before: Slot, after: Slot, amount: Decimal) -> None:
        if after == before:
            self.ledger.doubt(before, amount)
        else:
            self.ledger.doubt(before, None)
            self._doubt_new(after, amount)

    def _settled(self, *kinds: str) -> list[Slot]:
        return [slot for slot in SLOTS if slot[0] in (kinds or TYPES) and self.ledger.is_settled(slot)]

    def _meta(self, kind: str, query: dict[str, str]) -> dict[str, Any] | None:
        answer = self._ask(kind, "GET", f"/v2/display?{urlencode(query)}")
        if answer is None or not self._is(answer, 200):
            return None
        meta: dict[str, Any] = answer.json["meta"]
        return meta

    def _ask(self, kind: str, method: str, path: str, body: dict[str, Any] | str | None = None) -> Answer | None:
        """The answer; None where nobody knows what became of the request."""
        content, content_type = _encoded(body)
        with self._lines, self._figures.timing(kind) as timed:
            try:
                answer = self._deployed.request(method, path, content, user=self.user, content_type=content_type)
            except (OSError, HTTPException):  # the connection was cut, or there was none
                return None
            timed.status = answer.status
        return answer if answer.status < 500 else None

    def _is(self, answer: Answer, status: int) -> bool:
        """Whether an answer is the one that there should be; every other is noted."""
        if answer.status != status:
            self._figures.unexpected.append(f"{answer.status} instead of {status}: {answer.body!r}")
        return answer.status == status


def _encoded(body: dict[str, Any] | str | None) -> tuple[bytes | None, str]:
    """The bytes of a body and its content type: a text is a CSV file."""
    if isinstance(body, str):
        return body.encode(), "text/csv"
    return None if body is None else json.dumps(body).encode(), "application/json"


def _reading(slot: Slot, amount: Decimal) -> dict[str, Any]:
    return {"date": slot[1].isoformat(), "amount": float(amount), "confirm": True}


def _amount() -> Decimal:
    """Up to nine digits, the last three of them decimals: a float carries it exactly enough."""
    return Decimal(random.randint(1, 999_999_999)) / 1000


def _view() -> tuple[str, dict[str, str]]:
    kind, data_type = random.choice(TYPES), random.choice(["monthly", "monthly", "summary", "histogram"])
    year = {"year": str(random.choice(YEARS))} if data_type == "monthly" else {}
    return kind, {"type": kind, "dataType": data_type, **year}


def _slot(reading: dict[str, Any]) -> Slot:
    return reading["type"], datetime.fromisoformat(reading["date"])
