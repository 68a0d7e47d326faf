"""Fixtures: a deployment on which accounts are erased."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from pymongo.database import Database

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, Surroundings, compose
from chalicelib.domain.people.account import CLOSED_MS, KeepsPeople
from chalicelib.repositories.database import open_database
from chalicelib.repositories.fence import FENCES
from infra.simulation.memory.publisher import FakePublisher
from tests.integration.account.person import PSEUDONYMS, Person
from tests.integration.deployment import Clock
from tests.integration.repositories.database_time import timed_ports
from tests.integration.two_at_once.interruption import Interruption


@dataclass
class Place:
    """The use cases on a real database; ``slow`` are those that can be interrupted, on the same one."""

    database: Database[Any]
    interrupted: Database[Any]
    interruption: Interruption
    clock: Clock = field(default_factory=Clock)
    publisher: FakePublisher = field(default_factory=FakePublisher)
    places: list[KeepsPeople] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.container = self.composed(self.database)
        self.slow = self.composed(self.interrupted)

    def composed(self, database: Database[Any]) -> Container:
        ports = timed_ports(database, self.publisher, self.clock.database_time)
        rollout = Surroundings(pseudonyms=PSEUDONYMS, places=self.places)
        return compose(ports, cast(TokenVerifier, None), self.clock, rollout)

    def person(self) -> Person:
        """Somebody of whom nothing is stored yet."""
        return Person(self.database, self.container)

    def erase(self, person: Person) -> dict[str, int]:
        """All of it, within the request; returns what the receipt counts."""
        erasure = self.container.erasure.erase(person.user, 60)
        assert erasure.user_id is None
        assert erasure.erased_at is not None
        return dict(erasure.deleted)

    def an_hour_passes(self) -> None:
        """So that fences are over, and the scheduled function looks at them."""
        earlier = [{"$set": {name: {"$subtract": [f"${name}", CLOSED_MS]} for name in ("requestedAt", "opensAt")}}]
        self.database["control"].update_many(FENCES, earlier)
        self.container.erasure.run(60)

    def let_interrupted(self, action: Callable[[Container], object], command: int, other: Callable[[], None]) -> bool:
        """Let something happen, and something else before one of its commands; whether it came to that command."""
        with self.interruption.before(command, other):
            action(self.slow)
        return self.interruption.happened


@pytest.fixture
def place(migrated: Database[Any], mongodb_uri: str) -> Iterator[Place]:
    interruption = Interruption()
    slow = open_database(mongodb_uri, migrated.name, interruption)
    yield Place(migrated, slow, interruption)
    slow.client.close()
