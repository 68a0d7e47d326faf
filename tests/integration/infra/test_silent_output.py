"""What the database itself refuses, with the document in its answer, is in no log line, neither of functions nor in a
shell; and no command prints a token or what is in a file.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse
from pymongo.database import Database

from app import app
from chalicelib.auth import KeyStore, TokenVerifier
from chalicelib.bootstrap.container import Container, compose, mongo_ports, now, using
from chalicelib.domain.events.contracts import EnergyEvent
from chalicelib.handlers.display_data import energy_reading_created_handler
from chalicelib.handlers.sweeper import sweeper
from chalicelib.monitoring.errors import hush
from chalicelib.monitoring.logger import logged_to
from chalicelib.repositories.command_times import CommandTimes
from chalicelib.repositories.database import Collections, open_database
from infra.simulation.memory.publisher import FakePublisher
from tests.fakes.issuer import AUDIENCE, ISSUER, FakeIssuer
from tests.functional.handlers.event_calls import Context, envelope
from tests.functional.handlers.scheduled_calls import SCHEDULE
from tests.integration.infra.operator_shell import Shell

WHO = "marked.person@example.org"
AMOUNT = 7654321
WORD = "markedword"
NOTHING_FITS = {"$jsonSchema": {"required": ["neverThere"]}}
MONTH_AGO = "2023-01-31"


class Household:
    """The application on a real database, and what its functions print."""

    def __init__(self, database: Database[Any]) -> None:
        self.database = database
        self.publisher = FakePublisher()
        self.issuer = FakeIssuer()
        verifier = TokenVerifier(KeyStore(self.issuer.key_set), ISSUER, AUDIENCE)
        self.container: Container = compose(mongo_ports(database, self.publisher), verifier, now)
        self.printed = StringIO()

    def record(self, date: str = MONTH_AGO, amount: int = AMOUNT, user: str = WHO) -> HTTPResponse:
        body = json.dumps({"type": "power", "date": date, "amount": amount})
        return self.send("/v2/energy", body, "application/json", user)

    def send(self, path: str, body: str, content_type: str, user: str = WHO) -> HTTPResponse:
        headers = {"Content-Type": content_type, "Authorization": f"Bearer {self.issuer.token(user)}"}
        with using(self.container), Client(app, project_dir=str(Path(__file__).parents[3])) as client:
            return client.http.request("POST", path, headers, body.encode())

    def refuse_everything(self, collection: Collections) -> None:
        """From now on the server answers each write with the document that it refuses."""
        self.database.command("collMod", collection, validator=NOTHING_FITS)


@pytest.fixture
def household(mongodb_uri: str, migrated: Database[Any]) -> Iterator[Household]:
    """Libraries' loggers are as talkative as they get, and hushed as in a function."""
    database = open_database(mongodb_uri, migrated.name, CommandTimes())
    made = Household(database)
    handler, root = logging.StreamHandler(made.printed), logging.getLogger()
    hush([handler])
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    with logged_to(made.printed), redirect_stdout(made.printed), redirect_stderr(made.printed):
        yield made
    root.setLevel(before)
    root.removeHandler(handler)
    database.client.close()


@pytest.fixture
def broken(household: Household) -> Household:
    """A person whose display nobody can write."""
    assert household.record().status_code == 201
    household.refuse_everything(Collections.DISPLAY)
    return household


def check_silent(text: str, *, but: str) -> None:
    assert but in text, text[-2000:]
    for mark in (WHO, "marked.person", str(AMOUNT), WORD):
        assert mark not in text, text[max(0, text.index(mark) - 500) : text.index(mark) + 100]


def last(events: list[EnergyEvent]) -> dict[str, Any]:
    return envelope(events[-1])


@pytest.mark.parametrize("collection", [Collections.ENERGIES, Collections.METERS])
def test_a_write_that_the_server_refuses_with_its_document(household: Household, collection: Collections) -> None:
    household.refuse_everything(collection)
    assert household.record().status_code == 500
    check_silent(household.printed.getvalue(), but="121")


def test_a_key_that_is_taken_and_a_reading_that_is(household: Household) -> None:
    assert household.record().status_code == 201
    assert household.record().status_code == 409
    household.database[Collections.METERS].create_index("sourceVersion", unique=True)
    assert household.record(user="another").status_code >= 409
    check_silent(household.printed.getvalue(), but="DuplicateKeyError code 11000")


def test_files_that_nobody_can_read(household: Household) -> None:
    for content in (WORD, f"date,type,amount\n{WORD},{WHO},{AMOUNT}x\n", f"Datum;Strom\n01.01.2023;{AMOUNT}{WORD}\n"):
        assert household.send("/v2/energy/import", content, "text/csv").status_code == 422
    check_silent(household.printed.getvalue(), but="refused")


def test_an_event_and_a_sweep_that_the_server_refuses(broken: Household, migrated: Database[Any]) -> None:
    with (
        using(broken.container),
        pytest.raises(Exception, match=r"codes \[121\] at") as caught,
    ):
        energy_reading_created_handler(last(broken.publisher.events), Context())
    migrated[Collections.METERS].update_many({}, [{"$set": {"dirty.since": {"$subtract": ["$$NOW", 600_000]}}}])
    with using(broken.container):
        sweeper(SCHEDULE, Context())
    check_silent(f"{broken.printed.getvalue()}{caught.value}", but="event failed")


@pytest.mark.parametrize(
    "command", [("sweep",), ("rebuild",), ("rebuild", "--check"), ("verify",), ("sync",), ("repair",), ("mode", "show")]
)
def test_a_shell_shows_no_document_in_its_log_lines(broken: Household, shell: Shell, command: tuple[str, ...]) -> None:
    """An id may be shown to an operator; the amounts of a person and what the server says of them may not."""
    _, printed = shell.say(*command)
    for text in (printed, shell.errors):
        assert str(AMOUNT) not in text
        assert WORD not in text
