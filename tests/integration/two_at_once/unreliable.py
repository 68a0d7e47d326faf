"""A household on a deployment with an unreliable bus; ``happenings`` has what may happen to it.

An event that was published stays for good: it is delivered late, twice, after newer ones, or never.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast
from uuid import uuid4

from bson import ObjectId
from pymongo.database import Database

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, compose
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.errors import ConflictError, NotFoundError
from chalicelib.domain.migration.sync.change_feed import Moment
from chalicelib.domain.readings import EnergyType
from chalicelib.domain.readings.compact import USUAL_DECIMALS
from chalicelib.repositories.change_feed import MongoChangeFeed
from infra.simulation.memory.publisher import FakePublisher
from tests.integration.deployment import SIDES, Clock
from tests.integration.refresh.shown import Views, assert_shown, assert_spliced, calculated, displayed, readings
from tests.integration.repositories.database_time import timed_ports
from tests.integration.two_at_once import delivery
from tests.integration.two_at_once.interruption import Interruption
from tests.integration.two_at_once.known_imports import KnownImports


class PromptFeed(MongoChangeFeed):
    """Something always follows the moment up to which changes are read, so that nobody waits a second for nothing."""

    def moment(self) -> Moment:
        moment = super().moment()
        self._energies.delete_one({"_id": self._energies.insert_one({"nothing": "known"}).inserted_id})
        return moment


class Household:
    """One user, all that was ever published about them, and what every version of their meters should look like.

    ``slow`` is the same database for use cases that are interrupted.
    """

    def __init__(self, database: Database[Any], slow: Database[Any], interruption: Interruption) -> None:
        self.user = uuid4().hex
        self.database = database
        self.publisher = FakePublisher()
        self.clock = Clock()
        self._interruption = interruption
        self._prompt, self._slow = self._composed(database), self._composed(slow)
        self.imports = KnownImports(self.user, database, self._prompt)
        self._versions: dict[tuple[EnergyType, int], Views] = {}
        self._extreme = set[EnergyType]()  # meters that had amounts with more decimals than usual
        self._shown = dict.fromkeys(EnergyType, 0)

    def let(self, action: "Action") -> None:
        """Let something happen, and nothing else meanwhile."""
        self._happen(action, self._prompt)

    def let_interrupted(self, action: "Action", command: int, others: Sequence["Action"]) -> bool:
        """Let something happen, and other things before one of its commands; whether it came to that command."""

        def meanwhile() -> None:
            for other in others:
                self.let(other)

        with self._interruption.before(command, meanwhile):
            self._happen(action, self._slow)
        return self._interruption.happened

    def reading(self, which: int) -> Any:
        """The id of one of the readings, of one that there is not where there is none."""
        kept = readings(self.database, self.user, "energies")
        return kept[which % len(kept)][-1] if kept else ObjectId()

    def check(self) -> None:
        """Whatever has happened so far: a meter displays exactly the version that it says it displays."""
        for kind in EnergyType:
            read = self._prompt.queries.full_snapshot(self.user, kind, Backend.NEW)
            version = read.state.display_version
            assert version >= self._shown[kind], "the display went back"
            assert read.state.stale is (read.state.dirty_since is not None)
            assert displayed(self.database, self.user, kind) == (self._versions[kind, version] if version else {})
            kept = self._prompt.queries.snapshot(self.user, kind, Backend.NEW)
            assert_spliced(kept, read)
            assert kept.kept or not version or kind in self._extreme
            self._shown[kind] = version

    def settle(self) -> None:
        """Let only the schedules run: then everything is displayed and both sides are equal."""
        self.let(sync)
        self.let(sweep)
        assert_shown(self._prompt, self.database, self.user, extreme=self._extreme)
        old, new = (readings(self.database, self.user, side) for side in SIDES)
        assert old == new

    def _happen(self, action: "Action", container: Container) -> None:
        self._note()
        # The instant is taken, or somebody else was faster: nothing is written, and that is right.
        with suppress(ConflictError, NotFoundError):
            action(self, container)
        self._note()

    def _note(self) -> None:
        """Remember the present versions: before and after whatever happens, so that none is missed."""
        for meter in self.database["meters"].find({"userId": self.user}):
            known = EnergyType(meter["type"]), meter["sourceVersion"]
            if known not in self._versions:
                read = self._prompt.queries.full_snapshot(self.user, known[0], Backend.NEW)
                self._versions[known] = calculated(read)
                self._extreme |= {known[0]} if read.readings.decimals > USUAL_DECIMALS else set()

    def _composed(self, database: Database[Any]) -> Container:
        ports = replace(
            timed_ports(database, self.publisher, self.clock.database_time), changes=PromptFeed(database, 20)
        )
        return compose(ports, cast(TokenVerifier, None), self.clock)


Action = Callable[[Household, Container], object]


def sync(_: Household, container: Container) -> None:
    """The sync job's schedule calls."""
    container.operations.sync.run(60)


def sweep(household: Household, container: Container) -> None:
    """The sweeper's schedule calls, after so long that whatever lags has lagged for too long."""
    household.clock.drain()
    delivery.sweep(container)
