"""The Lambda Runtime API, spoken to as the runtime client does."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import urllib3

from infra.local.localstack_plugin.process_lambda.functions.runtime_api import Event, Invocation, RuntimeApi
from infra.local.waiting import wait_until

INVOCATION = Invocation("id-1", "arn:one", b'{"a": 1}', "Root=1", 3.0)


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    api = RuntimeApi()
    yield api
    api.close()


def request(api: RuntimeApi, method: str, path: str, body: bytes | None = None) -> urllib3.BaseHTTPResponse:
    with urllib3.PoolManager(retries=False, timeout=10) as http:
        return http.request(method, f"http://{api.address}/2018-06-01/runtime/{path}", body=body)


def test_whoever_asks_for_work_is_ready_and_gets_the_invocation(api: RuntimeApi) -> None:
    api.hand_out(INVOCATION)
    answer = request(api, "GET", "invocation/next")
    assert api.events.get(timeout=5) == Event("ready")
    assert (answer.data, answer.headers["Lambda-Runtime-Aws-Request-Id"]) == (b'{"a": 1}', "id-1")
    assert answer.headers["Lambda-Runtime-Invoked-Function-Arn"] == "arn:one"


@pytest.mark.parametrize(
    ("path", "kind"),
    [("invocation/id-1/response", "response"), ("invocation/id-1/error", "error"), ("init/error", "init-error")],
)
def test_what_is_posted_becomes_an_event(api: RuntimeApi, path: str, kind: str) -> None:
    assert request(api, "POST", path, b"content").status == 202
    assert api.events.get(timeout=5) == Event(kind, b"content")


def ask_for_work(api: RuntimeApi) -> socket.socket:
    host, _, port = api.address.partition(":")
    connection = socket.create_connection((host, int(port)))
    connection.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")
    assert api.events.get(timeout=5) == Event("ready")
    return connection


def test_an_invocation_that_the_process_read_was_taken(api: RuntimeApi) -> None:
    with ask_for_work(api) as connection:
        api.hand_out(INVOCATION)
        assert wait_until(lambda: connection.recv(65_536, socket.MSG_PEEK).endswith(INVOCATION.payload), 5)
        connection.recv(65_536)
    assert api.was_taken()


def test_an_invocation_that_was_sent_but_never_read_was_not_taken(api: RuntimeApi) -> None:
    with ask_for_work(api) as connection:
        api.hand_out(INVOCATION)
        assert connection.recv(1, socket.MSG_PEEK)
    assert not api.was_taken()


def test_an_invocation_sent_to_a_process_that_is_gone_was_not_taken(api: RuntimeApi) -> None:
    ask_for_work(api).close()
    api.hand_out(INVOCATION)
    assert wait_until(api.invocations.empty, 5)
    assert not api.was_taken()


def test_closing_lets_a_waiting_process_go(api: RuntimeApi) -> None:
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(request, api, "GET", "invocation/next")
        assert api.events.get(timeout=5) == Event("ready")
        api.invocations.put(None)
        assert isinstance(waiting.exception(timeout=5), urllib3.exceptions.ProtocolError)
