"""The server of these tests: what is asked of the application of one test never reaches that of the next."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection, RemoteDisconnected
from threading import Event
from urllib.parse import urlsplit

import pytest

from tests.browser.server import STAGE, Clock, Server
from tests.browser.settling import SECONDS

pytestmark = pytest.mark.long
PATH = "/health"


class Gate(Event):
    """Says when somebody waits at it."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.reached.set()
        return super().wait(timeout)


@pytest.fixture
def connect(server: Server) -> Iterator[Callable[[], HTTPConnection]]:
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(HTTPConnection(urlsplit(server.url).netloc, timeout=SECONDS)))


def status(connection: HTTPConnection) -> int:
    connection.request("GET", STAGE + PATH)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_what_was_held_back_when_a_test_ended_is_not_asked_of_the_next_application(
    server: Server, connect: Callable[[], HTTPConnection]
) -> None:
    with ThreadPoolExecutor(1) as browser:
        with server.serving(Clock()) as before:
            gate = before.gates[PATH] = Gate()
            late = browser.submit(status, connect())
            assert gate.reached.wait(SECONDS)
        with server.serving(Clock()) as after:
            gate.set()
            with pytest.raises(RemoteDisconnected):
                late.result()
            assert status(connect()) == 200
    assert [answered.path for answered in after.answered] == [PATH]


def test_a_connection_of_an_earlier_test_reaches_no_later_application(
    server: Server, connect: Callable[[], HTTPConnection]
) -> None:
    earlier = connect()
    with server.serving(Clock()):
        assert status(earlier) == 200
    with server.serving(Clock()) as after, pytest.raises(RemoteDisconnected):
        status(earlier)
    assert after.answered == []
