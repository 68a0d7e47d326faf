"""Replay on a real MongoDB: which meters it is about, and that it may be done any number of times."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from pymongo.database import Database

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, compose, mongo_ports, now
from chalicelib.bootstrap.replay import shell_replay
from chalicelib.domain.events.contracts import EnergyEvent, MeterRefreshRequested
from chalicelib.domain.meters.register import RegisteredMeter
from chalicelib.domain.ports.values import PageRequest, ReadingFilter, UserSettings
from chalicelib.domain.readings import EnergyType
from chalicelib.monitoring.metrics import flush, metrics
from chalicelib.repositories import register
from chalicelib.repositories.database import open_database
from chalicelib.repositories.register import MongoMeterRegister
from chalicelib.services.recording.configuration import ExchangeDraft, Register
from chalicelib.services.recording.energy_crud import ReadingDraft
from chalicelib.services.refresh import replay
from chalicelib.services.refresh.replay import Replayed, ReplayService
from infra.simulation.memory.publisher import FakePublisher
from tests.integration.repositories.explaining import WITHOUT_INDEX, Commands, explained, fill

POWER, GAS = EnergyType.POWER, EnergyType.GAS
LATER = 60_000  # one minute
FILE = b"date,type,amount\n2021-05-01,power,5000\n2023-05-02,power,5001\n2023-05-01,gas,70\n"
WRITES: dict[str, Callable[[Container, str], object]] = {
    "a reading": lambda container, user: container.energy.create(
        user, ReadingDraft(POWER, "2023-01-01", Decimal("5000.5"))
    ),
    "a delete": lambda container, user: container.energy.delete(user, reading_of(container, user)),
    "an exchange": lambda container, user: container.configuration.add_exchange(
        user, ExchangeDraft(POWER, "2023-06-01", Decimal(9000))
    ),
    "settings": lambda container, user: container.configuration.change(
        user, UserSettings(ZoneInfo("UTC")), {POWER: Register(), GAS: Register()}
    ),
    "an import": lambda container, user: container.imports.bulk_create(
        user, b"date,type,amount\n2022-01-01,power,5000.2\n"
    ),
}


@dataclass
class System:
    """A migrated database with its use cases; ``clock`` moves only when a test moves it."""

    database: Database[Any]
    time: int = field(default_factory=now)
    sent: list[EnergyEvent] = field(default_factory=list)
    refusing: int = 0
    refusals: list[int] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        ports = mongo_ports(self.database, FakePublisher())
        self.container = compose(ports, cast(TokenVerifier, None), lambda: self.time)
        self.replaying = ReplayService(
            MongoMeterRegister(self.database, 20),
            self.container.recalculation,
            self.send,
            lambda: self.time,
            self.pauses.append,
        )

    def send(self, events: Sequence[EnergyEvent]) -> Sequence[EnergyEvent]:
        """``refusing``: how many events of a call the bus does not take, or ``refusals`` call by call."""
        refused = self.refusals.pop(0) if self.refusals else self.refusing
        self.sent.extend(events[refused:])
        return events[:refused]

    def household(self) -> str:
        """A user with two meters, both shown."""
        user = uuid4().hex
        self.container.imports.bulk_create(user, FILE)
        self.refresh(user)
        return user

    def refresh(self, user: str) -> list[bool]:
        return [self.container.calculation.refresh(user, kind) for kind in EnergyType]

    def deliver(self) -> int:
        """Do what the handlers do with the events; returns how many refreshed something."""
        events = cast(list[MeterRefreshRequested], self.sent)
        done = [
            self.container.calculation.refresh(event.user_id, event.meter.type, event.meter.source_version)
            for event in events
        ]
        self.sent = []
        return sum(done)

    def since(self, instant: int) -> set[tuple[str, EnergyType]]:
        """The meters that a replay since then is about."""
        found = MongoMeterRegister(self.database, 20).meters(since=instant)
        return {(meter.user_id, meter.type) for meter in found}


@pytest.fixture
def system(migrated: Database[Any]) -> System:
    return System(migrated)


def reading_of(container: Container, user: str) -> str:
    return container.new.page(user, PageRequest(ReadingFilter(POWER), False, 0))[0].id


def test_an_event_is_sent_for_each_meter_with_its_version(system: System) -> None:
    user, _ = system.household(), system.household()
    assert system.replaying.replay(user) == Replayed(meters=2)
    events = cast(list[MeterRefreshRequested], system.sent)
    assert {(event.user_id, event.meter.type, event.meter.source_version) for event in events} == {
        (user, POWER, 1),
        (user, GAS, 1),
    }
    system.sent = []
    assert system.replaying.replay() == Replayed(meters=4)
    assert len(system.sent) == 4


def test_nobody_is_nobody(system: System) -> None:
    system.household()
    assert system.replaying.replay("stranger", whole=True) == Replayed(0)
    assert not system.sent


def test_a_meter_that_lags_is_refreshed_and_one_that_does_not_stays_as_it_is(system: System) -> None:
    user = system.household()
    system.container.energy.create(user, ReadingDraft(POWER, "2023-01-01", Decimal(5000)))
    system.replaying.replay(user)
    assert system.deliver() == 1
    system.replaying.replay(user)
    system.replaying.replay(user)
    assert system.deliver() == 0


def test_whole_meters_are_calculated_anew_whatever_is_stored(system: System) -> None:
    user = system.household()
    before = list(system.database["display_energy_data"].find({"userId": user}, {"data": 1}, sort=[("_id", 1)]))
    system.database["display_energy_data"].update_many({"userId": user}, {"$set": {"data": {"damaged": True}}})
    for _ in range(2):
        system.replaying.replay(user, whole=True)
    assert system.deliver() == 2
    after = list(system.database["display_energy_data"].find({"userId": user}, {"data": 1}, sort=[("_id", 1)]))
    assert after == before


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("refreshed", [True, False])
def test_since_an_instant_means_every_meter_written_to_from_then_on(
    system: System, write: str, *, refreshed: bool
) -> None:
    user, resting = system.household(), system.household()
    system.time += LATER
    WRITES[write](system.container, user)
    if refreshed:
        system.refresh(user)
    assert (user, POWER) in system.since(system.time)
    assert not {(resting, POWER), (resting, GAS)} & system.since(system.time)
    if refreshed:
        assert not system.since(system.time + 1)
    assert {user, resting} <= {owner for owner, _ in system.since(system.time - LATER)}


def test_what_the_bus_does_not_take_is_sent_again_with_growing_pauses(system: System) -> None:
    system.household()
    system.refusals = [2, 1, 1, 0]
    assert system.replaying.replay() == Replayed(meters=2)
    assert len({(event.user_id, cast(MeterRefreshRequested, event).meter.type) for event in system.sent}) == 2
    assert system.pauses == [1.0, 2.0, 4.0]


def test_what_the_bus_never_takes_is_named_in_bounded_time(system: System) -> None:
    user = system.household()
    system.refusing = 1
    done = system.replaying.replay()
    assert (done.meters, done.left) == (2, (f"{user}|gas",))
    assert system.pauses == [1.0, 2.0, 4.0, 8.0, 16.0]


def test_a_damaged_meter_is_replayed_and_mended(system: System) -> None:
    user = system.household()
    damaged = {"sourceVersion": "x", "userId": "somebody", "type": "water"}
    system.database["meters"].update_one({"_id": f"{user}|power"}, {"$set": damaged})
    assert (user, POWER) in system.since(system.time)
    assert system.replaying.replay(user) == Replayed(meters=2)
    assert system.deliver() == 1
    assert not system.container.display.summary(user, POWER).state.stale


def test_a_shell_counts_nothing_because_metrics_are_lines_on_its_standard_output(
    system: System, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Down:
        def put_events(self, **_: Any) -> None:
            raise OSError("the bus is down")

    system.household()
    metrics().clear_metrics()
    monkeypatch.setattr(replay, "PAUSES_SECONDS", ())
    assert shell_replay(system.database, cast(Any, Down()), "energy").replay().unsent == 2
    flush()
    assert '"_aws"' not in capsys.readouterr().out


def test_all_meters_are_found_page_by_page_in_a_bounded_number_of_events_at_once(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "AT_ONCE", 7)
    meters = [{"userId": f"u{number}", "type": "gas", "sourceVersion": number} for number in range(1, 121)]
    system.database["meters"].insert_many([{**meter, "_id": f"{meter['userId']}|gas"} for meter in meters])
    system.database["meters"].insert_one({"_id": "u1|heat", "userId": "u1", "type": "heat", "sourceVersion": 1})
    seen: list[int] = []
    assert system.replaying.replay(progress=lambda done: seen.append(done.meters)) == Replayed(meters=120)
    assert seen == [50, 100, 120]
    events = cast(list[MeterRefreshRequested], system.sent)
    assert {event.user_id: event.meter.source_version for event in events} == {f"u{n}": n for n in range(1, 121)}


def test_the_register_reads_by_indexes(mongodb_uri: str, migrated: Database[Any]) -> None:
    user = uuid4().hex
    fill(migrated, user)
    commands = Commands()
    watched = open_database(mongodb_uri, migrated.name, commands)
    meters = MongoMeterRegister(watched, 20)
    assert set(meters.meters(user)) == {RegisteredMeter(user, POWER, 1), RegisteredMeter(user, GAS, 1)}
    assert len(list(meters.meters())) == 42
    assert not [meter for meter in meters.meters(since=now()) if meter.user_id != user]
    watched.client.close()
    for command in commands.seen:
        found = explained(migrated, command)
        assert found, command
        assert not WITHOUT_INDEX & set(found), (command, found)
