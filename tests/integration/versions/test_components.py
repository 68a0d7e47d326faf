"""Every component answers the same from either backend, byte for byte, whatever a household has entered; and the new
one reads nothing but stored views for it.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from chalice.test import Client, HTTPResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from app import app
from chalicelib.auth import KeyStore, TokenVerifier
from chalicelib.bootstrap.container import Container, Ports, Surroundings, compose, mongo_ports, using
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.control import SYNC_MODE, sync_document
from chalicelib.repositories.database import open_database
from infra.simulation.memory.publisher import FakePublisher
from tests.depth import depth
from tests.fakes.issuer import AUDIENCE, ISSUER, FakeIssuer
from tests.fakes.rollout import FakeFlags
from tests.integration.refresh.shown import OURS
from tests.integration.versions.component_households import Household, households, inherit, store

NOW = 1_737_000_000_000  # 2025-01-16T04:00:00Z: after most of what households hold, in the midst of it for some
YEARS = range(2020, 2027)
ROUTED = {"x-backend", "x-flag-reason", "trace-id"}  # the only headers in which the backends may differ
FEW = settings(max_examples=depth(4, 200), deadline=None, suppress_health_check=list(HealthCheck))
# The mode, where the user's days begin, and the record of a read.
AROUND = {(verb, "user_settings") for verb in ("find", "aggregate")} | {
    ("find", "control"),
    ("insert", "backend_usage_logs"),
}
VIEWS = [
    "dashboard",
    *(f"{view}type={kind}" for kind in EnergyType for view in ("timeline_slider?", "monthly_charts?year=2022&")),
]


class Touched(CommandListener):
    """Which collections commands went to, and by which command."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, str]] = set()

    def started(self, event: CommandStartedEvent) -> None:
        command = dict(event.command)
        self.seen.add((event.command_name, str(command[event.command_name])))
        for stage in command.get("pipeline", ()):
            if "$lookup" in stage:
                self.seen.add((event.command_name, stage["$lookup"]["from"]))

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


@dataclass
class Page:
    """The page on a database, moved from backend to backend."""

    client: Client
    issuer: FakeIssuer
    flags: FakeFlags
    ports: Ports
    container: Container
    touched: Touched

    def ask(
        self, side: Backend, user: str, path: str, method: str = "GET", body: Any = None, **headers: str
    ) -> HTTPResponse:
        """The answer of one backend."""
        self.flags.side = side
        is_file = isinstance(body, str)
        given = {
            "Authorization": f"Bearer {self.issuer.token(user)}",
            "Content-Type": "text/csv" if is_file else "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        content = body if is_file else "" if body is None else json.dumps(body)
        answer = self.client.http.request(method, f"/components/{path}", given, content.encode())
        assert answer.headers["X-Backend"] == side
        return answer

    def ask_both(self, user: str, path: str) -> Any:
        """The answer that both backends give; they must not differ in a byte."""
        old, new = (self.ask(side, user, path) for side in Backend)
        assert (new.status_code, new.body) == (old.status_code, old.body), path
        assert plain_headers(new) == plain_headers(old), path
        assert old.status_code == 200, (path, old.body)
        assert self.ask(Backend.OLD, user, path, If_None_Match=new.headers["ETag"]).status_code == 304
        assert self.ask(Backend.NEW, user, path, If_None_Match=old.headers["ETag"]).status_code == 304
        return new.json_body

    def turn_pages(self, user: str, query: str) -> list[Any]:
        """The readings of all pages of the table."""
        page = self.ask_both(user, f"energy_table?{query}")
        found: list[Any] = page["readings"]
        while page["nextCursor"]:
            page = self.ask_both(user, f"energy_table?{query}&cursor={page['nextCursor']}")
            assert page["readings"], "a cursor leads somewhere"
            found += page["readings"]
        return found


def plain_headers(answer: HTTPResponse) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.lower() not in ROUTED}


@pytest.fixture
def page(mongodb_uri: str, migrated: Database[Any]) -> Iterator[Page]:
    touched, flags, issuer = Touched(), FakeFlags(), FakeIssuer()
    watched = open_database(mongodb_uri, migrated.name, touched)
    ports = mongo_ports(watched, FakePublisher())
    verifier = TokenVerifier(KeyStore(issuer.key_set), ISSUER, AUDIENCE)
    container = compose(ports, verifier, lambda: NOW, Surroundings(flags))
    with using(container), Client(app, project_dir=str(Path(__file__).parents[3])) as client:
        yield Page(client, issuer, flags, ports, container, touched)
    watched.client.close()


