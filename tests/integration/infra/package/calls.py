"""Run in the unpacked package by the Python that functions have: calls routes and functions there as Lambda does.

It reads a database and a token as JSON, and writes what each call answered, or which exception it raised.
"""

import json
import sys
from typing import Any, cast

import pymongo

from app import app
from chalicelib.auth import KeyStore, TokenVerifier
from chalicelib.bootstrap.container import compose, mongo_ports, now, using
from chalicelib.events.eventbridge import EventBridgePublisher
from chalicelib.handlers.event_function import MODEL
from chalicelib.repositories.database import open_database

SCHEDULE = {"id": "schedule-1", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}
CSV = "date,type,amount\n2024-02-01T00:00:00Z,power,20\n"


class Bus:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 boto3's name
        """Take entries as EventBridge does."""
        self.entries += Entries
        return {"FailedEntryCount": 0, "Entries": [{} for _ in Entries]}


def status(token: str, method: str, path: str, body: str = "", content: str = "application/json") -> int:
    """What a request is answered that comes as API Gateway hands it to Lambda."""
    route, _, query = path.partition("?")
    headers = {"authorization": f"Bearer {token}", "content-type": content}
    values = {name: [value] for name, value in (each.split("=") for each in query.split("&") if each)}
    request = {
        "resource": route,
        "path": route,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "multiValueQueryStringParameters": values or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {"resourcePath": route, "httpMethod": method, "path": route, "requestId": "1"},
        "body": body,
        "isBase64Encoded": False,
    }
    return int(app(request, None)["statusCode"])


def event_of(function: Any) -> str:
    """The event that a function is made for, or nothing; Chalice has wrapped it twice."""
    return getattr(getattr(function.func._original_func, MODEL, None), "__name__", "")


def event(entry: dict[str, Any]) -> dict[str, Any]:
    """What EventBridge makes of an entry."""
    around = {
        "version": "0",
        "id": "0",
        "account": "0",
        "region": "local",
        "resources": [],
        "time": "2024-01-01T00:00:00Z",
    }
    said = {"detail-type": entry["DetailType"], "source": entry["Source"], "detail": json.loads(entry["Detail"])}
    return {**around, **said}


def called(function: Any, said: dict[str, Any]) -> str:
    """What a function has done, or how it failed."""
    try:
        return str(function(said, None))
    except Exception as error:  # noqa: BLE001 whatever it is, the test shows it
        return f"failed: {type(error).__name__}: {error}"


def main(given: dict[str, Any]) -> dict[str, Any]:
    """All calls, on a database."""
    bus, token = Bus(), given["token"]
    verifier = TokenVerifier(KeyStore(lambda: cast(Any, given["keys"])), given["issuer"], given["audience"])
    database = open_database(given["uri"], given["database"])
    ports = mongo_ports(database, EventBridgePublisher(lambda: cast(Any, bus), "bus"))
    reading = json.dumps({"date": "2024-01-01T00:00:00Z", "type": "power", "amount": 1})
    paths = [path for path, methods in app.routes.items() if "GET" in methods and "{" not in path]
    with using(compose(ports, verifier, now)):
        statuses = {
            "write": status(token, "POST", "/v2/energy", reading),
            "import": status(token, "POST", "/v2/energy/import", CSV, "text/csv"),
            **{path: status(token, "GET", path) for path in [*paths, *given["paths"]]},
        }
        functions = {name: app.handler_map[name] for name in (each.name for each in app.pure_lambda_functions)}
        by_event = {event_of(function): name for name, function in functions.items()}
        events = {by_event[entry["DetailType"]]: event(entry) for entry in bus.entries}
        schedules = dict.fromkeys(given["schedules"], SCHEDULE)
        done = {name: called(functions[name], said) for name, said in (events | schedules).items()}
    return {"statuses": statuses, "done": done, "dependency": pymongo.__file__}


if __name__ == "__main__":
    sys.stderr.write(json.dumps(main(json.load(sys.stdin))))
