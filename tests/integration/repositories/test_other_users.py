"""Every route as somebody else, on a real MongoDB: 404 or nothing to see, and not a byte of the first user changed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse
from pymongo.database import Database

from app import app
from chalicelib.api.routes import AUTHENTICATED
from chalicelib.auth import KeyStore, TokenVerifier
from chalicelib.bootstrap.container import compose, mongo_ports, now, using
from chalicelib.domain.readings import EnergyType
from infra.simulation.memory.publisher import FakePublisher
from tests.fakes.issuer import AUDIENCE, ISSUER, FakeIssuer

SECRET = 31415.926  # an amount that only Alice has
FILE = "date,type,amount\n2023-01-31,power,7\n2023-05-01,power,8\n"
ALICES_FILE = "date,type,amount\n2023-02-28,power,31500\n"
QUERY = "type=power&dataType=monthly&year=2023"
# A body that each writing route takes; what a new route takes must be added, or its test fails.
BODIES = {
    ("/v1/energy", "POST"): {"type": "power", "date": "2023-01-31", "amount": 8},
    ("/v1/energy/{reading_id}", "PUT"): {"amount": 8},
    ("/v2/energy", "POST"): {"type": "power", "date": "2023-01-31", "amount": 8},
    ("/v2/energy/{reading_id}", "PUT"): {"amount": 8, "confirm": True},
    ("/v2/exchanges", "POST"): {"type": "power", "date": "2023-06-01", "finalOld": 8},
    ("/v2/exchanges/{exchange_id}", "PUT"): {"finalOld": 8, "confirm": True},
    ("/v2/settings", "PUT"): {"zone": "UTC", "moduli": {"power": 1000}},
    ("/components/energy_forms", "POST"): {"type": "power", "date": "2023-01-31", "amount": 8},
    ("/components/energy_forms/{reading_id}", "PUT"): {"amount": 8},
    ("/components/feedback", "POST"): {
        "component": "dashboard",
        "query": {},
        "backend": "old",
        "reason": "global_off",
        "meters": [],
    },
    ("/components/measurements", "POST"): {
        "measurements": [{"component": "dashboard", "backend": "old", "kind": "fetch", "elapsedMs": 8}]
    },
}
ROUTES = [
    (path, method)
    for path, methods in app.routes.items()
    for method, route in methods.items()
    if getattr(route.view_function, AUTHENTICATED)
]
QUERIES = {
    "/v2/display": QUERY,
    "/v2/exchanges": "type=power",
    "/v2/imports": "",
    "/v2/account": "confirm=erase",
    "/v2/account/export": "",
    "/components/csv_import": "",
    "/v1/monthly": "type=power&year=2023",
    "/components/dashboard": "",
    "/components/monthly_charts": "type=power&year=2023",
}


class Api:
    """The application on MongoDB as two people call it."""

    def __init__(self, client: Client, issuer: FakeIssuer, database: Database[Any]) -> None:
        self._client = client
        self._issuer = issuer
        self._database = database
        self.ids: dict[str, str] = {}

    def ask(self, user: str, method: str, path: str, body: Any = None) -> HTTPResponse:
        is_file = path.endswith("import")
        content = body if isinstance(body, str) else json.dumps(body) if body is not None else ""
        headers = {
            "Authorization": f"Bearer {self._issuer.token(user)}",
            "Content-Type": "text/csv" if is_file else "application/json",
        }
        return self._client.http.request(method, path, headers, content.encode())

    def stored(self, user: str) -> dict[str, list[Any]]:
        """Everything that the database holds of a user."""
        return {
            name: list(self._database[name].find({"userId": user}, sort=[("_id", 1)]))
            for name in sorted(self._database.list_collection_names())
        }


@pytest.fixture
def api(migrated: Database[Any]) -> Iterator[Api]:
    issuer = FakeIssuer()
    verifier = TokenVerifier(KeyStore(issuer.key_set), ISSUER, AUDIENCE)
    container = compose(mongo_ports(migrated, FakePublisher()), verifier, now)
    with using(container), Client(app, project_dir=str(Path(__file__).parents[3])) as client:
        api = Api(client, issuer, migrated)
        reading = api.ask("alice", "POST", "/v2/energy", {"type": "power", "date": "2023-01-31", "amount": SECRET})
        imported = api.ask("alice", "POST", "/v2/energy/import", ALICES_FILE)
        exchange = api.ask("alice", "POST", "/v2/exchanges", {"type": "power", "date": "2023-06-01", "finalOld": 32000})
        api.ask("alice", "PUT", "/v2/settings", {"zone": "Asia/Tokyo"})
        container.calculation.refresh("alice", EnergyType.POWER)
        api.ids = {
            "reading_id": reading.json_body["id"],
            "exchange_id": exchange.json_body["exchange"]["id"],
            "import_id": imported.json_body["importId"],
        }
        yield api


def test_alice_can_reach_what_is_hers(api: Api) -> None:
    assert api.ask("alice", "GET", f"/v2/energy/{api.ids['reading_id']}").json_body["amount"] == SECRET
    assert api.ask("alice", "GET", "/v2/imports").json_body["imports"][0]["id"] == api.ids["import_id"]
    held = {name for name, documents in api.stored("alice").items() if documents}
    assert held >= {"energies", "source_energy_readings", "meters", "display_energy_data", "user_settings", "imports"}


def expected(path: str) -> set[int]:
    """Somebody else's document is not there, and what operators do is not for Bob."""
    if path.startswith("/ops/"):
        return {403}
    return {404} if "{" in path else {200, 201, 202}


@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_no_route_shows_or_changes_anything_of_another_user(api: Api, path: str, method: str) -> None:
    before = api.stored("alice")
    query = QUERIES.get(path, "" if method != "GET" or "{" in path else "type=power")
    asked = path.format(**api.ids, flag="energy_table", component="energy_table", letter_id="letter")
    asked += f"?{query}" if query and method in {"GET", "DELETE"} else ""
    body = FILE if path.endswith("import") else BODIES.get((path, method))
    answer = api.ask("bob", method, asked, body)
    assert answer.status_code in expected(path), answer.body
    for theirs in (str(SECRET), *api.ids.values(), "Tokyo", "alice"):
        assert theirs.encode() not in answer.body.replace(asked.encode(), b"")
    assert api.stored("alice") == before
