"""What runs by schedule looks at a bounded number of documents, among ten thousand users as among ten.

Each command that the scheduled functions send is explained, with how many keys and documents the server looked at. What
grows with the users is listed here with its reason; a line that nothing needs any more fails too.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest
from bson.decimal128 import Decimal128
from pymongo.database import Database

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, compose, mongo_ports, now
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.errors import ComparisonError
from chalicelib.domain.meters.fan_out import FanOut
from chalicelib.domain.meters.walks import Walk
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.control import sync_document
from chalicelib.repositories.database import open_database
from chalicelib.repositories.fan_out import MongoFanOutRecords
from infra.simulation.memory.fan_out import FakeRangeQueue
from infra.simulation.memory.publisher import FakePublisher
from tests.integration.repositories.explaining import Commands, Plan, explanation

USERS = 10_000
LAGGING, OUTDATED = 30, 30
BOUND = 2_500  # keys or documents of one command
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
COUNTED = "people who were seen are counted by an index, for the gate's figures: a key each"
GROWING = {
    "aggregate usage_people $match(at,component) $group(_id,n)": COUNTED,
    "aggregate usage_people $match(atOnNew,component) $group(_id,n)": COUNTED,
    "aggregate usage_people $match(component,documentVersion) $group(_id,n)": COUNTED,
    "aggregate usage_people $match(component,documentVersion,inside) $group(_id,n)": COUNTED,
}


@pytest.fixture
def crowd(migrated: Database[Any]) -> Database[Any]:
    """``USERS`` users with a power meter and a reading on each side, displayed; a few lag, or are outdated."""
    names = [f"user-{number:05}" for number in range(USERS)]
    reading = {"type": "power", "date": LONG_AGO, "amount": Decimal128(Decimal(5)), "createdAt": LONG_AGO}
    for side in ("energies", "source_energy_readings"):
        migrated[side].insert_many([{"_id": f"{name}-r", "userId": name, **reading} for name in names])
    shown = {"type": "power", "dataType": "summary", "year": None, "sourceVersion": 1, "calculatedAt": LONG_AGO}
    view = f"power|summary|-|c{CALCULATION_VERSION}"
    migrated["display_energy_data"].insert_many(
        [{"_id": f"{name}|{view}", "userId": name, **shown, "data": {}, "calculationVersion": 2} for name in names]
    )
    migrated["meters"].insert_many([meter(name, number) for number, name in enumerate(names)])
    seen = {"component": "dashboard", "at": datetime.now(UTC), "atOnNew": datetime.now(UTC)}
    seen |= {"documentVersion": "v1", "inside": True, "foldedAt": datetime.now(UTC)}
    people = [{"_id": f"dashboard|{number}", "user": f"{number}", **seen} for number in range(USERS)]
    migrated["usage_people"].insert_many(people)
    mode = sync_document(SyncMode.DUAL_WRITE, 0)
    migrated["control"].replace_one({"_id": "sync_mode"}, mode, upsert=True)
    divided(migrated)
    return migrated


def divided(database: Database[Any]) -> None:
    """A walk that was begun by workers who are gone, among what is left of many others."""
    records, begun = MongoFanOutRecords(database), now()
    walk = FanOut(Walk.REBUILD, "a1", begun, 0, SyncMode.DUAL_WRITE, "", begun, (("user-05000", EnergyType.POWER),))
    records.begin(walk)
    records.claim(walk, 0, 0)
    left = {"number": 0, "findings": [], "done": False}
    database["control"].insert_many([{"_id": f"fan_out:rebuild:b2:{number:06}", **left} for number in range(USERS)])


def meter(name: str, number: int) -> dict[str, Any]:
    clean = {"_id": f"{name}|power", "userId": name, "type": "power", "sourceVersion": 1, "displayVersion": 1}
    mark = {"version": 1, "calculation": CALCULATION_VERSION - (LAGGING <= number < LAGGING + OUTDATED)}
    if number >= LAGGING:
        return {**clean, "series": mark}
    dirty = dict.fromkeys(("dirtyFrom", "dirtyTo"), LONG_AGO)
    return {**clean, "series": mark, "sourceVersion": 2, **dirty, "dirtySince": LONG_AGO + timedelta(seconds=number)}


def run_what_is_scheduled(container: Container) -> None:
    """Each function once, with a second of time where it takes one."""
    container.operations.consistency.verify_by_schedule(0)
    container.operations.fan_out.send_lost()
    container.operations.sweeper.run(1)
    container.operations.sync.run(0)
    for run in (lambda: container.comparer.run(0), lambda: container.census.run(0, 60)):
        with suppress(ComparisonError):
            run()
    container.flags.carrier.run(1)
    container.flags.carrier.stopped()
    container.gauges.read()
    container.folding.fold(1)
    container.erasure.run(1)


def test_what_is_scheduled_looks_at_no_more_than_it_takes_among_ten_thousand_users(
    mongodb_uri: str, crowd: Database[Any]
) -> None:
    commands = Commands()
    watched = open_database(mongodb_uri, crowd.name, commands)
    queue = FakeRangeQueue()
    ports = mongo_ports(watched, FakePublisher(), queue)
    run_what_is_scheduled(compose(ports, cast(TokenVerifier, None), now))
    assert [task.number for task in queue.sent] == [0, 1]
    assert ports.figures.figures(Component.DASHBOARD, 0).people == USERS
    assert ports.figures.share(Component.DASHBOARD, "v1").people == USERS
    watched.client.close()
    asked = {str(Plan(command, frozenset())): command for command in commands.seen if not is_stream(command)}
    looks = {name: looked_at(crowd, command) for name, command in asked.items()}
    assert "find meters _id limit 2000" in looks, "the census asks who there is, up to its number, page by page"
    assert {name for name, look in looks.items() if look > BOUND} == GROWING.keys()


def is_stream(command: dict[str, Any]) -> bool:
    return "$changeStream" in next(iter(command.get("pipeline", [])), {})


def looked_at(database: Database[Any], command: dict[str, Any]) -> int:
    """How many keys and documents, at most, a stage of any depth looked at."""
    return max(_looks(explanation(database, command, "executionStats")), default=0)


def _looks(answer: Any) -> list[int]:
    if isinstance(answer, dict):
        here = [value for key, value in answer.items() if key in ("totalKeysExamined", "totalDocsExamined")]
        return here + [look for value in answer.values() for look in _looks(value)]
    if isinstance(answer, list):
        return [look for value in answer for look in _looks(value)]
    return []
