"""Killing any piece costs time, never data: the error is clear, and starting again brings everything back."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.error import URLError
from uuid import uuid4

import pytest
from rich.console import Console

from infra.local import laptop
from tests.e2e.conftest import Deployed, eventually

pytestmark = pytest.mark.long

FEBRUARY = 1
TRANSACTION_SECONDS = 60.0  # the database of a laptop stack lets one live for half as long


@pytest.fixture
def user(fragile: Deployed) -> str:
    """Somebody with one reading that must survive whatever happens."""
    name = f"person-{uuid4().hex}"
    assert fragile.record(name, "2023-01-31", 1000).status == 201
    return name


def bring_up(deployed: Deployed) -> None:
    laptop.up(deployed.layout, Console(stderr=True), demo=False)


@contextmanager
def deaf(deployed: Deployed) -> Iterator[None]:
    """Nobody hears an event meanwhile: every rule of the bus is disabled."""
    events, bus = deployed.client("events", deployed.layout.localstack_url), "energy-monitor-local"
    rules = [rule["Name"] for rule in events.list_rules(EventBusName=bus)["Rules"]]
    for name in rules:
        events.disable_rule(Name=name, EventBusName=bus)
    try:
        yield
    finally:
        for name in rules:
            events.enable_rule(Name=name, EventBusName=bus)


def accepted(deployed: Deployed, user: str) -> bool:
    answer = deployed.record(user, "2023-02-28", 1100)
    assert answer.status == 201 or (answer.status == 503 and "Retry-After" in answer.headers), answer.body
    return answer.status == 201


def assert_january_and_february(deployed: Deployed, user: str) -> None:
    """A further reading is taken, and the display shows both.

    Who dies in a transaction holds its meter until the database gives up on it: who writes then is asked to come again.
    """
    eventually(lambda: accepted(deployed, user), lambda is_accepted: is_accepted, TRANSACTION_SECONDS)
    shown = eventually(lambda: deployed.display(user, 2023), lambda view: not view["meta"]["stale"])
    assert shown["data"]["months"][FEBRUARY]["consumption"] == 100


def test_killed_functions_are_replaced_without_anybody_noticing(fragile: Deployed, user: str) -> None:
    victims = fragile.functions()
    assert victims
    for process in victims:
        process.kill()
    assert_january_and_february(fragile, user)


def test_a_dead_database_is_503_and_nothing_is_lost(fragile: Deployed, user: str) -> None:
    fragile.kill("mongod")
    answer = fragile.record(user, "2023-02-28", 1100)
    assert (answer.status, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert "Retry-After" in answer.headers
    bring_up(fragile)
    assert_january_and_february(fragile, user)


def test_after_the_death_of_localstack_everything_comes_back(fragile: Deployed, user: str) -> None:
    orphans = fragile.functions()
    fragile.kill("localstack")
    with pytest.raises(URLError):
        fragile.record(user, "2023-02-28", 1100)
    bring_up(fragile)
    assert_january_and_february(fragile, user)
    assert not [process for process in orphans if process.is_running()]


def test_a_meter_whose_event_got_lost_is_caught_up(fragile: Deployed, user: str) -> None:
    eventually(lambda: fragile.display(user, 2023), lambda view: view["meta"]["displayVersion"] == 1)
    eventually(lambda: fragile.display(user, 2023), lambda view: view["meta"]["calculatedAt"] is not None)
    with deaf(fragile):
        assert fragile.record(user, "2023-02-28", 1100).status == 201
        assert fragile.display(user, 2023)["meta"]["stale"] is True
        bring_up(fragile)
    shown = fragile.display(user, 2023)
    assert shown["meta"]["stale"] is False
    assert shown["data"]["months"][FEBRUARY]["consumption"] == 100
