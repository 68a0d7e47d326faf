"""The Lambda Runtime API for one process: hands out invocations and collects what the runtime client posts.

See https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. Everything the process says becomes an event in
one queue, so that its order is kept and a wait can have a deadline.
"""

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

SETTLE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Invocation:
    """One request to a function; ``timeout`` in seconds counts from when the runtime takes it."""

    request_id: str
    arn: str
    payload: bytes
    trace_id: str
    timeout: float

    def headers(self) -> dict[str, str]:
        """Return the headers of the Runtime API's ``next`` answer."""
        deadline_ms = int((time.time() + self.timeout) * 1000)
        return {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": self.arn,
            "Lambda-Runtime-Trace-Id": self.trace_id,
        }


@dataclass(frozen=True, slots=True)
class Event:
    """Something the process did: ``ready``, ``response``, ``error``, ``init-error`` or ``exit``."""

    kind: str
    payload: bytes = b""
    returncode: int = 0


class RuntimeApi(ThreadingHTTPServer):
    """A server on a free port of 127.0.0.1 that exactly one process talks to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.invocations: Queue[Invocation | None] = Queue()
        self.events: Queue[Event] = Queue()
        self._delivery: Future[bool] | None = None
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def hand_out(self, invocation: Invocation) -> None:
        """Let the process that asks for work, or will ask, have this invocation."""
        self._delivery = None
        self.invocations.put(invocation)

    def delivering(self) -> Future[bool]:
        """Return what will say, once the connection ends, whether the process read what was sent on it."""
        self._delivery = Future()
        return self._delivery

    def was_taken(self) -> bool:
        """Return whether a process that has ended had read its last invocation; when in doubt, yes."""
        if self._delivery is None:
            return False
        try:
            return self._delivery.result(timeout=SETTLE_SECONDS)
        except TimeoutError:
            return True

    @property
    def address(self) -> str:
        """Host and port for AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self.server_port}"

    def close(self) -> None:
        """Stop listening and let a waiting ``next`` go."""
        self.invocations.put(None)
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # with it a small answer waits 40 ms for the client's delayed acknowledgement
    server: RuntimeApi
    _delivery: Future[bool] | None = None

    def handle(self) -> None:
        """Serve one connection, and note whether what was sent on it was read.

        A process that ends with unread data resets its connections; one that had read everything closes them.
        """
        was_read = False
        try:
            super().handle()
            was_read = True
        except ConnectionError:
            pass
        finally:
            if self._delivery:
                self._delivery.set_result(was_read)

    def do_GET(self) -> None:
        """Serve ``/runtime/invocation/next``: wait until there is something to do."""
        self.server.events.put(Event("ready"))
        invocation = self.server.invocations.get()
        if invocation is None:
            self.close_connection = True
        else:
            self._delivery = self.server.delivering()
            self._reply(HTTPStatus.OK, invocation.payload, invocation.headers())

    def do_POST(self) -> None:
        """Take ``/runtime/invocation/<id>/response``, ``.../error`` and ``/runtime/init/error``."""
        payload = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = "init-error" if self.path.endswith("/init/error") else self.path.rpartition("/")[2]
        self.server.events.put(Event(kind, payload))
        self._reply(HTTPStatus.ACCEPTED, b'{"status":"OK"}', {"Content-Type": "application/json"})

    def _reply(self, status: HTTPStatus, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Stay silent: the default writes every request to stderr."""
