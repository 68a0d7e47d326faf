"""People who read their meters, an operator's shell, and the ledger of all that was acknowledged."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any, cast

from bson import ObjectId
from pymongo.database import Database

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import compose, mongo_ports, now
from chalicelib.domain.errors import DuplicateReadingError, UnavailableError
from chalicelib.domain.ports.values import PageRequest, ReadingFilter
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.database import open_database
from chalicelib.services.components.energy_backend import EnergyBackend
from chalicelib.services.display.display import Timeline
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft
from infra.simulation.memory.publisher import FakePublisher
from migrations import runner
from tests.integration.damage.commands import Said, Shell, differences, disagreement
from tests.integration.damage.damages import Damage
from tests.integration.damage.independent import compare, control_of, held
from tests.integration.damage.stored import NEW, OLD, Reading, plain

USERS = ("ann", "bob")
FIRST_DAY = datetime(2022, 1, 31, tzinfo=UTC)


class Ledger:
    """Every reading that was acknowledged and that its person has not deleted since."""

    def __init__(self, database: Database[Any]) -> None:
        self._database = database
        self.readings: dict[ObjectId, Reading] = {}

    def gone(self) -> dict[ObjectId, Reading]:
        """What neither side has, nor what repair keeps."""
        there = held(self._database, self.readings)
        return {key: reading for key, reading in self.readings.items() if key not in there}

    def damaged(self) -> None:
        """What a damage has destroyed, because it was the only document that held it, nobody can ask for."""
        for key in self.gone():
            del self.readings[key]


@dataclass
class Household:
    """A database of its own, and those who act on it."""

    uri: str
    database: Database[Any]
    ledger: Ledger = field(init=False)
    shell: Shell = field(init=False)

    def __post_init__(self) -> None:
        self.raw = plain(self.database)
        self.ledger = Ledger(self.database)
        self.shell = Shell(self.database, self.uri)
        self._container = compose(mongo_ports(self.database, FakePublisher()), cast(TokenVerifier, None), now)
        self._minutes = count()

    @classmethod
    @contextmanager
    def new(cls, uri: str, name: str) -> Iterator["Household"]:
        """A migrated database that writes both sides; nothing of it remains."""
        database = open_database(uri, name)
        try:
            runner.up(database)
            yield cls(uri, database)
        finally:
            database.client.drop_database(name)
            database.client.close()

    def create(self, user: str, kind: str, day: int, amount: Decimal) -> None:
        """A person writes a reading; no two have the same instant. Raises EnergyMonitorError where that is refused."""
        date = FIRST_DAY + timedelta(days=day, minutes=next(self._minutes))
        draft = ReadingDraft(EnergyType(kind), date.isoformat(), amount, confirm=True)
        try:
            key = self._container.energy.create(user, draft).reading.id
        except DuplicateReadingError:
            there = {"userId": user, "type": kind, "date": date}
            assert self.raw[OLD].find_one(there) or self.raw[NEW].find_one(there), f"there is no other reading: {there}"
            raise
        self.ledger.readings[ObjectId(key)] = Reading(user, kind, date, Fraction(amount))

    def correct(self, which: int, amount: Decimal) -> None:
        """A person corrects one of the acknowledged readings. Raises EnergyMonitorError."""
        if key := self._known(which):
            before = self.ledger.readings[key]
            self._container.energy.update(before.user, str(key), ReadingCorrection(amount=amount, confirm=True))
            self.ledger.readings[key] = before._replace(amount=Fraction(amount))

    def delete(self, which: int) -> None:
        """A person deletes one of them. Raises EnergyMonitorError."""
        if key := self._known(which):
            self._container.energy.delete(self.ledger.readings[key].user, str(key))
            del self.ledger.readings[key]

    def suffer(self, damage: Damage, which: int = 0) -> bool:
        """Something is damaged; whether there was anything that could be."""
        done = damage(self.database, which)
        self.ledger.damaged()
        return done

    def read(self) -> None:
        """Everybody looks at everything, by either backend: nothing but an unreadable mode is an excuse."""
        broken = control_of(self.raw)[2]
        for user in USERS:
            for kind in EnergyType:
                for backend in cast("tuple[EnergyBackend, ...]", (self._container.old, self._container.new)):
                    try:
                        _look(backend, user, kind)
                    except UnavailableError:
                        assert broken, "the database is there"

    def consistent(self, user: str, kind: str, year: int) -> Any:
        """The months of a year, every acknowledged write included."""
        return dict(self._container.new.monthly(user, EnergyType(kind), year, consistent=True).data)

    def mend(self, *, leave_old_only: bool = False) -> list[Said]:
        """What an operator does at last: bring the mode back if need be, catch up, repair, rebuild.

        ``leave_old_only``: write both sides again, so that there is something to compare.
        """
        return list(self._mending(leave_old_only))

    def _mending(self, leave_old_only: bool) -> Iterator[Said]:
        if control_of(self.raw)[2]:
            yield self.shell.recover()
        if leave_old_only and control_of(self.raw)[0] == "old_only":
            yield self.shell.set_mode("dual_write")
        mode, catching_up, _ = control_of(self.raw)
        if catching_up:
            yield self.shell.sync()
        if leave_old_only:
            yield self.shell.migrate()  # what was reverted on the way
        yield self.shell.repair()
        if mode == "dual_write" and self._differs():
            yield self.shell.repair_from_new()
        if mode != "old_only":
            yield self.shell.rebuild()

    def _differs(self) -> bool:
        said = self.shell.verify()
        return said.document is not None and differences(said) > 0

    def _known(self, which: int) -> ObjectId | None:
        known = sorted(self.ledger.readings)
        return known[which % len(known)] if known else None

    def unmended(self) -> str | None:
        """What is wrong after all; None: nothing."""
        compared, said = compare(self.database), self.shell.verify()
        if not compared.clean or said.document is None or differences(said):
            return f"still wrong: {compared.control or compared.differences}; {said}"
        return disagreement(said, compared)


def _look(backend: EnergyBackend, user: str, kind: EnergyType) -> None:
    for reading in backend.page(user, PageRequest(ReadingFilter(type=kind), descending=False, limit=100)):
        backend.reading(user, reading.id)
    for consistent in (False, True):
        backend.monthly(user, kind, 2022, consistent=consistent)
        backend.histogram(user, kind, Timeline(), consistent=consistent)
        backend.summary(user, kind, consistent=consistent)


def settled(household: Household, mode: str) -> None:
    """Two people with three meters and a history, in a mode; everything is displayed."""
    for month in range(8):
        household.create("ann", "power", 60 * month, Decimal(1000 + 100 * month))
        household.create("ann", "gas", 61 * month, Decimal(300 + 20 * month) + Decimal("0.5"))
    for month in range(3):
        household.create("bob", "power", 50 * month, Decimal(10 + month))
    for next_mode in {"old_only": ("old_only",), "dual_write": ("new_only", "dual_write"), "new_only": ("new_only",)}[
        mode
    ]:
        said = household.shell.set_mode(next_mode)
        assert said.code == 0, said
        household.create("ann", "power", 500, Decimal(2500))
        household.create("bob", "power", 300, Decimal(50))
    if mode == "dual_write":
        assert household.shell.sync().code == 0
    household.shell.sweep()
