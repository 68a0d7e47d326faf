"""How long the database may take for what: said with each command, so that nobody waits longer for it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import ceil
from typing import Any

import pytest
from chalice.test import Client
from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from app import app
from chalicelib.auth import KeyStore, TokenVerifier
from chalicelib.bootstrap import operations
from chalicelib.bootstrap.container import Ports, compose, mongo_ports, now, using
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.errors import DuplicateReadingError, UnavailableError
from chalicelib.domain.meters.display_documents import DisplayUpdate
from chalicelib.domain.meters.lagging import LaggingMeter
from chalicelib.domain.ports.values import PageRequest, ReadingFilter
from chalicelib.domain.ports.writing import WriteTransaction
from chalicelib.domain.readings import EnergyType
from chalicelib.events.eventbridge import PATIENCE_SECONDS
from chalicelib.repositories import transactions
from chalicelib.repositories.database import open_database
from chalicelib.repositories.register import MongoMeterRegister
from infra.local.waiting import wait_until
from infra.simulation.memory.publisher import FakePublisher
from tests.fakes.issuer import AUDIENCE, ISSUER, FakeIssuer

POWER = EnergyType.POWER
PAGE = PageRequest(ReadingFilter(), descending=False, limit=5)
KEY = "0" * 24
Use = Callable[[Ports], Any]

# A person waits for these, or a job that has many of them to do.
BY_KEY: dict[str, Use] = {
    "the mode": lambda ports: ports.queries.sync(),
    "a page": lambda ports: ports.queries.page("alice", PAGE, Backend.NEW),
    "a meter's configuration": lambda ports: ports.queries.configuration("alice", POWER),
    "a view": lambda ports: ports.display.find("alice", POWER, "monthly", 2023),
    "a meter's state": lambda ports: ports.display.state("alice", POWER),
    "settings": lambda ports: ports.settings.find("alice"),
    "the mode with its history": lambda ports: ports.sync_control.state(),
    "changes of the mode": lambda ports: ports.sync_control.changes(),
    "the job's progress": lambda ports: ports.sync_control.sync_progress(),
    "the last verify": lambda ports: ports.sync_control.verified(),
    "damages": lambda ports: ports.meters.damages(("alice", POWER)),
    "noted reads": lambda ports: ports.comparisons.requests(Component.DASHBOARD, 0, 5),
    "a noted read": lambda ports: ports.comparisons.request(KEY),
    "the comparer's position": lambda ports: ports.comparisons.looked_at(),
    "its new position": lambda ports: ports.comparisons.set_looked_at(5),
    "rules": lambda ports: ports.comparisons.rules(),
    "changes of flags": lambda ports: ports.flag_history.changes(None, 5),
    "known users": lambda ports: list(ports.known_users.known_users()),
}
# What reads much, or writes: API Gateway gives up after 29 s.
WHOLE: dict[str, Use] = {
    "a snapshot": lambda ports: ports.queries.snapshot("alice", POWER, Backend.NEW),
    "a page of an export": lambda ports: ports.queries.page("alice", replace(PAGE, limit=40_001), Backend.NEW),
    "the whole list": lambda ports: ports.queries.page("alice", replace(PAGE, limit=0), Backend.OLD),
    "a whole meter": lambda ports: ports.queries.whole("alice", POWER, 2),
    "a full snapshot": lambda ports: ports.queries.full_snapshot("alice", POWER, Backend.OLD),
    "an update of the display": lambda ports: ports.display.publish("alice", POWER, DisplayUpdate(1, [], range(0))),
    "meters that lag": lambda ports: ports.lagging.lag(0),
    "digests": lambda ports: ports.twins.digests(Side.OLD, {"alice"}),
    "differences": lambda ports: ports.twins.differences(("alice", POWER)),
    "owners": lambda ports: ports.twins.owners([KEY]),
    "meters with readings": lambda ports: list(ports.meters.meters()),
    "a position": lambda ports: ports.changes.position(),
}
LIMITS = [
    *(pytest.param(use, 5.0, id=name) for name, use in BY_KEY.items()),
    *(pytest.param(use, 20.0, id=name) for name, use in WHOLE.items()),
    pytest.param(lambda ports: ports.ping(), 3.0, id="a sign of life"),
]


class Limits(CommandListener):
    """The time that each command says it may take, in seconds."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, float | None]] = []
        self.at_once: list[int | None] = []
        self.batches: list[int | None] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name not in ("abortTransaction", "endSessions", "hello"):
            limit = event.command.get("maxTimeMS")
            self.seen.append((event.command_name, limit and limit / 1000))
            self.at_once.append(event.command.get("limit") or event.command.get("batchSize"))
            self.batches.append(event.command.get("batchSize"))

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
def watched(mongodb_uri: str, migrated: Database[Any], limits: Limits) -> Iterator[Database[Any]]:
    database = open_database(mongodb_uri, migrated.name, limits)
    yield database
    database.client.close()


@pytest.mark.parametrize(("use", "seconds"), LIMITS)
def test_every_command_says_how_long_it_may_take(
    watched: Database[Any], limits: Limits, use: Use, seconds: float
) -> None:
    use(mongo_ports(watched, FakePublisher()))
    assert limits.seen
    assert all(limit and 0.5 * seconds < limit <= seconds for _, limit in limits.seen), limits.seen


