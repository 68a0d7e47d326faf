"""A census on a real database: one person's bug is found, though nobody came by, whatever dies in between."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.bootstrap.backends import Backends
from chalicelib.bootstrap.comparer import asking, census
from chalicelib.bootstrap.container import Container, Ports, now
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.census_records import CensusRun, Tally
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.database import Collections
from chalicelib.services.migration.gate.census import CensusService, CensusState
from tests.integration.comparison.planted_faults import FAULTS, FaultyBackend

pytestmark = pytest.mark.long

HIDDEN = Pseudonyms(b"a key")
FILE = b"date,type,amount\n2023-01-31,power,1000\n2023-03-20,power,1100.5\n2023-05-31,power,1300\n2023-02-28,gas,17\n"
PEOPLE = 10
CHARTS = Component.MONTHLY_CHARTS


@pytest.fixture
def people(container: Container) -> list[str]:
    """Ten households, the display up to date."""
    users = [f"person-{number}-{uuid4().hex}" for number in range(PEOPLE)]
    for user in users:
        container.imports.bulk_create(user, FILE)
        for energy_type in EnergyType:
            container.calculation.refresh(user, energy_type)
    return users


def service(ports: Ports, container: Container, faulty: str | None = None) -> CensusService:
    """The census, with a fault in the new backend that one person alone meets."""
    new: Any = FaultyBackend(container.new, {faulty: FAULTS["a year shifted"]} if faulty else {})
    both = Backends(container.energy, container.imports, new, container.old)
    return census(asking(both, ports, HIDDEN, now, lambda: "a1"), ports, HIDDEN, now)


def whole(ports: Ports) -> CensusRun:
    found = ports.census.censuses().finished
    assert found is not None
    return found


def test_of_ten_people_the_one_with_a_wrong_figure_is_found_though_nobody_came_by(
    ports: Ports, container: Container, people: list[str], migrated: Any
) -> None:
    assert service(ports, container, people[6]).run(60, 60).state is CensusState.FINISHED
    assert whole(ports).users == PEOPLE
    assert whole(ports).of(CHARTS).different > 0
    assert whole(ports).of(Component.DASHBOARD) == Tally(PEOPLE)
    counted = ports.counted.counted(CHARTS, "a1")
    assert counted.evidence({}, now()).unanswered
    rows = migrated[Collections.COMPARISONS].find({"outcome": "different"})
    assert {row["user"] for row in rows} == {HIDDEN.of("user", people[6])}
    assert migrated[Collections.USAGE].count_documents({}) == 0, "nobody came by"


def test_equal_answers_of_everybody_are_a_clean_census_and_no_rows(
    ports: Ports, container: Container, people: list[str], migrated: Any
) -> None:
    assert service(ports, container).run(60, 60).state is CensusState.FINISHED
    assert whole(ports).is_clean
    assert set(whole(ports).tallies) == set(Component) - {Component.CSV_IMPORT}
    assert whole(ports).of(Component.ENERGY_FORMS) == Tally(len(people) * len(EnergyType))
    assert migrated[Collections.COMPARISONS].count_documents({}) == 0
    assert migrated[Collections.AGREEMENTS].count_documents({}) == 0


def test_a_run_that_dies_after_a_range_is_gone_on_with_and_counts_everybody_once(
    ports: Ports, container: Container, people: list[str]
) -> None:
    class Dying:
        """Dies at every third save: half of the times before, half of them after it was written."""

        def __init__(self) -> None:
            self.saves = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(ports.census, name)

        def save(self, *given: Any) -> bool:
            self.saves += 1
            done = self.saves % 6 == 3 or ports.census.save(*given)
            if self.saves % 3 == 0:
                raise MemoryError
            return bool(done)

        def release(self, _: Any) -> None:
            """Who dies releases nothing."""

    records: Any = Dying()
    taking = service(replace(ports, census=records), container)
    for _ in range(40):
        try:
            if taking.run(60, 0).state is CensusState.FINISHED:
                break
        except MemoryError:
            continue
    assert records.saves > PEOPLE
    assert (whole(ports).users, whole(ports).of(Component.DASHBOARD)) == (PEOPLE, Tally(PEOPLE))


@pytest.mark.parametrize(
    "damaged",
    [{"running": {"code": 5}}, {"finished": "yesterday"}, {"tries": "many", "claimedUntil": "soon", "token": 7}],
)
def test_what_nobody_can_read_of_a_census_begins_anew(
    ports: Ports, container: Container, migrated: Any, damaged: dict[str, Any]
) -> None:
    container.imports.bulk_create(f"person-{uuid4().hex}", FILE)
    migrated[Collections.CONTROL].insert_one({"_id": "gate_census", **damaged})
    assert service(ports, container).run(60, 60).state is CensusState.FINISHED
    assert whole(ports).users == 1
