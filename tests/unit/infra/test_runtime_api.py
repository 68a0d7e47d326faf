"""The Lambda Runtime API, spoken to as the runtime client does."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import urllib3

from infra.local.localstack_plugin.process_lambda.runtime_api import Event, Invocation, RuntimeApi

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
    api.invocations.put(INVOCATION)
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


def test_closing_lets_a_waiting_process_go(api: RuntimeApi) -> None:
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(request, api, "GET", "invocation/next")
        assert api.events.get(timeout=5) == Event("ready")
        api.invocations.put(None)
        assert isinstance(waiting.exception(timeout=5), urllib3.exceptions.ProtocolError)
