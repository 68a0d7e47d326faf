"""People who write through a component, and what they were told was stored.

Each request is repeated until its outcome is known: what the model holds is exactly what must be there in the end.
"""

import json
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import urllib3

from infra.local import laptop
from infra.local.errors import StackError
from infra.local.layout import Layout

PEOPLE = 4
ATTEMPTS = 60
PAUSE_SECONDS = 0.25
CHANGE_EVERY, REMOVE_EVERY = 5, 9
FIRST = datetime(2023, 1, 1, tzinfo=UTC)
OPERATOR = "operator"
Content = dict[datetime, Decimal]  # amounts by date


@dataclass(frozen=True, slots=True)
class Answered:
    """One acknowledged write: who answered, and when (seconds of the monotonic clock)."""

    backend: str
    at: float


@dataclass(slots=True)
class Person:
    """One user, and what they know to be stored."""

    name: str
    content: Content = field(default_factory=dict)
    ids: dict[datetime, str] = field(default_factory=dict)
    answers: list[Answered] = field(default_factory=list)


class Household:
    """The people of one run, each writing on a thread of their own until told to stop."""

    def __init__(self, layout: Layout, component: str, prefix: str) -> None:
        self.people = [Person(f"{prefix}-{number}") for number in range(PEOPLE)]
        self._api = Api(layout)
        self._write = WRITES[component]
        self._ends = threading.Event()
        self._threads = ThreadPoolExecutor(PEOPLE, thread_name_prefix="person")
        self._running: list[Future[None]] = []

    def __enter__(self) -> "Household":
        self._running = [self._threads.submit(self._keep_writing, person) for person in self.people]
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._threads.shutdown()

    def answers(self) -> list[Answered]:
        """All acknowledged writes so far. Raises what ended a person's writing."""
        for thread in self._running:
            if thread.done() and (error := thread.exception()):
                raise error
        return [answer for person in self.people for answer in list(person.answers)]

    def lost(self) -> int:
        """How many dates do not show what was acknowledged last, read whole through the old backend."""
        return sum(self._lost(person) for person in self.people)

    def _lost(self, person: Person) -> int:
        shown = self._api.table(person.name)
        return sum(shown.get(date) != person.content.get(date) for date in {*shown, *person.content})

    def _keep_writing(self, person: Person) -> None:
        number = 0
        while not self._ends.is_set():
            number += 1
            backend = self._write(self._api, person, number)
            person.answers.append(Answered(backend, time.monotonic()))


class Api:
    """The deployed routes, as people use them."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._http = urllib3.PoolManager(maxsize=PEOPLE, retries=False, timeout=30.0)
        self._tokens: dict[tuple[str, ...], str] = {}

    def send(
        self, method: str, path: str, user: str, body: bytes, known: Collection[int], content_type: str
    ) -> tuple[int, Any, str]:
        """Send until the outcome is known: status, body, who answered. ``known``: statuses that say so."""
        headers = {"Authorization": f"Bearer {self._token(user)}", "Content-Type": content_type}
        for _ in range(ATTEMPTS):
            try:
                answer = self._http.request(method, self._layout.base_url + path, body=body, headers=headers)
            except urllib3.exceptions.HTTPError:
                time.sleep(PAUSE_SECONDS)
                continue
            if answer.status in known:
                found = json.loads(answer.data, parse_float=Decimal) if answer.data else None
                return answer.status, found, answer.headers["X-Backend"]
            if answer.status < 500:
                raise StackError(f"{method} {path}: {answer.status} {answer.data.decode(errors='replace')[:300]}")
            time.sleep(PAUSE_SECONDS)
        raise StackError(f"{method} {path}: no usable answer in {ATTEMPTS} attempts")

    def table(self, user: str) -> Content:
        """Everything that the old backend shows of a user."""
        headers = {"Authorization": f"Bearer {self._token(user, OPERATOR)}"}
        shown: Content = {}
        cursor = ""
        while True:
            url = f"{self._layout.base_url}/components/energy_table?forceOld=true&limit=500{cursor}"
            answer = self._http.request("GET", url, headers=headers)
            if answer.status != 200:
                raise StackError(f"the table cannot be read: {answer.status} {answer.data.decode()[:300]}")
            page = json.loads(answer.data, parse_float=Decimal)
            shown |= {datetime.fromisoformat(row["date"]): Decimal(row["amount"]) for row in page["readings"]}
            if page["nextCursor"] is None:
                return shown
            cursor = f"&cursor={page['nextCursor']}"

    def _token(self, user: str, *roles: str) -> str:
        key = (user, *roles)
        if key not in self._tokens:
            self._tokens[key] = laptop.token(self._layout, user, roles)
        return self._tokens[key]


def _fill_form(api: Api, person: Person, number: int) -> str:
    """Record a reading; now and then change the one before or remove it instead."""
    if person.ids and number % REMOVE_EVERY == 0:
        return _remove(api, person)
    if person.ids and number % CHANGE_EVERY == 0:
        return _change(api, person, number)
    date = _date(number)
    body = json.dumps({"type": "power", "date": date.isoformat(), "amount": number, "confirm": True}).encode()
    status, found, backend = _form(api, "POST", "", person, body, {201, 409})
    if status == 201:
        person.ids[date] = found["id"]
    person.content[date] = Decimal(number)
    return backend


def _change(api: Api, person: Person, number: int) -> str:
    date, reading_id = list(person.ids.items())[-1]
    body = json.dumps({"amount": number + 0.5, "confirm": True}).encode()
    status, _, backend = _form(api, "PUT", f"/{reading_id}", person, body, {200, 404})
    if status == 404:  # what was acknowledged is gone: it stays in the content, and is missed in the end
        person.ids.pop(date)
    else:
        person.content[date] = Decimal(number) + Decimal("0.5")
    return backend


def _remove(api: Api, person: Person) -> str:
    date, reading_id = person.ids.popitem()
    _, _, backend = _form(api, "DELETE", f"/{reading_id}", person, b"", {204, 404})
    person.content.pop(date)
    return backend


def _form(
    api: Api, method: str, path: str, person: Person, body: bytes, known: Collection[int]
) -> tuple[int, Any, str]:
    return api.send(method, f"/components/energy_forms{path}", person.name, body, known, "application/json")


def _send_file(api: Api, person: Person, number: int) -> str:
    """Import a file of one reading: sent again, its reading is skipped, and that is an acknowledgement too."""
    date = _date(number)
    file = f"date,type,amount\n{date.isoformat()},power,{number}\n".encode()
    _, _, backend = api.send("POST", "/components/csv_import", person.name, file, {200}, "text/csv")
    person.content[date] = Decimal(number)
    return backend


def _date(number: int) -> datetime:
    return FIRST + timedelta(minutes=number)


WRITES: dict[str, Callable[[Api, Person, int], str]] = {"energy_forms": _fill_form, "csv_import": _send_file}
