"""A meter with more readings than one call may read, and refreshing and comparing it in several calls."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

from pymongo.database import Database

from chalicelib.bootstrap.container import Container, Ports
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.json.canonical import canonical_bytes
from chalicelib.domain.meters.packing import Packed
from chalicelib.domain.readings import DAY_MS, EnergyType, to_datetime
from chalicelib.services.recording.energy_crud import ReadingDraft
from chalicelib.services.refresh.display_check import DisplayCheck
from chalicelib.services.refresh.next_step import NextStep
from chalicelib.services.refresh.refresh import DisplayDataCalculationService, Steps
from tests.integration.refresh.shown import assert_shown

POWER = EnergyType.POWER
START = 1_577_836_800_000  # 2020 begins in UTC
NOW = 1_700_000_000_000
DAYS = 1_000
STEP = 150  # readings
CALLS = -(-DAYS // STEP) + 1  # one begins
CONFIRM = ImportOptions(confirm=True)


def somebody(container: Container) -> str:
    """With a reading a day for almost three years, of which no figure is shown yet."""
    user = uuid4().hex
    import_days(container, user, range(DAYS))
    return user


def import_days(container: Container, user: str, days: range) -> None:
    """The register falls now and then."""
    rows = [f"{to_datetime(START + day * DAY_MS).isoformat()},power,{day * 3 % 2000}" for day in days]
    container.imports.bulk_create(user, "\n".join(["date,type,amount", *rows]).encode(), CONFIRM)


def record(container: Container, user: str, day: int, amount: str = "5000") -> None:
    date = to_datetime(START + day * DAY_MS + 1000).isoformat()
    container.energy.create(user, ReadingDraft(POWER, date, Decimal(amount), confirm=True))


def in_steps(ports: Ports, **more: Any) -> DisplayDataCalculationService:
    """A refresh as a new process does it: one step a call."""
    steps = Steps(ports.packing, STEP, 0.0, NextStep(ports.display, ports.publisher, lambda: NOW))
    return DisplayDataCalculationService(ports.display, ports.queries, lambda: NOW, steps=steps, **more)


def at_once(ports: Ports) -> DisplayDataCalculationService:
    return DisplayDataCalculationService(ports.display, ports.queries, lambda: NOW)


def calls_until_shown(ports: Ports, user: str, between: Callable[[int], None] = lambda _: None) -> int:
    """A process that is killed after each step is no other: nothing is remembered in between."""
    for call in range(1, 5 * CALLS):
        if in_steps(ports).refresh(user, POWER):
            return call
        between(call)
    raise AssertionError("it does not end")


def pack(ports: Ports, user: str) -> None:
    while ports.packing.pack(user, POWER, STEP) is Packed.MORE:
        pass


def meter_of(database: Database[Any], user: str) -> dict[str, Any]:
    return database["meters"].find_one({"_id": f"{user}|power"}) or {}


def stored(database: Database[Any], user: str) -> dict[str, bytes]:
    """What is displayed, byte for byte, and what the next refresh believes."""
    display = {each["_id"]: each["data"] for each in database["display_energy_data"].find({"userId": user})}
    return {key: canonical_bytes(data) for key, data in display.items()} | {
        each["_id"]: each["instants"] + each["amounts"] for each in database["meter_series"].find({"userId": user})
    }


def assert_same_as_at_once(ports: Ports, container: Container, database: Database[Any], user: str) -> None:
    assert_shown(container, database, user)
    shown = stored(database, user)
    container.recalculation.touch(user)
    assert at_once(ports).refresh(user, POWER)
    assert stored(database, user) == shown
    assert len(shown) > 6


def checking(ports: Ports, readings: int = STEP) -> DisplayCheck:
    return DisplayCheck(ports.meters, ports.queries, ports.display, lambda: NOW, at_once=readings)
