"""People who write through a component, and what was acknowledged: exactly that must be there in the end."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from infra.drills.api import Api, Content, Outcome, Sent

PEOPLE = 4
CHANGE_EVERY, REMOVE_EVERY = 5, 9
FIRST = datetime(2023, 1, 1, tzinfo=UTC)
FORMS = "/components/energy_forms"
CREATED, STORED_ALREADY, GONE = 201, 409, 404


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

    def missed(self, shown: Content) -> int:
        """How many dates do not show what was acknowledged last: lost, changed, or back after they were removed."""
        return sum(shown.get(date) != self.content.get(date) for date in {*shown, *self.content})


Write = Callable[[Api, Person, int], str]


class Household:
    """The people of one run, each writing on a thread of their own as long as the block runs."""

    def __init__(self, api: Api, component: str) -> None:
        self.people = [Person(f"drill-{uuid4().hex}") for _ in range(PEOPLE)]
        self._api = api
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
        """How many acknowledged writes the old backend does not show, read whole."""
        return sum(person.missed(self._api.old_table(person.name)) for person in self.people)

    def _keep_writing(self, person: Person) -> None:
        number = 0
        while not self._ends.is_set():
            number += 1
            backend = self._write(self._api, person, number)
            person.answers.append(Answered(backend, time.monotonic()))


def fill_form(api: Api, person: Person, number: int) -> str:
    """Record a reading; now and then change the last one or remove it instead. Returns who answered."""
    if person.ids and number % REMOVE_EVERY == 0:
        return _remove(api, person)
    if person.ids and number % CHANGE_EVERY == 0:
        return _change(api, person, number)
    date = _date(number)
    body = {"type": "power", "date": date.isoformat(), "amount": number, "confirm": True}
    outcome = _form(api, "POST", "", person, body, CREATED, STORED_ALREADY)
    if outcome.status == CREATED:
        person.ids[date] = outcome.body["id"]
    person.content[date] = Decimal(number)
    return outcome.backend


def send_file(api: Api, person: Person, number: int) -> str:
    """Import a file of one reading: sent again, its reading is skipped, and that is an acknowledgement too."""
    date = _date(number)
    file = f"date,type,amount\n{date.isoformat()},power,{number}\n".encode()
    outcome = api.send(Sent("POST", "/components/csv_import", person.name, file, "text/csv"), {200})
    person.content[date] = Decimal(number)
    return outcome.backend


WRITES: dict[str, Write] = {"energy_forms": fill_form, "csv_import": send_file}


def _change(api: Api, person: Person, number: int) -> str:
    date, reading_id = list(person.ids.items())[-1]
    amount = Decimal(number) + Decimal("0.5")
    outcome = _form(api, "PUT", f"/{reading_id}", person, {"amount": float(amount), "confirm": True}, 200, GONE)
    if outcome.status == GONE:  # what was acknowledged is not there: it stays in the content, and is missed in the end
        del person.ids[date]
    else:
        person.content[date] = amount
    return outcome.backend


def _remove(api: Api, person: Person) -> str:
    date, reading_id = person.ids.popitem()
    outcome = _form(api, "DELETE", f"/{reading_id}", person, None, 204, GONE)
    if outcome.status != GONE or not outcome.surely_first:  # gone by itself: missed in the end, as above
        del person.content[date]
    return outcome.backend


def _form(api: Api, method: str, path: str, person: Person, body: dict[str, object] | None, *known: int) -> Outcome:
    content = b"" if body is None else json.dumps(body).encode()
    return api.send(Sent(method, FORMS + path, person.name, content), known)


def _date(number: int) -> datetime:
    return FIRST + timedelta(minutes=number)
