"""A census whose processes are killed at their commands asks everybody all the same, and counts nobody twice."""

from typing import Any
from uuid import uuid4

import pytest

from chalicelib.bootstrap.container import Container
from chalicelib.domain.migration.gate.census_records import CensusRun
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.census import MongoCensusRecords
from tests.integration.crashes.crashing import CrashPoint, run

pytestmark = pytest.mark.long

FILE = b"date,type,amount\n2023-01-31,power,1000\n2023-03-20,power,1100.5\n"
PEOPLE = 3
OTHERS = 4  # of the commands in between, which store nothing of the census


def whole(database: Any) -> CensusRun:
    """The census that came to its end; the next run begins another one."""
    found = MongoCensusRecords(database).censuses().finished
    assert found is not None
    database["control"].delete_one({"_id": "gate_census"})
    return found


def test_wherever_a_census_dies_the_next_run_ends_it_and_everybody_counts_once(
    container: Container, migrated: Any, mongodb_uri: str
) -> None:
    for number in range(PEOPLE):
        user = f"person-{number}-{uuid4().hex}"
        container.imports.bulk_create(user, FILE)
        for energy_type in EnergyType:
            container.calculation.refresh(user, energy_type)
    steps = run(mongodb_uri, migrated.name, "take_census", "nobody", None)
    undisturbed = whole(migrated)
    assert (undisturbed.users, undisturbed.is_clean) == (PEOPLE, True)
    saves = [step for step, name in enumerate(steps) if name == "update"]
    assert len(saves) == PEOPLE + 2, "each person, the end, the claim"
    points = {CrashPoint(step, after) for step in saves for after in (False, True)}
    points |= {CrashPoint(step, after=False) for step in range(0, len(steps), len(steps) // OTHERS)}
    for point in sorted(points, key=lambda point: (point.step, point.after)):
        run(mongodb_uri, migrated.name, "take_census", "nobody", point)
        run(mongodb_uri, migrated.name, "take_census", "nobody", None)
        found = whole(migrated)
        assert (found.users, found.tallies) == (PEOPLE, undisturbed.tallies), point
