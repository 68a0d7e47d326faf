"""Which reads the comparer picks: a bounded share of the latest of each component, and all where there are few."""

from collections import Counter
from random import Random
from typing import Any, cast

import pytest

from chalicelib.bootstrap import Ports
from chalicelib.domain.rollout.comparison_log import ComparisonResult, Outcome, Request
from chalicelib.domain.rollout.decision import FORCED_OLD, Component
from chalicelib.domain.rollout.pseudonyms import Pseudonyms
from chalicelib.domain.rollout.usage import BackendUsage
from chalicelib.services.comparison.runs import AT_LEAST, FIRST_LOOK_MS, LATEST, BackendComparer
from tests.fakes.publisher import FakePublisher
from tests.fakes.sides import FakeSides, fake_ports
from tests.fakes.store import FakeStore

NOW = 1_700_000_000_000
TABLE, CHARTS = Component.ENERGY_TABLE, Component.MONTHLY_CHARTS


class EqualBackends:
    """Answers are always equal; remembers who was asked for."""

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def compare_backends(self, request: Request) -> ComparisonResult:
        self.asked.append(request)
        return ComparisonResult(request, Outcome.EQUAL)


@pytest.fixture
def backends() -> EqualBackends:
    return EqualBackends()


@pytest.fixture
def ports() -> Ports:
    store = FakeStore()
    return fake_ports(store, FakePublisher(), FakeSides(store, lambda: NOW))


@pytest.fixture
def comparer(ports: Ports, backends: EqualBackends) -> BackendComparer:
    hidden, asking = Pseudonyms(b"key"), cast(Any, backends)
    return BackendComparer(asking, ports.comparisons, ports.queries, ports.known_users, hidden, lambda: NOW, Random(1))


def note(ports: Ports, component: Component, count: int, at: int = NOW - 1) -> None:
    for number in range(count):
        usage = BackendUsage(component, f"user-{number}", FORCED_OLD, 1.0, success=True, parameters={"limit": 1})
        ports.usage.insert(usage, "pseudonym", at)


@pytest.mark.parametrize(
    ("noted", "compared"),
    [(0, 0), (5, 5), (AT_LEAST, AT_LEAST), (AT_LEAST + 1, AT_LEAST), (1_000, 50), (LATEST, 200), (LATEST + 500, 200)],
)
def test_of_each_component_a_share_is_compared_and_of_few_all(
    ports: Ports, backends: EqualBackends, comparer: BackendComparer, noted: int, compared: int
) -> None:
    note(ports, TABLE, noted)
    note(ports, CHARTS, 3)
    comparer.run(60)
    asked = Counter(request.component for request in backends.asked)
    assert asked == Counter({TABLE: compared, CHARTS: 3}) + Counter()
    assert len({request.usage for request in backends.asked}) == len(backends.asked), "none is asked twice"


def test_after_a_long_rest_the_latest_reads_are_compared(
    ports: Ports, backends: EqualBackends, comparer: BackendComparer
) -> None:
    note(ports, TABLE, LATEST, at=NOW - 5)
    note(ports, TABLE, LATEST, at=NOW - 9)
    comparer.run(60)
    assert {int(request.usage or "", 16) < LATEST for request in backends.asked} == {True}


def test_the_first_run_looks_back_a_little_and_the_next_one_to_where_it_began(
    ports: Ports, backends: EqualBackends, comparer: BackendComparer
) -> None:
    note(ports, TABLE, 3, at=NOW - FIRST_LOOK_MS)
    note(ports, TABLE, 2, at=NOW - FIRST_LOOK_MS + 1)
    assert comparer.run(60) == {Outcome.EQUAL: 2}
    assert comparer.run(60) == {}
    assert ports.comparisons.looked_at() == NOW


def test_out_of_time_the_rest_is_passed_by(ports: Ports, backends: EqualBackends, comparer: BackendComparer) -> None:
    note(ports, TABLE, 10)
    assert comparer.run(-1) == {}
    assert ports.comparisons.looked_at() == NOW
