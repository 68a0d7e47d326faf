"""Faults chosen by seed are found, exactly these and no others, while people go on writing."""

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from random import Random
from time import monotonic
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import Container, Ports, now
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.migration.records.comparison_log import ComparisonResult, Outcome
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.database import time_limit
from chalicelib.services.migration.comparison.asking import RecordedComparison
from chalicelib.services.migration.comparison.compare_backends import BackendComparison
from chalicelib.services.migration.comparison.runs import BackendComparer
from chalicelib.services.recording.energy_crud import ReadingDraft
from infra.local.waiting import wait_until
from tests.depth import depth
from tests.integration.comparison.planted_faults import FAULTS, POWER, FaultyBackend, Place

HIDDEN = Pseudonyms(b"a key")
PEOPLE, PLANTED = depth(5, 8), 4
WRITERS, WRITES_PER_SECOND = depth(3, 5), 50
# Measured, interpolated and extrapolated months in both types; no month of one looks like a month of the other.
FILE = b"""date,type,amount
2022-12-31,power,900
2023-01-31,power,1000
2023-03-20,power,1100.5
2023-05-31,power,1300
2022-11-30,gas,10
2023-01-10,gas,17
2023-02-28,gas,41.5
2023-04-07,gas,80
"""


def comparer(ports: Ports, container: Container, new: Any, chance: Random) -> BackendComparer:
    """The comparer with another new backend; it knows nothing of faults."""
    comparison = BackendComparison({Backend.OLD: container.old, Backend.NEW: new}, ports.display, time_limit, chance)
    asking = RecordedComparison(comparison, ports.comparisons, ports.counted, HIDDEN, now, lambda: "code")
    return BackendComparer(
        *(asking, ports.comparisons, ports.counted, ports.feedback, ports.queries, ports.known_users),
        HIDDEN,
        now,
        chance,
    )


def household(container: Container, user: str) -> None:
    container.imports.bulk_create(user, FILE)
    for energy_type in EnergyType:
        container.calculation.refresh(user, energy_type)


@dataclass
class Pace:
    """Writes that are due since the first one, and those that are done."""

    begun: float = field(default_factory=monotonic)
    done: list[int] = field(default_factory=list)

    def moment(self, number: int) -> float:
        """When a write is due."""
        return self.begun + number / WRITES_PER_SECOND

    def between(self, seen: Iterator[ComparisonResult]) -> Iterator[ComparisonResult]:
        """Comparisons with a write of everybody's in between: on a slow machine they would be through before these."""
        for each in seen:
            due = len(self.done) + WRITERS
            assert wait_until(lambda due=due: len(self.done) >= due, 60), f"nobody writes: {self}"  # type: ignore[misc]
            yield each

    def __str__(self) -> str:
        seconds = monotonic() - self.begun
        return f"{len(self.done)} writes in {seconds:.1f} s: {len(self.done) / seconds:.1f} a second"


@contextmanager
def writing(container: Container, users: list[str]) -> Iterator[Pace]:
    """People who write fifty times a second, refreshed as events would have it, as long as the block runs."""
    ends, numbers, pace = threading.Event(), count(), Pace()

    def write() -> None:
        while not ends.wait(max(0.0, pace.moment(number := next(numbers)) - monotonic())):
            user = users[number % len(users)]
            date = f"2023-06-{1 + number % 28:02}T{number % 24:02}:{number % 60:02}:{number // 60 % 60:02}Z"
            container.energy.create(user, ReadingDraft(POWER, date, Decimal(2000), confirm=True))
            container.calculation.refresh(user, POWER)
            pace.done.append(number)

    with ThreadPoolExecutor(WRITERS) as threads:
        writers = [threads.submit(write) for _ in range(WRITERS)]
        try:
            yield pace
        finally:
            ends.set()
        for writer in writers:
            writer.result()


@pytest.mark.long
@pytest.mark.parametrize("seed", range(depth(1, 10)))
def test_planted_faults_are_found_and_nothing_else_while_people_write(
    seed: int, ports: Ports, container: Container, migrated: Database[Any]
) -> None:
    chance = Random(seed)
    users = [f"user-{number}" for number in range(PEOPLE)]
    for user in users:
        household(container, user)
    faults = dict(zip(chance.sample(users, PLANTED), chance.sample(sorted(FAULTS), PLANTED), strict=True))
    for user, name in faults.items():
        FAULTS[name].plant(Place(migrated, ports, container, user))
    wrong = FaultyBackend(container.new, {user: FAULTS[name] for user, name in faults.items()})
    asking = comparer(ports, container, wrong, chance)
    with writing(container, [*users, *(f"{user}-neighbour" for user in users)]) as pace:
        seen = [each for user in users for each in pace.between(asking.of_user(user))]
        sys.stdout.write(f"{pace}\n")
    found = {(each.request.user_id, each.request.component) for each in seen if each.outcome is Outcome.DIFFERENT}
    assert found == {(user, FAULTS[name].component) for user, name in faults.items()}
    assert {each.outcome for each in seen} <= {Outcome.EQUAL, Outcome.DIFFERENT, Outcome.LAG}
    assert sum(each.outcome is Outcome.EQUAL for each in seen) > len(seen) / 2
    reported = {(group.component, group.place) for group in asking.report(0).groups}
    for name in faults.values():
        assert reported & FAULTS[name].places, f"{name} is reported"
    assert reported <= {place for name in faults.values() for place in FAULTS[name].places}


def test_every_fault_of_the_list_is_found_and_without_faults_nothing_is(
    ports: Ports, container: Container, migrated: Database[Any]
) -> None:
    household(container, "nobody-s-fault")
    for name in FAULTS:
        household(container, name)
        FAULTS[name].plant(Place(migrated, ports, container, name))
    wrong = FaultyBackend(container.new, FAULTS)
    seen = list(comparer(ports, container, wrong, Random(1)).of_everybody())
    found = {(each.request.user_id, each.request.component) for each in seen if each.outcome is Outcome.DIFFERENT}
    assert found == {(name, fault.component) for name, fault in FAULTS.items()}
    assert {each.outcome for each in seen} == {Outcome.EQUAL, Outcome.DIFFERENT}