def look_at_everything(page: Page, user: str, limit: int) -> list[Any]:
    """Every component in each of its forms; returns the readings of the table."""
    page.ask_both(user, "dashboard")
    for kind in EnergyType:
        page.ask_both(user, f"timeline_slider?type={kind}")
        page.ask_both(user, f"timeline_slider?type={kind}&from=2022-03-01&to=2023-06-30T12:00:00Z&buckets=7")
        for year in YEARS:
            page.ask_both(user, f"monthly_charts?type={kind}&year={year}")
        page.ask_both(user, f"monthly_charts?type={kind}&year=2022&shape=energies")
        page.turn_pages(user, f"type={kind}&sort=-date&limit={limit}&from=2022-02-01&to=2023-09-01")
    upwards = page.turn_pages(user, f"limit={limit}")
    downwards = page.turn_pages(user, f"limit={limit}&sort=-date")
    assert downwards == upwards[::-1]
    for row in upwards[:3]:
        assert page.ask_both(user, f"energy_forms/{row['id']}") == row
    return upwards


def test_both_backends_give_the_same_answer_to_every_component(page: Page) -> None:
    @FEW
    @given(households(), st.integers(1, 6))
    def compare(household: Household, limit: int) -> None:
        user = uuid4().hex
        store(page.ports, page.container, user, household, NOW)
        shown = look_at_everything(page, user, limit)
        assert len(shown) == sum(len(meter.readings) for meter in household.meters.values())

    compare()


def test_both_backends_give_the_same_answers_about_inherited_readings(page: Page, migrated: Database[Any]) -> None:
    for user in inherit(migrated, page.container, NOW):
        shown = look_at_everything(page, user, 2)
        assert shown


def test_both_backends_give_the_same_answers_after_corrections(page: Page) -> None:
    user = uuid4().hex
    rows = "".join(f"{2022 + n // 12}-{n % 12 + 1:02}-28,{kind},{100 + n}\n" for n in range(30) for kind in EnergyType)
    assert page.ask(Backend.OLD, user, "csv_import", "POST", f"date,type,amount\n{rows}").json_body["success"] == 60
    listed = page.ask(Backend.NEW, user, "energy_table?limit=100").json_body["readings"]
    for number, row in enumerate(listed[::4]):
        side = list(Backend)[number % 2]
        form = f"energy_forms/{row['id']}"
        changed = page.ask(side, user, form, "PUT", {"amount": row["amount"] + 0.125, "confirm": True})
        assert changed.status_code == 200
        if number % 3 == 0:
            assert page.ask(side, user, form, "DELETE", If_Match=changed.headers["ETag"]).status_code == 204
    for kind in EnergyType:
        page.container.calculation.refresh(user, kind)
    assert len(look_at_everything(page, user, 7)) == 55


WRITES: list[tuple[str, str, Any]] = [
    ("POST", "energy_forms", {"type": "power", "date": "2024-01-31", "amount": 1000}),
    ("PUT", "energy_forms/{id}", {"amount": 1000.125}),
    ("PUT", "energy_forms/{id}", {"date": "2024-02-01"}),
    ("PUT", "energy_forms/nobody", {"amount": 5}),
    ("POST", "energy_forms", {"type": "power", "date": "2024-02-01", "amount": 1001}),
    ("POST", "energy_forms", {"type": "power", "date": "2024-03-01", "amount": 7}),
    ("POST", "energy_forms", {"type": "water", "date": "2024-02-31", "amount": -1}),
    (
        "POST",
        "csv_import?onConflict=skip",
        "date,type,amount,note\n2024-02-01,power,9\n2024-03-31,gas,50\n2024-04-30,gas,60.5\n",
    ),
    ("POST", "csv_import", "date,type,amount\n2024-02-31,power,9\n2024-05-31,gas,70\n"),
    ("POST", "csv_import?mode=partial", "date,type,amount\n2024-02-31,power,9\n2024-05-31,gas,70\n"),
    ("GET", "energy_forms/{id}", None),
    ("DELETE", "energy_forms/{id}", None),
    ("DELETE", "energy_forms/{id}", None),
]


def conversation(page: Page, side: Backend, user: str) -> Iterator[tuple[int, str, dict[str, str]]]:
    """What one backend answers to the writes; ids and what is made of them are new each time."""
    known: dict[str, str] = {}
    for method, path, body in WRITES:
        answer = page.ask(side, user, path.format(**known), method, body)
        shown = answer.json_body if answer.body else {}
        if answer.status_code == 201:
            known["id"] = shown["id"]
        text, headers = answer.body.decode(), json.dumps(plain_headers(answer))
        for name in ("revision", "id", "importId"):
            if shown.get(name):
                text, headers = (said.replace(shown[name], f"<{name}>") for said in (text, headers))
        yield answer.status_code, text.replace(known.get("id", "?"), "<id>"), json.loads(headers)


def test_writes_through_either_backend_are_answered_alike_and_stored_on_both_sides(
    page: Page, migrated: Database[Any]
) -> None:
    users = {side: uuid4().hex for side in Backend}
    old, new = ([*conversation(page, side, user)] for side, user in users.items())
    assert new == old
    assert [status for status, _, _ in old] == [201, 200, 200, 404, 409, 422, 422, 200, 422, 200, 200, 204, 404]
    fields = {"_id": 0, "type": 1, "date": 1, "amount": 1}
    stored = [
        [*migrated[name].find({"userId": user}, fields, sort=[("date", 1)])]
        for user in users.values()
        for name in ("energies", "source_energy_readings")
    ]
    assert len(stored[0]) == 3
    assert stored == [stored[0]] * 4


