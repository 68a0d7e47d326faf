"""A history without gateway, bus and AppConfig: the same routes and functions, a real MongoDB, many more requests.

Functions are processes of this machine, called without HTTP (``function_process``); the flag document lies in memory
and reaches each of them within a second, not fifteen; events go through ``bus``. **What is shortened:** the server lets
a transaction live two seconds, not sixty, so that a change of mode drains in four. Its rules are the real ones.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from random import Random

from chalicelib.bootstrap.operations import shell_operations
from chalicelib.flags.document.flag_document import FlagDocument, written
from chalicelib.flags.document.json_schema import first_document
from chalicelib.repositories.database import Document, MongoDatabase, open_database
from chalicelib.repositories.sync_control import LIFETIME
from infra.drills.api import OPERATOR, Reply, Sent, Transport
from infra.drills.history.ground import SyncFlips, everybody_new, flipped, refresh_by_hand
from infra.drills.history.in_process.bus import Bus, Entry
from infra.drills.history.in_process.processes import (
    HELD_SHARE,
    LATEST_FLAGS_SECONDS,
    FunctionPool,
    MakePool,
    function_source,
)
from infra.drills.history.wishes import Flip, FlipKind
from infra.errors import OperatorError
from infra.local import throwaway
from infra.local.waiting import wait_until
from migrations import runner

TRANSACTION_SECONDS = 2
REQUEST_PROCESSES, EVENT_PROCESSES = 6, 3
IDLE_SECONDS = 60.0
KNOWN_SECONDS = LATEST_FLAGS_SECONDS + 0.2  # a function knows flags and sync mode then: it keeps the mode for a second
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
        settled = time.monotonic()
        if not self.comes_to_rest(IDLE_SECONDS):
            raise OperatorError(f"events are still delivered after {IDLE_SECONDS:.0f} s")
        if self._bus.given_up > self._bus.delivered:
            raise OperatorError(f"functions fail on events ({self._bus.given_up}): this history would show no display")
        refresh_by_hand(self._database, people)
        wait_until(lambda: time.monotonic() - settled > KNOWN_SECONDS, 2 * KNOWN_SECONDS)

    def comes_to_rest(self, seconds: float) -> bool:
        """Whether all events are handled within that time."""
        return wait_until(lambda: self._bus.is_idle, seconds)

    def differences(self) -> list[str]:
        """Run ``verify``."""
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


class GroundSource:
    """Makes one ground after the other, on a server and of processes that are nobody else's."""

    def __init__(self, uri: str, pool: MakePool) -> None:
        self.uri = uri
        self._pool = pool
        self._migrated: dict[str, list[Document]] = {}

    @contextmanager
    def ground(
        self, seed: int, held: float = HELD_SHARE, fault: str | None = None, requests: int = 0
    ) -> Iterator[InProcessGround]:
        """``held``: the share of writes that are held up. ``fault``: what a test plants.

        ``requests``: how many processes answer them, where it is not the usual number.
        """
        random = Random(f"{seed} ground")  # noqa: S311 - nothing secret
        how = {"held": held, "fault": fault}
        with ExitStack() as opened:
            database = open_database(self.uri, DATABASE)
            opened.callback(database.client.close)
            self._renew(database)
            asked = self._pool(requests or REQUEST_PROCESSES, random, how)
            events = self._pool(EVENT_PROCESSES, random, how)
            opened.callback(asked.close)
            opened.callback(events.close)

            def deliver(entry: Entry) -> bool:
                answer = events.ask({"event": entry})
                return answer is not None and "failed" not in answer

            bus = opened.enter_context(Bus(deliver, EVENT_PROCESSES, random))
            yield InProcessGround(database, asked, events, bus)

    def _renew(self, database: MongoDatabase) -> None:
        """As the migrations leave it, on a server that lets a transaction live for seconds only."""
        database.client.admin.command({"setParameter": 1, LIFETIME: TRANSACTION_SECONDS})
        if not self._migrated:
            runner.up(database)
            self._migrated = {name: [*database[name].find()] for name in database.list_collection_names()}
            return
        for name in database.list_collection_names():
            database[name].delete_many({})
            if documents := self._migrated.get(name):
                database[name].insert_many(documents)


@contextmanager
def ground_source() -> Iterator[GroundSource]:
    """A server and the process that makes functions, for as long as the block runs."""
    with throwaway.mongod() as uri, function_source(uri, DATABASE) as pool:
        yield GroundSource(uri, pool)


@contextmanager
def in_process_ground(seed: int) -> Iterator[InProcessGround]:
    """A ground on a server of its own."""
    with ground_source() as source, source.ground(seed) as ground:
        yield ground
