"""The page as a witness, on a real MongoDB: what looks wrong is compared next, and a batch costs one insert."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from chalice.test import Client, HTTPResponse
from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from app import app
from chalicelib.api.components.witness_bodies import AT_ONCE
from chalicelib.auth import KeyStore, TokenVerifier
from chalicelib.bootstrap.container import Container, Ports, Surroundings, compose, mongo_ports, now, using
from chalicelib.domain.migration.records.comparison_log import Outcome
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.repositories.database import open_database
from infra.local.waiting import wait_until
from infra.simulation.memory.publisher import FakePublisher
from tests.fakes.issuer import AUDIENCE, ISSUER, FakeIssuer
from tests.integration.comparison.planted_faults import FAULTS, Place

GAS = EnergyType.GAS
HIDDEN = Pseudonyms(b"key")
FILE = b"date,type,amount\n2022-12-31,gas,4711\n2023-01-31,gas,4720\n2023-05-31,gas,4799\n"
YEAR = {"type": "gas", "year": "2023"}
FETCH = {"component": "dashboard", "backend": "old", "kind": "fetch", "elapsedMs": 12.5}


class Commands(CommandListener):
    """Which commands went to which collections."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.seen.append(dict(event.command))

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


@dataclass
class Witness:
    """The application on a database, as somebody's page calls it."""

    client: Client
    issuer: FakeIssuer
    database: Database[Any]
    ports: Ports
    container: Container
    commands: Commands
    user: str

    def send(self, path: str, body: Any) -> HTTPResponse:
        headers = {"Authorization": f"Bearer {self.issuer.token(self.user)}", "Content-Type": "application/json"}
        return self.client.http.request("POST", f"/components/{path}", headers, json.dumps(body).encode())

    def complain(self, component: str = "monthly_charts", query: Any = YEAR) -> str:
        """Say that something looks wrong; returns the id."""
        seen = {"backend": "new", "reason": "percentage_in", "meters": [{"type": "gas", "sourceVersion": 1}]}
        answer = self.send("feedback", {"component": component, "query": query, **seen})
        assert answer.status_code == 201
        return str(answer.json_body["id"])

    def household(self) -> None:
        """Readings, shown."""
        self.container.imports.bulk_create(self.user, FILE)
        for energy_type in EnergyType:
            self.container.calculation.refresh(self.user, energy_type)

    def plant(self, fault: str) -> None:
        FAULTS[fault].plant(Place(self.database, self.ports, self.container, self.user))


@pytest.fixture
def witness(migrated: Database[Any], mongodb_uri: str) -> Iterator[Witness]:
    issuer, commands = FakeIssuer(), Commands()
    watched = open_database(mongodb_uri, migrated.name, commands)
    ports = mongo_ports(watched, FakePublisher())
    verifier = TokenVerifier(KeyStore(issuer.key_set), ISSUER, AUDIENCE)
    container = compose(ports, verifier, now, Surroundings(pseudonyms=HIDDEN))
    with using(container), Client(app, project_dir=str(Path(__file__).parents[3])) as client:
        yield Witness(client, issuer, migrated, ports, container, commands, f"somebody-{uuid4().hex}")
    watched.client.close()


def test_what_looks_wrong_is_the_next_sample_and_its_row_says_what_came_of_it(witness: Witness) -> None:
    witness.household()
    witness.plant("wrong interpolation")
    given = witness.complain()
    assert witness.container.comparer.run(30) == {Outcome.DIFFERENT: 1}
    [compared] = witness.database["backend_comparisons"].find()
    [kept] = witness.database["feedback"].find()
    assert (str(compared["feedback"]), compared["usage"], compared["parameters"]) == (given, None, None)
    assert kept["userId"] == witness.user
    assert compared["user"] == kept["user"] == HIDDEN.of("user", witness.user)
    assert (kept["open"], kept["attempts"], kept["outcome"]) == (False, 1, "different")
    assert kept["fingerprints"] == [each["fingerprint"] for each in compared["differences"]]
    assert kept["comparedAt"] >= compared["at"] >= kept["at"]
    assert witness.container.comparer.run(30) == {}


@pytest.mark.parametrize("fault", ["wrong interpolation", "missing field", "time-zone slip"])
def test_a_planted_fault_is_found_through_feedback_and_asked_again_by_its_fingerprint(
    witness: Witness, fault: str
) -> None:
    witness.household()
    witness.plant(fault)
    witness.complain()
    comparer = witness.container.comparer
    comparer.run(30)
    groups = comparer.report(0).groups
    assert {(group.component, group.place) for group in groups} & FAULTS[fault].places
    [given] = comparer.feedback(0, 5).latest
    assert {*given.fingerprints} == {group.fingerprint for group in groups}
    assert comparer.replay(groups[0].fingerprint, "olga").showing == 1
    witness.container.recalculation.recalculate(witness.user, [GAS])
    assert comparer.replay(groups[0].fingerprint, "olga").gone
    assert comparer.feedback(0, 5).latest == [given], "what came of it then stays"