def test_what_one_backend_gave_as_etag_the_other_takes_as_precondition(page: Page) -> None:
    user = uuid4().hex
    body = {"type": "gas", "date": "2024-01-31", "amount": 5}
    created = page.ask(Backend.NEW, user, "energy_forms", "POST", body)
    form = f"energy_forms/{created.json_body['id']}"
    changed = page.ask(Backend.OLD, user, form, "PUT", {"amount": 6}, If_Match=created.headers["ETag"])
    assert changed.status_code == 200
    assert page.ask(Backend.NEW, user, form, "PUT", {"amount": 7}, If_Match=created.headers["ETag"]).status_code == 412
    assert page.ask(Backend.NEW, user, form, "DELETE", If_Match=changed.headers["ETag"]).status_code == 204


def test_while_the_display_lags_the_new_backend_says_which_version_it_shows(page: Page) -> None:
    user, view = uuid4().hex, "monthly_charts?type=power&year=2024"
    for month, amount in ((1, 100), (2, 200)):
        body = {"type": "power", "date": f"2024-0{month}-28", "amount": amount}
        page.ask(Backend.NEW, user, "energy_forms", "POST", body)
        if month == 1:
            page.container.calculation.refresh(user, EnergyType.POWER)
    old, new = (page.ask(side, user, view) for side in Backend)
    assert (old.json_body["sourceVersion"], new.json_body["sourceVersion"]) == (2, 1)
    assert old.headers["ETag"] != new.headers["ETag"]
    page.container.calculation.refresh(user, EnergyType.POWER)
    assert page.ask_both(user, view)["sourceVersion"] == 2


@pytest.fixture
def stored(page: Page) -> str:
    """A user with two meters, shown."""
    user = uuid4().hex
    rows = "".join(f"2022-{month:02}-28,{kind},{100 + month}\n" for month in range(1, 13) for kind in EnergyType)
    page.ask(Backend.NEW, user, "csv_import", "POST", f"date,type,amount\n{rows}")
    for kind in EnergyType:
        page.container.calculation.refresh(user, kind)
    page.touched.seen.clear()
    return user


@pytest.mark.parametrize("path", VIEWS)
def test_the_new_backend_reads_meter_and_stored_view_and_nothing_else(page: Page, stored: str, path: str) -> None:
    page.ask(Backend.NEW, stored, path)
    views = {("aggregate", "meters"), ("aggregate", "display_energy_data")}
    assert views <= page.touched.seen <= views | AROUND


def test_the_new_table_reads_the_new_readings_and_nothing_else(page: Page, stored: str) -> None:
    page.ask(Backend.NEW, stored, "energy_table")
    readings = ("find", "source_energy_readings")
    assert {readings} <= page.touched.seen <= {readings} | AROUND


@pytest.mark.parametrize("path", [*VIEWS, "energy_table"])
def test_the_old_backend_reads_no_stored_view_and_no_new_reading(page: Page, stored: str, path: str) -> None:
    page.ask(Backend.OLD, stored, path)
    touched = {collection for _, collection in page.touched.seen}
    assert "energies" in touched
    assert not touched & {"display_energy_data", "source_energy_readings"}


@pytest.mark.parametrize(("mode", "side"), [(SyncMode.OLD_ONLY, Backend.OLD), (SyncMode.NEW_ONLY, Backend.NEW)])
def test_where_one_side_is_written_its_backend_answers_whatever_the_flags_say(
    page: Page, migrated: Database[Any], stored: str, mode: SyncMode, side: Backend
) -> None:
    migrated["control"].replace_one({"_id": SYNC_MODE}, sync_document(mode, 0), upsert=True)
    container = compose(page.ports, page.container.verifier, lambda: NOW + 5_000, Surroundings(page.flags))
    with using(container):
        for flagged in Backend:
            page.flags.side = flagged
            token = {"Authorization": f"Bearer {page.issuer.token(stored)}"}
            answer = page.client.http.request("GET", "/components/dashboard", token)
            assert (answer.headers["X-Backend"], answer.headers["X-Flag-Reason"]) == (side, mode)


PLANTED: list[Callable[[Database[Any], str], Any]] = [
    lambda database, user: database["display_energy_data"].update_one(
        {"_id": f"{user}|power|monthly|2022{OURS}"}, {"$inc": {"data.months.4.consumption": 1}}
    ),
    lambda database, user: database["source_energy_readings"].update_one(
        {"userId": user}, {"$set": {"date": datetime(2022, 1, 5, tzinfo=UTC)}}
    ),
]


@pytest.mark.parametrize("fault", PLANTED)
def test_a_difference_would_be_noticed(
    page: Page, migrated: Database[Any], stored: str, fault: Callable[[Database[Any], str], Any]
) -> None:
    look_at_everything(page, stored, 5)
    assert fault(migrated, stored).modified_count
    with pytest.raises(AssertionError):
        look_at_everything(page, stored, 5)
