"""Cases for a process that is killed on the way: a write or a job, and the functions that its events call."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast
from zoneinfo import ZoneInfo

from pymongo.database import Database

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.backends import backends
from chalicelib.bootstrap.comparer import asking, census
from chalicelib.bootstrap.container import (
    Container,
    compose,
    now,
)
from chalicelib.bootstrap.operations import shell_ports
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.ports.values import PageRequest, ReadingFilter, UserSettings
from chalicelib.domain.readings import EnergyType
from chalicelib.events.eventbridge import EventBridgePublisher
from chalicelib.repositories.figures import MongoRolloutFigures
from chalicelib.repositories.register import MongoMeterRegister
from chalicelib.services.recording.configuration import ExchangeDraft, Register
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft
from chalicelib.services.refresh.refresh import DisplayDataCalculationService, Steps
from chalicelib.services.refresh.replay import ReplayService
from tests.fakes.bus import FakeBus
from tests.integration.repositories.database_time import timed_ports
from tests.integration.two_at_once.delivery import deliver

POWER = EnergyType.POWER
NOW = 1_700_000_000_000  # 2023-11-14T22:13:20Z
FILE = b"date,type,amount\n2019-05-31,power,900\n2022-06-30,power,1600\n2022-06-30,gas,20\n"
CORRECTED = b"date,type,amount\n2022-01-31,power,1105\n2023-06-30,power,1600\n2022-03-31,gas,25\n"
CONFIRM = ImportOptions(confirm=True)
REPLACE = ImportOptions(on_conflict="replace", confirm=True)


@dataclass(frozen=True)
class Scene:
    """Who does it, on what."""

    container: Container
    database: Database[Any]
    publisher: EventBridgePublisher
    user: str


def create(scene: Scene) -> None:
    scene.container.energy.create(scene.user, ReadingDraft(POWER, "2023-04-30", Decimal("1400.5")))


def update(scene: Scene) -> None:
    """The only reading of its year moves between two of another one."""
    first = scene.container.new.page(scene.user, PageRequest(ReadingFilter(POWER), False, 0))[0]
    correction = ReadingCorrection(date="2022-02-14", amount=Decimal("1125.25"))
    scene.container.energy.update(scene.user, first.id, correction)


def delete(scene: Scene) -> None:
    """The only reading of its year goes."""
    scene.container.energy.delete(
        scene.user, scene.container.new.page(scene.user, PageRequest(ReadingFilter(POWER), False, 0))[0].id
    )


def import_file(scene: Scene) -> None:
    scene.container.imports.bulk_create(scene.user, FILE, CONFIRM)


def replace_file(scene: Scene) -> None:
    """A file with other amounts of known days, and a day more."""
    scene.container.imports.bulk_create(scene.user, CORRECTED, REPLACE)


def undo_import(scene: Scene) -> None:
    """The same file is taken back."""
    history = scene.container.import_history
    [corrected] = [record for record in history.page(scene.user, 9) if record.replaced]
    history.undo(scene.user, corrected.id)


def exchange(scene: Scene) -> None:
    scene.container.configuration.add_exchange(scene.user, ExchangeDraft(POWER, "2022-02-14T12:00Z", Decimal(1125)))


def settings(scene: Scene) -> None:
    registers = {POWER: Register(Decimal(100000)), EnergyType.GAS: Register()}
    scene.container.configuration.change(scene.user, UserSettings(ZoneInfo("America/New_York")), registers)


def newcomer(scene: Scene) -> None:
    """The first thing that anybody hears of this person."""
    create(scene)


def sweeper(scene: Scene) -> None:
    """Its refreshes: what it compares afterwards writes nothing that anybody is shown."""
    scene.container.operations.sweeper.run(60)


def rebuild(scene: Scene) -> None:
    scene.container.operations.rebuild.rebuild(scene.user)


def in_steps(scene: Scene) -> None:
    """A refresh of the whole meter, whose steps read three readings each and are a transaction each."""
    ports = timed_ports(scene.database, scene.publisher, lambda _: NOW)
    [meter] = scene.container.recalculation.touch(scene.user, [POWER])
    steps = Steps(ports.packing, 3)
    calculation = DisplayDataCalculationService(ports.display, ports.queries, scene.container.clock, steps=steps)
    calculation.refresh(scene.user, POWER, meter.source_version)


def replay(scene: Scene) -> None:
    """Of whole meters: each is marked as changed, and its event is published."""
    register = MongoMeterRegister(scene.database, 20)
    service = ReplayService(register, scene.container.recalculation, scene.publisher.send, scene.container.clock)
    service.replay(scene.user, whole=True)


def unknown_event(scene: Scene) -> None:
    """An event of a version that the function does not know."""
    detail = {"version": 2, "userId": scene.user, "meters": "something else by now"}
    deliver(scene.container, {"id": "2", "detail-type": "UserSettingsChanged", "detail": detail})


def erase(scene: Scene) -> None:
    """Everything that is kept of the person goes."""
    scene.container.erasure.erase(scene.user, 60)


def fold(scene: Scene) -> None:
    """Rows of the usage log are added up, in several transactions."""
    figures = MongoRolloutFigures(scene.database, 20, rows_at_once=100)
    while figures.fold(now()):
        pass


def take_census(scene: Scene) -> None:
    """Everybody is asked; a claim ends at once, so that nobody waits for who was killed."""
    ports, hidden = shell_ports(scene.database), Pseudonyms(b"the same key in every process")
    asked = asking(backends(ports, now), ports, hidden, now, lambda: "a1")
    census(asked, ports, hidden, now).run(60, 0)


Case = Callable[[Scene], None]
FILES: dict[str, Case] = {case.__name__: case for case in (import_file, replace_file, undo_import)}
WRITES: dict[str, Case] = {
    **{case.__name__: case for case in (create, update, delete, exchange, settings, newcomer)},
    **FILES,
}
JOBS: dict[str, Case] = {case.__name__: case for case in (sweeper, rebuild, replay, unknown_event)}
ENDS: dict[str, Case] = {
    "erase": erase,
    "fold": fold,
    "take_census": take_census,
    "in_steps": in_steps,
}
CASES = {**WRITES, **JOBS, **ENDS}


def play(case: str, bus: FakeBus, database: Database[Any], user: str) -> None:
    """The whole path, up to the last function that an event of it calls."""
    publisher = EventBridgePublisher(lambda: bus.client, "energy")
    container = compose(timed_ports(database, publisher, lambda _: NOW), cast(TokenVerifier, None), lambda: NOW)
    CASES[case](Scene(container, database, publisher, user))
    for envelope in bus.delivered():
        deliver(container, envelope)
