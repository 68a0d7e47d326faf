"""One process of a function: the application behind its routes, and what it does when EventBridge calls.

Started by ``process_source``. It is the deployed code on the deployed code's adapters, except what is around it:
a caller fetches the events, flags come with the request, the caller's name is believed. Now and then it is held up,
where that is worst: in the middle of a write, and between a calculation and its publishing.
"""

import json
import os
import time
from dataclasses import replace
from random import Random
from typing import Any, cast

from aws_lambda_powertools.utilities.feature_flags import ConfigurationStoreError
from chalice.test import Client
from typing_extensions import override

from app import app
from chalicelib.auth import Caller, KeyStore, TokenVerifier
from chalicelib.bootstrap.container import Container, Surroundings, compose, mongo_ports, now, using
from chalicelib.domain.ports.reading import DisplayDataRepository
from chalicelib.domain.ports.writing import Transactions
from chalicelib.events.eventbridge import EventBridgePublisher
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.decisions.store import FlagStore, Loaded
from chalicelib.flags.document.flag_document import read
from chalicelib.handlers.event_function import MODEL
from chalicelib.repositories.database import open_database
from infra.local.layout import ROOT

HELD_SECONDS = 1.2  # less than the server lets a transaction live
LATE_SECONDS = 3.0  # no transaction has begun then
Message = dict[str, Any]


class FunctionProcess:
    """Answers one message after the other, as Lambda lets it. ``held``: the share of writes that are held up."""

    def __init__(self, uri: str, database: str, held: float) -> None:
        self._bus = _Bus()
        self._flags = _FlagsOfRequests()
        self._container = self._composed(uri, database, held)
        self._client = Client(app, project_dir=str(ROOT))
        self._handlers = {_event_of(handler): handler for handler in app.handler_map.values() if _event_of(handler)}

    def answer(self, message: Message) -> Message:
        """What a request or an event brings about."""
        if "flags" in message:
            self._flags.take(message["flags"])
        with using(self._container):
            return self._handled(message["event"]) if "event" in message else self._answered(message)

    def _answered(self, message: Message) -> Message:
        reply = self._client.http.request(
            message["method"], message["path"], message["headers"], message["body"].encode()
        )
        headers = {name.lower(): str(value) for name, value in reply.headers.items()}
        return {
            "status": reply.status_code,
            "headers": headers,
            "body": reply.body.decode(),
            "events": self._bus.taken(),
        }

    def _handled(self, entry: Message) -> Message:
        envelope = {
            "version": "0",
            "id": "0",
            "detail-type": entry["DetailType"],
            "source": entry["Source"],
            "account": "000000000000",
            "time": "2024-01-01T00:00:00Z",
            "region": "local",
            "resources": [],
            "detail": json.loads(entry["Detail"]),
        }
        try:
            return dict(self._handlers[entry["DetailType"]](envelope, None))
        except Exception as error:  # noqa: BLE001 Lambda tries again, and so does who called
            return {"failed": type(error).__name__}

    def _composed(self, uri: str, database: str, held: float) -> Container:
        ports = mongo_ports(open_database(uri, database), EventBridgePublisher(lambda: cast(Any, self._bus), "history"))
        hold = _Hold(held)
        slow = replace(
            ports,
            transactions=cast(Transactions, _HeldTransactions(ports.transactions, hold)),
            display=cast(DisplayDataRepository, _HeldDisplay(ports.display, hold)),
        )
        return compose(slow, _Believing(), now, Surroundings(FlagDecisions(self._flags)))


def _event_of(handler: Any) -> str | None:
    """The event that a function is made for, None where it is for none; Chalice has wrapped it twice."""
    function = getattr(getattr(handler, "func", None), "_original_func", None)
    model = getattr(function, MODEL, None)
    return None if model is None else str(model.__name__)


class _Hold:
    """Holds a process up, a share of the times."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._random = Random(os.getpid())  # noqa: S311 - nothing secret

    def __call__(self, seconds: float = HELD_SECONDS) -> None:
        if self._random.random() < self._share:
            time.sleep(self._random.uniform(0, seconds))


class _HeldTransactions:
    """Transactions that are held up after they have read the mode, or before they commit."""

    def __init__(self, inner: Transactions, hold: _Hold) -> None:
        self._inner = inner
        self._hold = hold

    def run(self, user_id: str, work: Any, *expected: Any) -> Any:
        def slowly(transaction: Any) -> Any:
            self._hold()
            done = work(transaction)
            self._hold()
            return done

        return self._inner.run(user_id, slowly, *expected)


class _HeldDisplay:
    """A display that is published late: meanwhile a faster function has published what is newer."""

    def __init__(self, inner: DisplayDataRepository, hold: _Hold) -> None:
        self._inner = inner
        self._hold = hold

    def publish(self, *update: Any) -> bool:
        self._hold(LATE_SECONDS)
        return self._inner.publish(*update)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Bus:
    """Keeps what is published until the caller fetches it: with a killed process it is lost."""

    def __init__(self) -> None:
        self._entries: list[Any] = []

    def put_events(self, Entries: list[Any]) -> Message:  # noqa: N803 - AWS's name
        self._entries += Entries
        return {"Entries": [{} for _ in Entries]}

    def taken(self) -> list[Any]:
        entries, self._entries = self._entries, []
        return [
            {"DetailType": entry["DetailType"], "Source": entry["Source"], "Detail": entry["Detail"]}
            for entry in entries
        ]


class _FlagsOfRequests(FlagStore):
    """The document that came along last."""

    def __init__(self) -> None:
        self._loaded: Loaded | None = None

    def take(self, content: str) -> None:
        self._loaded = Loaded(read(content.encode()))

    @override
    def loaded(self) -> Loaded | None:
        return self._loaded

    @override
    def get_configuration(self) -> dict[str, Any]:
        if self._loaded is None:
            raise ConfigurationStoreError("no flags came along yet")
        return self._loaded.features


class _Believing(TokenVerifier):
    """Takes a name, and a role behind a blank, for a token: tokens are no part of a history."""

    def __init__(self) -> None:
        super().__init__(KeyStore(dict), "", "")

    @override
    def verify(self, authorization: str | None) -> Caller:
        name, _, role = (authorization or "").partition(" ")
        return Caller(name, frozenset({role} if role else ()))
