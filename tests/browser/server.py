"""A light server: the application of this process at ``/api`` of a port, as API Gateway would serve it.

It answers one request at a time, because the application's fakes know no threads. What is published is delivered after
the request, unless ``is_lagging``.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any, NamedTuple

from chalice.config import Config
from chalice.local import LambdaEventConverter, LocalGateway, LocalGatewayException, RouteMatcher
from chalice.test import HTTPResponse

from app import app
from chalicelib.api.web.files import web_files
from chalicelib.auth import KeyStore, TokenVerifier
from infra.local.identity import Identity
from infra.local.layout import API_STAGE, AUDIENCE, Layout
from tests.browser.settling import SECONDS
from tests.fakes.application import Application, application

HOST, STAGE = "127.0.0.1", f"/{API_STAGE}"
NOW = int(datetime(2024, 3, 15, 10, tzinfo=UTC).timestamp() * 1000)
PATIENCE_SECONDS = 2 * SECONDS  # what must be seen while an answer is held back is not seen because it came after all


class AtStage(LambdaEventConverter):
    """Events say that the path was called behind the stage, which the page needs to know."""

    def create_lambda_event(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Any:
        event = super().create_lambda_event(method, path, headers, body)
        event["requestContext"]["path"] = STAGE + event["requestContext"]["path"]
        return event


@dataclass
class Clock:
    """What time the application believes it is."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now

    @property
    def moment(self) -> datetime:
        """The same as a date with a time."""
        return datetime.fromtimestamp(self() / 1000, UTC)

    def set(self, day: date) -> None:
        """Let it be noon in Greenwich."""
        self.now = int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp() * 1000)


class Answered(NamedTuple):
    """What was asked, and what came of it."""

    method: str
    path: str
    status: int
    backend: str | None


@dataclass
class Served:
    """The application that the server serves now, and what a test may do to it."""

    behind: Application
    clock: Clock
    identity: Identity
    layout: Layout
    url: str
    is_lagging: bool = False
    takes_tokens: bool = True
    is_away: bool = False  # every connection ends without an answer
    gateway_status: int | None = None  # with which a gateway answers everything
    stand_in: Callable[[str, str, Mapping[str, str], bytes], HTTPResponse | None] | None = None  # None: it passes
    reads_files_again: bool = False  # of the page, each time that it is loaded
    lock: Lock = field(default_factory=Lock)
    answered: list[Answered] = field(default_factory=list)
    gates: dict[str, Event] = field(default_factory=dict)
    failures: set[str] = field(default_factory=set)
    is_over: bool = False  # the application of this process is another one by now

    def call(self, user: str, method: str, path: str, body: Any = b"", content_type: str = "application/json") -> Any:
        """Ask the application as the user does, beside the page; returns the JSON that it answers."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.identity.token(user)}", "Content-Type": content_type}
        answer = self.answer(method, path, headers, content)
        assert answer.status_code < 400, answer.body
        return answer.json_body

    def bring(self, user: str, file: bytes) -> None:
        """Import a file as the user."""
        self.call(user, "POST", "/v2/energy/import", file, "text/csv")

    @contextmanager
    def holding(self, path: str) -> Iterator[None]:
        """Answer nothing on a path while the block runs."""
        gate = self.gates[path] = Event()
        try:
            yield
        finally:
            self.gates.pop(path, None)
            gate.set()

    @contextmanager
    def failing(self, path: str) -> Iterator[None]:
        """Let the database be away for a path while the block runs."""
        self.failures.add(path)
        try:
            yield
        finally:
            self.failures.remove(path)

    @contextmanager
    def refusing_tokens(self) -> Iterator[None]:
        """Take no token any more, as after its end, while the block runs."""
        self.takes_tokens = False
        try:
            yield
        finally:
            self.takes_tokens = True

    def end(self) -> None:
        """Answer nothing any more; what is being answered ends first."""
        with self.lock:
            self.is_over = True

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> HTTPResponse:
        """What the application answers on a path of its own; ConnectionAbortedError when it serves no more."""
        if gate := self.gates.get(path.partition("?")[0]):
            gate.wait(PATIENCE_SECONDS)
        if self.reads_files_again and path == "/":
            web_files.cache_clear()
        taken = headers if self.takes_tokens else {**headers, "Authorization": "Bearer ended"}
        with self.lock:
            if self.is_over:
                raise ConnectionAbortedError("the application of this process is another one by now")
            self.behind.store.down = path.partition("?")[0] in self.failures
            answer = (self.stand_in and self.stand_in(method, path, taken, body)) or _asked(method, path, taken, body)
            self.behind.store.down = False
            self.answered.append(Answered(method, path, answer.status_code, answer.headers.get("X-Backend")))
            if not self.is_lagging:
                self.deliver()
        return answer

    def backends_of(self, path: str) -> set[str | None]:
        """Who has answered on a path."""
        return {answered.backend for answered in self.answered if answered.path.partition("?")[0] == path}

    def deliver(self) -> None:
        """Let the display take in what was published."""
        events = self.behind.publisher.events
        while events:
            event: Any = events.pop(0)
            for meter in event.meters:
                self.behind.container.calculation.refresh(event.user_id, meter.type, meter.source_version)


class Server:
    """Listens for as long as the block runs; serves one application after the other."""

    def __init__(self, layout: Layout) -> None:
        self._layout, self._identity = layout, Identity.of(layout)
        self._http = ThreadingHTTPServer((HOST, layout.ports.api), _handler(lambda: self._served))
        self._thread = Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._served: Served | None = None
        self.url = f"{layout.base_url}/"

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    @contextmanager
    def serving(self, clock: Clock) -> Iterator[Served]:
        """Serve a new application, which knows nobody, for as long as the block runs."""
        keys = KeyStore(lambda: json.loads(self._identity.jwks()))
        with application(TokenVerifier(keys, self._identity.issuer, AUDIENCE), clock) as behind:
            self._served = Served(behind, clock, self._identity, self._layout, self.url)
            yield self._served
            self._served.end()
            self._served = None


def _asked(method: str, path: str, headers: Mapping[str, str], body: bytes) -> HTTPResponse:
    gateway = LocalGateway(app, Config.create())
    gateway.event_converter = AtStage(RouteMatcher([*app.routes]), app.api.binary_types)
    try:
        return HTTPResponse.create_from_dict(gateway.handle_request(method, path, dict(headers), body))
    except LocalGatewayException as refused:
        return HTTPResponse(refused.body or b"", refused.headers, refused.CODE)


def _handler(served: Callable[[], Served | None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            self.current = served()  # a browser of an earlier test may still ask on its connection

        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            current = self.current
            if current is None or not self.path.startswith(f"{STAGE}/"):
                self.send_error(404)
                return
            if current.is_away:
                self.close_connection = True
                return
            if current.gateway_status:
                self.send_error(current.gateway_status)
                return
            try:
                self.send(current.answer(self.command, self.path.removeprefix(STAGE), dict(self.headers), body))
            except ConnectionError:  # the client has gone, or the application serves no more
                self.close_connection = True

        def send(self, answer: HTTPResponse) -> None:
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                self.send_header(name, str(value))
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """Say nothing: the application logs its requests."""

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one  # noqa: N815 - names of the standard library

    return Handler