def test_the_first_command_of_a_write_is_waited_for_like_a_read_and_the_others_for_a_whole_transaction(
    watched: Database[Any], limits: Limits
) -> None:
    ports = mongo_ports(watched, FakePublisher())
    ports.transactions.run("alice", lambda transaction: transaction.meters.mark_changed(POWER, 0, 0, 0))
    first, *others = [limit or 0 for name, limit in limits.seen if name != "commitTransaction"]
    assert 2.5 < first <= 5
    assert others
    assert all(10 < limit <= 20 for limit in others)


def test_a_write_that_is_done_again_has_no_more_time_than_once(watched: Database[Any], limits: Limits) -> None:
    begun: list[int] = []

    def taken_at_first(transaction: WriteTransaction) -> None:
        begun.append(len(limits.seen))
        if len(begun) == 1:
            wait_until(lambda: False, 0.5)
            raise DuplicateReadingError("the twin of a reading that is gone") from KeyError()
        transaction.meters.mark_changed(POWER, 0, 0, 0)

    transactions.MongoTransactions(watched, 10).run("alice", taken_at_first)
    again = [limit or 9 for _, limit in limits.seen[begun[1] :]]
    assert again
    assert max(again) <= 9.5


def test_all_that_a_request_asks_has_one_time_however_often_it_is_tried(
    watched: Database[Any], limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import is tried three times where others store the same instants: each may take a whole transaction's time."""
    monkeypatch.setattr(operations, "ANSWER_SECONDS", 15.0)
    issuer = FakeIssuer()
    verifier = TokenVerifier(KeyStore(issuer.key_set), ISSUER, AUDIENCE)
    headers = {"Authorization": f"Bearer {issuer.token()}", "Content-Type": "text/csv"}
    file = b"date,type,amount\n2023-01-31,power,1\n"
    with using(compose(mongo_ports(watched, FakePublisher()), verifier, now)), Client(app, project_dir=".") as client:
        answer = client.http.request("POST", "/v2/energy/import", headers, file)
    assert answer.status_code == 200
    assert limits.seen
    assert all(limit and limit <= 15 for _, limit in limits.seen), limits.seen


def test_after_the_last_command_of_a_request_its_event_still_gets_out_before_the_gateway_gives_up() -> None:
    one_call = 1 + 2  # to connect and to read: as its client is opened
    assert operations.ANSWER_SECONDS + transactions.END_SECONDS + PATIENCE_SECONDS + one_call < 29


def test_that_the_database_is_away_is_said_to_a_writer_as_soon_as_to_a_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "READ_SECONDS", 0.2)
    database = open_database("mongodb://127.0.0.1:9/?replicaSet=nowhere", "away")
    began = time.monotonic()
    with pytest.raises(UnavailableError, match="try again"):
        transactions.MongoTransactions(database, 20).run("alice", lambda _: pytest.fail("nothing can be written"))
    assert time.monotonic() - began < 5
    database.client.close()


def test_a_meter_that_somebody_holds_is_waited_for_a_second_and_the_next_one_has_its_turn(
    watched: Database[Any], limits: Limits
) -> None:
    lagging, meter = mongo_ports(watched, FakePublisher()).lagging, LaggingMeter("alice|power", 0, "")
    lagging.claim(meter, 5)
    lagging.failed(meter, "ValueError")
    assert [limit and ceil(limit) for _, limit in limits.seen] == [1, 1]


def test_a_report_over_days_may_take_a_minute_because_only_an_operator_waits_for_it(
    watched: Database[Any], limits: Limits
) -> None:
    mongo_ports(watched, FakePublisher()).comparisons.report(0)
    assert [limit and ceil(limit) for _, limit in limits.seen] == [60, 60, 60, 5]


def test_the_register_of_meters_has_the_time_that_it_is_given(watched: Database[Any], limits: Limits) -> None:
    list(MongoMeterRegister(watched, 12).meters())
    assert limits.seen
    assert all(limit and 6 < limit <= 12 for _, limit in limits.seen)
    assert limits.at_once == [500]


@pytest.mark.parametrize(
    ("use", "documents"),
    [
        pytest.param(lambda ports: list(ports.known_users.known_users()), 2_000, id="users, from an index alone"),
        pytest.param(lambda ports: list(ports.lagging.every(0)), 20, id="meters that are each worked on for a while"),
        pytest.param(lambda ports: list(ports.repaired.kept("run")), 500, id="what a run took away"),
    ],
)
def test_so_many_documents_are_asked_for_at_once(
    watched: Database[Any], limits: Limits, use: Use, documents: int
) -> None:
    """A page fits into memory and into the time of one command; a cursor is asked again before it is forgotten."""
    use(mongo_ports(watched, FakePublisher()))
    assert {*limits.at_once} == {documents}


@pytest.mark.parametrize("backend", Backend)
def test_of_two_types_a_long_page_does_not_fetch_twice_what_it_shows(
    watched: Database[Any], limits: Limits, backend: Backend
) -> None:
    mongo_ports(watched, FakePublisher()).queries.page("alice", replace(PAGE, limit=40_001), backend)
    assert limits.batches == [None, 5_000, 5_000]


def test_a_connection_that_is_silent_is_noticed_within_two_seconds_and_a_server_looked_for_five(
    watched: Database[Any],
) -> None:
    options = watched.client.options
    assert options.pool_options.connect_timeout == 1.5
    assert options.pool_options.max_idle_time_seconds == 60
    assert options.heartbeat_frequency == 0.5
    assert options.server_selection_timeout == 5
    assert options.pool_options.max_pool_size == 10
