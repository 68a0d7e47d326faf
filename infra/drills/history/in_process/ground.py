"""A history without gateway, bus and AppConfig: the same routes and functions, a real MongoDB, many more requests.

Functions are processes of this machine, called without HTTP (``function_process``); the flag document lies in memory
and reaches each of them within a second, not fifteen; events go through ``bus``. **What is shortened:** the server lets
a transaction live two seconds, not sixty, so that a change of mode drains in four. Its rules are the real ones.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from random import Random

from chalicelib.bootstrap.operations import shell_operations
from chalicelib.flags.document.flag_document import FlagDocument, written
from chalicelib.flags.document.json_schema import first_document
from chalicelib.repositories.database import MongoDatabase, open_database
from chalicelib.repositories.sync_control import LIFETIME
from infra.drills.api import OPERATOR, Reply, Sent, Transport
from infra.drills.history.ground import SyncFlips, everybody_new, flipped, refresh_by_hand
from infra.drills.history.in_process.bus import Bus, Entry
from infra.drills.history.in_process.processes import HELD_SHARE, FunctionPool, function_source
from infra.drills.history.wishes import Flip, FlipKind
from infra.errors import OperatorError
from infra.local import throwaway
from infra.local.waiting import wait_until
from migrations import runner

TRANSACTION_SECONDS = 2
REQUEST_PROCESSES, EVENT_PROCESSES = 6, 3
IDLE_SECONDS = 60.0
DATABASE = "history"


class InProcessGround:
    """Implements ``Ground``."""

    doubt_seconds = 5.0  # a killed process commits nothing more, and the server ends what it has begun

    def __init__(self, database: MongoDatabase, requests: FunctionPool, events: FunctionPool, bus: Bus) -> None:
        self._database = database
        self._requests = requests
        self._events = events
        self._bus = bus
        self._sync = SyncFlips(shell_operations(database))
        self._document = first_document()

    @property
    def transport(self) -> Transport:
        """A call of a free function."""
        return self._send

    def flip(self, flip: Flip) -> str | None:
        """Flags in memory, the mode by its rules, a process killed."""
        if flip.kind is FlipKind.MODE:
            return self._sync.flip(flip)
        if flip.kind is FlipKind.LIFE:
            pool = self._events if flip.component < EVENT_PROCESSES else self._requests
            return f"killed process {pool.kill()}"
        document, said = flipped(self._document, flip)
        self._deploy(document)
        return said

    def settle(self, people: Sequence[str]) -> None:
        """What events have not brought about is done by hand, as ``replay`` would."""
        self._deploy(everybody_new(self._document))
        self._sync.settle()
        if not wait_until(lambda: self._bus.is_idle, IDLE_SECONDS):
            raise OperatorError(f"events are still delivered after {IDLE_SECONDS:.0f} s")
        if self._bus.given_up > self._bus.delivered:
            raise OperatorError(f"functions fail on events ({self._bus.given_up}): this history would show no display")
        refresh_by_hand(self._database, people)

    def differences(self) -> list[str]:
        """By ``verify``."""
        return self._sync.differences()

    def _deploy(self, document: FlagDocument) -> None:
        self._document = document
        content = written(document).decode()
        self._requests.deploy(content)
        self._events.deploy(content)

    def _send(self, sent: Sent) -> Reply | None:
        token = f"{sent.user} {OPERATOR}" if sent.role == OPERATOR else sent.user
        headers = {"Content-Type": sent.content_type, "Authorization": token, **sent.headers}
        message = {"method": sent.method, "path": sent.path, "headers": headers, "body": sent.body.decode()}
        answer = self._requests.ask(message)
        if answer is None:
            return None
        self._bus.publish(answer["events"])
        said = answer["headers"]
        return Reply(answer["status"], said.get("x-backend"), answer["body"].encode(), said)


@contextmanager
def in_process_ground(
    seed: int, uri: str | None = None, *, held: float = HELD_SHARE, fault: str | None = None
) -> Iterator[InProcessGround]:
    """A ground on a server of its own, or on ``uri``, which is nobody else's. ``fault``: what a test plants."""
    random = Random(f"{seed} ground")  # noqa: S311 - nothing secret
    with ExitStack() as opened:
        server = uri or opened.enter_context(throwaway.mongod())
        pool = opened.enter_context(function_source(server, DATABASE, held, fault))
        requests, events = pool(REQUEST_PROCESSES, random), pool(EVENT_PROCESSES, random)
        database = _new_database(server)
        opened.callback(database.client.close)

        def deliver(entry: Entry) -> bool:
            answer = events.ask({"event": entry})
            return answer is not None and "failed" not in answer

        bus = opened.enter_context(Bus(deliver, EVENT_PROCESSES, random))
        yield InProcessGround(database, requests, events, bus)


def _new_database(uri: str) -> MongoDatabase:
    """As the migrations leave it, on a server that lets a transaction live for seconds only."""
    database = open_database(uri, DATABASE)
    database.client.drop_database(DATABASE)
    database.client.admin.command({"setParameter": 1, LIFETIME: TRANSACTION_SECONDS})
    runner.up(database)
    return database