def test_what_was_right_is_said_too_and_a_lagging_meter_is_asked_once_more(witness: Witness) -> None:
    witness.household()
    witness.container.imports.bulk_create(witness.user, FILE.replace(b"2023-05-31", b"2023-06-30"))
    witness.complain()
    assert witness.container.comparer.run(30) == {Outcome.LAG: 1}
    assert [given.state for given in witness.container.comparer.feedback(0, 5).latest] == ["open"]
    witness.container.calculation.refresh(witness.user, GAS)
    assert witness.container.comparer.run(30) == {Outcome.EQUAL: 1}
    assert [given.state for given in witness.container.comparer.feedback(0, 5).latest] == ["equal"]


@pytest.mark.parametrize(
    "damage",
    [
        {"$unset": {"parameters": 1}},
        {"$unset": {"userId": 1}},
        {"$set": {"parameters": "all of it"}},
        {"$set": {"component": "of_a_later_release"}},
        {"$set": {"reason": "of_a_later_release", "outcome": "of_a_later_release"}},
        {"$set": {"backend": None, "user": 7}},
    ],
)
def test_feedback_that_nobody_can_read_is_in_nobodys_way(witness: Witness, damage: dict[str, Any]) -> None:
    witness.household()
    damaged = witness.complain()
    witness.database["feedback"].update_one({}, damage)
    given = witness.complain()
    comparer = witness.container.comparer
    assert comparer.run(30) == {Outcome.EQUAL: 1}
    shown = {each.id: each.state for each in comparer.feedback(0, 5).latest}
    assert shown.pop(given) == "equal"
    assert not shown or shown == {damaged: "open"}


def test_feedback_on_a_page_of_the_table_keeps_ids_out_of_what_is_remembered_of_it(witness: Witness) -> None:
    witness.household()
    first = witness.container.old.readings(witness.user, GAS)[0]
    headers = {"Authorization": f"Bearer {witness.issuer.token(witness.user)}"}
    page = witness.client.http.get("/components/energy_table?type=gas&limit=1", headers=headers).json_body
    noted = witness.database["backend_usage_logs"]
    assert wait_until(lambda: noted.delete_many({}).deleted_count == 1, 10), "nobody waits for the note of the read"
    witness.complain("energy_table", {"type": "gas", "limit": "1", "cursor": page["nextCursor"]})
    assert first.id in str(witness.database["feedback"].find_one())
    assert witness.container.comparer.run(30) == {Outcome.EQUAL: 1}
    remembered = str(list(witness.database["backend_comparisons"].find({}, {"_id": 0})))
    assert all(secret not in remembered for secret in (first.id, witness.user, "4711"))


def test_ten_thousand_measurements_cost_one_insert_a_batch_that_nobody_waits_for(witness: Witness) -> None:
    batches = 10_000 // AT_ONCE
    kinds = [{**FETCH, "kind": kind, "elapsedMs": number} for number, kind in enumerate(("fetch", "render"))]
    batch = {"measurements": kinds * (AT_ONCE // 2)}
    pages = witness.database["page_measurements"]
    witness.commands.seen.clear()
    for _ in range(batches):
        assert witness.send("measurements", batch).status_code == 202
    assert [next(iter(command.items())) for command in witness.commands.seen] == [("insert", pages.name)] * batches
    assert all(command["writeConcern"] == {"w": 0} for command in witness.commands.seen)
    assert {len(command["documents"]) for command in witness.commands.seen} == {AT_ONCE}
    assert wait_until(lambda: pages.count_documents({}) == batches * AT_ONCE, 30)


def test_a_row_says_what_was_measured_under_a_pseudonym_and_nothing_else_of_the_user(witness: Witness) -> None:
    pages = witness.database["page_measurements"]
    before = to_datetime(now())
    witness.send("measurements", {"measurements": [{**FETCH, "kind": "error", "elapsedMs": 0, "error": "TypeError"}]})
    assert wait_until(lambda: pages.count_documents({}) == 1, 10)
    row = pages.find_one({}, {"_id": 0})
    assert row is not None
    assert before <= row.pop("at") <= to_datetime(now())
    assert row == {
        "user": HIDDEN.of("user", witness.user),
        "component": "dashboard",
        "backend": "old",
        "kind": "error",
        "elapsedMs": 0,
        "error": "TypeError",
    }


def test_a_database_that_is_away_fails_nobody_who_measures(witness: Witness) -> None:
    away = open_database("mongodb://127.0.0.1:1/?replicaSet=rs0", "nowhere")
    with using(compose(mongo_ports(away, FakePublisher()), witness.container.verifier, now)):
        assert witness.send("measurements", {"measurements": [FETCH]}).status_code == 202
    away.client.close()
